//! `POST /v1/turns`: an agent's host reports what the human said. Only the host's own credential opens a turn; an agent's
//! never does.

use crate::{
    Gateway, Live,
    front::{
        plain::{json, plain},
        who::presented,
    },
};
use doorward_audit::{Basis, Conversation, Event, Payload, Turn};
use doorward_engine::human_party;
use doorward_mcp::json::{Document, Limits, Strictness, Value, quote};
use doorward_transport::serve::{Body, Peer, read_body};
use doorward_vocab::{ConversationId, TurnId};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::{borrow::Cow, sync::Arc};

/// The longest turn, in bytes.
const MAX: usize = 256 << 10;

pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    live: &Arc<Live>,
    request: Request<Incoming>,
    peer: &Peer,
) -> Response<Body> {
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "POST turns here");
    }
    let verified = match presented(&request, peer, None)
        .map(|p| live.authenticator.authenticate(p, gateway.clock.now()))
    {
        Ok(Ok(verified)) if verified.get().may_open_turns() => verified,
        Ok(Ok(_)) => return plain(StatusCode::FORBIDDEN, "only a host may report turns: use the token in host.token"),
        Ok(Err(refusal)) | Err(refusal) => {
            let status = refusal.answer(None, None).status;
            return plain(
                StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED),
                "present the credential of a host",
            );
        }
    };
    let bytes = match read_body(request.into_body(), MAX, live.settings.limits.body_timeout).await {
        Ok(bytes) => bytes,
        Err(error) => return plain(error.status(), &error.to_string()),
    };
    let doc = match Document::parse(bytes, &Limits { depth: 8, nodes: 64 }, Strictness::Request) {
        Ok(doc) => doc,
        Err(error) => return plain(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let text = |key: &str| doc.root().get(key).and_then(Value::as_str).map(Cow::into_owned);
    let conversation =
        text("conversation").ok_or("`conversation` is required".to_owned()).and_then(|c| ConversationId::new(&c));
    let (conversation, said) = match (conversation, text("text")) {
        (Ok(conversation), Some(said)) => (conversation, said),
        (Err(why), _) => return plain(StatusCode::BAD_REQUEST, &why),
        (_, None) => return plain(StatusCode::BAD_REQUEST, "`text` is required"),
    };
    let now = gateway.clock.now();
    let turn = TurnId::mint(now, &*gateway.entropy);
    let host = verified.get();
    let record = Turn {
        turn,
        conversation: Conversation { id: conversation.clone(), basis: Basis::Explicit, ambiguous: false },
        human: host.human.as_ref().map(human_party),
        agent: None,
        host: host.agent.name.clone().into(),
        attested: true,
        text: Payload::of(said.as_bytes()),
        mandate: None,
    };
    gateway.note(Event::Turn(record));
    for owner in gateway.agents_of(host) {
        gateway.conversations.cell(owner, &conversation).lock().turn(turn, &said, now, || gateway.entropy.draw());
    }
    json(
        200,
        format!("{{\"conversation\":{},\"turn\":\"{turn}\",\"mandate\":null}}", quote(conversation.as_str())).into(),
    )
}
