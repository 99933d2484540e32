//! What the operator says that agents are for: said once in each of their conversations, before anything is ruled in it.

use crate::{Gateway, Live, conversation::Cell};
use doorward_audit::{Conversation, Event, Party, Payload, Turn};
use doorward_config::Mandate;
use doorward_identity::Principal;
use doorward_intent::Clause;
use doorward_vocab::{Effect, Timestamp, TurnId};

/// Who reports it.
const HOST: &str = "configuration";

impl Gateway {
    /// Lets a conversation begin with the mandates of its agent, where there are any.
    pub(crate) fn stand(
        &self,
        live: &Live,
        principal: &Principal,
        conversation: &Conversation,
        cell: &Cell,
        now: Timestamp,
    ) {
        let agent = &principal.agent;
        let all: Vec<&Mandate> = live.settings.mandates.iter().filter(|m| m.is_of(&agent.id, &agent.name)).collect();
        if all.is_empty() {
            return;
        }
        let mut history = cell.lock();
        if history.standing {
            return;
        }
        for mandate in all {
            let turn = TurnId::mint(now, &*self.entropy);
            history.stand(turn, &mandate.text, now, || self.entropy.draw());
            self.note(Event::Turn(Turn {
                turn,
                conversation: conversation.clone(),
                human: None,
                agent: Some(Party::new(agent.id.clone(), agent.name.clone())),
                host: HOST.into(),
                attested: true,
                text: Payload::of(mandate.text.as_bytes()),
                mandate: Some(in_words(&doorward_intent::understood(&mandate.text)).into()),
            }));
        }
    }
}

/// What a turn asks for, for the trail, which holds no words.
pub(crate) fn in_words(clauses: &[Clause]) -> String {
    let each = clauses.iter().map(|c| {
        let effects: Vec<&str> = c.effects.iter().map(Effect::as_str).collect();
        let not = if c.denied { "not " } else { "" };
        let hands_over = if c.hands_over { ", as a text says" } else { "" };
        format!("{not}{}{hands_over}", effects.join(" or "))
    });
    let all: Vec<String> = each.collect();
    if all.is_empty() { "nothing that was understood".into() } else { all.join("; ") }
}
