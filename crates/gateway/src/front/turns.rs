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
use doorward_intent::Clause;
use doorward_mcp::json::{Document, Limits, Strictness, Value, quote};
use doorward_transport::serve::{Body, Peer, read_body};
use doorward_vocab::{ConversationId, Effect, TurnId};
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
    let understood = doorward_intent::understood(&said);
    let record = Turn {
        turn,
        conversation: Conversation { id: conversation.clone(), basis: Basis::Explicit, ambiguous: false },
        human: host.human.as_ref().map(human_party),
        agent: None,
        host: host.agent.name.clone().into(),
        attested: true,
        text: Payload::of(said.as_bytes()),
        mandate: Some(in_words(&understood).into()),
    };
    gateway.note(Event::Turn(record));
    for owner in gateway.agents_of(host) {
        gateway.conversations.cell(owner, &conversation).lock().turn(turn, &said, now, || gateway.entropy.draw());
    }
    json(
        200,
        format!(
            "{{\"conversation\":{},\"turn\":\"{turn}\",\"mandate\":{}}}",
            quote(conversation.as_str()),
            as_json(&understood)
        )
        .into(),
    )
}

/// What a turn asks for, for the trail, which holds no words.
fn in_words(clauses: &[Clause]) -> String {
    let each = clauses.iter().map(|c| {
        let effects: Vec<&str> = c.effects.iter().map(Effect::as_str).collect();
        let not = if c.denied { "not " } else { "" };
        let hands_over = if c.hands_over { ", as a text says" } else { "" };
        format!("{not}{}{hands_over}", effects.join(" or "))
    });
    let all: Vec<String> = each.collect();
    if all.is_empty() { "nothing that was understood".into() } else { all.join("; ") }
}

/// The same for the host that reported it.
fn as_json(clauses: &[Clause]) -> String {
    let one = |c: &Clause| {
        let effects: Vec<String> = c.effects.iter().map(|e| quote(e.as_str())).collect();
        let flag = |on: bool, name: &str| if on { format!(",\"{name}\":true") } else { String::new() };
        format!(
            "{{\"said\":{},\"effects\":[{}]{}{}}}",
            quote(&c.said),
            effects.join(","),
            flag(c.many, "many"),
            flag(c.hands_over, "hands_over")
        )
    };
    let list = |denied: bool| clauses.iter().filter(|c| c.denied == denied).map(one).collect::<Vec<_>>().join(",");
    format!("{{\"asks\":[{}],\"denies\":[{}]}}", list(false), list(true))
}
