//! What only a host may send: who it is, and the JSON object that it sends.

use crate::{
    Gateway, Live,
    front::{plain::plain, who::presented},
};
use doorward_identity::{Principal, Verified};
use doorward_mcp::json::{Document, Limits, Strictness, Value};
use doorward_transport::serve::{Body, Peer, read_body};
use doorward_vocab::ConversationId;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::{borrow::Cow, sync::Arc};

/// The longest report, in bytes.
const MAX: usize = 256 << 10;

/// What a host told.
pub(super) struct Told {
    pub(super) host: Arc<Verified<Principal>>,
    doc: Document,
}

impl Told {
    /// A report of a host, or what its sender gets instead. `what` is posted here.
    pub(super) async fn hear(
        gateway: &Gateway,
        live: &Live,
        request: Request<Incoming>,
        peer: &Peer,
        what: &str,
    ) -> Result<Self, Response<Body>> {
        if request.method() != Method::POST {
            return Err(plain(StatusCode::METHOD_NOT_ALLOWED, &format!("POST {what} here")));
        }
        let host =
            match presented(&request, peer, None).map(|p| live.authenticator.authenticate(p, gateway.clock.now())) {
                Ok(Ok(verified)) if verified.get().may_open_turns() => verified,
                Ok(Ok(_)) => {
                    let why = format!("only a host may report {what}: use the token in host.token");
                    return Err(plain(StatusCode::FORBIDDEN, &why));
                }
                Ok(Err(refusal)) | Err(refusal) => {
                    let status = StatusCode::from_u16(refusal.answer(None, None).status);
                    return Err(plain(status.unwrap_or(StatusCode::UNAUTHORIZED), "present the credential of a host"));
                }
            };
        let bytes = read_body(request.into_body(), MAX, live.settings.limits.body_timeout).await;
        let bytes = bytes.map_err(|error| plain(error.status(), &error.to_string()))?;
        let doc = Document::parse(bytes, &Limits { depth: 8, nodes: 64 }, Strictness::Request);
        let doc = doc.map_err(|error| plain(StatusCode::BAD_REQUEST, &error.to_string()))?;
        Ok(Self { host, doc })
    }

    /// A member that is a text.
    pub(super) fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.doc.root().get(key).and_then(Value::as_str)
    }

    /// A member that must be there.
    pub(super) fn required(&self, key: &str) -> Result<Cow<'_, str>, Response<Body>> {
        self.text(key).ok_or_else(|| plain(StatusCode::BAD_REQUEST, &format!("`{key}` is required")))
    }

    /// The conversation that it is about.
    pub(super) fn conversation(&self) -> Result<ConversationId, Response<Body>> {
        ConversationId::new(&self.required("conversation")?).map_err(|why| plain(StatusCode::BAD_REQUEST, &why))
    }
}
