//! What hosts report beside turns: calls land in the conversation of their turn.

use crate::{
    client::{Client, Exchange},
    front::{Front, HOST_TOKEN, http_server},
};
use doorward_audit::{Basis, Event, Ruling};
use doorward_testkit::fixture::{Options, Server};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn report(front: &Front, path: &str, report: Value) -> (u16, Value) {
    let bearer = format!("Bearer {HOST_TOKEN}");
    let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
    let told = Exchange::open(front.address, Method::POST, path, &headers, report.to_string()).await;
    let status = told.status;
    (status, serde_json::from_str(&told.body().await).unwrap_or_default())
}

async fn says(front: &Front, client: &str, conversation: &str) {
    let turn = json!({ "conversation": conversation, "text": "go on", "client": client });
    assert_eq!(report(front, "/v1/turns", turn).await.0, 200);
}

/// Calls a tool with this `_meta`, and gives the decision about it.
async fn called(front: &Front, client: &Client, path: &str, meta: Value) -> Ruling {
    client.ask("tools/call", json!({ "name": "wipe", "arguments": { "path": path }, "_meta": meta })).await;
    front.rulings("wipe", path.parse().unwrap()).await.pop().unwrap()
}

fn where_it_is(ruling: &Ruling) -> (String, Basis, bool, bool) {
    let c = &ruling.conversation;
    (c.id.to_string(), c.basis, c.ambiguous, ruling.turn.is_some())
}

#[tokio::test]
async fn a_use_that_the_host_reported_is_in_the_conversation_of_its_turn() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    says(&front, "claude-code", "s-1").await;
    says(&front, "claude-code", "s-2").await;
    for (conversation, id) in [("s-1", "toolu_1"), ("s-2", "toolu_2")] {
        let told = json!({ "conversation": conversation, "tool_use_id": id });
        assert_eq!(report(&front, "/v1/uses", told).await.0, 204);
    }
    let [old, new] = Client::both(&front, "/mcp/fixture").await;
    let named = |id: &str| json!({ "claudecode/toolUseId": id });
    let host = |name: &str| (name.to_owned(), Basis::Host, false, true);
    assert_eq!(where_it_is(&called(&front, &old, "1", named("toolu_1")).await), host("s-1"));
    assert_eq!(where_it_is(&called(&front, &new, "2", named("toolu_2")).await), host("s-2"));
    // A retry of the same use is in the same conversation, and follows from the first.
    assert_eq!(where_it_is(&called(&front, &old, "3", named("toolu_2")).await), host("s-2"));
    // What the message says itself goes before, and what nobody reported is guessed as before.
    let mut both = named("toolu_1");
    both["dev.doorward/conversation"] = json!("own");
    assert_eq!(where_it_is(&called(&front, &old, "4", both).await), ("own".to_owned(), Basis::Explicit, false, false));
    let unknown = called(&front, &old, "5", named("toolu_3")).await;
    assert_eq!((unknown.conversation.basis, unknown.turn), (Basis::Session, None));
    let unknown = called(&front, &new, "6", json!({ "claudecode/toolUseId": 7 })).await;
    assert_eq!((unknown.conversation.basis, unknown.conversation.ambiguous), (Basis::QuietTime, true));
}

#[tokio::test]
async fn a_session_belongs_to_the_one_conversation_that_is_under_way_at_its_host() {
    let server = Server::start(Options::default()).await.unwrap();
    let servers = [http_server("one", &server.url()), http_server("two", &server.url())].concat();
    let front = Front::start(&servers).await;
    let cursor = async |path: &str| Client::modern(&front, path).open_session_as("cursor-vscode", json!({})).await;
    let (one, two) = (cursor("/mcp/one").await, cursor("/mcp/two").await);
    let other = Client::legacy(&front, "/mcp/one").await;
    let before = called(&front, &one, "1", json!({})).await;
    assert_eq!(before.conversation.basis, Basis::Session);
    says(&front, "cursor", "c-1").await;
    let bound = |name: &str| (name.to_owned(), Basis::Host, false, true);
    assert_eq!(where_it_is(&called(&front, &one, "2", json!({})).await), bound("c-1"));
    assert_eq!(where_it_is(&called(&front, &two, "3", json!({})).await), bound("c-1"));
    // Another program is not of this host.
    assert_eq!(called(&front, &other, "4", json!({})).await.conversation.basis, Basis::Session);
    // Two conversations are under way: which one it is can only be guessed, and that is what is recorded.
    says(&front, "cursor", "c-2").await;
    let guessed = called(&front, &one, "5", json!({})).await;
    assert_eq!(guessed.conversation, before.conversation);
    assert!(guessed.conversation.ambiguous);
    // One of them waits for its human.
    let pause = json!({ "conversation": "c-1", "client": "cursor" });
    assert_eq!(report(&front, "/v1/pauses", pause).await.0, 204);
    assert_eq!(where_it_is(&called(&front, &one, "6", json!({})).await), bound("c-2"));
    // Another gateway over the same store knows it too.
    let next = front.beside(&servers, Duration::ZERO).await;
    let moved = one.moved_to(&next);
    assert_eq!(where_it_is(&called(&next, &moved, "1", json!({})).await), bound("c-2"));
    let one = moved.moved_to(&front);
    next.stop().await;
    // A second window of the host opens a session at the same address; the other address still has one alone.
    let second = cursor("/mcp/one").await;
    assert_eq!(called(&front, &one, "7", json!({})).await.conversation, before.conversation);
    assert_eq!(called(&front, &second, "8", json!({})).await.conversation.basis, Basis::Session);
    assert_eq!(where_it_is(&called(&front, &two, "9", json!({})).await), bound("c-2"));
}

#[tokio::test]
async fn a_turn_that_is_reported_twice_is_one() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let turn = |id: &str, text: &str| json!({ "conversation": "c", "text": text, "host_turn_id": id });
    let mut told = Vec::new();
    for (id, text) in [("p-1", "go on"), ("p-1", "go on"), ("p-2", "go on"), ("p-2", "and now this")] {
        told.push(report(&front, "/v1/turns", turn(id, text)).await.1["turn"].clone());
    }
    assert!(told.iter().all(Value::is_string), "{told:?}");
    assert_eq!(told[0], told[1]);
    assert!(told[1] != told[2] && told[2] != told[3], "{told:?}");
    let records = front.stop().await;
    assert_eq!(records.iter().filter(|r| matches!(r.event, Event::Turn(_))).count(), 3);
}

#[tokio::test]
async fn only_a_host_reports_and_only_what_can_be_read() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let (long, json) = ("x".repeat(257), ("content-type", "application/json"));
    for (path, key) in [("/v1/uses", "tool_use_id"), ("/v1/pauses", "client")] {
        let good = json!({ "conversation": "c", key: "k" });
        for (token, status) in [(None, 403), (Some("Bearer dwh_wrong"), 401)] {
            let headers: Vec<_> = std::iter::once(json).chain(token.map(|t| ("authorization", t))).collect();
            let asked = Exchange::open(front.address, Method::POST, path, &headers, good.to_string()).await;
            assert_eq!(asked.status, status, "{path} {token:?}");
        }
        let bearer = format!("Bearer {HOST_TOKEN}");
        let got = Exchange::open(front.address, Method::GET, path, &[("authorization", &bearer)], "").await;
        assert_eq!(got.status, 405);
        for bad in [
            json!({}),
            json!({ "conversation": "c" }),
            json!({ key: "k" }),
            json!({ "conversation": "", key: "k" }),
            json!({ "conversation": "c", key: "" }),
            json!({ "conversation": "c", key: long }),
            json!({ "conversation": "c", key: 7 }),
        ] {
            assert_eq!(report(&front, path, bad.clone()).await.0, 400, "{path} {bad}");
        }
        assert_eq!(report(&front, path, good).await.0, 204);
    }
}
