//! The clients, and what each can do.

use super::servers::Op;
use doorward_testkit::peers::Peer;
use serde_json::Value;

/// A client in the era in which it speaks.
pub(super) struct Client {
    pub(super) peer: &'static Peer,
    pub(super) title: &'static str,
}

/// Each library in each era that it knows. The gateway speaks both, so a client that asks first is a modern one.
const CLIENTS: &[(&str, &str, &str)] = &[
    ("python-mcp", "legacy", "Python mcp, legacy"),
    ("python-mcp", "auto", "Python mcp, modern"),
    ("python-fastmcp", "legacy", "FastMCP, legacy"),
    ("python-fastmcp", "auto", "FastMCP, modern"),
    ("typescript-1", "legacy", "TypeScript 1, legacy"),
    ("typescript-2", "legacy", "TypeScript 2, legacy"),
    ("typescript-2", "2026-07-28", "TypeScript 2, modern"),
    ("inspector", "legacy", "Inspector CLI, legacy"),
    ("inspector", "modern", "Inspector CLI, modern"),
    ("rust", "legacy", "Rust rmcp, legacy"),
    ("rust", "modern", "Rust rmcp, modern"),
];

pub(super) fn all() -> Vec<Client> {
    let found = |name, mode| Peer::all().iter().find(|p| (p.name, p.mode) == (name, mode)).unwrap();
    CLIENTS.iter().map(|&(name, mode, title)| Client { peer: found(name, mode), title }).collect()
}

impl Client {
    /// Whether a visit was in the era of this client: one that falls back to the other tells nothing of its own. The command
    /// line does not say which it speaks.
    pub(super) fn kept_its_era(&self, seen: &Value) -> bool {
        seen["version"]
            .as_str()
            .map_or(self.peer.name == "inspector", |v| (v >= "2026") == self.title.ends_with("modern"))
    }

    /// The command line asks once and ends: it hears nothing in between, and asks nobody.
    pub(super) fn can(&self, op: Op) -> bool {
        self.peer.name != "inspector" || op <= Op::Prompt
    }
}
