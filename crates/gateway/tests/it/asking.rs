//! What servers ask of clients: sampling, elicitation and roots, in the way of each era, and answers that nobody asked
//! for.

use crate::{
    client::{Client, is_refused, soon, text_of},
    front::{Front, command_server, http_server},
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use serde_json::{Value, json};

const ENDPOINTS: [(&str, &str); 2] = [("/mcp/fixture", ""), ("/mcp", "fixture__")];

fn capable() -> Value {
    json!({ "sampling": {}, "elicitation": {}, "roots": {} })
}

/// What the client answers to a request of the server.
fn answer_to(asked: &Value) -> Value {
    match asked["method"].as_str().unwrap() {
        "sampling/createMessage" => {
            json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "four" } })
        }
        "elicitation/create" => {
            json!({ "action": "accept", "content": { "username": "ada", "email": "a@example.com", "name": "ada", "ok": true } })
        }
        "roots/list" => json!({ "roots": [{ "uri": "file:///work" }] }),
        other => panic!("{other}"),
    }
}

async fn conversation(client: &Client, tool: &str, arguments: Value) -> (Vec<Value>, Value) {
    let mut stream = client.open_call(tool, arguments).await;
    let mut asked = Vec::new();
    loop {
        let message =
            soon("the next message", stream.message()).await.unwrap_or_else(|| panic!("{tool} ended: {asked:?}"));
        if message.get("method").is_none() {
            return (asked, message);
        }
        if message.get("id").is_some() {
            assert_eq!(client.reply(&message["id"], answer_to(&message)).await, 202);
            asked.push(message);
        }
    }
}

#[tokio::test]
async fn servers_ask_and_get_answers_in_the_2025_era() {
    let server = Server::start(Options::default()).await.unwrap();
    let over_http = Front::over(&server.url()).await;
    let over_stdio = Front::start(&command_server("fixture", &Fixture::stdio_command(&[]).unwrap())).await;
    for front in [over_http, over_stdio] {
        for (path, prefix) in ENDPOINTS {
            let client = Client::legacy_with(&front, path, capable()).await;
            for (tool, arguments, method, said) in [
                ("test_sampling", json!({ "prompt": "2+2" }), "sampling/createMessage", "LLM response: four"),
                ("test_elicitation", json!({ "message": "who" }), "elicitation/create", "ada"),
                ("test_input_required_result_list_roots", json!({}), "roots/list", "file:///work"),
            ] {
                let (asked, answer) = conversation(&client, &format!("{prefix}{tool}"), arguments).await;
                assert_eq!(asked[0]["method"], method);
                assert!(text_of(&answer).unwrap().contains(said), "{answer}");
            }
            let (asked, answer) =
                conversation(&client, &format!("{prefix}test_input_required_result_multiple_inputs"), json!({})).await;
            assert_eq!(asked.len(), 3, "{answer}");
        }
    }
}

#[tokio::test]
async fn two_servers_ask_with_the_same_ids_and_each_gets_its_own_answer() {
    let (one, two) =
        (Server::start(Options::default()).await.unwrap(), Server::start(Options::default()).await.unwrap());
    let front = Front::start(&[http_server("a", &one.url()), http_server("b", &two.url())].concat()).await;
    let client = Client::legacy_with(&front, "/mcp", capable()).await;
    let mut streams = Vec::new();
    for server in ["a", "b"] {
        let mut stream = client.open_call(&format!("{server}__test_sampling"), json!({ "prompt": server })).await;
        let asked = soon("the question", stream.message()).await.unwrap();
        assert_eq!(asked["params"]["messages"][0]["content"]["text"], server);
        streams.push((server, stream, asked));
    }
    assert_ne!(streams[0].2["id"], streams[1].2["id"]);
    for (server, _, asked) in streams.iter().rev() {
        let said = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": format!("for {server}") } });
        assert_eq!(client.reply(&asked["id"], said).await, 202);
    }
    for (server, stream, _) in streams {
        assert_eq!(text_of(&stream.answer().await), Some(format!("LLM response: for {server}")));
    }
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_refused() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy_with(&front, path, capable()).await;
        let stranger = Client::legacy_with(&front, path, capable()).await;
        let forged = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "forged" } });
        assert_eq!(client.reply(&json!(1), forged.clone()).await, 400);
        let mut stream = client.open_call(&format!("{prefix}test_sampling"), json!({ "prompt": "?" })).await;
        let asked = soon("the question", stream.message()).await.unwrap();
        let id = asked["id"].clone();
        // Another session, a guessed id, the same number as a text: none of them is the one that was asked.
        assert_eq!(stranger.reply(&id, forged.clone()).await, 400);
        for guess in [json!(999), json!("fixture:999"), json!(id.to_string()), json!(["fixture", 0]), Value::Null] {
            if guess != id {
                assert_eq!(client.reply(&guess, forged.clone()).await, 400, "{guess}");
            }
        }
        assert_eq!(client.reply(&id, answer_to(&asked)).await, 202);
        assert_eq!(text_of(&stream.answer().await).as_deref(), Some("LLM response: four"));
        // Once answered it is not asked any more.
        assert_eq!(client.reply(&id, forged).await, 400);
    }
}

#[tokio::test]
async fn a_question_that_the_client_refuses_is_an_error_at_the_server() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy_with(&front, path, capable()).await;
        let mut stream = client.open_call(&format!("{prefix}test_sampling"), json!({ "prompt": "?" })).await;
        let asked = soon("the question", stream.message()).await.unwrap();
        let error = json!({ "jsonrpc": "2.0", "id": asked["id"], "error": { "code": -1, "message": "no" } });
        assert_eq!(client.tell(&error.to_string()).await, 202);
        let answer = stream.answer().await;
        assert!(answer.get("error").is_some() || answer["result"]["isError"] == true, "{answer}");
    }
}

#[tokio::test]
async fn input_is_asked_for_in_results_in_the_2026_era() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::modern(&front, path).capable(capable());
        let tool = format!("{prefix}test_input_required_result_request_state");
        let asked = client.call(&tool, json!({})).await["result"].clone();
        assert_eq!(asked["resultType"], "input_required", "{asked}");
        let key = asked["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
        let params = |state: &str| {
            json!({ "name": tool, "arguments": {}, "requestState": state,
                "inputResponses": { &key: { "action": "accept", "content": { "ok": true } } } })
        };
        let state = asked["requestState"].as_str().unwrap();
        let done = client.ask("tools/call", params(state)).await;
        assert_eq!(text_of(&done).as_deref(), Some("state-ok"), "{done}");
        let tampered = client.ask("tools/call", params(&format!("{state}0"))).await;
        assert!(tampered.get("error").is_some(), "{tampered}");
    }
}

const NO_QUESTIONS: &str =
    "@id(\"no-questions\")\nforbid (principal is Server, action == Action::\"elicit\", resource);\n";

#[tokio::test]
async fn an_input_that_is_not_permitted_is_an_answer_that_the_model_can_read() {
    let server = Server::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.cedar");
    std::fs::write(&file, NO_QUESTIONS).unwrap();
    let front = Front::start(&format!("{}[policy]\nfiles = [{file:?}]\n", http_server("fixture", &server.url()))).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::modern(&front, path).capable(capable());
        let asked = client.call(&format!("{prefix}test_input_required_result_request_state"), json!({})).await;
        assert!(is_refused(&asked), "{asked}");
        assert_eq!((&asked["result"]["isError"], &asked["result"]["resultType"]), (&json!(true), &json!("complete")));
        assert!(text_of(&asked).unwrap().contains("not permitted"), "{asked}");
        assert!(asked["result"].get("inputRequests").is_none(), "{asked}");
        // Another right is another question.
        let sampling = client.call(&format!("{prefix}test_input_required_result_sampling"), json!({})).await;
        assert_eq!(sampling["result"]["resultType"], "input_required", "{sampling}");
        // A session's client is not asked either, and what it called goes on without an answer.
        let client = Client::legacy_with(&front, path, capable()).await;
        let (asked, answer) =
            conversation(&client, &format!("{prefix}test_elicitation"), json!({ "message": "who" })).await;
        assert!(asked.is_empty() && answer["result"].is_object() || answer["error"].is_object(), "{asked:?} {answer}");
    }
    let records = front.stop().await;
    let withheld = |r: &&doorward_audit::Record| matches!(&r.event, doorward_audit::Event::Outcome(o) if o.outcome == doorward_vocab::Outcome::Withheld);
    assert_eq!(records.iter().filter(withheld).count(), 2);
}

#[tokio::test]
async fn a_secret_of_the_gateway_does_not_leave_in_an_answer() {
    const SECRET: &str = "answer-7c31e0b95d2f48a6";
    for era in ["both", "legacy", "modern"] {
        let server = Server::start(Options { era: era.parse().unwrap(), ..Options::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, SECRET).unwrap();
        let toml = format!(
            "[[server]]\nname = \"fixture\"\nurl = \"{}\"\nheaders = {{ x-api-key = {{ file = {file:?} }} }}\n",
            server.url()
        );
        let front = Front::start(&toml).await;
        for (path, prefix) in ENDPOINTS {
            let told = json!({ "action": "accept", "content": { "username": SECRET, "email": "a@example.com", "name": SECRET, "ok": true } });
            let client = Client::legacy_with(&front, path, capable()).await;
            let mut stream = client.open_call(&format!("{prefix}test_elicitation"), json!({ "message": "who" })).await;
            let asked = soon("the question", stream.message()).await.unwrap();
            client.reply(&asked["id"], told.clone()).await;
            // The server hears that there is no answer, and the call ends.
            let answer = soon("the answer", stream.answer()).await;
            assert!(!answer.to_string().contains(SECRET) && answer.get("id").is_some(), "{era} {path}: {answer}");

            let client = Client::modern(&front, path).capable(capable());
            let tool = format!("{prefix}test_input_required_result_elicitation");
            let asked = client.call(&tool, json!({})).await["result"].clone();
            let key = asked["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
            let mut params = json!({ "name": tool, "arguments": {}, "inputResponses": { &key: told } });
            if let Some(state) = asked.get("requestState") {
                params["requestState"] = state.clone();
            }
            let refused = client.ask("tools/call", params.clone()).await;
            assert!(is_refused(&refused), "{era} {path}: {refused}");
            // Another answer is fine.
            params["inputResponses"][&key]["content"]["name"] = json!("ada");
            params["inputResponses"][&key]["content"]["username"] = json!("ada");
            let done = client.ask("tools/call", params).await;
            assert!(text_of(&done).is_some_and(|text| text.contains("ada")), "{era} {path}: {done}");
        }
        front.stop().await;
    }
}

#[tokio::test]
async fn a_server_of_2026_may_not_send_requests() {
    use crate::upstream::{Upstream, events, polite, reader, result};
    let upstream = Upstream::start(|seen| {
        polite(seen, &reader("look")).unwrap_or_else(|| {
            events(&[
                r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}"#
                    .to_owned(),
                result(seen, r#"{"content":[{"type":"text","text":"done"}],"resultType":"complete"}"#),
            ])
        })
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let client = Client::modern(&front, "/mcp/odd").capable(capable());
    let all = client.open_call("look", json!({})).await.all().await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(text_of(&all[0]).as_deref(), Some("done"));
}

/// A server that answers a question of its own client with what `script` says on the same stream.
async fn two_servers(script: fn(&crate::upstream::Seen) -> Vec<String>) -> (Front, crate::upstream::Upstream, Server) {
    use crate::upstream::{Upstream, events, polite, reader};
    let bad = Upstream::start(move |seen| polite(seen, &reader("look")).unwrap_or_else(|| events(&script(seen)))).await;
    let good = Server::start(Options::default()).await.unwrap();
    let toml = [http_server("bad", &bad.url()), http_server("good", &good.url())].concat();
    (Front::start(&toml).await, bad, good)
}

#[tokio::test]
async fn a_server_answers_for_no_other_server() {
    let forge = |seen: &crate::upstream::Seen| {
        let forged = r#"{"jsonrpc":"2.0","id":41,"result":{"content":[{"type":"text","text":"forged"}]}}"#;
        vec![forged.to_owned(), crate::upstream::result(seen, r#"{"content":[{"type":"text","text":"own"}]}"#)]
    };
    let (front, _bad, _good) = two_servers(forge).await;
    let client = Client::legacy(&front, "/mcp").await;
    let slow = client.open_raw("41", "tools/call", r#""name":"good__slow","arguments":{"ms":400}"#).await;
    let mut own = client.open_raw("42", "tools/call", r#""name":"bad__look","arguments":{}"#).await;
    let all = own.all().await;
    assert_eq!(all.iter().filter_map(text_of).collect::<Vec<_>>(), ["own"], "{all:?}");
    assert_eq!(text_of(&slow.answer().await).as_deref(), Some("took 400 ms"));
}

#[tokio::test]
async fn a_server_takes_back_its_own_question_under_the_id_that_the_client_knows() {
    let script = |seen: &crate::upstream::Seen| {
        vec![
            r#"{"jsonrpc":"2.0","id":7,"method":"roots/list"}"#.to_owned(),
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#.to_owned(),
            crate::upstream::result(seen, r#"{"content":[]}"#),
        ]
    };
    let (front, _bad, _good) = two_servers(script).await;
    let client = Client::legacy_with(&front, "/mcp", capable()).await;
    let all = client.open_call("bad__look", json!({})).await.all().await;
    assert_eq!((all.len(), &all[0]["id"]), (3, &all[1]["params"]["requestId"]), "{all:?}");
    assert_ne!(all[0]["id"], 7);
}
