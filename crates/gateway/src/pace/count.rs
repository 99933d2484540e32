//! What came of a call, and what it did cost.

use super::{Due, Pace, held};
use crate::{conversation::Cell, passage::Passage};
use doorward_behave::Sum;
use doorward_behave::{
    Pass,
    event::{Answer, Gist, Outcome as Ended, Polling},
    limit::{Cost, estimate_tokens},
};
use doorward_mcp::{
    Response,
    json::{Edits, Kind, Value},
    meta,
};
use doorward_vocab::{Mode, Outcome, Timestamp};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// What a call may use, from when it may leave until its answer is counted. A copy of a passage is another message and has
/// none.
#[derive(Debug, Default)]
pub(crate) struct Slot(Mutex<Option<Box<Paced>>>);

impl Clone for Slot {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Slot {
    pub(super) fn is_taken(&self) -> bool {
        self.0.lock().is_some()
    }

    pub(super) fn put(&self, paced: Paced) {
        *self.0.lock() = Some(Box::new(paced));
    }

    /// Takes it out to be counted.
    pub(crate) fn take(&self) -> Option<Box<Paced>> {
        self.0.lock().take()
    }

    /// It ended without an answer of its server.
    pub(crate) fn ended(&self, outcome: Outcome, now: Timestamp, busy: Duration) {
        let Some(mut paced) = self.take() else { return };
        // What its client took back, and what waits for its client, is no answer.
        if !matches!(outcome, Outcome::Cancelled | Outcome::Completed) {
            paced.settle(ended(outcome), "", now, busy);
        }
    }
}

/// A call that may leave. Where nobody says what came of it, it is no longer open, and costs what was reserved.
#[derive(Debug)]
pub(crate) struct Paced {
    pass: Option<Pass>,
    cell: Cell,
    pace: Arc<Pace>,
    tool: Sum,
    tokens: u64,
}

impl Paced {
    pub(super) fn new(pass: Pass, passage: &Passage, pace: &Arc<Pace>, due: &Due) -> Self {
        let (cell, pace) = (passage.conversation.clone(), pace.clone());
        Self { pass: Some(pass), cell, pace, tool: due.call.tool, tokens: due.tokens }
    }

    /// Tells the agent with its answer where it begins to go in circles.
    pub(crate) fn notice(&self, passage: &Passage, response: &Response, edits: &mut Edits) {
        let Some(found) = self.pass.as_ref().and_then(|pass| pass.hint) else { return };
        let Some(result) = response.result().filter(|_| passage.seen.mode == Mode::Enforce) else { return };
        let told = held::notice(found);
        match result.get("_meta") {
            Some(own) if own.kind() == Kind::Object => edits.set(own, meta::NOTICE, &told),
            Some(_) => {}
            None => edits.set(result, "_meta", &format!("{{\"{}\":{told}}}", meta::NOTICE)),
        }
    }

    /// Counts the answer.
    pub(crate) fn answered(&mut self, response: &Response, outcome: Outcome, now: Timestamp, busy: Duration) {
        self.settle(ended(outcome), said(response), now, busy);
    }

    fn settle(&mut self, outcome: Ended, said: &str, at: Timestamp, busy: Duration) {
        let Some(pass) = self.pass.take() else { return };
        let tokens = self.tokens.saturating_add(estimate_tokens(said));
        let time = u64::try_from(busy.as_micros()).unwrap_or(u64::MAX);
        let cost = Cost { time, ..Cost::call(tokens) };
        let bytes = u32::try_from(said.len()).unwrap_or(u32::MAX);
        let answer = Answer { at, outcome, bytes, gist: Gist::of(&self.pace.key, said) };
        let Some(conversation) = self.cell.begun() else { return };
        let polling = conversation.lock().after(pass, &answer, cost, &mut self.pace.ledger.lock());
        if polling == Polling::Expected {
            self.pace.waits.learn(self.tool);
        }
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        if let (Some(pass), Some(conversation)) = (self.pass.take(), self.cell.begun()) {
            conversation.lock().abandon(pass);
        }
    }
}

const fn ended(outcome: Outcome) -> Ended {
    match outcome {
        Outcome::Completed | Outcome::Cancelled => Ended::Success,
        Outcome::Failed => Ended::Failed,
        Outcome::Withheld | Outcome::Refused => Ended::Refused,
        Outcome::TimedOut | Outcome::Unreachable => Ended::Unreachable,
    }
}

/// What an answer says, as it is written: its only text, or all of its content.
fn said(response: &Response) -> &str {
    let Some(result) = response.result() else { return response.error().map_or("", Value::raw) };
    let Some(content) = result.get("content").filter(|content| content.items().next().is_some()) else {
        return result.raw();
    };
    let mut items = content.items();
    match (items.next().and_then(|item| item.get("text")), items.next()) {
        (Some(text), None) => text.raw(),
        _ => content.raw(),
    }
}
