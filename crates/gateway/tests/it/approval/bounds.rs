//! What an approval is not good for.

use super::{POLICY, Scene, asked_on, capable, configured, question, refusal, retried};
use crate::{
    client::{Client, soon, text_of},
    front::{Front, http_server},
    identity::{Provider, bearer},
};
use doorward_audit::ApprovalChange::{Approved, Asked, Expired};
use doorward_testkit::fixture::{Options, Server};
use serde_json::{Value, json};
use std::time::Duration;

fn is_error(answer: &Value) -> bool {
    answer["error"]["code"] == -32602
}

#[tokio::test]
async fn another_argument_is_another_call() {
    let scene = Scene::start("").await;
    let client = Client::modern(&scene.front, "/mcp/fixture").capable(capable());
    let asked = client.call("echo", json!({ "text": "one" })).await;
    let changed = client.ask("tools/call", retried("echo", json!({ "text": "two" }), &asked, "accept")).await;
    assert!(is_error(&changed), "{changed}");
    let other_tool = client.ask("tools/call", retried("echo_args", json!({ "text": "one" }), &asked, "accept")).await;
    assert!(is_error(&other_tool), "{other_tool}");
    // A state that nobody sealed.
    let mut forged = retried("echo", json!({ "text": "one" }), &asked, "accept");
    forged["requestState"] = json!(format!("{}0", forged["requestState"].as_str().unwrap()));
    assert!(is_error(&client.ask("tools/call", forged).await));
    let mut without = retried("echo", json!({ "text": "one" }), &asked, "accept");
    without.as_object_mut().unwrap().remove("requestState");
    assert!(is_error(&client.ask("tools/call", without).await));
    // What the server would get beside it is part of what is approved.
    let mut more = retried("echo", json!({ "text": "one" }), &asked, "accept");
    more["inputResponses"]["extra"] = json!({ "action": "accept", "content": { "to": "somebody else" } });
    question(&client.ask("tools/call", more).await);
    assert_eq!(scene.ran("echo").await, 0);
    // The order of members is none of it.
    let asked = client.call("echo_args", json!({ "a": 1, "b": "x" })).await;
    let same = retried("echo_args", json!({ "b": "x", "a": 1 }), &asked, "accept");
    let text = client.text("9", "tools/call", &same.to_string()[1..same.to_string().len() - 1]);
    let done = client.post(&text, &[]).await.answer().await;
    assert!(text_of(&done).is_some(), "{done}");
}

#[tokio::test]
async fn another_person_answers_for_nobody() {
    let (provider, server) = (Provider::new(), Server::start(Options::default()).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let toml = configured(folder.path(), &http_server("fixture", &server.url()), POLICY, "");
    let front = Front::start_for_strangers(&(provider.trust("") + &toml)).await;
    let client = |who: &str| {
        let token = provider.token(|claims| claims["sub"] = json!(who));
        let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(&token));
        client.capable(capable())
    };
    let (ada, bob) = (client("ada"), client("bob"));
    let asked = ada.call("echo", json!({ "text": "hers" })).await;
    question(&asked);
    let params = retried("echo", json!({ "text": "hers" }), &asked, "accept");
    let others = bob.ask("tools/call", params.clone()).await;
    assert!(is_error(&others), "{others}");
    // What is approved for one is not for the other.
    assert_eq!(text_of(&ada.ask("tools/call", params).await).as_deref(), Some("hers"));
    question(&bob.call("echo", json!({ "text": "hers" })).await);
    assert_eq!(ada.counts("").await["echo"], 1);
}

#[tokio::test]
async fn edited_policies_end_what_was_approved_under_them() {
    let scene = Scene::start("").await;
    let client = Client::modern(&scene.front, "/mcp/fixture").capable(capable());
    let asked = client.call("echo", json!({ "text": "now" })).await;
    scene.edit_policy("@id(\"more\")\nforbid (principal is Server, action, resource is Prompt);\n");
    let stale = client.ask("tools/call", retried("echo", json!({ "text": "now" }), &asked, "accept")).await;
    // It is asked again, under what is in force now.
    question(&stale);
    assert_eq!(scene.ran("echo").await, 0);
    let done = client.ask("tools/call", retried("echo", json!({ "text": "now" }), &stale, "accept")).await;
    assert_eq!(text_of(&done).as_deref(), Some("now"), "{done}");
}

#[tokio::test]
async fn an_edited_policy_ends_a_call_that_waits() {
    let scene = Scene::start("").await;
    let client = Client::legacy_with(&scene.front, "/mcp/fixture", capable()).await;
    let mut stream = client.open_call("echo", json!({ "text": "x" })).await;
    let asked = asked_on(&mut stream).await;
    scene.edit_policy("@id(\"never\")\nforbid (principal is Server, action == Action::\"call\", resource is Tool) when { resource.name == \"echo\" };\n");
    client.reply(&asked["id"], json!({ "action": "accept" })).await;
    let refused = soon("the answer", stream.answer()).await;
    assert!(refusal(&refused).contains("not permitted"), "{refused}");
    assert_eq!(scene.ran("echo").await, 0);
}

#[tokio::test]
async fn nobody_answers_in_time() {
    let scene = Scene::start("[limits]\napproval_for = \"1s\"\n").await;
    let legacy = Client::legacy_with(&scene.front, "/mcp/fixture", capable()).await;
    let mut stream = legacy.open_call("echo", json!({ "text": "old" })).await;
    asked_on(&mut stream).await;
    let answer = soon("the answer", stream.answer()).await;
    assert!(refusal(&answer).contains("nobody answered"), "{answer}");
    let client = Client::modern(&scene.front, "/mcp/fixture").capable(capable());
    let asked = client.call("echo", json!({ "text": "new" })).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let late = client.ask("tools/call", retried("echo", json!({ "text": "new" }), &asked, "accept")).await;
    assert!(is_error(&late), "{late}");
    scene.front.gateway.sweep().await;
    scene.told(&[Asked, Expired, Asked, Expired]).await;
    assert_eq!(scene.ran("echo").await, 0);
}

#[tokio::test]
async fn a_flood_of_questions_is_refused() {
    let scene = Scene::start("[limits]\napprovals_open = 3\napprovals_an_hour = 5\n").await;
    let client = Client::modern(&scene.front, "/mcp/fixture").capable(capable());
    let call = async |n: u32| client.call("echo", json!({ "text": n.to_string() })).await;
    let mut asked = Vec::new();
    for n in 0..3 {
        asked.push(call(n).await);
        question(&asked[asked.len() - 1]);
    }
    // What is open already is not asked twice, and does not count.
    question(&call(1).await);
    let refused = call(3).await;
    assert!(refusal(&refused).contains("Too many questions"), "{refused}");
    for (n, asked) in asked.iter().enumerate() {
        let text = json!({ "text": n.to_string() });
        let done = client.ask("tools/call", retried("echo", text, asked, "accept")).await;
        assert_eq!(text_of(&done), Some(n.to_string()), "{done}");
    }
    question(&call(4).await);
    question(&call(5).await);
    let refused = call(6).await;
    assert!(refusal(&refused).contains("too often in the last hour"), "{refused}");
    assert_eq!(scene.ran("echo").await, 3);
}

#[tokio::test]
async fn of_many_that_come_with_one_yes_one_goes_on() {
    let scene = Scene::start("").await;
    let client = Client::modern(&scene.front, "/mcp/fixture").capable(capable());
    let asked = client.call("echo", json!({ "text": "once" })).await;
    let params = retried("echo", json!({ "text": "once" }), &asked, "accept");
    let calls = (0..12).map(|_| client.ask("tools/call", params.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let done = answers.iter().filter(|a| text_of(a).as_deref() == Some("once")).count();
    assert_eq!(done, 1, "{answers:#?}");
    assert_eq!(scene.ran("echo").await, 1);
    let told = super::approvals(&scene.front.stop().await);
    assert_eq!(told.iter().filter(|a| a.change == Approved).count(), 1, "{told:#?}");
}

#[tokio::test]
async fn another_definition_is_another_call() {
    use crate::upstream::{Play, Upstream, polite, reader, result};
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    static CHANGED: AtomicBool = AtomicBool::new(false);
    let upstream = Upstream::start(|seen| {
        let words = if CHANGED.load(Relaxed) { "Looks it up for you" } else { "Looks it up" };
        let tool = reader("look").replace("Reads.", words);
        polite(seen, &tool).unwrap_or_else(|| {
            Play::Json(result(seen, r#"{"content":[{"type":"text","text":"done"}],"resultType":"complete"}"#))
        })
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let front = Front::start(&configured(folder.path(), &http_server("odd", &upstream.url()), POLICY, "")).await;
    let client = Client::modern(&front, "/mcp/odd").capable(capable());
    let asked = client.call("look", json!({})).await;
    question(&asked);
    CHANGED.store(true, Relaxed);
    client.definition("look").await;
    let stale = client.ask("tools/call", retried("look", json!({}), &asked, "accept")).await;
    question(&stale);
    let done = client.ask("tools/call", retried("look", json!({}), &stale, "accept")).await;
    assert_eq!(text_of(&done).as_deref(), Some("done"), "{done}");
}

#[tokio::test]
async fn a_call_that_its_server_did_not_look_at_is_not_asked_about_again() {
    use crate::upstream::{Play, Upstream, polite, reader, result};
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let upstream = Upstream::start(|seen| match seen.method().as_str() {
        "server/discover" => Play::Status(400),
        // It forgot the session between.
        "tools/call" if CALLS.fetch_add(1, Relaxed) == 0 => Play::Status(404),
        "tools/call" => Play::Json(result(seen, r#"{"content":[{"type":"text","text":"done"}]}"#)),
        _ => polite(seen, &reader("look")).unwrap(),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let front = Front::start(&configured(folder.path(), &http_server("odd", &upstream.url()), POLICY, "")).await;
    let client = Client::modern(&front, "/mcp/odd").capable(capable());
    let asked = client.call("look", json!({})).await;
    question(&asked);
    let done = client.ask("tools/call", retried("look", json!({}), &asked, "accept")).await;
    assert_eq!(text_of(&done).as_deref(), Some("done"), "{done}");
    assert_eq!(CALLS.load(Relaxed), 2);
}
