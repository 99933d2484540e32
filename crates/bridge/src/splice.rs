//! What both directions do to a message: its id, its `_meta`, its error code.

use bytes::Bytes;
use doorward_mcp::{
    Id, Request, Response, RpcError, decode,
    json::{Document, Edits, Kind, Limits, Strictness, Value, quote, same_but_case},
    meta,
};
use std::fmt::Write as _;

/// Name and version of a server, in the `_meta` of its results (2026-07-28, `basic`).
pub(crate) const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// Which task a message belongs to (2025-11-25, `basic/utilities/tasks`).
const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

/// The `_meta` keys that mean something in one era only. They end at the bridge and are made anew behind it.
const PROTOCOL: [&str; 7] = [
    meta::PROTOCOL_VERSION,
    meta::CLIENT_CAPABILITIES,
    meta::CLIENT_INFO,
    meta::LOG_LEVEL,
    meta::SUBSCRIPTION_ID,
    SERVER_INFO,
    RELATED_TASK,
];

/// Members with their JSON texts.
pub(crate) type Members = Vec<(&'static str, String)>;

/// The text of an object with these members.
pub(crate) fn object(members: &[(&str, String)]) -> String {
    let mut out = String::from("{");
    for (i, (key, json)) in members.iter().enumerate() {
        let _ = write!(out, "{}{}:{json}", if i == 0 { "" } else { "," }, quote(key));
    }
    out.push('}');
    out
}

/// A JSON text that goes into other messages: on one line, so that it does not break those which must be
/// (`basic/transports`, stdio). Strings have no raw line breaks in them.
pub(crate) fn one_line(json: &str) -> Box<str> {
    json.replace(['\n', '\r'], " ").into()
}

/// A text that this process has held as JSON before.
pub(crate) fn parse(json: &str) -> Option<Document> {
    Document::parse(Bytes::copy_from_slice(json.as_bytes()), &Limits::default(), Strictness::Result).ok()
}

/// The progress token that the sender of a request chose: a string or an integer
/// (`basic/utilities/progress`, all revisions).
pub(crate) fn token(asked: &Request) -> Option<Value<'_>> {
    asked.meta("progressToken").filter(|t| matches!(t.kind(), Kind::String | Kind::Number))
}

/// A message in the making: its splices, and what becomes of the members of its root.
pub(crate) struct Draft<'a> {
    doc: &'a Document,
    edits: Edits,
    root: Members,
}

impl<'a> Draft<'a> {
    pub(crate) const fn of(doc: &'a Document) -> Self {
        Self { doc, edits: Edits::new(), root: Vec::new() }
    }
    /// Gives the message another id.
    pub(crate) fn id(mut self, id: &Id) -> Self {
        self.root.push(("id", id.json()));
        self
    }
    /// Further splices, inside of what stays.
    pub(crate) const fn edits(&mut self) -> &mut Edits {
        &mut self.edits
    }
    /// Changes the member `body` of the root (`params`, `result`), which is an object where it is there: `set` gets new
    /// texts, what `goes` names is removed. Its `_meta` loses the keys of the protocol and a progress token, and gets
    /// `own`; where nothing is left of it, it goes.
    pub(crate) fn body(
        mut self,
        body: &'static str,
        mut set: Members,
        goes: impl Fn(&str) -> bool,
        own: &Members,
    ) -> Self {
        let Some(value) = self.doc.root().get(body) else {
            if !own.is_empty() {
                set.push(("_meta", object(own)));
            }
            if !set.is_empty() {
                self.root.push((body, object(&set)));
            }
            return self;
        };
        let foreign = |key: &str| key == "progressToken" || PROTOCOL.iter().any(|p| same_but_case(p, key));
        let mut empty = false;
        match value.get("_meta").filter(|m| m.is_object()) {
            Some(old) if !own.is_empty() || old.members().any(|(key, _)| !foreign(&key)) => {
                self.edits.reshape(old, own, foreign);
            }
            None if !own.is_empty() => set.push(("_meta", object(own))),
            _ => empty = true,
        }
        self.edits.reshape(value, &set, |key| goes(key) || empty && key == "_meta");
        self
    }
    /// The bytes of the message.
    pub(crate) fn done(mut self) -> Bytes {
        self.edits.reshape(self.doc.root(), &self.root, |_| false);
        self.edits.apply(self.doc)
    }
}

/// The same error under the id of the request that was asked, its code as `code` maps it.
pub(crate) fn error(asked: &Request, answer: &Response, code: impl Fn(i64) -> Option<i32>) -> Bytes {
    let mut draft = Draft::of(&answer.doc).id(&asked.id);
    if let Some(old) = answer.error().and_then(|e| e.get("code"))
        && let Some(new) = integer(old).and_then(code)
    {
        draft.edits().replace(old, new.to_string());
    }
    draft.done()
}

/// The integer that readers with doubles take a number for: to them `-32002.0` is a code too.
fn integer(number: Value<'_>) -> Option<i64> {
    // A double without a fraction prints as an integer.
    number.as_i64().or_else(|| number.raw().parse::<f64>().ok()?.to_string().parse().ok())
}

/// A result that cannot be said in the other era.
pub(crate) fn unsayable(asked: &Id, why: &str) -> Bytes {
    RpcError::upstream(why).to_message(Some(asked))
}

/// A request that the gateway makes itself.
pub(crate) fn request(id: &Id, method: &str, params: &str) -> Bytes {
    format!(r#"{{"jsonrpc":"2.0","id":{},"method":{},"params":{params}}}"#, id.json(), quote(method)).into()
}

/// Whether a text that was put together is a message that this gateway would accept from `from`.
pub(crate) fn is_message(bytes: &Bytes, from: doorward_mcp::Side) -> bool {
    decode(bytes.clone(), &Limits { depth: 256, ..Limits::default() }, from).is_ok()
}
