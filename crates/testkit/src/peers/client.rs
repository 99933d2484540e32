//! Clients: other people's, each walking the same four steps (list tools, call `echo`, read a resource, get a prompt).

use std::{io, process::Command};

use serde_json::Value;

use super::{
    cache::{node, python, script},
    process::binary,
};

/// What runs a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Python(&'static str),
    Node(&'static str),
    Rust,
}

/// One client in one mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The library.
    pub name: &'static str,
    /// How it finds the revision: `legacy` (initialize only), `auto` (asks first), or one revision; `sse`: `legacy` over
    /// HTTP+SSE of 2024-11-05.
    pub mode: &'static str,
    runner: Runner,
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.mode)
    }
}

/// What a client talks to.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// An endpoint of Streamable HTTP, or for clients in mode `sse` of HTTP+SSE.
    Url(&'a str),
    /// A program that speaks on standard input and output.
    Command(&'a [String]),
}

/// What came back from a walk.
#[derive(Debug, Clone)]
pub struct Walk {
    /// Every step gave what it should.
    pub ok: bool,
    /// What the client printed: `tools`, `echo`, `resource`, `prompt`, `version` where it says so, or `error`.
    pub summary: Value,
}

const PEERS: &[Peer] = &[
    Peer { name: "rust", mode: "legacy", runner: Runner::Rust },
    Peer { name: "rust", mode: "auto", runner: Runner::Rust },
    Peer { name: "rust", mode: "modern", runner: Runner::Rust },
    Peer { name: "python-mcp", mode: "legacy", runner: Runner::Python("client_mcp.py") },
    Peer { name: "python-mcp", mode: "auto", runner: Runner::Python("client_mcp.py") },
    Peer { name: "python-fastmcp", mode: "legacy", runner: Runner::Python("client_fastmcp.py") },
    Peer { name: "python-fastmcp", mode: "auto", runner: Runner::Python("client_fastmcp.py") },
    Peer { name: "typescript-1", mode: "legacy", runner: Runner::Node("client_sdk1.mjs") },
    Peer { name: "typescript-2", mode: "legacy", runner: Runner::Node("client_sdk2.mjs") },
    Peer { name: "typescript-2", mode: "auto", runner: Runner::Node("client_sdk2.mjs") },
    Peer { name: "typescript-2", mode: "2026-07-28", runner: Runner::Node("client_sdk2.mjs") },
    Peer { name: "inspector", mode: "legacy", runner: Runner::Node("client_inspector.mjs") },
    Peer { name: "inspector", mode: "modern", runner: Runner::Node("client_inspector.mjs") },
];

/// Clients of 2024-11-05. The Rust library has no such transport.
const SSE: &[Peer] = &[
    Peer { name: "python-mcp", mode: "sse", runner: Runner::Python("client_mcp.py") },
    Peer { name: "python-fastmcp", mode: "sse", runner: Runner::Python("client_fastmcp.py") },
    Peer { name: "typescript-1", mode: "sse", runner: Runner::Node("client_sdk1.mjs") },
    Peer { name: "typescript-2", mode: "sse", runner: Runner::Node("client_sdk2.mjs") },
    Peer { name: "inspector", mode: "sse", runner: Runner::Node("client_inspector.mjs") },
];

impl Peer {
    /// Every client that speaks HTTP+SSE of 2024-11-05.
    #[must_use]
    pub fn sse() -> &'static [Self] {
        SSE
    }

    /// Every client in every mode it has.
    #[must_use]
    pub fn all() -> &'static [Self] {
        PEERS
    }

    /// Whether the client needs what `cargo xtask setup` installs.
    #[must_use]
    pub fn is_installed_apart(&self) -> bool {
        self.runner != Runner::Rust
    }

    /// Walks the four steps. A wrong answer is a [`Walk`] that is not `ok`, not an error.
    ///
    /// # Errors
    /// The client cannot be started, or prints no summary.
    pub fn walk(&self, target: Target<'_>) -> io::Result<Walk> {
        self.walk_with(target, "", &[])
    }

    /// Walks the four steps with a prefix before every tool and prompt name, and with more HTTP headers
    /// (`Name: value`).
    ///
    /// # Errors
    /// As [`Self::walk`].
    pub fn walk_with(&self, target: Target<'_>, prefix: &str, headers: &[&str]) -> io::Result<Walk> {
        let mut command = self.command()?;
        command.args(["--mode", self.mode, "--prefix", prefix]);
        for header in headers {
            command.args(["--header", header]);
        }
        match target {
            Target::Url(url) => command.arg(url),
            Target::Command(words) => command.arg("--").args(words),
        };
        let output = command.output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let line = printed.lines().rev().find(|line| line.starts_with('{')).unwrap_or_default();
        let Ok(summary) = serde_json::from_str::<Value>(line) else {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(io::Error::other(format!("{self} ended ({}) without a summary: {said}", output.status)));
        };
        Ok(Walk { ok: output.status.success(), summary })
    }

    pub(super) fn command(&self) -> io::Result<Command> {
        Ok(match self.runner {
            Runner::Rust => Command::new(binary("doorward-testkit", "doorward-rmcp-client")?),
            Runner::Python(name) => with_script(Command::new(python()), &format!("python/{name}")),
            Runner::Node(name) => with_script(Command::new(node()), &format!("node/{name}")),
        })
    }
}

fn with_script(mut command: Command, name: &str) -> Command {
    command.arg(script(name));
    command
}
