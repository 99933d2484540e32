//! The two laws of the road, for every message of every revision: nothing reaches a server without its ruling in the
//! trail, and nothing reaches a client that was not cleared.
//!
//! The server of these tests says a secret of the gateway in everything it can say. Clearing takes that secret out
//! wherever it stands, so a client that ever sees it has seen something that went around.

use crate::{
    client::{Client, Exchange, soon},
    front::Front,
    old::Old,
    upstream::{Play, Seen, Upstream, event},
};
use doorward_audit::{Event, Record};
use doorward_mcp::{Era, Method, Notice, Side};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

const SECRET: &str = "canary-7f3c9b2e5d81a640";

/// What a server answers to a request: the secret in every place where something can stand.
fn result_of(method: &str, modern: bool) -> Value {
    let item = json!({ "name": "look", "title": SECRET, "uri": "x://a", "uriTemplate": "x://{id}/b",
        "description": SECRET, "inputSchema": { "type": "object", "description": SECRET },
        "annotations": { "readOnlyHint": true, "title": SECRET }, "_meta": { "x": SECRET } });
    let content = json!([{ "type": "text", "text": SECRET }, { "type": "image", "mimeType": "image/png", "data": SECRET },
        { "type": "resource", "resource": { "uri": SECRET, "text": SECRET, "blob": SECRET } }, { "type": "x", "y": SECRET }]);
    let mut result = json!({ "protocolVersion": "2025-11-25", "supportedVersions": ["2026-07-28"],
        "capabilities": { "tools": { "x": SECRET }, "prompts": {}, "resources": {} },
        "serverInfo": { "name": SECRET, "version": SECRET }, "instructions": SECRET,
        "content": content, "structuredContent": { "a": [SECRET] }, "contents": content, "taskId": "t-1",
        "messages": [{ "role": "user", "content": { "type": "text", "text": SECRET } }],
        "completion": { "values": [SECRET], "hasMore": false }, "tasks": [{ "taskId": "t-1", "statusMessage": SECRET }],
        "status": "completed", "statusMessage": SECRET, "result": { "content": content }, "error": { "message": SECRET },
        "requestState": SECRET, "inputRequests": { "k": { "method": "roots/list", "params": { "x": SECRET } } },
        "ttlMs": 0, "cacheScope": "public", "_meta": { "y": SECRET }, "vendor": { SECRET: SECRET } });
    result["resultType"] = json!(if method == "tools/call" { "task" } else { "complete" });
    if !modern {
        result.as_object_mut().unwrap().retain(|key, _| key != "resultType");
        result["task"] = json!({ "taskId": "t-1" });
    }
    for list in ["tools", "prompts", "resources", "resourceTemplates"] {
        if method.contains("list") {
            result[list] = json!([item]);
        }
    }
    result
}

/// Everything that a server may send by itself.
fn words(modern: bool) -> Vec<String> {
    let era = if modern { Era::Modern } else { Era::Legacy };
    let params = json!({ "progressToken": 1, "progress": 1, "message": SECRET, "level": "info", "data": { "x": SECRET },
        "logger": SECRET, "uri": "x://a", "requestId": 99, "reason": SECRET, "taskId": "t-1", "statusMessage": SECRET,
        "messages": [{ "role": "user", "content": { "type": "text", "text": SECRET } }], "systemPrompt": SECRET,
        "maxTokens": 1, "requestedSchema": { "type": "object", "title": SECRET }, "elicitationId": SECRET,
        "_meta": { "io.modelcontextprotocol/subscriptionId": "s", "x": SECRET }, "vendor": SECRET });
    let notices = Notice::ALL.iter().filter(|n| n.allowed(Side::Server, era)).map(|n| n.as_str());
    let methods = Method::ALL.iter().filter(|m| m.allowed(Side::Server, era)).map(|m| m.as_str());
    let notices = notices.map(|n| json!({ "jsonrpc": "2.0", "method": n, "params": params, "x": SECRET }));
    let asked = methods.enumerate().map(|(id, m)| json!({ "jsonrpc": "2.0", "id": id, "method": m, "params": params }));
    notices.chain(asked).map(|message| message.to_string()).collect()
}

/// A server that says everything it can say, around its answer.
fn talkative(seen: &Seen) -> Play {
    let message = seen.json();
    let (method, modern) = (seen.method(), seen.header("mcp-protocol-version") == "2026-07-28");
    if seen.http == "DELETE" {
        return Play::Status(200);
    }
    if method.starts_with("notifications/") || (method.is_empty() && seen.http == "POST") {
        return Play::Status(202);
    }
    let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result_of(&method, modern), "x": SECRET });
    if method == "initialize" {
        return Play::Session(answer.to_string(), SECRET);
    }
    let failing = message.pointer("/params/arguments/fail").is_some();
    let error = json!({ "jsonrpc": "2.0", "id": message["id"], "x": SECRET,
        "error": { "code": -32000, "message": SECRET, "data": { "x": SECRET } } });
    let mut out: Vec<String> = vec![format!(": {SECRET}\nid: {SECRET}-0\nretry: 100\ndata:\n\n")];
    out.extend(words(modern).iter().map(|word| format!(": {SECRET}\nevent: message\nx-{SECRET}: 1\ndata: {word}\n\n")));
    if seen.http == "POST" {
        out.push(event(&if failing { error } else { answer }.to_string()));
    }
    let (to, from) = mpsc::channel(out.len());
    for text in out {
        to.try_send(text).unwrap();
    }
    Play::Events(from)
}

/// A request of this method with parameters that reach a server.
fn params_of(method: Method, prefix: &str) -> Value {
    let name = format!("{prefix}look");
    match method {
        Method::ToolsCall | Method::PromptsGet => json!({ "name": name, "arguments": {} }),
        Method::ResourcesRead | Method::DirectoryRead | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
            json!({ "uri": "x://a" })
        }
        Method::Complete => {
            json!({ "ref": { "type": "ref/prompt", "name": name }, "argument": { "name": "a", "value": "b" } })
        }
        Method::SetLevel => json!({ "level": "info" }),
        Method::Listen => json!({ "notifications": { "toolsListChanged": true } }),
        Method::TasksGet | Method::TasksResult | Method::TasksCancel | Method::TasksUpdate => {
            json!({ "taskId": "t-1" })
        }
        _ => json!({}),
    }
}

/// Everything that comes back, as it came: the head and the body.
async fn whole(mut exchange: Exchange) -> String {
    let mut text = format!("{:?}\n", exchange.headers);
    loop {
        // A stream that stays open has said everything when it falls silent.
        match tokio::time::timeout(Duration::from_millis(400), exchange.chunk()).await {
            Ok(Some(chunk)) => text.push_str(&chunk),
            Ok(None) | Err(_) => return text,
        }
    }
}

/// Plays every message that a client may send; gives all that came back.
async fn everything(front: &Front, path: &str, prefix: &str) -> Vec<(String, String)> {
    let mut heard = Vec::new();
    let capable = json!({ "sampling": {}, "elicitation": {}, "roots": {}, "tasks": {} });
    for client in
        [Client::legacy_with(front, path, capable.clone()).await, Client::modern(front, path).capable(capable)]
    {
        let era = if client.is_modern() { Era::Modern } else { Era::Legacy };
        heard.push((format!("{path} {era:?} opened"), client.opened.to_string()));
        if !client.is_modern() {
            let stream = client.get(None).await;
            heard.push((format!("{path} GET"), whole(stream).await));
        }
        for method in Method::ALL.iter().filter(|m| m.allowed(Side::Client, era)) {
            let exchange = soon(method.as_str(), client.open(method.as_str(), params_of(*method, prefix))).await;
            heard.push((format!("{path} {era:?} {}", method.as_str()), whole(exchange).await));
        }
        let failing = json!({ "name": format!("{prefix}look"), "arguments": { "fail": true } });
        heard.push((format!("{path} {era:?} error"), whole(client.open("tools/call", failing).await).await));
        for notice in Notice::ALL.iter().filter(|n| n.sides().contains(&Side::Client)) {
            let body = json!({ "jsonrpc": "2.0", "method": notice.as_str(), "params": { "requestId": 1, "progressToken": 0, "progress": 1 } });
            let more = [("mcp-method", notice.as_str()), ("mcp-protocol-version", "2026-07-28")];
            let more = if client.is_modern() { &more[..] } else { &[] };
            heard.push((
                format!("{path} {era:?} {}", notice.as_str()),
                whole(client.post(&body.to_string(), more).await).await,
            ));
        }
        for id in 0..10 {
            let id = if prefix.is_empty() { json!(id) } else { json!(format!("odd:{id}")) };
            client.reply(&id, json!({ "roots": [] })).await;
        }
        if !client.is_modern() {
            assert_eq!(client.delete().await, 200);
        }
    }
    heard
}

/// The same by a client of 2024-11-05, on whose one stream all of it comes.
async fn everything_on_a_stream(front: &Front, path: &str, prefix: &str) -> (String, String) {
    let capable = json!({ "sampling": {}, "elicitation": {}, "roots": {}, "tasks": {} });
    let mut client = Old::open(front, path).await;
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capable,
        "clientInfo": { "name": "old", "version": "1" } });
    let mut heard = client.ask("initialize", params).await.to_string();
    for method in Method::ALL.iter().filter(|m| m.allowed(Side::Client, Era::Legacy) && **m != Method::Initialize) {
        let id = client.send(method.as_str(), params_of(*method, prefix)).await;
        for message in client.until_answer(id).await {
            heard.push_str(&message.to_string());
        }
    }
    for notice in Notice::ALL.iter().filter(|n| n.sides().contains(&Side::Client)) {
        let body =
            json!({ "jsonrpc": "2.0", "method": notice.as_str(), "params": { "requestId": 1, "progressToken": 0 } });
        client.post(&body.to_string()).await;
    }
    while let Ok(Some(chunk)) = tokio::time::timeout(Duration::from_millis(400), client.events.chunk()).await {
        heard.push_str(&chunk);
    }
    (format!("{path} stream"), heard)
}

fn configuration(upstream: &Upstream, secret: &std::path::Path, more: &str) -> String {
    format!(
        "{more}\n[[server]]\nname = \"odd\"\nurl = \"{}\"\nheaders = {{ x-api-key = {{ file = {secret:?} }} }}\n",
        upstream.url()
    )
}

/// How many messages were let through to the server.
fn allowed(records: &[Record]) -> usize {
    use doorward_vocab::Decision::{Allow, Oblige};
    let allowed = |r: &&Record| matches!(&r.event, Event::Ruling(r) if matches!(r.decision, Allow | Oblige));
    records.iter().filter(allowed).count()
}

#[tokio::test]
async fn nothing_comes_or_goes_past_the_road() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let upstream = Upstream::start(talkative).await;
    let front = Front::start(&configuration(&upstream, &secret, "")).await;
    let mut heard = everything(&front, "/mcp/odd", "").await;
    heard.extend(everything(&front, "/mcp", "odd__").await);
    for (path, prefix) in [("/sse/odd", ""), ("/sse", "odd__")] {
        heard.push(everything_on_a_stream(&front, path, prefix).await);
    }
    let leaks: Vec<String> = heard
        .iter()
        .filter(|(_, text)| text.contains(SECRET))
        .map(|(what, text)| {
            let at = text.find(SECRET).unwrap();
            format!("{what}: …{}…", text.get(at.saturating_sub(120)..at + 60).unwrap_or(text))
        })
        .collect();
    assert!(leaks.is_empty(), "{} of {} leak:\n{}", leaks.len(), heard.len(), leaks.join("\n"));
    // It did say what it could say, and it was heard.
    for (era, modern) in [("Legacy", false), ("Modern", true)] {
        for word in words(modern) {
            let word: Value = serde_json::from_str(&word).unwrap();
            let name = format!("\"method\":\"{}\"", word["method"].as_str().unwrap());
            let found = heard.iter().any(|(what, text)| what.contains(era) && text.contains(&name));
            assert!(found, "nobody heard {name} in {era}");
        }
    }
    let names: Vec<String> = upstream.seen().iter().map(Seen::method).collect();
    let unheard: Vec<&str> = Method::ALL
        .iter()
        .filter(|m| m.sides().contains(&Side::Client) && !names.iter().any(|n| n == m.as_str()))
        .map(|m| m.as_str())
        .collect();
    assert!(unheard.is_empty(), "never reached the server: {unheard:?}");
    // The secret did its work on the other side.
    assert!(upstream.seen().iter().all(|s| s.header("x-api-key") == SECRET));
    let posts = upstream.seen().iter().filter(|s| s.http == "POST").count();
    let records = front.stop().await;
    assert_eq!(posts, allowed(&records), "messages at the server, and decisions that let one through");
    assert!(!format!("{records:?}").contains(SECRET));
}

#[tokio::test]
async fn where_nothing_is_permitted_nothing_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, policy) = (folder.path().join("secret"), folder.path().join("never.cedar"));
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::write(&policy, "@id(\"never\") forbid (principal is Agent, action, resource);\n").unwrap();
    let upstream = Upstream::start(talkative).await;
    let open = configuration(&upstream, &secret, "");
    let front = Front::start(&open).await;
    for (path, prefix) in [("/mcp/odd", ""), ("/mcp", "odd__")] {
        // Sessions that are open already get nothing through either.
        let clients = Client::both(&front, path).await;
        front.reload(&configuration(&upstream, &secret, &format!("[policy]\nfiles = [{policy:?}]\n")));
        let before = upstream.seen().iter().filter(|s| s.http == "POST").count();
        for client in &clients {
            let era = if client.is_modern() { Era::Modern } else { Era::Legacy };
            for method in Method::ALL.iter().filter(|m| m.allowed(Side::Client, era)) {
                whole(client.open(method.as_str(), params_of(*method, prefix)).await).await;
            }
            for notice in Notice::ALL.iter().filter(|n| n.sides().contains(&Side::Client)) {
                client.tell(&json!({ "jsonrpc": "2.0", "method": notice.as_str(), "params": {} }).to_string()).await;
            }
        }
        let after: Vec<String> =
            upstream.seen().iter().filter(|s| s.http == "POST").skip(before).map(Seen::method).collect();
        assert_eq!(after, Vec::<String>::new(), "{path}");
        front.reload(&open);
    }
}
