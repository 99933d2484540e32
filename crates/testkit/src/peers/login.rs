//! Other people's clients that know the address of an MCP server and nothing else: they find the authorization server,
//! become known to it, send a human there, and call.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::{
    Walk,
    cache::{node, node_modules, python, script},
    http::Http,
    identity::Browser,
};

/// Where these clients would listen. Nothing does: the browser's last step is told to them.
pub const BACK: &str = "http://127.0.0.1:1/callback";

/// A client that logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// The library.
    pub name: &'static str,
    script: &'static str,
}

const ALL: &[Login] = &[
    Login { name: "python-mcp", script: "python/login_mcp.py" },
    Login { name: "typescript-1", script: "node/login_sdk1.mjs" },
    Login { name: "typescript-2", script: "node/login_sdk2.mjs" },
    Login { name: "inspector", script: "node/login_inspector.mjs" },
];

impl Login {
    /// All of them. Ask [`super::installed`] first.
    #[must_use]
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// Connects to `url`, logs the human at `browser` in, calls `echo`, renews the token and calls again. With
    /// `document`, the client is named by the address of its metadata document where the server takes that.
    ///
    /// # Errors
    /// The client cannot be started or prints no summary, or the human gets stuck.
    pub async fn walk(&self, url: &str, document: Option<&str>, browser: &mut Browser) -> io::Result<Walk> {
        let mut command = Command::new(if self.script.starts_with("node/") { node() } else { python() });
        command.arg(script(self.script));
        if let Some(document) = document {
            command.args(["--document", document]);
        }
        let mut child = Ended(command.arg(url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
        let (mut input, output) = (child.0.stdin.take(), child.0.stdout.take());
        let mut output = output.map(BufReader::new).ok_or_else(|| io::Error::other("no output"))?;
        loop {
            let mut line = String::new();
            let read = tokio::task::spawn_blocking(move || output.read_line(&mut line).map(|_| (output, line)));
            let (rest, line) = read.await.map_err(io::Error::other)??;
            output = rest;
            let Ok(said) = serde_json::from_str::<Value>(&line) else {
                return Err(io::Error::other(format!("{} ended without a summary: {line}", self.name)));
            };
            let Some(open) = said.get("open").and_then(Value::as_str) else {
                return Ok(Walk { ok: said.get("ok") == Some(&Value::Bool(true)), summary: said });
            };
            let end = said.get("back").and_then(Value::as_str).unwrap_or(BACK);
            let back = browser.travel(open, end).await?.redirected()?;
            if let Some(input) = &mut input {
                writeln!(input, "{back}")?;
                input.flush()?;
            }
        }
    }
}

/// The official conformance suite against an authorization server, as `client` for `resource`; what it says.
///
/// # Errors
/// The suite cannot be started, or the human gets stuck.
pub async fn conformance(
    issuer: &str,
    client: &str,
    port: u16,
    resource: &str,
    browser: &mut Browser,
) -> io::Result<String> {
    let suite = node_modules().join("@modelcontextprotocol/conformance/dist/index.js");
    let mut command = Command::new(node());
    command.arg(suite).args(["authorization", "--url", issuer, "--client-id", client, "--resource", resource]);
    command.args(["--port", &port.to_string()]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Ended(command.spawn()?);
    let mut output = child.0.stdout.take().map(BufReader::new).ok_or_else(|| io::Error::other("no output"))?;
    let mut said = String::new();
    loop {
        let mut line = String::new();
        let read = tokio::task::spawn_blocking(move || output.read_line(&mut line).map(|_| (output, line)));
        let (rest, line) = read.await.map_err(io::Error::other)??;
        output = rest;
        if line.is_empty() {
            return Ok(said);
        }
        said += &line;
        if line.contains("response_type=code") {
            let back = browser.travel(line.trim(), &format!("http://127.0.0.1:{port}/")).await?.redirected()?;
            Http::default().get(back.as_str()).await?;
        }
    }
}

/// A process that does not outlive the walk.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
