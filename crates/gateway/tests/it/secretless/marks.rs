//! Placeholders and canaries.

use super::{carried, secret, server};
use crate::{
    client::{Client, is_refused},
    front::Front,
    upstream::{Play, Upstream},
};
use doorward_audit::Event;
use doorward_credential::{Marker, Shape};
use doorward_vocab::FindingKind;
use serde_json::{Value, json};

/// The key of the gateways of these tests.
const KEY: [u8; 32] = [7; 32];

fn placeholder(name: &str, agent: &str) -> String {
    Marker::new(&KEY).make(&Shape::default(), &format!("placeholder {name}"), agent)
}

fn canary(whom: &str) -> String {
    Marker::new(&KEY).make(&Shape::default(), "canary", whom)
}

const SECRET: &str = "real-\"secret\"-0123456789";

fn toml(server: &Upstream, folder: &tempfile::TempDir) -> String {
    format!(
        r#"
        [[server]]
        name = "crm"
        url = "{}"
        [[placeholder]]
        name = "github"
        credential = "github"
        server = "crm"
        tools = ["read"]
        argument = "/headers/Authorization"
        hosts = ["api.github.com", "*.acme.example"]
        paths = ["/repos/*"]
        methods = ["GET", "HEAD"]
        [[credential]]
        name = "github"
        kind = "static"
        {}
        "#,
        server.url(),
        secret(folder, "github", SECRET)
    )
}

fn call(url: &str, method: Option<&str>, authorization: &str) -> Value {
    let mut arguments = json!({ "url": url, "headers": { "Authorization": authorization } });
    if let Some(method) = method {
        arguments["method"] = json!(method);
    }
    arguments
}

fn findings(records: &[doorward_audit::Record], kind: FindingKind) -> usize {
    let of = |r: &doorward_audit::Record| match &r.event {
        Event::Ruling(r) => r.findings.iter().filter(|f| f.kind == kind).count(),
        Event::Outcome(o) => o.findings.iter().filter(|f| f.kind == kind).count(),
        _ => 0,
    };
    records.iter().map(of).sum()
}

#[tokio::test]
async fn a_placeholder_is_exchanged_on_its_way_alone() {
    let (server, folder) = (server().await, tempfile::tempdir().unwrap());
    let front = Front::start(&toml(&server, &folder)).await;
    let client = Client::modern(&front, "/mcp/crm");
    let (mine, others) = (placeholder("github", "local"), placeholder("github", "somebody"));
    let good = "https://api.github.com/repos/acme/x";
    for (url, method) in [(good, None), ("https://git.acme.example/repos/1", Some("head"))] {
        let answer = client.call("read", call(url, method, &format!("Bearer {mine}"))).await;
        assert!(!is_refused(&answer), "{answer}");
        let sent = server.seen_of("tools/call").pop().unwrap().json();
        assert_eq!(sent["params"]["arguments"]["headers"]["Authorization"], format!("Bearer {SECRET}"));
    }
    let before = server.seen_of("tools/call").len();
    let bearer = format!("Bearer {mine}");
    for (why, tool, arguments) in [
        ("another host", "read", call("https://evil.example/repos/x", None, &bearer)),
        ("a host that ends alike", "read", call("https://api.github.com.evil.example/repos/x", None, &bearer)),
        ("a name before the host", "read", call("https://api.github.com@evil.example/repos/x", None, &bearer)),
        ("no TLS", "read", call("http://api.github.com/repos/x", None, &bearer)),
        ("another path", "read", call("https://api.github.com/user", None, &bearer)),
        ("a path that climbs", "read", call("https://api.github.com/repos/../user", None, &bearer)),
        ("another method", "read", call(good, Some("DELETE"), &bearer)),
        ("another tool", "delete_all", call(good, None, &bearer)),
        ("another agent's", "read", call(good, None, &format!("Bearer {others}"))),
        ("another argument", "read", json!({ "url": good, "body": mine })),
        ("in the address", "read", call(&format!("{good}?t={mine}"), None, "")),
    ] {
        let answer = client.call(tool, arguments).await;
        assert!(is_refused(&answer), "{why}: {answer}");
        assert!(!answer.to_string().contains("real-"), "{why}");
    }
    // Written so that it would be found in the message and not in its bytes.
    let escaped = format!("\\u0067{}", &mine[1..]);
    let text = client.text(
        "9",
        "tools/call",
        &format!(r#"{{"name":"read","arguments":{{"url":"{good}","headers":{{"Authorization":"{escaped}"}}}}}}"#),
    );
    let answer = client.post(&text, &[]).await.answer().await;
    assert!(is_refused(&answer) || answer.get("error").is_some(), "{answer}");
    assert_eq!(server.seen_of("tools/call").len(), before, "nothing of it was sent");
    let records = front.stop().await;
    assert!(findings(&records, FindingKind::Placeholder) >= 11, "each is an alarm");
    assert!(!format!("{records:?}").contains("real-"), "the secret is not in the trail");
}

#[tokio::test]
async fn what_looks_like_one_and_was_not_made_here_is_a_text() {
    let (server, folder) = (server().await, tempfile::tempdir().unwrap());
    let front = Front::start(&toml(&server, &folder)).await;
    let client = Client::modern(&front, "/mcp/crm");
    let text = format!("see {}_{}", "ghp", "Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1");
    client.call("read", json!({ "note": text })).await;
    assert_eq!(carried(&server, "read", "authorization").len(), server.seen_of("tools/call").len());
    assert_eq!(findings(&front.stop().await, FindingKind::Placeholder), 0);
}

#[tokio::test]
async fn a_canary_stops_whoever_sends_it_and_whoever_shows_it() {
    let shown = canary("server:crm");
    let leaks = shown.clone();
    let server = Upstream::start(move |seen| match seen.json()["params"]["name"].as_str() {
        Some("read") => {
            let result =
                json!({ "content": [{ "type": "text", "text": format!("TOKEN={leaks}") }], "resultType": "complete" });
            Play::Json(json!({ "jsonrpc": "2.0", "id": seen.json()["id"], "result": result }).to_string())
        }
        _ if seen.method() == "tools/list" => Play::Json(super::listed(seen)),
        _ => Play::Json(super::answered(seen)),
    })
    .await;
    let front = Front::start(&format!("[[server]]\nname = \"crm\"\nurl = \"{}\"", server.url())).await;
    let client = Client::modern(&front, "/mcp/crm");
    assert!(is_refused(&client.call("delete_all", json!({ "x": canary("agent:local") })).await));
    assert!(!is_refused(&client.call("delete_all", json!({ "x": "y" })).await));
    let answer = client.call("read", json!({})).await;
    assert!(!answer.to_string().contains(&shown), "{answer}");
    // The server shows what it must not show: nothing goes to it any more.
    assert!(is_refused(&client.call("delete_all", json!({ "x": "y" })).await));
    assert_eq!(carried(&server, "delete_all", "x").len(), 1);
    let records = front.stop().await;
    assert_eq!(findings(&records, FindingKind::Canary), 2);
}
