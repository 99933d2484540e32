//! The gateway as a process of its own, with clients that speak to it over HTTP.

use crate::place::Place;
use bytes::Bytes;
use doorward_testkit::peers::Running;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{fs::File, process::Command, time::Duration};
use tokio::net::TcpStream;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `doorward run` on free ports.
pub(crate) struct Live {
    pub(crate) process: Running,
    /// Where MCP is.
    pub(crate) base: String,
    /// Where the console is.
    pub(crate) console: String,
    /// A link that signs in there, once.
    pub(crate) sign_in: String,
}

impl Live {
    /// Starts the gateway in `place` with the configuration `toml`.
    pub(crate) fn start(place: &Place, toml: &str) -> Self {
        write(place, toml);
        Self::run(place)
    }

    /// Starts the gateway in `place` with the configuration that is there.
    pub(crate) fn run(place: &Place) -> Self {
        let log = File::options().create(true).append(true).open(place.path("log.txt")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.args(["run", "--json", "-c", "doorward.toml"]).stderr(log);
        place.around(&mut command);
        let (process, told) = Running::start_ready(&mut command).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        let base = told["mcp"].as_str().unwrap().trim_end_matches("/mcp").to_owned();
        let console = told["console"].as_str().unwrap().to_owned();
        let sign_in = told["sign_in"].as_str().unwrap_or_default().to_owned();
        Self { process, base, console, sign_in }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// What the console says of the gateway, in numbers.
    pub(crate) async fn metrics(&self) -> String {
        let host = self.console.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).await.unwrap();
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get("/metrics").header(header::HOST, &host).body(Full::<Bytes>::default()).unwrap();
        let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

/// Writes the configuration, with ports of the system's choice.
pub(crate) fn write(place: &Place, toml: &str) {
    let listen = "[listen]\nmcp = \"127.0.0.1:0\"\nconsole = \"127.0.0.1:0\"\n";
    place.write("doorward.toml", &format!("{toml}\n{listen}"));
}

/// Tests repeat themselves, so that nothing of it is taken for a loop.
pub(crate) fn http_server(name: &str, url: &str) -> String {
    format!("[[server]]\nname = \"{name}\"\nurl = \"{url}\"\npolling = \"*\"\n")
}

pub(crate) fn command_server(name: &str, words: &[String]) -> String {
    format!("[[server]]\nname = \"{name}\"\npolling = \"*\"\ncommand = {}\n", serde_json::to_string(words).unwrap())
}

/// One connection of a client of 2026-07-28, kept open.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    path: String,
    /// What it declares.
    pub(crate) capabilities: Value,
}

impl Connection {
    pub(crate) async fn open(base: &str, path: &str) -> std::io::Result<Self> {
        let host = base.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self { sender, host, path: path.to_owned(), capabilities: json!({}) })
    }

    /// Sends a request and gives the last message of its answer; `None` where the connection breaks first.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Option<Value> {
        let request = self.request(method, params)?;
        self.exchange(request).await.map(|(_, answer)| answer)
    }

    /// The same, with everything that comes: headers, and the body, whatever it is.
    pub(crate) async fn hear(&mut self, method: &str, params: Value) -> Option<String> {
        let request = self.request(method, params)?;
        self.said(request).await.map(|(headers, text)| format!("{headers:?}\n{text}"))
    }

    fn request(&self, method: &str, params: Value) -> Option<Request<Full<Bytes>>> {
        let mut params = params;
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let mut request = Request::post(&self.path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method);
        if !name.is_empty() {
            request = request.header("mcp-name", name);
        }
        request.body(Full::new(body.into())).ok()
    }

    /// The same in a session of 2025-11-25; without one, it opens one. Gives the session too.
    pub(crate) async fn ask_in(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Option<(String, Value)> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let mut request = Request::post(&self.path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream");
        if let Some(session) = session {
            request = request.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
        }
        let (headers, answer) = self.exchange(request.body(Full::new(body.into())).ok()?).await?;
        let opened = headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
        Some((opened.or(session).unwrap_or_default().to_owned(), answer))
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Option<(HeaderMap, Value)> {
        let (headers, text) = self.said(request).await?;
        let data = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&text);
        Some((headers, serde_json::from_str(data).ok()?))
    }

    /// Headers and body as they come.
    async fn said(&mut self, request: Request<Full<Bytes>>) -> Option<(HeaderMap, String)> {
        let asking = async {
            self.sender.ready().await.ok()?;
            let response = self.sender.send_request(request).await.ok()?;
            let headers = response.headers().clone();
            let text = response.into_body().collect().await.ok()?.to_bytes();
            Some((headers, String::from_utf8_lossy(&text).into_owned()))
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("an answer in time")
    }

    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Option<Value> {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }
}
