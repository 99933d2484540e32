use crate::{Judgement, Snapshot, Spent, Subject, entity::EntitySet, flow, intended};
use doorward_intent::Intent;
use doorward_mcp::Message;
use doorward_vocab::{CallId, Integrity, Label, ServerName, Timestamp, TurnId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a ruling needs to know of the conversation so far. Small, bounded, and a plain value: it can be stored,
/// replayed and compared.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// Turns that the host reported.
    pub turns: u32,
    /// The last of them.
    pub turn: Option<TurnId>,
    /// Whether the operator's own mandates were heard.
    #[serde(default)]
    pub standing: bool,
    /// Calls that were forwarded.
    pub calls: u32,
    /// Of those, calls that can move data out or change something.
    pub sinks: u32,
    /// Calls that were refused.
    pub refused: u32,
    /// Of those, calls that had to wait because they went in circles, or something was used up.
    pub paused: u32,
    /// The join of the labels of everything that was read.
    pub read: Option<Label>,
    /// How often each server asked something of the client's model or person.
    pub asked: Vec<(ServerName, u32)>,
    /// Whether a text that tells its reader what to do was seen where data was expected.
    pub injected: bool,
    /// Addresses and hosts that the human named.
    pub said: EntitySet,
    /// Addresses and hosts that untrusted content named.
    pub heard: EntitySet,
    /// What the human asked for and what was read since, where a host reports it.
    pub intent: Option<Arc<Intent>>,
    /// What of each class went where.
    pub spent: Arc<Spent>,
    /// The last call that was forwarded: the parent of the next one.
    pub last: Option<CallId>,
    /// When something last happened.
    pub touched: Timestamp,
}

/// What a cleared message adds to the history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// The label of the content.
    pub label: Option<Label>,
    /// Who asked how much of the client's model or person in it.
    pub asked: Option<(ServerName, u32)>,
    /// Whether a finding of injection was made in it.
    pub injected: bool,
    /// Addresses and hosts in it.
    pub entities: EntitySet,
}

impl History {
    /// Whether something was read that anybody may have written.
    pub fn untrusted(&self) -> bool {
        self.read.is_some_and(|l| l.integrity == Integrity::Untrusted)
    }
    /// What there is of a conversation that was kept and cannot be read: what it read may have been anything, and if the human
    /// asked for anything, nobody knows for what. `key` is random: sums of what is remembered are made under it.
    pub fn lost(key: [u8; 16]) -> Self {
        let intent = Some(Arc::new(Intent::lost(doorward_flow::Settings::new(key))));
        Self { turns: 1, read: Some(Label::OUTSIDE), intent, ..Self::default() }
    }
    /// Whether anything of it decides over later calls.
    pub fn tells(&self) -> bool {
        self.turns > 0 || self.read.is_some() || self.injected || self.intent.is_some()
    }
    /// How often `server` asked something of the client's model or person.
    pub fn asked_by(&self, server: &ServerName) -> u32 {
        self.asked.iter().find(|(name, _)| name == server).map_or(0, |(_, count)| *count)
    }
    /// The human said `text`. `key` is random: sums of what is remembered are made under it.
    pub fn turn(&mut self, id: TurnId, text: &str, now: Timestamp, key: impl FnOnce() -> [u8; 16]) {
        self.turns = self.turns.saturating_add(1);
        self.turn = Some(id);
        self.said.extend_from_text(text);
        let intent = self.intent.get_or_insert_with(|| intended::begin(key()));
        Arc::make_mut(intent).turn(id, text);
        self.touched = now;
    }
    /// The operator says what such an agent is for; once in a conversation.
    pub fn stand(&mut self, id: TurnId, text: &str, now: Timestamp, key: impl FnOnce() -> [u8; 16]) {
        self.standing = true;
        self.turns = self.turns.saturating_add(1);
        self.turn = Some(id);
        self.said.extend_from_text(text);
        let intent = self.intent.get_or_insert_with(|| intended::begin(key()));
        Arc::make_mut(intent).stand(id, text);
        self.touched = now;
    }
    /// A call was forwarded.
    pub fn forwarded(&mut self, call: CallId, sink: bool, now: Timestamp) {
        self.calls = self.calls.saturating_add(1);
        self.sinks = self.sinks.saturating_add(u32::from(sink));
        self.last = Some(call);
        self.touched = now;
    }
    /// What was traced of a call leaves with it: what comes after is judged with that. What a person approved is believed
    /// from then on, by that act.
    pub fn left(&mut self, view: &Snapshot, subject: &Subject<'_>, judgement: &Judgement, now: Timestamp) {
        if let (Some(traced), Some(intent)) = (&judgement.traced, &mut self.intent) {
            let intent = Arc::make_mut(intent);
            if !view.flow.budgets.is_empty() {
                Arc::make_mut(&mut self.spent).spend(intent, &subject.server.name, traced, now);
            }
            traced.leave(intent, subject, judgement);
        }
    }
    /// A call was refused.
    pub fn refused(&mut self, now: Timestamp) {
        self.refused = self.refused.saturating_add(1);
        self.touched = now;
    }
    /// A call had to wait.
    pub fn paused(&mut self) {
        self.paused = self.paused.saturating_add(1);
    }
    /// What `message` answers to a call reached the agent. `key` is random: sums of what is remembered are made under it.
    /// Tells whether something was left at its server for other conversations.
    pub fn brought(
        &mut self,
        view: &Snapshot,
        subject: &Subject<'_>,
        message: &Message,
        label: Option<Label>,
        key: impl FnOnce() -> [u8; 16],
    ) -> bool {
        flow::brought(view, self, subject, message, label, key)
    }
    /// Content reached the agent.
    pub fn heard(&mut self, heard: &Heard, now: Timestamp) {
        if let Some(label) = heard.label {
            self.read = Some(self.read.map_or(label, |l| l.join(label)));
            if label.integrity == Integrity::Untrusted {
                self.heard.merge(&heard.entities);
            }
        }
        if let Some((server, count)) = &heard.asked {
            match self.asked.iter_mut().find(|(name, _)| name == server) {
                Some((_, sum)) => *sum = sum.saturating_add(*count),
                None => self.asked.push((server.clone(), *count)),
            }
        }
        self.injected |= heard.injected;
        self.touched = now;
    }
}
