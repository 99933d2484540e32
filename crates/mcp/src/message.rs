use crate::{
    Era, Id, Method, Notice, Revision, RpcError, Side,
    json::{Document, JsonError, Kind, Limits, Strictness, Value, same_but_case},
};
use bytes::Bytes;
use std::borrow::Cow;

/// The `_meta` keys of the protocol and of this gateway.
pub mod meta {
    /// The revision of a modern request.
    pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    /// The capabilities of the client of a modern request.
    pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    /// Name and version of the client; self-asserted.
    pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
    /// From which level on a modern request wants log messages; without it none.
    pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
    /// Which subscription a message belongs to.
    pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
    /// The conversation that agents and hosts name.
    pub const CONVERSATION: &str = "dev.doorward/conversation";
    /// The agent's claimed reason.
    pub const RATIONALE: &str = "dev.doorward/rationale";
    /// The use of a tool that a call was made for, by the id under which Claude Code tells its hooks of it.
    pub const TOOL_USE: &str = "claudecode/toolUseId";
    /// The ruling about a refused call.
    pub const RULING: &str = "dev.doorward/ruling";
    /// What an agent is told with an answer: that it begins to go in circles.
    pub const NOTICE: &str = "dev.doorward/notice";
}

/// A request: a method, an id, and the original text.
#[derive(Clone, Debug)]
pub struct Request {
    /// The original text with its tape.
    pub doc: Document,
    /// The id.
    pub id: Id,
    /// What is asked.
    pub method: Method,
}

/// A notification.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The original text with its tape.
    pub doc: Document,
    /// What is told.
    pub notice: Notice,
}

/// A response: a result or an error.
#[derive(Clone, Debug)]
pub struct Response {
    /// The original text with its tape.
    pub doc: Document,
    /// The id of the request it answers; `None` only on errors about unreadable requests.
    pub id: Option<Id>,
    /// Whether it is an error.
    pub is_error: bool,
}

/// A JSON-RPC message of MCP.
#[derive(Clone, Debug)]
pub enum Message {
    /// Something that wants an answer.
    Request(Request),
    /// Something that does not.
    Notification(Notification),
    /// An answer.
    Response(Response),
}

/// Why a message was refused before anybody was asked about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON as the gateway accepts it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A batch. Removed in 2025-06-18, and a way past per-message checks before.
    #[error("batches are not accepted: send one message at a time")]
    Batch,
    /// JSON, but not JSON-RPC 2.0.
    #[error("not a JSON-RPC 2.0 message: {why}")]
    Shape {
        /// What is wrong.
        why: &'static str,
        /// The id, where one could be read.
        id: Option<Id>,
    },
    /// A request of a method that no revision has.
    #[error("method not found: `{method}`")]
    UnknownMethod {
        /// The method.
        method: String,
        /// The request's id.
        id: Id,
    },
    /// A notification that no revision has.
    #[error("unknown notification `{method}`")]
    UnknownNotification {
        /// The notification.
        method: String,
    },
}

impl DecodeError {
    /// The one table from decoding errors to what the peer sees.
    pub fn to_rpc(&self) -> RpcError {
        match self {
            Self::Json(JsonError::DuplicateKey { .. } | JsonError::CaseVariant { .. })
            | Self::Batch
            | Self::Shape { .. } => RpcError::new(RpcError::INVALID_REQUEST, 400, self.to_string()),
            Self::Json(_) => RpcError::new(RpcError::PARSE, 400, self.to_string()),
            Self::UnknownMethod { method, .. } => RpcError::method_not_found(method),
            Self::UnknownNotification { .. } => RpcError::new(RpcError::METHOD_NOT_FOUND, 404, self.to_string()),
        }
    }
    /// The id of the refused request, where one could be read.
    pub const fn id(&self) -> Option<&Id> {
        match self {
            Self::Shape { id, .. } => id.as_ref(),
            Self::UnknownMethod { id, .. } => Some(id),
            Self::Json(_) | Self::Batch | Self::UnknownNotification { .. } => None,
        }
    }
}

/// Members of the envelope and of the objects that carry protocol meaning. A key that equals one of them but for its
/// case is refused: some servers read it as if it were spelled right.
const ENVELOPE: &[&str] = &["jsonrpc", "id", "method", "params", "result", "error"];
const PARAMS: &[&str] = &[
    "name",
    "arguments",
    "uri",
    "_meta",
    "cursor",
    "taskId",
    "inputResponses",
    "requestState",
    "ref",
    "argument",
    "task",
];
const RESULT: &[&str] = &[
    "content",
    "structuredContent",
    "isError",
    "_meta",
    "tools",
    "prompts",
    "resources",
    "resourceTemplates",
    "contents",
    "messages",
    "nextCursor",
    "resultType",
    "inputRequests",
    "requestState",
    "completion",
];
const ERROR: &[&str] = &["code", "message", "data"];

/// Reads a message that `from` sent.
///
/// # Errors
/// [`DecodeError`]; nothing of the message was acted on.
pub fn decode(bytes: Bytes, limits: &Limits, from: Side) -> Result<Message, DecodeError> {
    let strictness = match from {
        Side::Client => Strictness::Request,
        Side::Server => Strictness::Result,
    };
    let doc = Document::parse(bytes, limits, strictness)?;
    let root = doc.root();
    match root.kind() {
        Kind::Object => {}
        Kind::Array => return Err(DecodeError::Batch),
        _ => return Err(DecodeError::Shape { why: "it is not an object", id: None }),
    }
    let mut e = Envelope::default();
    for (key, value) in root.members() {
        match &*key {
            "jsonrpc" => e.version = value.as_str(),
            "id" => e.id = Some(value),
            "method" => e.method = Some(value),
            "params" => e.params = Some(value),
            "result" => e.result = Some(value),
            "error" => e.error = Some(value),
            other => case(other, ENVELOPE, value)?,
        }
    }
    e.read(from).map(|kind| kind.into_message(doc.clone()))
}

fn case(key: &str, known: &[&str], value: Value<'_>) -> Result<(), JsonError> {
    if known.iter().any(|k| *k != key && same_but_case(k, key)) {
        return Err(JsonError::CaseVariant { at: value.span().start, key: key.to_owned() });
    }
    Ok(())
}

fn cases(object: Value<'_>, known: &[&str]) -> Result<(), JsonError> {
    object.members().try_for_each(|(k, v)| if known.contains(&&*k) { Ok(()) } else { case(&k, known, v) })
}

#[derive(Default)]
struct Envelope<'a> {
    version: Option<Cow<'a, str>>,
    id: Option<Value<'a>>,
    method: Option<Value<'a>>,
    params: Option<Value<'a>>,
    result: Option<Value<'a>>,
    error: Option<Value<'a>>,
}

enum Shape {
    Request(Id, Method),
    Notification(Notice),
    Response(Option<Id>, bool),
}

impl Shape {
    fn into_message(self, doc: Document) -> Message {
        match self {
            Self::Request(id, method) => Message::Request(Request { doc, id, method }),
            Self::Notification(notice) => Message::Notification(Notification { doc, notice }),
            Self::Response(id, is_error) => Message::Response(Response { doc, id, is_error }),
        }
    }
}

impl Envelope<'_> {
    fn read(&self, from: Side) -> Result<Shape, DecodeError> {
        let id = self.id.and_then(Id::read);
        let wrong = |why| DecodeError::Shape { why, id: id.clone() };
        if self.version.as_deref() != Some("2.0") {
            return Err(wrong("`jsonrpc` must be \"2.0\""));
        }
        if let Some(method) = self.method {
            if self.result.is_some() || self.error.is_some() {
                return Err(wrong("it has a method and a result"));
            }
            let Some(method) = method.as_str() else { return Err(wrong("`method` must be a string")) };
            if let Some(params) = self.params {
                if !params.is_object() {
                    return Err(wrong("`params` must be an object"));
                }
                cases(params, PARAMS)?;
            }
            if self.id.is_none() {
                let notice = Notice::parse(&method).filter(|n| n.sides().contains(&from));
                return notice
                    .map(Shape::Notification)
                    .ok_or_else(|| DecodeError::UnknownNotification { method: clip(&method) });
            }
            let Some(id) = id.clone() else { return Err(wrong("`id` must be a string or an integer")) };
            match Method::parse(&method).filter(|m| m.sides().contains(&from)) {
                Some(method) => Ok(Shape::Request(id, method)),
                None => Err(DecodeError::UnknownMethod { method: clip(&method), id }),
            }
        } else {
            match (self.result, self.error) {
                (Some(result), None) => {
                    if !result.is_object() {
                        return Err(wrong("`result` must be an object"));
                    }
                    cases(result, RESULT)?;
                    match id.clone() {
                        Some(id) => Ok(Shape::Response(Some(id), false)),
                        None => Err(wrong("a result needs the `id` of its request")),
                    }
                }
                (None, Some(error)) => {
                    if !error.is_object() {
                        return Err(wrong("`error` must be an object"));
                    }
                    cases(error, ERROR)?;
                    Ok(Shape::Response(id.clone(), true))
                }
                (Some(_), Some(_)) => Err(wrong("it has a result and an error")),
                (None, None) => Err(wrong("it has no method, result or error")),
            }
        }
    }
}

/// At most 128 bytes of a name that somebody else chose, for an error message.
fn clip(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(128).collect()
}

impl Request {
    /// The parameters; `None` where there are none.
    pub fn params(&self) -> Option<Value<'_>> {
        self.doc.root().get("params")
    }
    /// The member `key` of `params._meta`.
    pub fn meta(&self, key: &str) -> Option<Value<'_>> {
        self.params()?.get("_meta")?.get(key)
    }
    /// What the request is about: a tool or prompt name, a URI, a task id.
    pub fn target(&self) -> Option<Cow<'_, str>> {
        self.params()?.get(self.method.target_key()?)?.as_str()
    }
    /// The text of the revision that a modern request names in its `_meta`.
    pub fn declared_version(&self) -> Option<Cow<'_, str>> {
        self.meta(meta::PROTOCOL_VERSION)?.as_str()
    }
    /// The era of the request: the modern one where its `_meta` names a revision of it or its method has no other.
    /// An `initialize` stays legacy whatever its `_meta` says.
    pub fn era(&self) -> Era {
        if self.method == Method::Initialize {
            return Era::Legacy;
        }
        if matches!(self.method, Method::Discover | Method::Listen) {
            return Era::Modern;
        }
        match self.declared_version() {
            // A date that we do not know but that is not an old one speaks the new protocol and gets its error.
            Some(v) if v.parse::<Revision>().map_or(true, |r| r.era() == Era::Modern) => Era::Modern,
            _ => Era::Legacy,
        }
    }
}

impl Notification {
    /// The parameters.
    pub fn params(&self) -> Option<Value<'_>> {
        self.doc.root().get("params")
    }
}

impl Response {
    /// The result, where it is one.
    pub fn result(&self) -> Option<Value<'_>> {
        self.doc.root().get("result")
    }
    /// The error, where it is one.
    pub fn error(&self) -> Option<Value<'_>> {
        self.doc.root().get("error")
    }
}

impl Message {
    /// The original text with its tape.
    pub const fn doc(&self) -> &Document {
        match self {
            Self::Request(r) => &r.doc,
            Self::Notification(n) => &n.doc,
            Self::Response(r) => &r.doc,
        }
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
