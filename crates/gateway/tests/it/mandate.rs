//! Calls are held to what the human asked for, where a host reports it.

use crate::{
    client::{Client, Exchange, is_refused, text_of},
    front::{Front, HOST_TOKEN, http_server, settings},
};
use doorward_audit::Event;
use doorward_store::{Keep, KeptDb, KeptKind};
use doorward_testkit::fixture::{Options, Server};
use doorward_vocab::{AuthorizedBy, Decision, ReasonCode};
use http::Method;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

async fn under(head: &str, tail: &str) -> (Server, Front) {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::start(&format!("{head}\n{}{tail}", http_server("fixture", &server.url()))).await;
    (server, front)
}

/// The host says what the human said; gives what was understood.
async fn said(front: &Front, conversation: &str, text: &str) -> Value {
    let body = json!({ "conversation": conversation, "text": text }).to_string();
    let bearer = format!("Bearer {HOST_TOKEN}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let told = Exchange::open(front.address, Method::POST, "/v1/turns", &headers, body).await;
    assert_eq!(told.status, 200);
    serde_json::from_str(&told.body().await).unwrap()
}

async fn wipe(client: &Client, conversation: &str, path: &str) -> Value {
    let named = json!({ "dev.doorward/conversation": conversation });
    client.ask("tools/call", json!({ "name": "wipe", "arguments": { "path": path }, "_meta": named })).await
}

#[tokio::test]
async fn a_call_serves_what_was_asked_for_or_is_refused() {
    let (_server, front) = under("level = \"guard\"", "").await;
    let told = said(&front, "c-1", "Please wipe /srv/old, but do not send anything.").await;
    assert_eq!(told["mandate"]["asks"][0]["said"], "wipe /srv/old, but", "{told}");
    assert_eq!(told["mandate"]["denies"][0]["effects"], json!(["send"]), "{told}");
    said(&front, "c-2", "What does the log say?").await;
    for client in Client::both(&front, "/mcp/fixture").await {
        assert!(!is_refused(&wipe(&client, "c-1", "/srv/old").await));
        let refused = wipe(&client, "c-2", "/srv/old").await;
        assert!(is_refused(&refused), "{refused}");
        assert!(text_of(&refused).unwrap().contains("did not ask for this"), "{refused}");
        // Where nobody said what the human said, policies decide alone.
        assert!(!is_refused(&wipe(&client, "c-3", "/srv/old").await));
    }
    let rulings = front.rulings("wipe", 6).await;
    let (asked, unasked): (Vec<_>, Vec<_>) = rulings.iter().partition(|r| r.decision == Decision::Allow);
    assert_eq!(asked.iter().filter(|r| r.authorized_by == AuthorizedBy::HumanLiteral).count(), 2, "{asked:?}");
    assert_eq!(unasked.len(), 2);
    assert!(unasked.iter().all(|r| r.reasons[0].code == ReasonCode::OutsideMandate), "{unasked:?}");
    let trail = format!("{:?}", front.stop().await);
    assert!(!trail.contains("Please wipe") && trail.contains("in bytes 7 to "), "{trail}");
}

#[tokio::test]
async fn an_operator_may_only_watch_or_leave_it_out() {
    for (head, tail) in [("level = \"watch\"", ""), ("", "check_mandate = false\n")] {
        let (_server, front) = under(head, tail).await;
        said(&front, "c-1", "What does the log say?").await;
        let client = Client::modern(&front, "/mcp/fixture");
        assert!(!is_refused(&wipe(&client, "c-1", "/srv/old").await));
        let ruling = &front.rulings("wipe", 1).await[0];
        let expected = if tail.is_empty() { (Decision::Deny, false) } else { (Decision::Allow, true) };
        assert_eq!((ruling.decision, ruling.enforced), expected, "{ruling:?}");
    }
}

#[tokio::test]
async fn what_was_asked_for_outlives_its_gateway() {
    let (server, front) = under("level = \"guard\"", "").await;
    let toml = format!("level = \"guard\"\n{}", http_server("fixture", &server.url()));
    said(&front, "c-1", "Please wipe /srv/old.").await;
    said(&front, "c-2", "What does the log say?").await;
    // Another gateway over the same store knows it as soon as the host was told.
    let other = front.beside(&toml, Duration::ZERO).await;
    assert!(is_refused(&wipe(&Client::modern(&other, "/mcp/fixture"), "c-2", "/srv/old").await));
    other.stop().await;

    let front = front.restart_after(&toml, |_| {}).await;
    let client = Client::modern(&front, "/mcp/fixture");
    assert!(is_refused(&wipe(&client, "c-2", "/srv/old").await));
    assert!(!is_refused(&wipe(&client, "c-1", "/srv/old").await));
    for ruling in front.rulings("wipe", 2).await {
        assert!(ruling.turn.is_some(), "{ruling:?}");
    }
    let kept = |front: &Front| front.kept().all(KeptKind::Conversation).unwrap();
    assert!(kept(&front).len() >= 2);
    let all = kept(&front).into_iter().flat_map(|kept| kept.sealed).collect::<Vec<u8>>();
    assert!(!all.windows(8).any(|at| at == b"/srv/old"), "words of the human lie open");
}

#[tokio::test]
async fn what_was_asked_for_and_cannot_be_read_again_was_not_nothing() {
    let (server, front) = under("level = \"guard\"", "").await;
    let toml = format!("level = \"guard\"\n{}", http_server("fixture", &server.url()));
    said(&front, "c-1", "Please wipe /srv/old.").await;
    let spoiled = |state: &Path| {
        let store = KeptDb::open(state).unwrap();
        for mut kept in store.all(KeptKind::Conversation).unwrap() {
            *kept.sealed.last_mut().unwrap() ^= 1;
            store.put(&kept).unwrap();
        }
    };
    let front = front.restart_after(&toml, spoiled).await;
    let client = Client::modern(&front, "/mcp/fixture");
    assert!(is_refused(&wipe(&client, "c-1", "/srv/old").await));
    said(&front, "c-1", "Please wipe /srv/old.").await;
    assert!(!is_refused(&wipe(&client, "c-1", "/srv/old").await));
    // Nobody said anything in another one.
    assert!(!is_refused(&wipe(&client, "c-2", "/srv/old").await));
}

#[tokio::test]
async fn the_operator_says_what_an_agent_is_for() {
    let text = "Wipe /srv/old every night. Do not send anything.";
    let (_server, front) = under("level = \"guard\"", &format!("[[mandate]]\ntext = {text:?}\n")).await;
    for client in Client::both(&front, "/mcp/fixture").await {
        assert!(!is_refused(&wipe(&client, "c-1", "/srv/old").await));
        let refused = wipe(&client, "c-1", "/srv/new").await;
        assert!(is_refused(&refused), "{refused}");
    }
    // What a human says comes on top of it, and takes nothing of it back.
    said(&front, "c-1", "Now wipe /srv/new, and send a message to ann@example.org.").await;
    let client = Client::modern(&front, "/mcp/fixture");
    assert!(!is_refused(&wipe(&client, "c-1", "/srv/new").await));
    let named = json!({ "dev.doorward/conversation": "c-1" });
    let send =
        json!({ "name": "send_message", "arguments": { "to": "ann@example.org", "body": "Done." }, "_meta": named });
    assert!(is_refused(&client.ask("tools/call", send).await));
    let rulings = front.rulings("wipe", 5).await;
    let allowed: Vec<_> = rulings.iter().filter(|r| r.decision == Decision::Allow).map(|r| r.authorized_by).collect();
    let (own, human) = (AuthorizedBy::StandingPolicy, AuthorizedBy::HumanLiteral);
    assert_eq!(allowed, [own, own, human], "{rulings:?}");
    let why = &front.rulings("send_message", 1).await[0].reasons;
    assert!(why.iter().any(|r| r.text.starts_with("the operator asked not to, in bytes 34 to ")), "{why:?}");
    let turns = front.stop().await.into_iter().filter(|r| matches!(&r.event, Event::Turn(_))).count();
    assert_eq!(turns, 2, "once in a conversation");
}

#[tokio::test]
async fn a_mandate_that_nobody_understands_is_refused_when_it_is_loaded() {
    let (_server, front) = under("", "").await;
    let toml = "[[mandate]]\nagent = \"nightly-*\"\ntext = \"Umpf.\"\n";
    let why = front.gateway.reload(settings(toml), "test").unwrap_err().to_string();
    assert!(why.contains("nothing is understood in the mandate \"Umpf.\""), "{why}");
}
