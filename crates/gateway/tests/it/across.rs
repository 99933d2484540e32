//! Clients of one era in front of servers of the other, over HTTP and over a pipe, at both endpoints. What the official
//! suite sees across the bridge is not tested here again.

use crate::{
    client::{Client, soon, text_of, until},
    front::{Front, command_server, http_server},
};
use doorward_testkit::{
    fixture::{Era, Options, Server},
    peers::Fixture,
};
use serde_json::{Value, json};

const WATCHED: &str = "test://watched-resource";

/// A gateway in front of servers that all speak one era: over HTTP, and as a command.
struct Bridge {
    front: Front,
    _server: Server,
}

impl Bridge {
    async fn to(era: Era) -> Self {
        let server = Server::start(Options { era, ..Options::default() }).await.unwrap();
        let word = if era == Era::Modern { "modern" } else { "legacy" };
        let command = Fixture::stdio_command(&["--era", word]).unwrap();
        let toml = [http_server("web", &server.url()), command_server("child", &command)].concat();
        Self { front: Front::start(&toml).await, _server: server }
    }

    /// A client that has to be bridged, at each endpoint, with the prefix of names there.
    async fn clients(&self, era: Era, capabilities: Value) -> Vec<(&'static str, &'static str, Client)> {
        let mut all = Vec::new();
        for (path, prefix) in [("/mcp/web", ""), ("/mcp/child", ""), ("/mcp", "web__"), ("/mcp", "child__")] {
            let client = match era {
                Era::Modern => Client::legacy_with(&self.front, path, capabilities.clone()).await,
                _ => Client::modern(&self.front, path).capable(capabilities.clone()),
            };
            all.push((path, prefix, client));
        }
        all
    }
}

const BOTH: [Era; 2] = [Era::Legacy, Era::Modern];

#[tokio::test]
async fn lists_calls_resources_and_prompts_cross() {
    for era in BOTH {
        let bridge = Bridge::to(era).await;
        for (path, prefix, client) in bridge.clients(era, json!({})).await {
            let tools = client.names("tools/list", "tools", "name").await;
            assert!(tools.contains(&format!("{prefix}echo")), "{era:?} {path}: {tools:?}");
            assert_eq!(
                client.call_text(&format!("{prefix}echo"), json!({ "text": "ä \u{1F600}" })).await,
                "ä \u{1F600}"
            );
            let prompt = json!({ "name": format!("{prefix}test_simple_prompt") });
            assert!(client.ask("prompts/get", prompt).await.pointer("/result/messages/0").is_some(), "{era:?} {path}");
            if path != "/mcp" {
                let read = client.ask("resources/read", json!({ "uri": "test://static-text" })).await;
                assert!(read.pointer("/result/contents/0/text").is_some(), "{era:?} {path}: {read}");
                let missing = client.ask("resources/read", json!({ "uri": "test://no-such" })).await;
                let code = if era == Era::Legacy { -32602 } else { -32002 };
                assert_eq!(missing["error"]["code"], code, "{era:?} {path}: {missing}");
            }
        }
    }
}

#[tokio::test]
async fn arguments_cross_byte_for_byte() {
    for era in BOTH {
        let bridge = Bridge::to(era).await;
        for (path, prefix, client) in bridge.clients(era, json!({})).await {
            let odd = r#"{"b":1.10,"a":12345678901234567,"z":{"y":[1e2, "\u00e9"]}}"#;
            let params = format!(r#""name":"{prefix}echo_args","arguments":{odd}"#);
            let answer = client.open_raw("7", "tools/call", &params).await.answer().await;
            assert_eq!(text_of(&answer).as_deref(), Some(odd), "{era:?} {path}");
            assert_eq!(answer["id"], 7);
        }
    }
}

#[tokio::test]
async fn progress_carries_the_clients_token_and_is_not_invented() {
    for era in BOTH {
        let bridge = Bridge::to(era).await;
        for (path, prefix, client) in bridge.clients(era, json!({})).await {
            let tool = format!("{prefix}test_tool_with_progress");
            for token in [json!(0), json!("a:b"), json!(7)] {
                let params = json!({ "name": tool, "arguments": {}, "_meta": { "progressToken": token } });
                let all = client.open("tools/call", params).await.all().await;
                assert_eq!(all.len(), 4, "{era:?} {path}: {all:?}");
                assert!(all[..3].iter().all(|m| m["params"]["progressToken"] == token), "{era:?} {path}: {all:?}");
            }
            let all = client.open_call(&tool, json!({})).await.all().await;
            assert_eq!(all.len(), 1, "{era:?} {path}: {all:?}");
        }
    }
}

/// Ten clients at once, with the same ids: everybody gets their own answer.
#[tokio::test]
async fn ids_do_not_meet() {
    for era in BOTH {
        let bridge = Bridge::to(era).await;
        for (path, prefix, client) in bridge.clients(era, json!({})).await {
            let calls = (0..10).map(|n| {
                let (client, tool) = (&client, format!("{prefix}echo"));
                async move {
                    // A session refuses two of one id at once.
                    let id = if client.is_modern() { "1".to_owned() } else { format!("\"{n}\"") };
                    let params = format!(r#""name":"{tool}","arguments":{{"text":"{n}"}}"#);
                    let answer = client.open_raw(&id, "tools/call", &params).await.answer().await;
                    assert_eq!(text_of(&answer), Some(n.to_string()));
                    assert_eq!(answer["id"].to_string(), id);
                }
            });
            soon(path, futures_util::future::join_all(calls)).await;
        }
    }
}

#[tokio::test]
async fn a_client_without_a_session_is_asked_in_an_answer() {
    let bridge = Bridge::to(Era::Legacy).await;
    for (path, prefix, client) in bridge.clients(Era::Legacy, json!({ "elicitation": {}, "sampling": {} })).await {
        let tool = format!("{prefix}test_elicitation");
        let mut params = json!({ "name": tool, "arguments": { "message": "Who?" } });
        let asked = client.ask("tools/call", params.clone()).await;
        assert_eq!(asked["result"]["resultType"], "input_required", "{path}: {asked}");
        let (key, input) = asked["result"]["inputRequests"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(input["method"], "elicitation/create");
        params["requestState"] = asked["result"]["requestState"].clone();
        // Nothing given: asked again.
        let again = client.ask("tools/call", params.clone()).await;
        assert_eq!(again["result"]["resultType"], "input_required", "{path}: {again}");
        params["requestState"] = again["result"]["requestState"].clone();
        params["inputResponses"] =
            json!({ key: { "action": "accept", "content": { "username": "ada", "email": "a@b.example" } } });
        let done = client.ask("tools/call", params.clone()).await;
        assert!(text_of(&done).is_some_and(|t| t.contains("ada")), "{path}: {done}");
        assert_eq!(done["result"]["resultType"], "complete");
        // The state is good once.
        assert_eq!(client.ask("tools/call", params).await["error"]["code"], -32602, "{path}");
    }
}

/// A state that was made for one request is good for no other.
#[tokio::test]
async fn a_sealed_state_is_bound() {
    let bridge = Bridge::to(Era::Legacy).await;
    let clients = bridge.clients(Era::Legacy, json!({ "elicitation": {} })).await;
    let (web, child) = (&clients[0].2, &clients[1].2);
    let call = |message: &str, state: Value| {
        json!({ "name": "test_elicitation", "arguments": { "message": message }, "requestState": state,
            "inputResponses": { "input": { "action": "accept", "content": {} } } })
    };
    let asked = web.ask("tools/call", json!({ "name": "test_elicitation", "arguments": { "message": "Who?" } })).await;
    let state = asked["result"]["requestState"].as_str().unwrap().to_owned();
    let refused = async |client: &Client, params: Value| {
        let answer = client.ask("tools/call", params).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    };
    refused(web, call("Who else?", json!(state))).await;
    refused(child, call("Who?", json!(state))).await;
    let mut forged = state.clone().into_bytes();
    let last = forged.len() - 3;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    refused(web, call("Who?", json!(String::from_utf8(forged).unwrap()))).await;
    for nonsense in [json!(""), json!("doorward1."), json!(7), json!({}), json!("x".repeat(10_000))] {
        refused(web, call("Who?", nonsense)).await;
    }
    // None of it used it up.
    let done = web.ask("tools/call", call("Who?", json!(state))).await;
    assert!(text_of(&done).is_some(), "{done}");
}

#[tokio::test]
async fn a_client_with_a_session_is_asked_by_requests() {
    let bridge = Bridge::to(Era::Modern).await;
    for (path, prefix, client) in
        bridge.clients(Era::Modern, json!({ "elicitation": {}, "sampling": {}, "roots": {} })).await
    {
        // Two rounds, one after the other.
        let mut call = client.open_call(&format!("{prefix}test_input_required_result_multi_round"), json!({})).await;
        let mut rounds = 0;
        let done = loop {
            let message = soon("a question", call.message()).await.unwrap();
            if message.get("method").is_none() {
                break message;
            }
            assert_eq!(message["method"], "elicitation/create", "{path}");
            let content = json!({ "name": "ada", "color": "green" });
            assert_eq!(client.reply(&message["id"], json!({ "action": "accept", "content": content })).await, 202);
            // Nobody asked a second time.
            assert_eq!(client.reply(&message["id"], json!({ "action": "accept", "content": content })).await, 400);
            rounds += 1;
        };
        assert_eq!(rounds, 2, "{path}: {done}");
        assert!(text_of(&done).is_some_and(|t| t.contains("green")), "{path}: {done}");
        assert!(done["result"].get("resultType").is_none() && done["result"].get("requestState").is_none(), "{done}");
    }
}

#[tokio::test]
async fn cancellation_crosses() {
    for era in BOTH {
        let bridge = Bridge::to(era).await;
        for (path, prefix, client) in bridge.clients(era, json!({})).await {
            let ended = async || client.counts(prefix).await["slow.cancelled"].as_u64().unwrap_or(0);
            let before = ended().await;
            let params = json!({ "name": format!("{prefix}slow"), "arguments": { "ms": 600_000 }, "_meta": { "progressToken": 1 } });
            let params = params.to_string();
            let mut slow = client.open_raw("\"the one\"", "tools/call", &params[1..params.len() - 1]).await;
            soon("progress", slow.message()).await.unwrap();
            if client.is_modern() {
                drop(slow);
            } else {
                let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"the one"}}"#;
                assert_eq!(client.tell(cancel).await, 202, "{path}");
            }
            until("the server to notice", async || (ended().await > before).then_some(())).await;
        }
    }
}

/// In the era with sessions the end of a connection cancels nothing: the answer is there when the client comes back.
#[tokio::test]
async fn a_lost_stream_is_taken_up_again() {
    let bridge = Bridge::to(Era::Modern).await;
    for (path, prefix, client) in bridge.clients(Era::Modern, json!({})).await {
        let params =
            json!({ "name": format!("{prefix}slow"), "arguments": { "ms": 700 }, "_meta": { "progressToken": 1 } });
        let mut slow = client.open("tools/call", params).await;
        let mut last = None;
        while last.is_none() {
            last = soon("an id", slow.event()).await.unwrap().id;
        }
        drop(slow);
        let other = Client::legacy(&bridge.front, path).await;
        let mut foreign = other.get(last.as_deref()).await;
        let resumed = client.get(last.as_deref()).await;
        assert_eq!(resumed.status, 200, "{path}");
        let all = resumed_all(resumed).await;
        assert!(all.last().is_some_and(|m| m.get("result").is_some()), "{path}: {all:?}");
        // A stream belongs to its session.
        if foreign.status == 200 {
            let heard = tokio::time::timeout(std::time::Duration::from_millis(100), foreign.message()).await;
            assert!(heard.is_err() || heard.is_ok_and(|m| m.is_none()), "{path}");
        }
    }
}

async fn resumed_all(mut stream: crate::client::Exchange) -> Vec<Value> {
    soon("the rest of a stream", stream.all()).await
}

#[tokio::test]
async fn changes_cross() {
    for era in BOTH {
        let bridge = Bridge::to(era).await;
        for (path, prefix, client) in bridge.clients(era, json!({})).await {
            if path == "/mcp" {
                continue; // Two servers here have the same resources.
            }
            let mut stream = match client.is_modern() {
                true => {
                    let filter =
                        json!({ "notifications": { "toolsListChanged": true, "resourceSubscriptions": [WATCHED] } });
                    let mut stream = client.open("subscriptions/listen", filter).await;
                    let first = soon("an acknowledgement", stream.message()).await.unwrap();
                    assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{first}");
                    assert_eq!(first["params"]["notifications"]["resourceSubscriptions"], json!([WATCHED]), "{first}");
                    stream
                }
                false => {
                    let stream = client.get(None).await;
                    assert_eq!(client.ask("resources/subscribe", json!({ "uri": WATCHED })).await["result"], json!({}));
                    stream
                }
            };
            let touch = async |uri: &str| client.call(&format!("{prefix}touch_resource"), json!({ "uri": uri })).await;
            // The stream may be a moment behind the request that asked for it.
            let heard = loop {
                touch("test://static-text").await;
                touch(WATCHED).await;
                let wait = std::time::Duration::from_millis(300);
                if let Ok(message) = tokio::time::timeout(wait, stream.message()).await {
                    break message.unwrap();
                }
            };
            assert_eq!(heard["method"], "notifications/resources/updated", "{era:?} {path}: {heard}");
            assert_eq!(heard["params"]["uri"], WATCHED);
            client.call(&format!("{prefix}test_trigger_tool_change"), json!({})).await;
            loop {
                let heard = soon("a change", stream.message()).await.unwrap();
                if heard["method"] == "notifications/tools/list_changed" {
                    break;
                }
            }
        }
    }
}

/// A server that forgot its sessions gets new ones, and its clients notice nothing; nor where one of the other era takes
/// its place.
#[tokio::test]
async fn a_server_may_start_anew_in_either_era() {
    let start = |port: &str, era: &str| Fixture::start(&["--port", port, "--era", era]);
    let server = start("0", "legacy").unwrap();
    let port = server.url().rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()).unwrap().to_owned();
    let front = Front::over(server.url()).await;
    let client = Client::modern(&front, "/mcp/fixture");
    assert_eq!(client.call_text("echo", json!({ "text": "1" })).await, "1");
    let mut server = Some(server);
    for era in ["legacy", "modern", "legacy"] {
        drop(server.take());
        server = Some(until("the port to be free", async || start(&port, era).ok()).await);
        until(era, async || text_of(&client.call("echo", json!({ "text": "2" })).await)).await;
    }
}

/// Sessions are held for each set of capabilities that a principal declares, and for so many and no more.
#[tokio::test]
async fn nobody_takes_all_sessions() {
    let server = Server::start(Options { era: Era::Legacy, ..Options::default() }).await.unwrap();
    let front = Front::over(&server.url()).await;
    let capable =
        |n: usize| Client::modern(&front, "/mcp/fixture").capable(json!({ "experimental": { n.to_string(): {} } }));
    for n in 0..16 {
        assert_eq!(capable(n).call_text("echo", json!({ "text": "x" })).await, "x");
    }
    let refused = capable(16).open_call("echo", json!({ "text": "x" })).await;
    assert_eq!(refused.status, 503);
    assert_eq!(capable(0).call_text("echo", json!({ "text": "x" })).await, "x");
}

/// What nobody can come back to ends: the server is told when the session is deleted in the middle of a call.
#[tokio::test]
async fn the_end_of_a_session_ends_its_calls() {
    let bridge = Bridge::to(Era::Modern).await;
    for (path, prefix, client) in bridge.clients(Era::Modern, json!({})).await {
        let watcher = Client::legacy(&bridge.front, path).await;
        let ended = async || watcher.counts(prefix).await["slow.cancelled"].as_u64().unwrap_or(0);
        let before = ended().await;
        let params =
            json!({ "name": format!("{prefix}slow"), "arguments": { "ms": 600_000 }, "_meta": { "progressToken": 1 } });
        let mut slow = client.open("tools/call", params).await;
        soon("progress", slow.message()).await.unwrap();
        assert_eq!(client.delete().await, 200, "{path}");
        until("the server to notice", async || (ended().await > before).then_some(())).await;
        // The stream ends; whether an error is said first is the doors' business.
        let _ = soon("the end of the stream", slow.all()).await;
    }
}
