//! What servers ask beside what a person is asked here.

use super::{ENDPOINTS, KEY, Scene, asked_on, capable, question, retried};
use crate::client::{Client, soon, text_of};
use doorward_testkit::fixture::Options;
use serde_json::{Value, json};

fn server_key(answer: &Value) -> (String, Value) {
    let asked = answer["result"]["inputRequests"].as_object().unwrap_or_else(|| panic!("{answer}"));
    asked.iter().next().map(|(k, v)| (k.clone(), v.clone())).unwrap()
}

#[tokio::test]
async fn a_servers_own_questions_go_on_beside_ours() {
    for era in ["modern", "legacy"] {
        let options = Options { era: era.parse().unwrap(), ..Options::default() };
        let scene = Scene::with("", options).await;
        for (path, prefix) in ENDPOINTS {
            let client = Client::modern(&scene.front, path).capable(capable());
            let tool = format!("{prefix}test_input_required_result_request_state");
            let ours = client.call(&tool, json!({})).await;
            question(&ours);
            // The call goes on, and now its server asks.
            let theirs = client.ask("tools/call", retried(&tool, json!({}), &ours, "accept")).await;
            let (key, _) = server_key(&theirs);
            assert_ne!(key, KEY, "{theirs}");
            let answered = json!({ "name": tool, "arguments": {}, "requestState": theirs["result"]["requestState"],
                "inputResponses": { &key: { "action": "accept", "content": { "ok": true } } } });
            // What goes to the server is another message: the person sees what is answered.
            let again = client.ask("tools/call", answered.clone()).await;
            let shown = question(&again)["message"].as_str().unwrap().to_owned();
            assert!(shown.contains("answers to the server"), "{shown}");
            // With the client's own answer repeated, or without: what was answered travels in the state.
            let mut params = retried(&tool, json!({}), &again, "accept");
            if prefix.is_empty() {
                params["inputResponses"][&key] = answered["inputResponses"][&key].clone();
            }
            let done = client.ask("tools/call", params).await;
            assert_eq!(text_of(&done).as_deref(), Some("state-ok"), "{era} {path}: {done}");
        }
    }
}

#[tokio::test]
async fn a_session_is_asked_by_us_and_by_its_server() {
    for era in ["modern", "legacy"] {
        let options = Options { era: era.parse().unwrap(), ..Options::default() };
        let scene = Scene::with("", options).await;
        for (path, prefix) in ENDPOINTS {
            let client = Client::legacy_with(&scene.front, path, capable()).await;
            let mut stream = client.open_call(&format!("{prefix}test_elicitation"), json!({ "message": "who" })).await;
            let ours = asked_on(&mut stream).await;
            client.reply(&ours["id"], json!({ "action": "accept" })).await;
            let theirs = asked_on(&mut stream).await;
            assert!(theirs["params"]["message"].as_str().unwrap().contains("who"), "{theirs}");
            let said = json!({ "action": "accept", "content": { "username": "ada", "email": "a@example.com" } });
            client.reply(&theirs["id"], said).await;
            let done = soon("the answer", stream.answer()).await;
            assert!(text_of(&done).unwrap().contains("ada"), "{era} {path}: {done}");
        }
    }
}
