//! Clients that show forms, in the way of each era.

use super::{ENDPOINTS, Scene, asked_on, capable, question, refusal, retried};
use crate::{
    client::{Client, soon, text_of},
    front::rulings_of,
};
use doorward_audit::ApprovalChange::{Approved, Asked, Declined, Expired, Used};
use doorward_testkit::fixture::Options;
use doorward_vocab::{AuthorizedBy, Decision};
use serde_json::json;

#[tokio::test]
async fn a_call_of_2026_goes_on_once_when_its_person_approves_it() {
    for (path, prefix) in ENDPOINTS {
        let scene = Scene::start("").await;
        let client = Client::modern(&scene.front, path).capable(capable());
        let tool = format!("{prefix}echo");
        let asked = client.call(&tool, json!({ "text": "moin" })).await;
        let form = question(&asked);
        assert_eq!((&form["mode"], &form["requestedSchema"]["type"]), (&json!("form"), &json!("object")));
        let message = form["message"].as_str().unwrap();
        assert!(message.contains("│   \"text\": “moin”") && message.contains("somebody has to look"), "{message}");
        assert_eq!(scene.ran("echo").await, 0);

        let params = retried(&tool, json!({ "text": "moin" }), &asked, "accept");
        let done = client.ask("tools/call", params.clone()).await;
        assert_eq!(text_of(&done).as_deref(), Some("moin"), "{done}");
        // The yes is used up.
        let again = client.ask("tools/call", params).await;
        assert!(again.get("error").is_some(), "{again}");
        assert_eq!(scene.ran("echo").await, 1);

        let told = scene.told(&[Asked, Approved, Used]).await;
        assert!(told.iter().all(|a| a.covers == told[0].covers && a.shown == told[0].shown && a.id == told[0].id));
        assert_eq!(doorward_vocab::Digest::of(message.as_bytes()), told[0].shown, "what was shown is what is recorded");
        assert_eq!((told[0].after_ms, told[1].by.as_ref().map(|by| &*by.name)), (None, Some("ada")));
        assert!(told[1].after_ms.is_some() && &*told[1].way == "form");
        let rulings = rulings_of(&scene.front.stop().await, "echo");
        assert_eq!(rulings.iter().map(|r| r.decision).collect::<Vec<_>>(), [Decision::Challenge, Decision::Allow]);
        let approved = &rulings[1];
        assert_eq!(approved.authorized_by, AuthorizedBy::HumanApproval);
        assert!(approved.reasons[0].text.contains(&*told[0].id) && approved.reasons[0].text.contains("ada"));
        assert_eq!((told[0].call, told[2].call), (rulings[0].call, approved.call));
    }
}

#[tokio::test]
async fn a_call_of_2026_that_is_declined_is_not_asked_about_again() {
    for action in ["decline", "cancel"] {
        let scene = Scene::start("").await;
        let client = Client::modern(&scene.front, "/mcp").capable(capable());
        let asked = client.call("fixture__echo", json!({ "text": "no" })).await;
        let params = retried("fixture__echo", json!({ "text": "no" }), &asked, action);
        let declined = client.ask("tools/call", params).await;
        assert!(refusal(&declined).contains("declined"), "{declined}");
        let again = client.call("fixture__echo", json!({ "text": "no" })).await;
        assert!(refusal(&again).contains("declined"), "{again}");
        // Another call is another question.
        question(&client.call("fixture__echo", json!({ "text": "something else" })).await);
        assert_eq!(scene.ran("echo").await, 0);
        scene.told(&[Asked, Declined, Asked]).await;
    }
}

#[tokio::test]
async fn a_session_is_asked_on_the_stream_of_its_call() {
    for era in ["legacy", "modern", "both"] {
        let options = Options { era: era.parse().unwrap(), ..Options::default() };
        let scene = Scene::with("", options).await;
        for (path, prefix) in ENDPOINTS {
            let client = Client::legacy_with(&scene.front, path, capable()).await;
            let mut stream = client.open_call(&format!("{prefix}echo"), json!({ "text": path })).await;
            let asked = asked_on(&mut stream).await;
            assert!(asked["params"]["message"].as_str().unwrap().contains(path), "{asked}");
            assert_eq!(client.reply(&asked["id"], json!({ "action": "accept", "content": {} })).await, 202);
            let done = soon("the answer", stream.answer()).await;
            assert_eq!(text_of(&done).as_deref(), Some(path), "{era} {path}: {done}");
            // The same again is asked again.
            let mut stream = client.open_call(&format!("{prefix}echo"), json!({ "text": path })).await;
            let asked = asked_on(&mut stream).await;
            assert_eq!(client.reply(&asked["id"], json!({ "action": "decline" })).await, 202);
            let declined = soon("the answer", stream.answer()).await;
            assert!(refusal(&declined).contains("declined"), "{era} {path}: {declined}");
        }
        assert_eq!(scene.ran("echo").await, 2);
    }
}

#[tokio::test]
async fn a_client_that_cancels_takes_its_question_with_it() {
    for (path, prefix) in ENDPOINTS {
        let scene = Scene::start("").await;
        let client = Client::legacy_with(&scene.front, path, capable()).await;
        let params = format!(r#""name":"{prefix}echo","arguments":{{"text":"late"}}"#);
        let mut stream = client.open_raw("71", "tools/call", &params).await;
        let asked = asked_on(&mut stream).await;
        let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":71}}"#;
        assert_eq!(client.tell(cancelled).await, 202);
        assert!(soon("the end of the stream", stream.message()).await.is_none());
        scene.told(&[Asked, Expired]).await;
        // The answer comes too late, and is nobody's.
        client.reply(&asked["id"], json!({ "action": "accept" })).await;
        assert_eq!(scene.ran("echo").await, 0);
        // The id is free again, and the question is asked anew.
        let mut stream = client.open_raw("71", "tools/call", &params).await;
        let asked = asked_on(&mut stream).await;
        client.reply(&asked["id"], json!({ "action": "accept" })).await;
        assert_eq!(text_of(&soon("the answer", stream.answer()).await).as_deref(), Some("late"));
    }
}

#[tokio::test]
async fn the_end_of_a_session_ends_what_waits_in_it() {
    let scene = Scene::start("").await;
    let client = Client::legacy_with(&scene.front, "/mcp", capable()).await;
    let mut stream = client.open_call("fixture__echo", json!({ "text": "x" })).await;
    asked_on(&mut stream).await;
    assert_eq!(client.delete().await, 200);
    soon("the end of the stream", async { while stream.message().await.is_some() {} }).await;
    scene.told(&[Asked, Expired]).await;
    assert_eq!(scene.ran("echo").await, 0);
}

#[tokio::test]
async fn only_the_session_that_was_asked_answers() {
    let scene = Scene::start("").await;
    let client = Client::legacy_with(&scene.front, "/mcp/fixture", capable()).await;
    let stranger = Client::legacy_with(&scene.front, "/mcp/fixture", capable()).await;
    let mut stream = client.open_call("echo", json!({ "text": "mine" })).await;
    let asked = asked_on(&mut stream).await;
    assert_eq!(stranger.reply(&asked["id"], json!({ "action": "accept" })).await, 400);
    assert_eq!(client.reply(&asked["id"], json!({ "action": "accept" })).await, 202);
    assert_eq!(client.reply(&asked["id"], json!({ "action": "accept" })).await, 400);
    assert_eq!(text_of(&soon("the answer", stream.answer()).await).as_deref(), Some("mine"));
}

#[tokio::test]
async fn what_only_observes_asks_nobody() {
    let scene = Scene::start("").await;
    scene.front.reload(&format!("mode = \"observe\"\n{}", scene.toml));
    let client = Client::modern(&scene.front, "/mcp").capable(capable());
    let done = client.call("fixture__echo", json!({ "text": "go" })).await;
    assert_eq!(text_of(&done).as_deref(), Some("go"), "{done}");
}
