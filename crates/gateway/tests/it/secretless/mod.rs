//! Servers are called with credentials that agents never see.

mod choice;
mod marks;
mod refused;

use crate::{
    client::Client,
    front::Front,
    identity::{Provider, bearer},
    upstream::{Play, Seen, Upstream},
};
use serde_json::json;

/// A server of the modern era that answers every call with `ok`.
async fn server() -> Upstream {
    Upstream::start(|seen| match seen.method().as_str() {
        "tools/list" => Play::Json(listed(seen)),
        _ => Play::Json(answered(seen)),
    })
    .await
}

fn listed(seen: &Seen) -> String {
    let tools = ["read", "delete_all"].map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }));
    let result = json!({ "tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "private" });
    json!({ "jsonrpc": "2.0", "id": seen.json()["id"], "result": result }).to_string()
}

fn answered(seen: &Seen) -> String {
    let result = json!({ "content": [{ "type": "text", "text": "ok" }], "resultType": "complete" });
    json!({ "jsonrpc": "2.0", "id": seen.json()["id"], "result": result }).to_string()
}

/// A client with a token for `person`, who is in `group`.
fn person(front: &Front, provider: &Provider, person: &str, group: &str) -> Client {
    let token = provider.token(|claims| {
        claims["sub"] = json!(person);
        claims["groups"] = json!([group]);
    });
    Client::modern(front, "/mcp/crm").with_header("authorization", &bearer(&token))
}

/// What the calls of `tool` carried in `header`.
fn carried(server: &Upstream, tool: &str, header: &str) -> Vec<String> {
    let calls = server.seen_of("tools/call").into_iter().filter(|s| s.json()["params"]["name"] == tool);
    calls.map(|s| s.header(header).to_owned()).collect()
}

/// A secret in a file, as a reference to it.
fn secret(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    format!("secret = {{ file = {path:?} }}")
}
