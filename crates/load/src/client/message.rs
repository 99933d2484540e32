//! Requests as bytes: HTTP heads and JSON-RPC bodies of both eras.

use std::io::Write as _;

use super::Plan;
use crate::upstream::Tool;

/// Which protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25: `initialize` and a session.
    Sessions,
    /// 2026-07-28: everything in every request.
    Stateless,
}

impl Era {
    fn revision(self) -> &'static str {
        match self {
            Self::Sessions => "2025-11-25",
            Self::Stateless => "2026-07-28",
        }
    }
}

/// Members of `_meta` that every stateless request carries.
const STATELESS_META: &str = concat!(
    r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"bench-client","version":"1.0.0"},"#,
    r#""io.modelcontextprotocol/clientCapabilities":{}"#,
);

/// Writes the requests of one client, keeping its ids and its session.
#[derive(Debug)]
pub(crate) struct Writer {
    era: Era,
    /// Up to the fields that differ between requests.
    head: String,
    target: String,
    session: Option<String>,
    id: u64,
    /// The `text` argument of the last call, which its reply must repeat.
    text: String,
    body: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(plan: &Plan) -> Self {
        let target = format!("{} HTTP/1.1\r\nHost: {}\r\n", plan.path, plan.host);
        let head = format!(
            "POST {target}Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
             User-Agent: bench-client/1.0.0\r\n"
        );
        Self { era: plan.era, head, target, session: None, id: 0, text: String::new(), body: Vec::new() }
    }

    /// Of the last request.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn adopt_session(&mut self, session: Option<&str>) {
        self.session = session.map(str::to_owned);
    }

    pub(crate) fn open(&mut self, out: &mut Vec<u8>) {
        match self.era {
            Era::Sessions => {
                let params = r#""protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench-client","version":"1.0.0"}"#;
                self.request(out, "initialize", None, params);
            }
            Era::Stateless => self.request(out, "server/discover", None, &format!(r#""_meta":{{{STATELESS_META}}}"#)),
        }
    }

    pub(crate) fn initialized(&mut self, out: &mut Vec<u8>) {
        self.body.clear();
        self.body.extend_from_slice(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        self.send(out, "notifications/initialized", None);
    }

    pub(crate) fn list(&mut self, out: &mut Vec<u8>) {
        match self.era {
            Era::Sessions => self.request(out, "tools/list", None, ""),
            Era::Stateless => self.request(out, "tools/list", None, &format!(r#""_meta":{{{STATELESS_META}}}"#)),
        }
    }

    pub(crate) fn call(&mut self, out: &mut Vec<u8>, tool: Tool, conversation: &str) {
        // 64 bytes or so, and never twice the same: agents that work say new words, not new numbers alone, and who does not
        // goes in circles.
        self.text =
            format!("{conversation}.{} the parcel for {} left at noon, signed for", self.id + 1, place(self.id));
        let (meta, comma) = match self.era {
            Era::Sessions => ("", ""),
            Era::Stateless => (STATELESS_META, ","),
        };
        let params = format!(
            r#""name":"{}","arguments":{{"text":"{}"}},"_meta":{{{meta}{comma}"dev.doorward/conversation":"{conversation}"}}"#,
            tool.name(),
            self.text
        );
        self.request(out, "tools/call", Some(tool.name()), &params);
    }

    /// The host reports what its human asked for (`POST /v1/turns`), with the host's own credential.
    pub(crate) fn turn(&mut self, out: &mut Vec<u8>, token: &str, conversation: &str) {
        let body = format!(
            r#"{{"conversation":"{conversation}","text":"Please read the depot ledger and record the parcel for bay twelve on the notice board."}}"#
        );
        let (_, host) = self.target.split_once('\n').unwrap_or_default();
        let _ = write!(
            out,
            "POST /v1/turns HTTP/1.1\r\n{host}Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
    }

    /// The request for the stream of the session.
    pub(crate) fn listen(&self, out: &mut Vec<u8>) {
        let _ = write!(
            out,
            "GET {}MCP-Protocol-Version: {}\r\nMcp-Session-Id: {}\r\nAccept: text/event-stream\r\n\r\n",
            self.target,
            self.era.revision(),
            self.session.as_deref().unwrap_or_default()
        );
    }

    /// False where there is no session to end.
    pub(crate) fn delete(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(session) = &self.session else { return false };
        let _ = write!(
            out,
            "DELETE {}MCP-Protocol-Version: {}\r\nMcp-Session-Id: {session}\r\nContent-Length: 0\r\n\r\n",
            self.target,
            self.era.revision()
        );
        true
    }

    fn request(&mut self, out: &mut Vec<u8>, method: &str, name: Option<&str>, params: &str) {
        self.id += 1;
        self.body.clear();
        // Writing to a `Vec` cannot fail.
        let _ = write!(self.body, r#"{{"jsonrpc":"2.0","id":{},"method":"{method}","params":{{{params}}}}}"#, self.id);
        self.send(out, method, name);
    }

    fn send(&mut self, out: &mut Vec<u8>, method: &str, name: Option<&str>) {
        out.extend_from_slice(self.head.as_bytes());
        if method != "initialize" {
            let _ = write!(out, "MCP-Protocol-Version: {}\r\n", self.era.revision());
        }
        if let Some(session) = &self.session {
            let _ = write!(out, "Mcp-Session-Id: {session}\r\n");
        }
        if self.era == Era::Stateless {
            let _ = write!(out, "Mcp-Method: {method}\r\n");
            if let Some(name) = name {
                let _ = write!(out, "Mcp-Name: {name}\r\n");
            }
        }
        let _ = write!(out, "Content-Length: {}\r\n\r\n", self.body.len());
        out.extend_from_slice(&self.body);
    }
}

/// A place that no other call of a conversation names: letters for a number.
fn place(number: u64) -> String {
    let mut rest = number.wrapping_mul(0x9e37_79b9);
    let letters = std::iter::from_fn(|| {
        let letter = b'a' + u8::try_from(rest % 26).unwrap_or_default();
        rest /= 26;
        Some(char::from(letter))
    });
    let letters: String = letters.take(8).collect();
    let (bay, row) = letters.split_at(4);
    format!("{bay} {row}")
}
