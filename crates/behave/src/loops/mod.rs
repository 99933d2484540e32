//! Agents that go in circles. A [`Watch`] sees each call of one conversation before it is forwarded and each answer, and
//! says when to tell the agent, and when to hold the call until a person has looked.
//!
//! Six shapes: the same call with the same answer, a cycle of calls, errors upon errors, too many at once, two tools that feed each
//! other, and calls that bring nothing new. A pause is of the call that would go on with the loop, not of the conversation:
//! another call passes, unless its tool is part of the loop as well.

mod fan;
mod novelty;
mod recent;
#[cfg(test)]
mod shapes;
mod storm;
mod verdict;

pub use verdict::{Loop, Shape, Verdict};

use crate::event::{Answer, Call, Polling, Step};
use doorward_vocab::Timestamp;
use fan::Fan;
use novelty::Novelty;
use recent::{Recent, Turn};
use std::time::Duration;
use storm::Storm;

/// Who waits as long as this after an answer is not running away.
const REST: Duration = Duration::from_secs(20);

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// Equal calls with equal answers that go out.
    pub repeats: u16,
    /// Rounds of a cycle of equal calls with equal answers.
    pub rounds: u16,
    /// Rounds of two tools that take turns while little of what they answer is new.
    pub volleys: u16,
    /// Calls that differ by a number at most, none of which brought anything new.
    pub stale: u16,
    /// Calls of any kind in a row, none of which brought anything new.
    pub stale_any: u16,
    /// The share of errors, as a moving average over eight calls.
    pub errors: f32,
    /// Calls of one conversation that wait for their answers at one time.
    pub open: u16,
    /// Conversations that one conversation begins.
    pub children: u16,
    /// How deep conversations begin conversations.
    pub depth: u16,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            repeats: 5,
            rounds: 4,
            volleys: 5,
            stale: 5,
            stale_any: 10,
            errors: 0.7,
            open: 16,
            children: 10,
            depth: 3,
        }
    }
}

/// Watches one conversation. A plain value of fixed size.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    patience: Patience,
    recent: Recent,
    novelty: Novelty,
    storm: Storm,
    fan: Fan,
    /// When the last answer came.
    last: Timestamp,
}

impl Watch {
    /// A watch at the beginning of a conversation.
    pub fn new(patience: Patience) -> Self {
        Self { patience, ..Self::default() }
    }

    /// Judges a call that would be forwarded now, and counts it as open if it may go.
    pub fn before(&mut self, call: &Call) -> Verdict {
        let step = call.step();
        let rested = call.at.since(self.last) >= REST;
        let verdict = self.judge(&step, if rested { Polling::Expected } else { call.polling });
        if !matches!(verdict, Verdict::Pause(_)) {
            self.fan.begin();
        }
        verdict
    }

    /// A call that [`Self::before`] let go was not forwarded after all.
    pub fn withdraw(&mut self) {
        self.fan.end();
    }

    /// A call goes that [`Self::before`] would hold.
    pub(crate) fn go_on(&mut self) {
        self.fan.begin();
    }

    /// Takes in what came of a call that [`Self::before`] let go; whether its tool turned out to be one that is asked again
    /// until something else comes.
    pub fn after(&mut self, step: Step, answer: &Answer) -> Polling {
        self.fan.end();
        let failed = answer.outcome.is_error();
        let stale = self.novelty.take(&answer.gist);
        self.storm.take(failed);
        self.last = answer.at;
        let turn = Turn::new(step, answer, failed, stale);
        let polling = if failed { Polling::Never } else { self.recent.waited_for(&turn) };
        self.recent.push(turn);
        polling
    }

    /// The conversation would begin another one; `depth` is how deep this one is itself: zero where a human began it.
    pub fn child(&mut self, depth: u16) -> Verdict {
        self.fan.child(depth, &self.patience)
    }

    /// A person has looked and said yes: everything is counted anew.
    pub fn resume(&mut self) {
        *self = Self { fan: self.fan.resumed(), ..Self::new(self.patience) };
    }

    /// The first shape that holds the call, or else the first that is worth a word to the agent.
    fn judge(&self, step: &Step, polling: Polling) -> Verdict {
        let limits = &self.patience;
        let waiting = polling == Polling::Expected;
        let verdicts = [
            self.fan.judge(limits),
            self.storm.judge(self.recent.failing(step), limits),
            if waiting { Verdict::Go } else { self.recent.repeat(step, limits) },
            if waiting { Verdict::Go } else { self.recent.cycle(step, limits) },
            if waiting { Verdict::Go } else { self.recent.volley(step, limits) },
            if waiting { Verdict::Go } else { self.recent.stale(step, limits) },
        ];
        verdicts.into_iter().fold(Verdict::Go, Verdict::or)
    }
}
