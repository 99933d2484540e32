//! A client that writes every byte itself, so that a test can be as odd as it likes.

use crate::front::Front;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use tokio::{net::TcpStream, task::AbortHandle};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must happen soon.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("it took too long: {what}"),
    }
}

/// Asks again and again until `found` is there.
pub(crate) async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(value) = found().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(what, asking).await
}

/// One HTTP exchange on a connection of its own. Dropping it cuts the connection.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    text: String,
    events: VecDeque<Event>,
    connection: AbortHandle,
}

/// One event of a stream, or the whole body of a plain answer.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) data: String,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Exchange {
    /// Sends a request on a connection of its own.
    pub(crate) async fn open(
        address: SocketAddr,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Self {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        if !request.headers().contains_key("host") {
            request.headers_mut().insert("host", address.to_string().parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection).abort_handle();
        let guard = Guard(connection.clone());
        let response: Response<Incoming> = soon("a response", sender.send_request(request)).await.unwrap();
        std::mem::forget(guard);
        let (head, body) = response.into_parts();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            text: String::new(),
            events: VecDeque::new(),
            connection,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The next event; `None` at the end.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        let stream = self.header("content-type").starts_with("text/event-stream");
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let frame = soon("more of a body", self.body.frame()).await;
            let Some(Ok(frame)) = frame else {
                let rest = std::mem::take(&mut self.text);
                return (!stream && !rest.is_empty()).then_some(Event { id: None, data: rest });
            };
            if let Ok(data) = frame.into_data() {
                self.text.push_str(std::str::from_utf8(&data).unwrap());
            }
            while let Some(end) = self.text.find("\n\n").filter(|_| stream) {
                let block: String = self.text.drain(..end + 2).collect();
                self.events.push_back(event(&block));
            }
        }
    }

    /// The next piece of the body, whatever it is.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        loop {
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                return Some(String::from_utf8_lossy(&data).into_owned());
            }
        }
    }

    /// The next message as it came.
    pub(crate) async fn raw_message(&mut self) -> Option<String> {
        loop {
            let event = self.event().await?;
            if !event.data.is_empty() {
                return Some(event.data);
            }
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        let raw = self.raw_message().await?;
        Some(serde_json::from_str(&raw).unwrap_or_else(|e| panic!("not JSON ({e}): {raw}")))
    }

    /// Everything until the answer, the answer last.
    pub(crate) async fn all(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(message) = self.message().await {
            let last = message.get("method").is_none();
            all.push(message);
            if last {
                break;
            }
        }
        all
    }

    /// The answer.
    pub(crate) async fn answer(mut self) -> Value {
        let all = self.all().await;
        all.last().filter(|m| m.get("method").is_none()).cloned().unwrap_or_else(|| panic!("no answer: {all:?}"))
    }

    /// The answer as it came.
    pub(crate) async fn raw_answer(mut self) -> String {
        while let Some(raw) = self.raw_message().await {
            if serde_json::from_str::<Value>(&raw).unwrap().get("method").is_none() {
                return raw;
            }
        }
        panic!("no answer");
    }

    /// The whole body as text.
    pub(crate) async fn body(mut self) -> String {
        self.event().await.map(|e| e.data).unwrap_or_default()
    }
}

struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn event(block: &str) -> Event {
    let field = |name: &str| -> Vec<&str> {
        block.lines().filter_map(|line| line.strip_prefix(name)).map(|value| value.trim_start_matches(' ')).collect()
    };
    Event { id: field("id:").first().map(|s| (*s).to_owned()), data: field("data:").join("\n") }
}

/// A client of one endpoint, in one era.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) session: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) opened: Value,
    capabilities: Value,
    ids: AtomicI64,
}

impl Client {
    /// A client of 2026-07-28.
    pub(crate) fn modern(front: &Front, path: &str) -> Self {
        Self {
            address: front.address,
            path: path.to_owned(),
            session: None,
            headers: Vec::new(),
            opened: Value::Null,
            capabilities: json!({}),
            ids: AtomicI64::new(1),
        }
    }

    /// A client of 2025-11-25 with a session.
    pub(crate) async fn legacy(front: &Front, path: &str) -> Self {
        Self::legacy_with(front, path, json!({})).await
    }

    /// The same with capabilities.
    pub(crate) async fn legacy_with(front: &Front, path: &str, capabilities: Value) -> Self {
        Self::modern(front, path).open_session(capabilities).await
    }

    /// Both kinds.
    pub(crate) async fn both(front: &Front, path: &str) -> [Self; 2] {
        [Self::legacy(front, path).await, Self::modern(front, path)]
    }

    pub(crate) fn capable(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Opens a session of 2025-11-25.
    pub(crate) async fn open_session(self, capabilities: Value) -> Self {
        self.open_session_as("test", capabilities).await
    }

    /// The same for a client of this name.
    pub(crate) async fn open_session_as(mut self, name: &str, capabilities: Value) -> Self {
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": { "name": name, "version": "1" } });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let exchange = self.post(&body.to_string(), &[]).await;
        assert_eq!(exchange.status, 200);
        self.session = Some(exchange.header("mcp-session-id").to_owned());
        self.opened = exchange.answer().await["result"].clone();
        let told = self.tell(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        assert_eq!(told, 202);
        self
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.session.is_none()
    }

    /// Posts `body` with the headers of the era; `more` replace or remove (empty value) them.
    pub(crate) async fn post(&self, body: &str, more: &[(&str, &str)]) -> Exchange {
        let mut headers: Vec<(String, String)> = vec![
            ("content-type".into(), "application/json".into()),
            ("accept".into(), "application/json, text/event-stream".into()),
        ];
        headers.extend(self.headers.iter().cloned());
        let parsed: Value = serde_json::from_str(body).unwrap_or_default();
        let modern = parsed.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion").is_some();
        if let Some(session) = &self.session {
            headers.push(("mcp-session-id".into(), session.clone()));
            headers.push(("mcp-protocol-version".into(), "2025-11-25".into()));
        } else if modern {
            headers.push(("mcp-protocol-version".into(), "2026-07-28".into()));
            let method = parsed["method"].as_str().unwrap_or_default();
            headers.push(("mcp-method".into(), method.into()));
            let key = match method {
                "tools/call" | "prompts/get" => "name",
                "resources/read" | "resources/directory/read" => "uri",
                "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
                _ => "",
            };
            if let Some(name) = parsed["params"].get(key).and_then(Value::as_str) {
                headers.push(("mcp-name".into(), name.into()));
            }
        }
        for (name, value) in more {
            headers.retain(|(n, _)| n != name);
            if !value.is_empty() {
                headers.push(((*name).into(), (*value).into()));
            }
        }
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        Exchange::open(self.address, Method::POST, &self.path, &headers, body.to_owned()).await
    }

    /// The text of a request; `params` without braces.
    pub(crate) fn text(&self, id: &str, method: &str, params: &str) -> String {
        let meta = format!(
            r#""_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#,
            self.capabilities
        );
        let params = match (self.is_modern(), params.is_empty()) {
            (true, true) => meta,
            (true, false) if params.contains("\"_meta\":{}") => params.replacen("\"_meta\":{}", &meta, 1),
            (true, false) if params.contains("\"_meta\":{") => {
                let inner = &meta["\"_meta\":{".len()..meta.len() - 1];
                params.replacen("\"_meta\":{", &format!("\"_meta\":{{{inner},"), 1)
            }
            (true, false) => format!("{params},{meta}"),
            (false, _) => params.to_owned(),
        };
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}}}}}"#)
    }

    pub(crate) fn next_id(&self) -> i64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a request whose parameters are written as they are, without braces.
    pub(crate) async fn open_raw(&self, id: &str, method: &str, params: &str) -> Exchange {
        self.post(&self.text(id, method, params), &[]).await
    }

    pub(crate) async fn open(&self, method: &str, params: Value) -> Exchange {
        let params = params.to_string();
        self.open_raw(&self.next_id().to_string(), method, &params[1..params.len() - 1]).await
    }

    /// Sends a request and gives its answer.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        self.open(method, params).await.answer().await
    }

    pub(crate) async fn open_call(&self, tool: &str, arguments: Value) -> Exchange {
        self.open("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Calls a tool and gives the answer.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.open_call(tool, arguments).await.answer().await
    }

    /// Calls a tool and gives the text of its result.
    pub(crate) async fn call_text(&self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments).await;
        text_of(&answer).unwrap_or_else(|| panic!("no text: {answer}"))
    }

    /// Sends a notification or a response; gives the status.
    pub(crate) async fn tell(&self, body: &str) -> u16 {
        self.post(body, &[]).await.status
    }

    /// Answers a request of the server.
    pub(crate) async fn reply(&self, id: &Value, result: Value) -> u16 {
        self.tell(&json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()).await
    }

    /// Opens the stream of the session, or resumes one.
    pub(crate) async fn get(&self, last_event_id: Option<&str>) -> Exchange {
        let mut headers = vec![
            ("accept", "text/event-stream"),
            ("mcp-session-id", self.session.as_deref().unwrap_or_default()),
            ("mcp-protocol-version", "2025-11-25"),
        ];
        headers.extend(self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        headers.extend(last_event_id.map(|id| ("last-event-id", id)));
        Exchange::open(self.address, Method::GET, &self.path, &headers, "").await
    }

    /// Ends the session.
    pub(crate) async fn delete(&self) -> u16 {
        let headers = [("mcp-session-id", self.session.as_deref().unwrap_or_default())];
        Exchange::open(self.address, Method::DELETE, &self.path, &headers, "").await.status
    }

    /// How often each tool of the test server ran.
    pub(crate) async fn counts(&self, prefix: &str) -> Value {
        self.call(&format!("{prefix}count_calls"), json!({})).await["result"]["structuredContent"].clone()
    }

    /// The names in a list.
    /// A tool as its list shows it; null where it does not.
    pub(crate) async fn definition(&self, name: &str) -> Value {
        let list = self.ask("tools/list", json!({})).await;
        let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
        tools.iter().find(|tool| tool["name"] == name).cloned().unwrap_or_default()
    }
    pub(crate) async fn names(&self, method: &str, key: &str, name: &str) -> Vec<String> {
        let list = self.ask(method, json!({})).await;
        let items = list["result"][key].as_array().unwrap_or_else(|| panic!("no list: {list}")).clone();
        items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
    }
}

/// The text of a tool's answer.
pub(crate) fn text_of(answer: &Value) -> Option<String> {
    answer.pointer("/result/content/0/text")?.as_str().map(str::to_owned)
}

/// Whether a tool call was refused by the gateway.
pub(crate) fn is_refused(answer: &Value) -> bool {
    answer.pointer("/result/_meta/dev.doorward~1ruling/effect").is_some()
}
