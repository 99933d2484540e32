//! `POST /v1/turns`: an agent's host reports what the human said. Only the host's own credential opens a turn; an agent's
//! never does.

use crate::{
    Gateway, Live,
    front::{host::Told, plain::json},
    hosted::{self, MOST_BYTES},
    mandates::in_words,
};
use doorward_audit::{Basis, Conversation, Event, Payload, Turn};
use doorward_engine::human_party;
use doorward_intent::Clause;
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
    let understood = doorward_intent::understood(&said);
    let answer = || {
        let (conversation, mandate) = (quote(conversation.as_str()), as_json(&understood));
        json(200, format!("{{\"conversation\":{conversation},\"turn\":\"{turn}\",\"mandate\":{mandate}}}").into())
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
        mandate: Some(in_words(&understood).into()),
    };
    gateway.note(Event::Turn(record));
    let client = told.text("client").filter(|name| (1..=MOST_BYTES).contains(&name.len()));
    let owner = gateway.agent_of(host);
    if let Some(client) = &client {
        gateway.under_way(owner, |all| hosted::goes_on(all, client, &conversation, now));
    }
    let cell = gateway.conversation(owner, &conversation);
    cell.lock().turn(turn, &said, now, || gateway.entropy.draw());
    // Who is told that a turn was heard can rely on it.
    gateway.keep_conversation(owner, &conversation, &cell).await;
    answer()
}

/// What a turn asks for, for the host that reported it.
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
