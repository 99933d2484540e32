//! A server that plays a script: it keeps every request that reached it, and answers with exactly the bytes it is told.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};

/// A request that reached the server.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) http: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
    pub(crate) fn method(&self) -> String {
        self.json()["method"].as_str().unwrap_or_default().to_owned()
    }
    /// The id as it stands on the wire.
    pub(crate) fn id(&self) -> String {
        self.json()["id"].to_string()
    }
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

/// What the server does with a request.
pub(crate) enum Play {
    /// A JSON body.
    Json(String),
    /// A JSON body with the id of a new session.
    Session(String, &'static str),
    /// A status without a body.
    Status(u16),
    /// Events, written as they come; the stream ends with the sender.
    Events(mpsc::Receiver<String>),
    /// A JSON body once the first says so; the last one says whether the client hung up before.
    Later(watch::Receiver<bool>, String, watch::Sender<bool>),
    /// Nothing, until the client hangs up; then the sender says so.
    Silence(watch::Sender<bool>),
}

type Script = dyn Fn(&Seen) -> Play + Send + Sync;

/// A scripted server. Dropping it closes its port.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

struct Stage {
    script: Box<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// A server that does what `script` says.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Play + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), script).await
    }

    pub(crate) async fn start_at(address: SocketAddr, script: impl Fn(&Seen) -> Play + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let stage = Arc::new(Stage { script: Box::new(script), seen: seen.clone() });
        let app = Router::new().fallback(play).with_state(stage);
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, seen, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Everything that reached it.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests of this JSON-RPC method.
    pub(crate) fn seen_of(&self, method: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|s| s.method() == method).collect()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn play(State(stage): State<Arc<Stage>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap();
    let seen = Seen {
        http: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    stage.seen.lock().unwrap().push(seen.clone());
    let json = [("content-type", "application/json")];
    match (stage.script)(&seen) {
        Play::Json(body) => (json, body).into_response(),
        Play::Session(body, id) => (json, [("mcp-session-id", id)], body).into_response(),
        Play::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Play::Events(events) => {
            let events = stream::unfold(events, async |mut events| {
                let event = events.recv().await?;
                Some((Ok::<_, std::io::Error>(Bytes::from(event)), events))
            });
            ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
        }
        Play::Later(mut when, body, hung_up) => {
            let guard = OnDrop(hung_up);
            when.wait_for(|now| *now).await.unwrap();
            std::mem::forget(guard);
            (json, body).into_response()
        }
        Play::Silence(hung_up) => {
            let _guard = OnDrop(hung_up);
            std::future::pending().await
        }
    }
}

struct OnDrop(watch::Sender<bool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

/// The one-line event of a message.
pub(crate) fn event(message: &str) -> String {
    format!("event: message\ndata: {message}\n\n")
}

/// Events that are all there already.
pub(crate) fn events(messages: &[String]) -> Play {
    let (to, from) = mpsc::channel(messages.len().max(1));
    for message in messages {
        to.try_send(event(message)).unwrap();
    }
    Play::Events(from)
}

/// A result for the request `seen`.
pub(crate) fn result(seen: &Seen, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, seen.id())
}

/// What any server says to open a session or to be discovered, and the list of its one tool; `None` for the rest.
pub(crate) fn polite(seen: &Seen, tools: &str) -> Option<Play> {
    let answer = |text: &str| Some(Play::Json(result(seen, text)));
    if seen.http == "DELETE" {
        return Some(Play::Status(200));
    }
    if seen.http == "GET" {
        return Some(Play::Status(405));
    }
    match seen.method().as_str() {
        "initialize" => {
            let text = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#;
            Some(Play::Session(result(seen, text), "upstream-session"))
        }
        "server/discover" => answer(
            r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"resultType":"complete","ttlMs":0,"cacheScope":"public"}"#,
        ),
        "tools/list" => {
            let modern = seen.header("mcp-protocol-version") == "2026-07-28";
            let more = if modern { r#","resultType":"complete","ttlMs":0,"cacheScope":"public""# } else { "" };
            answer(&format!(r#"{{"tools":[{tools}]{more}}}"#))
        }
        method if method.starts_with("notifications/") || method.is_empty() => Some(Play::Status(202)),
        _ => None,
    }
}

/// The definition of a tool that only reads.
pub(crate) fn reader(name: &str) -> String {
    format!(
        r#"{{"name":"{name}","description":"Reads.","inputSchema":{{"type":"object"}},"annotations":{{"readOnlyHint":true}}}}"#
    )
}
