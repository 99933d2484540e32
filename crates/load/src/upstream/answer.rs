//! One request in, one answer out, for both protocol eras.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::blob;
use super::tools::{TOOLS, Tool};
use crate::wire::Incoming;

/// The path of the server that knows sessions only, and of the one that knows none.
pub(crate) const SESSIONS: &str = "/mcp/bench";
pub(crate) const STATELESS: &str = "/mcp/bench26";

const SERVER_META: &str = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"bench","version":"1.0.0"}}"#;
const LIST_CACHE: &str = r#","ttlMs":60000,"cacheScope":"public""#;

/// What follows the bytes that were written to the buffer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) tail: Option<&'static [u8]>,
}

/// The little that an upstream remembers.
#[derive(Debug, Default)]
pub(crate) struct Server {
    sessions: AtomicU64,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: &'a str,
    #[serde(borrow)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize, Default)]
struct Params<'a> {
    name: Option<&'a str>,
    #[serde(borrow)]
    arguments: Option<Arguments<'a>>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Meta<'a> {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<&'a str>,
}

impl Server {
    /// Writes the answer to `request` after what `out` holds.
    pub(crate) fn answer(&self, request: &Incoming, out: &mut Vec<u8>) -> Answer {
        let (method, path) = request.start();
        let stateless = match path {
            SESSIONS => false,
            STATELESS => true,
            _ => return status(out, "404 Not Found"),
        };
        match method {
            "POST" => {}
            // The stream of a session; nothing ever comes on it.
            "GET" if !stateless && request.field("mcp-session-id").is_some() => return stream(out),
            "DELETE" if !stateless => return status(out, "200 OK"),
            _ => return status(out, "405 Method Not Allowed"),
        }
        let Ok(message) = serde_json::from_slice::<Message<'_>>(request.body()) else {
            return error(out, "400 Bad Request", None, -32700, "not a message");
        };
        if message.id.is_none() {
            return status(out, "202 Accepted");
        }
        if stateless { self.stateless(request, &message, out) } else { self.sessions(request, &message, out) }
    }

    fn sessions(&self, request: &Incoming, message: &Message<'_>, out: &mut Vec<u8>) -> Answer {
        if message.method == "initialize" {
            let session = self.sessions.fetch_add(1, Ordering::Relaxed);
            return result(
                out,
                &format!("Mcp-Session-Id: bench-{session}\r\n"),
                message.id,
                concat!(
                    r#""protocolVersion":"2025-11-25","capabilities":{"tools":{}},"#,
                    r#""serverInfo":{"name":"bench","version":"1.0.0"}"#,
                ),
            );
        }
        let Some(session) = request.field("mcp-session-id") else {
            return error(out, "400 Bad Request", message.id, -32600, "no session");
        };
        let number = session.strip_prefix("bench-").and_then(|number| number.parse::<u64>().ok());
        if number.is_none_or(|number| number >= self.sessions.load(Ordering::Relaxed)) {
            return error(out, "404 Not Found", message.id, -32600, "unknown session");
        }
        match message.method {
            "tools/list" => result(out, "", message.id, &format!(r#""tools":{TOOLS}"#)),
            "tools/call" => call(out, message, ""),
            "ping" => result(out, "", message.id, ""),
            _ => error(out, "200 OK", message.id, -32601, "no such method"),
        }
    }

    fn stateless(&self, request: &Incoming, message: &Message<'_>, out: &mut Vec<u8>) -> Answer {
        const PREFIX: &str = r#""resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"bench","version":"1.0.0"}},"#;
        let params = message.params.as_ref();
        let version = params.and_then(|params| params.meta.as_ref()?.version);
        if version.is_none() || request.field("mcp-protocol-version") != version {
            return error(out, "400 Bad Request", message.id, -32020, "the version header is not that of the body");
        }
        if request.field("mcp-method") != Some(message.method) {
            return error(out, "400 Bad Request", message.id, -32020, "the method header is not that of the body");
        }
        match message.method {
            "server/discover" => result(
                out,
                "",
                message.id,
                &format!(
                    r#""resultType":"complete",{SERVER_META},"supportedVersions":["2026-07-28"],"capabilities":{{"tools":{{}}}}{LIST_CACHE}"#
                ),
            ),
            "tools/list" => result(
                out,
                "",
                message.id,
                &format!(r#""resultType":"complete",{SERVER_META},"tools":{TOOLS}{LIST_CACHE}"#),
            ),
            "tools/call" if request.field("mcp-name") != params.and_then(|params| params.name) => {
                error(out, "400 Bad Request", message.id, -32020, "the name header is not that of the body")
            }
            "tools/call" => call(out, message, PREFIX),
            _ => error(out, "404 Not Found", message.id, -32601, "no such method"),
        }
    }
}

fn call(out: &mut Vec<u8>, message: &Message<'_>, prefix: &str) -> Answer {
    let params = message.params.as_ref();
    let tool = params.and_then(|params| params.name).and_then(Tool::named);
    let text = params.and_then(|params| params.arguments.as_ref()?.text).map_or(r#""""#, RawValue::get);
    let id = message.id.map_or("null", RawValue::get);
    let Some(tool) = tool else { return error(out, "200 OK", message.id, -32602, "unknown tool") };
    let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{{prefix}"content":[{{"type":"text","text":"#);
    match tool {
        Tool::Echo | Tool::Record => {
            let end = r#"}],"isError":false}}"#;
            head(out, "200 OK", "Content-Type: application/json\r\n", start.len() + text.len() + end.len());
            out.extend_from_slice(start.as_bytes());
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(end.as_bytes());
            Answer::default()
        }
        Tool::Blob => {
            let first_line = text.strip_suffix('"').unwrap_or(text);
            let tail = blob::tail(id.parse().unwrap_or_default());
            head(out, "200 OK", "Content-Type: application/json\r\n", start.len() + first_line.len() + 2 + tail.len());
            out.extend_from_slice(start.as_bytes());
            out.extend_from_slice(first_line.as_bytes());
            out.extend_from_slice(br"\n");
            Answer { tail: Some(tail) }
        }
    }
}

fn result(out: &mut Vec<u8>, fields: &str, id: Option<&RawValue>, members: &str) -> Answer {
    let id = id.map_or("null", RawValue::get);
    json(out, "200 OK", fields, &format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{{members}}}}}"#))
}

fn error(out: &mut Vec<u8>, status: &str, id: Option<&RawValue>, code: i32, text: &str) -> Answer {
    let id = id.map_or("null", RawValue::get);
    let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{text}"}}}}"#);
    json(out, status, "", &body)
}

fn json(out: &mut Vec<u8>, status: &str, fields: &str, body: &str) -> Answer {
    head(out, status, &format!("Content-Type: application/json\r\n{fields}"), body.len());
    out.extend_from_slice(body.as_bytes());
    Answer::default()
}

fn stream(out: &mut Vec<u8>) -> Answer {
    let fields = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked";
    let _ = write!(out, "HTTP/1.1 200 OK\r\n{fields}\r\n\r\nd\r\n: listening\n\n\r\n");
    Answer::default()
}

fn status(out: &mut Vec<u8>, status: &str) -> Answer {
    head(out, status, "", 0);
    Answer::default()
}

fn head(out: &mut Vec<u8>, status: &str, fields: &str, length: usize) {
    // Writing to a `Vec` cannot fail.
    let _ = write!(out, "HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &str, path: &str, body: &str, expect: &[&str]) {
        let server = Server { sessions: AtomicU64::new(1) };
        let mut request = Incoming::default();
        let wire = format!("POST {path} HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len());
        request.space().extend_from_slice(wire.as_bytes());
        assert!(request.complete().unwrap());
        let mut out = Vec::new();
        let answer = server.answer(&request, &mut out);
        out.extend_from_slice(answer.tail.unwrap_or_default());
        let mut reply = Incoming::default();
        reply.space().extend_from_slice(&out);
        assert!(reply.complete().unwrap(), "the length is wrong");
        if !reply.body().is_empty() {
            serde_json::from_slice::<serde_json::Value>(reply.body()).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        for part in expect {
            assert!(text.contains(part), "{text:.300} lacks {part}");
        }
    }

    #[test]
    fn sessions() {
        let call =
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a \" b"}}}"#;
        let open = r#"{"jsonrpc":"2.0","id":"x","method":"initialize","params":{}}"#;
        check("", SESSIONS, open, &["Mcp-Session-Id: bench-1", r#""id":"x""#, "2025-11-25"]);
        check("Mcp-Session-Id: bench-0\r\n", SESSIONS, call, &["200 OK", r#""id":7"#, r#""text":"a \" b""#]);
        check("Mcp-Session-Id: bench-1\r\n", SESSIONS, call, &["404 Not Found", "unknown session"]);
        check("", SESSIONS, call, &["400 Bad Request"]);
        check("", SESSIONS, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, &["202 Accepted"]);
        check("", SESSIONS, "{", &["-32700"]);
    }

    #[test]
    fn stateless() {
        let call = concat!(
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"blob","arguments":{"text":"tag"},"#,
            r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#
        );
        let headers = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: blob\r\n";
        check(headers, STATELESS, call, &["200 OK", r#""text":"tag\n2026-03-"#, r#""resultType":"complete""#]);
        check(&headers.replace("blob", "echo"), STATELESS, call, &["400 Bad Request", "-32020"]);
        check(&headers.replace("tools/call", "tools/list"), STATELESS, call, &["-32020"]);
        check(&headers.replace("2026", "2027"), STATELESS, call, &["-32020"]);
        let discover = call.replace("tools/call", "server/discover");
        let headers = headers.replace("tools/call", "server/discover");
        check(&headers, STATELESS, &discover, &["supportedVersions", "ttlMs"]);
    }
}
