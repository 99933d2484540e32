//! `POST /v1/turns`: an agent's host reports what the human said. Only the host's own credential opens a turn; an agent's
//! never does.

use crate::{
    Gateway, Live,
    front::{host::Told, plain::json},
};
use doorward_audit::{Basis, Conversation, Event, Payload, Turn};
use doorward_engine::human_party;
use doorward_mcp::json::quote;
use doorward_transport::serve::{Body, Peer};
use doorward_vocab::TurnId;
use http::{Request, Response};
use hyper::body::Incoming;
use std::sync::Arc;

pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    live: &Arc<Live>,
    request: Request<Incoming>,
    peer: &Peer,
) -> Response<Body> {
    let told = match Told::hear(gateway, live, request, peer, "turns").await {
        Ok(told) => told,
        Err(refusal) => return refusal,
    };
    let (conversation, said) = match (told.conversation(), told.required("text")) {
        (Ok(conversation), Ok(said)) => (conversation, said),
        (Err(refusal), _) | (_, Err(refusal)) => return refusal,
    };
    let now = gateway.clock.now();
    let turn = TurnId::mint(now, &*gateway.entropy);
    let host = told.host.get();
    let (turn, fresh) = gateway.hosted.turn(host.key, &conversation, told.text("host_turn_id").as_deref(), &said, turn);
    let answer = || {
        json(
            200,
            format!("{{\"conversation\":{},\"turn\":\"{turn}\",\"mandate\":null}}", quote(conversation.as_str()))
                .into(),
        )
    };
    if !fresh {
        return answer();
    }
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
    let client = told.text("client");
    for owner in gateway.agents_of(host) {
        if let Some(client) = &client {
            gateway.hosted.goes_on(owner, client, &conversation, now);
        }
        gateway.conversations.cell(owner, &conversation).lock().turn(turn, &said, now, || gateway.entropy.draw());
    }
    answer()
}
