//! Credentials that clouds give, from the file to the server.

mod aws;
mod signed;
mod vault;

use crate::{client::Client, front::Front};
use doorward_testkit::peers::http::Http;
use serde_json::{Value, json};

/// Calls a tool that says back what it is told; what came back.
pub(crate) async fn echo(front: &Front, text: &str) -> Value {
    let client = Client::modern(front, "/mcp/guarded");
    let params = format!(r#""name":"echo","arguments":{{"text":{}}}"#, json!(text));
    let reply = client.post(&client.text("1", "tools/call", &params), &[]).await.body().await;
    // What a server refuses as HTTP is answered as such.
    serde_json::from_str(&reply).unwrap_or(Value::String(reply))
}

/// Whom a guarded server let in, and why it refused the others.
pub(crate) async fn seen(url: &str) -> (Vec<String>, Vec<String>) {
    let seen = Http::default().get(&url.replace("/mcp", "/seen")).await.unwrap().json().unwrap();
    let words = |key: &str| seen[key].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
    (words("let_in"), words("refused"))
}
