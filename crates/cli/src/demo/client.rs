//! The agent's side: a small MCP client of both eras, written by hand so that it can also misbehave.

use bytes::Bytes;
use doorward_mcp::{Revision, meta};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Map, Value, json};
use std::{collections::HashMap, net::SocketAddr};

/// A client of one gateway.
pub(super) struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    gateway: SocketAddr,
    /// The credential of the agent's host. The agent has none: on loopback it is the local user's.
    host_token: String,
    /// The session at each endpoint.
    sessions: HashMap<String, String>,
    next: u64,
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The answer, where it is a message.
    pub(super) answer: Option<Value>,
    /// What the server told meanwhile.
    pub(super) told: Vec<Value>,
    /// What the server asked meanwhile.
    pub(super) questions: Vec<Value>,
    /// The body, where it is no message.
    pub(super) text: String,
    pub(super) session: Option<String>,
}

/// Why nothing came back.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;

type Headers = Vec<(String, String)>;

impl Client {
    pub(super) fn new(gateway: SocketAddr, host_token: String) -> Self {
        let http = Http::builder(TokioExecutor::new()).build_http();
        Self { http, gateway, host_token, sessions: HashMap::new(), next: 1 }
    }

    /// Reports what the human said, as the agent's host.
    pub(super) async fn turn(&self, conversation: &str, text: &str) -> Result<Reply, Broken> {
        let body = json!({ "conversation": conversation, "text": text }).to_string();
        let headers = vec![("authorization".into(), format!("Bearer {}", self.host_token))];
        self.post("/v1/turns", body, headers, None).await
    }

    /// The tools at an endpoint.
    pub(super) async fn list(&mut self, at: &str, modern: bool) -> Result<Reply, Broken> {
        self.ask(at, "tools/list", Map::new(), modern, None).await
    }

    /// Calls a tool in a conversation.
    pub(super) async fn call(
        &mut self,
        at: &str,
        (tool, arguments): (&str, &Map<String, Value>),
        modern: bool,
        conversation: &str,
    ) -> Result<Reply, Broken> {
        let mut params = Map::new();
        params.insert("name".into(), tool.into());
        params.insert("arguments".into(), arguments.clone().into());
        self.ask(at, "tools/call", params, modern, Some(conversation)).await
    }

    /// Posts bytes as they are.
    pub(super) async fn raw(
        &mut self,
        at: &str,
        body: String,
        mut headers: Headers,
        session_of: Option<&str>,
        as_host: bool,
    ) -> Result<Reply, Broken> {
        if let Some(endpoint) = session_of {
            let session = self.session(endpoint).await?;
            headers.push(("mcp-session-id".into(), session));
        }
        if as_host {
            headers.push(("authorization".into(), format!("Bearer {}", self.host_token)));
        }
        self.post(at, body, headers, None).await
    }

    async fn ask(
        &mut self,
        at: &str,
        method: &str,
        mut params: Map<String, Value>,
        modern: bool,
        conversation: Option<&str>,
    ) -> Result<Reply, Broken> {
        let mut marks = Map::new();
        if let Some(conversation) = conversation {
            marks.insert(meta::CONVERSATION.into(), conversation.into());
        }
        let mut headers: Headers = Vec::new();
        if modern {
            marks.insert(meta::PROTOCOL_VERSION.into(), Revision::LATEST.as_str().into());
            marks.insert(meta::CLIENT_CAPABILITIES.into(), json!({}));
            headers.push(("mcp-protocol-version".into(), Revision::LATEST.as_str().into()));
            headers.push(("mcp-method".into(), method.into()));
            if let Some(name) = params.get("name").and_then(Value::as_str) {
                headers.push(("mcp-name".into(), doorward_mcp::encode_value(name).into_owned()));
            }
        } else {
            headers.push(("mcp-session-id".into(), self.session(at).await?));
            headers.push(("mcp-protocol-version".into(), Revision::LATEST_LEGACY.as_str().into()));
        }
        params.insert("_meta".into(), marks.into());
        let id = self.id();
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.post(at, body.to_string(), headers, Some(id)).await
    }

    /// The session at an endpoint; opened where there is none.
    async fn session(&mut self, at: &str) -> Result<String, Broken> {
        if let Some(session) = self.sessions.get(at) {
            return Ok(session.clone());
        }
        let opened = self.open(at).await?;
        opened.session.ok_or_else(|| format!("`{at}` opened no session: {}", opened.text).into())
    }

    /// Opens a new session at an endpoint; the reply is what the server says of itself.
    pub(super) async fn open(&mut self, at: &str) -> Result<Reply, Broken> {
        let id = self.id();
        let hello = json!({ "jsonrpc": "2.0", "id": id, "method": "initialize", "params": {
            "protocolVersion": Revision::LATEST_LEGACY.as_str(), "capabilities": { "elicitation": { "form": {}, "url": {} }, "sampling": {} },
            "clientInfo": { "name": "demo-assistant", "version": "1.0.0" } } });
        let opened = self.post(at, hello.to_string(), Vec::new(), Some(id)).await?;
        if let Some(session) = &opened.session {
            let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned();
            self.post(at, ready, vec![("mcp-session-id".into(), session.clone())], None).await?;
            self.sessions.insert(at.to_owned(), session.clone());
        }
        Ok(opened)
    }

    /// Forgets its sessions, as an agent does that starts anew.
    pub(super) fn forget(&mut self) {
        self.sessions.clear();
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    async fn post(&self, at: &str, body: String, headers: Headers, id: Option<u64>) -> Result<Reply, Broken> {
        let response = self.http.request(self.request(at, body, &headers)?).await?;
        let mut reply = Reply { status: response.status().as_u16(), ..Reply::default() };
        let head = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        reply.session = head("mcp-session-id");
        let stream = head("content-type").is_some_and(|t| t.starts_with("text/event-stream"));
        if stream && response.status() == StatusCode::OK {
            self.read_stream(at, response.into_body(), &headers, id, &mut reply).await?;
        } else {
            let bytes = response.into_body().collect().await?.to_bytes();
            reply.text = String::from_utf8_lossy(&bytes).into_owned();
            reply.answer = serde_json::from_str(&reply.text).ok().filter(Value::is_object);
        }
        Ok(reply)
    }

    fn request(&self, at: &str, body: String, headers: &Headers) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder().method(Method::POST).uri(format!("http://{}{at}", self.gateway));
        let own = |name: &str| headers.iter().any(|(n, _)| n == name);
        if !own("content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if !own("accept") {
            request = request.header(header::ACCEPT, "application/json, text/event-stream");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(body)))
    }

    /// Reads events until the answer, and answers what is asked.
    async fn read_stream(
        &self,
        at: &str,
        mut body: Incoming,
        headers: &Headers,
        id: Option<u64>,
        reply: &mut Reply,
    ) -> Result<(), Broken> {
        let mut waiting = String::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            waiting.push_str(&String::from_utf8_lossy(&data).replace("\r\n", "\n"));
            while let Some((event, rest)) = waiting.split_once("\n\n") {
                let data: String = event.lines().filter_map(|l| l.strip_prefix("data:")).map(str::trim_start).collect();
                waiting = rest.to_owned();
                let Ok(message) = serde_json::from_str::<Value>(&data) else { continue };
                let own = message.get("id").and_then(Value::as_u64).is_some_and(|i| Some(i) == id);
                match (message.get("method").is_some(), message.get("id")) {
                    (true, Some(question)) => {
                        let answer = json!({ "jsonrpc": "2.0", "id": question, "result": answered(&message) });
                        let told = self.http.request(self.request(at, answer.to_string(), headers)?).await?;
                        told.into_body().collect().await?;
                        reply.questions.push(message);
                    }
                    _ if own => {
                        reply.answer = Some(message);
                        return Ok(());
                    }
                    _ => reply.told.push(message),
                }
            }
        }
        Ok(())
    }
}

/// What the person says: fills in every field that a server asks for, and says no where only a yes is asked for. What the
/// model is asked it answers.
fn answered(question: &Value) -> Value {
    if question.get("method").is_some_and(|method| method == "sampling/createMessage") {
        return json!({ "role": "assistant", "content": { "type": "text", "text": "Once there was a harbour." }, "model": "demo" });
    }
    match filled_in(question) {
        Value::Object(fields) if fields.is_empty() => json!({ "action": "decline" }),
        content => json!({ "action": "accept", "content": content }),
    }
}

fn filled_in(question: &Value) -> Value {
    let fields = question.pointer("/params/requestedSchema/properties").and_then(Value::as_object);
    let fill = |fields: &Map<String, Value>| -> Value {
        fields.keys().map(|field| (field.clone(), Value::from("correct horse battery"))).collect()
    };
    fields.map_or_else(|| json!({}), fill)
}
