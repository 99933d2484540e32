//! Loops and limits through real gateways, clients and servers.

mod loops;
mod quotas;

use crate::{
    client::Client,
    front::{Front, http_server},
};
use doorward_testkit::fixture::{Options, Server};
use serde_json::{Value, json};

/// A gateway in front of a server.
struct Scene {
    front: Front,
    _server: Server,
    url: String,
}

impl Scene {
    /// `own` belongs to the server, `more` stands behind it.
    async fn start(own: &str, more: &str) -> Self {
        let server = Server::start(Options::default()).await.unwrap();
        let url = server.url();
        Self { front: Front::start(&configured(&url, own, more)).await, _server: server, url }
    }

    fn client(&self) -> Client {
        Client::modern(&self.front, "/mcp/fixture")
    }

    /// How often `tool` ran at the server, asked by somebody else.
    async fn ran(&self, tool: &str) -> u64 {
        let counts = said(&self.client(), "counting", "count_calls", json!({})).await;
        counts["result"]["structuredContent"][tool].as_u64().unwrap_or(0)
    }
}

fn configured(url: &str, own: &str, more: &str) -> String {
    format!("{}{own}\n{more}", looked_at("fixture", url))
}

/// A server whose calls may be loops.
fn looked_at(name: &str, url: &str) -> String {
    http_server(name, url).replace("\"*\"", "[\"count_calls\"]")
}

/// A call in a conversation that its agent names.
async fn said(client: &Client, conversation: &str, tool: &str, arguments: Value) -> Value {
    let meta = json!({ "dev.doorward/conversation": conversation });
    client.ask("tools/call", json!({ "name": tool, "arguments": arguments, "_meta": meta })).await
}

/// What programs are told of a pause.
fn pause(answer: &Value) -> Option<&Value> {
    answer.pointer("/result/_meta/dev.doorward~1ruling/pause")
}
