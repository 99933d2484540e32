//! A client and a server of 2024-11-05 (HTTP+SSE).

use crate::{
    client::{Exchange, soon},
    front::Front,
    upstream::{Play, Seen, Upstream, event},
};
use http::Method;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::mpsc;

/// A client with an event stream. Dropping it closes the stream.
pub(crate) struct Old {
    pub(crate) events: Exchange,
    pub(crate) address: SocketAddr,
    /// Where it posts.
    pub(crate) to: String,
    headers: Vec<(String, String)>,
    ids: AtomicI64,
}

impl Old {
    /// Opens a stream and reads where messages go.
    pub(crate) async fn open(front: &Front, path: &str) -> Self {
        Self::open_with(front, path, &[]).await
    }

    pub(crate) async fn open_with(front: &Front, path: &str, headers: &[(&str, &str)]) -> Self {
        let more: Vec<(&str, &str)> = [&[("accept", "text/event-stream")], headers].concat();
        let mut events = Exchange::open(front.address, Method::GET, path, &more, "").await;
        assert_eq!((events.status, events.header("content-type")), (200, "text/event-stream"));
        let to = soon("the endpoint", events.event()).await.unwrap().data;
        assert!(to.starts_with(&format!("{path}?sessionId=")), "{to}");
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Self { events, address: front.address, to, headers, ids: AtomicI64::new(1) }
    }

    /// The same with a session of `revision`.
    pub(crate) async fn session(front: &Front, path: &str, revision: &str, capabilities: Value) -> Self {
        Self::open(front, path).await.initialize(revision, capabilities).await
    }

    pub(crate) async fn initialize(mut self, revision: &str, capabilities: Value) -> Self {
        let params = json!({ "protocolVersion": revision, "capabilities": capabilities,
            "clientInfo": { "name": "old", "version": "1" } });
        let answer = self.ask("initialize", params).await;
        assert_eq!(answer["result"]["protocolVersion"], revision, "{answer}");
        assert_eq!(self.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await.status, 202);
        self
    }

    /// Posts a message.
    pub(crate) async fn post(&self, body: &str) -> Exchange {
        self.post_to(&self.to, body).await
    }

    pub(crate) async fn post_to(&self, to: &str, body: &str) -> Exchange {
        let headers = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let headers: Vec<(&str, &str)> = headers.chain([("content-type", "application/json")]).collect();
        Exchange::open(self.address, Method::POST, to, &headers, body.to_owned()).await
    }

    /// Sends a request; gives its id.
    pub(crate) async fn send(&self, method: &str, params: Value) -> i64 {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        assert_eq!(self.post(&body.to_string()).await.status, 202, "{body}");
        id
    }

    /// The next message on the stream.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        soon("a message", self.events.message()).await
    }

    /// Everything until the answer to `id`, the answer last.
    pub(crate) async fn until_answer(&mut self, id: i64) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let message = self.message().await.unwrap_or_else(|| panic!("the stream ended: {all:?}"));
            let last = message["id"] == id && message.get("method").is_none();
            all.push(message);
            if last {
                return all;
            }
        }
    }

    /// Sends a request and gives its answer.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        self.until_answer(id).await.pop().unwrap()
    }

    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }
}

/// The stream that an old server has open, to say something on it; dropping what is in it ends the stream.
pub(crate) type Open = Arc<Mutex<Option<mpsc::Sender<String>>>>;

/// A server that knows HTTP+SSE alone: `GET /mcp` opens a stream, messages go to `/message`, and `script` says what it
/// answers to each on the stream.
pub(crate) async fn old_server(
    endpoint: &'static str,
    script: impl Fn(&Seen, &mpsc::Sender<String>) + Send + Sync + 'static,
) -> (Upstream, Open) {
    let open = Open::default();
    let stream = open.clone();
    let upstream = Upstream::start(move |seen| match (seen.http.as_str(), seen.path.as_str()) {
        ("GET", "/mcp") => {
            let (to, from) = mpsc::channel(64);
            to.try_send(endpoint.to_owned()).unwrap();
            *stream.lock().unwrap() = Some(to);
            Play::Events(from)
        }
        ("POST", "/message?sessionId=7") => match &*stream.lock().unwrap() {
            Some(to) => {
                script(seen, to);
                Play::Status(202)
            }
            None => Play::Status(404),
        },
        _ => Play::Status(405),
    })
    .await;
    (upstream, open)
}

/// The first event of such a server.
pub(crate) const ENDPOINT: &str = "event: endpoint\ndata: /message?sessionId=7\n\n";

/// Answers what every session asks; `false` for the rest.
pub(crate) fn courteous(seen: &Seen, to: &mpsc::Sender<String>, tools: &str) -> bool {
    let result = match seen.method().as_str() {
        "initialize" => {
            r#"{"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"serverInfo":{"name":"old","version":"1"}}"#
                .to_owned()
        }
        "tools/list" => format!(r#"{{"tools":[{tools}]}}"#),
        method => return method.starts_with("notifications/"),
    };
    say(to, &crate::upstream::result(seen, &result));
    true
}

/// Says a message on the stream.
pub(crate) fn say(to: &mpsc::Sender<String>, message: &str) {
    to.try_send(event(message)).unwrap();
}
