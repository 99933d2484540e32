//! A new configuration holds from the next call on; what runs finishes under the old one.

use crate::{
    client::{Client, is_refused, soon, text_of, until},
    front::{Front, http_server},
};
use doorward_audit::Event;
use doorward_testkit::fixture::{Options, Server};
use doorward_vocab::Level;
use serde_json::json;
use std::time::Duration;

const NO_WIPES: &str = "@id(\"no-wipes\") @reason(\"nothing is wiped here\")\nforbid (principal is Agent, action == Action::\"call\", resource == Tool::\"fixture__wipe\");\n";

#[tokio::test]
async fn the_next_call_is_ruled_by_the_new_policy_and_level() {
    let server = Server::start(Options::default()).await.unwrap();
    let plain = http_server("fixture", &server.url());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.cedar");
    std::fs::write(&file, NO_WIPES).unwrap();
    let strict = format!("{plain}[policy]\nfiles = [{file:?}]\n");
    let front = Front::start(&plain).await;
    for client in Client::both(&front, "/mcp/fixture").await {
        front.reload(&plain);
        assert_eq!(client.call_text("wipe", json!({ "path": "/a" })).await, "wiped /a");
        let slow = client
            .open("tools/call", json!({ "name": "slow", "arguments": { "ms": 500 }, "_meta": { "progressToken": 1 } }));
        let mut slow = slow.await;
        soon("progress", slow.message()).await.unwrap();
        front.reload(&strict);
        assert!(is_refused(&client.call("wipe", json!({ "path": "/b" })).await));
        assert!(!client.names("tools/list", "tools", "name").await.contains(&"wipe".to_owned()));
        // What was on its way arrives.
        assert_eq!(text_of(&slow.answer().await).as_deref(), Some("took 500 ms"));
        front.reload(&format!("level = \"watch\"\n{strict}"));
        assert_eq!(client.call_text("wipe", json!({ "path": "/c" })).await, "wiped /c");
        front.reload(&format!("level = \"lockdown\"\n{plain}"));
        assert!(is_refused(&client.call("wipe", json!({ "path": "/d" })).await));
        assert_eq!(client.call_text("echo", json!({ "text": "x" })).await, "x");
    }
    let rulings = front.rulings("wipe", 8).await;
    let levels: Vec<Level> = rulings.iter().map(|r| r.level).collect();
    assert_eq!(levels, [Level::Guard, Level::Guard, Level::Watch, Level::Lockdown].repeat(2));
    let records = front.stop().await;
    assert!(records.iter().filter(|r| matches!(r.event, Event::Config(_))).count() >= 7);
}

#[tokio::test]
async fn servers_come_and_go_under_open_sessions() {
    let (one, two) =
        (Server::start(Options::default()).await.unwrap(), Server::start(Options::default()).await.unwrap());
    let (a, b) = (http_server("a", &one.url()), http_server("b", &two.url()));
    let front = Front::start(&a).await;
    let [old, new] = Client::both(&front, "/mcp").await;
    let single = Client::legacy(&front, "/mcp/a").await;
    front.reload(&[a.clone(), b.clone()].concat());
    for client in [&old, &new] {
        assert_eq!(client.call_text("b__echo", json!({ "text": "x" })).await, "x");
        assert_eq!(client.call_text("a__echo", json!({ "text": "x" })).await, "x");
    }
    front.reload(&b);
    for client in [&old, &new] {
        assert!(client.call("a__echo", json!({ "text": "x" })).await.get("error").is_some());
        assert_eq!(client.call_text("b__echo", json!({ "text": "x" })).await, "x");
        assert!(client.names("tools/list", "tools", "name").await.iter().all(|name| name.starts_with("b__")));
    }
    assert_eq!(single.open("tools/list", json!({})).await.status, 404);
}

#[tokio::test]
async fn what_runs_may_finish_when_the_gateway_stops() {
    let server = Server::start(Options::default()).await.unwrap();
    let mut front = Front::over(&server.url()).await;
    let [old, new] = Client::both(&front, "/mcp/fixture").await;
    let mut calls = Vec::new();
    for client in [&old, &new] {
        let params = json!({ "name": "slow", "arguments": { "ms": 600 }, "_meta": { "progressToken": 1 } });
        let mut call = client.open("tools/call", params).await;
        soon("progress", call.message()).await.unwrap();
        calls.push(call);
    }
    // A stream that never ends by itself does not hold up the end.
    let idle = old.get(None).await;
    let running = front.take_listener();
    let draining = tokio::spawn(async move { running.drain(Duration::from_secs(20)).await });
    for call in calls {
        assert_eq!(text_of(&call.answer().await).as_deref(), Some("took 600 ms"));
    }
    let drained = soon("the drain", draining).await.unwrap();
    assert_eq!(drained.cut, 0);
    drop(idle);
    until("the port to close", async || tokio::net::TcpStream::connect(front.address).await.is_err().then_some(()))
        .await;
    front.stop().await;
}
