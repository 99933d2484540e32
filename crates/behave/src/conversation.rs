use crate::{
    event::{Answer, Call, Polling, Step},
    limit::{Budget, Cost, Exhausted, Holders, Ledger, Reservation},
    loops::{Loop, Patience, Verdict, Watch},
};
use doorward_vocab::Timestamp;
use std::fmt;

/// What is watched in one live conversation. A plain value below two KiB.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    /// Whether it goes in circles.
    pub watch: Watch,
    /// What it may use.
    pub budget: Budget,
}

/// A call may be forwarded. It comes back with the answer.
#[derive(Debug)]
#[must_use = "what is not settled stays used"]
pub struct Pass {
    /// What the agent should be told with the answer.
    pub hint: Option<Loop>,
    step: Step,
    cost: Cost,
    reservation: Reservation,
}

/// A call must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub reason: Held,
    /// What the conversation may still use.
    pub left: Cost,
}

/// Why a call must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It would go on with a loop.
    Loop(Loop),
    /// Something is used up.
    Exhausted(Exhausted),
}

impl Conversation {
    /// A conversation that begins.
    pub fn new(patience: Patience, budget: Budget) -> Self {
        Self { watch: Watch::new(patience), budget }
    }

    /// Judges a call that would be forwarded now, and reserves what it will cost.
    ///
    /// # Errors
    /// It must wait, and nothing was reserved.
    pub fn before(&mut self, call: &Call, cost: Cost, holders: Holders, ledger: &mut Ledger) -> Result<Pass, Pause> {
        let hint = match self.watch.before(call) {
            Verdict::Go => None,
            Verdict::Hint(found) => Some(found),
            Verdict::Pause(found) => return Err(self.pause(Held::Loop(found))),
        };
        let reserved = self.budget.reserve(cost).and_then(|()| {
            let reservation = ledger.reserve(holders, cost, call.at);
            if reservation.is_err() {
                self.budget.settle(cost, Cost::default());
            }
            reservation
        });
        match reserved {
            Ok(reservation) => Ok(Pass { hint, step: call.step(), cost, reservation }),
            Err(exhausted) => {
                self.watch.withdraw();
                Err(self.pause(Held::Exhausted(exhausted)))
            }
        }
    }

    /// Lets a call go that [`Self::before`] would hold: nobody acts on it, or a person said yes.
    pub fn go_on(&mut self, call: &Call, cost: Cost, holders: Holders, ledger: &mut Ledger) -> Pass {
        self.watch.go_on();
        self.budget.overdraw(cost);
        Pass { hint: None, step: call.step(), cost, reservation: ledger.overdraw(holders, cost, call.at) }
    }

    /// A person looked at a pause and said yes: a loop is counted anew, a quota is as new, and a budget has `more`.
    pub fn resume(&mut self, reason: &Held, more: Cost, holders: &Holders, ledger: &mut Ledger) {
        match reason {
            Held::Loop(_) => self.watch.resume(),
            Held::Exhausted(Exhausted { wait: None, .. }) => self.budget.top_up(more),
            Held::Exhausted(exhausted) => ledger.refill(holders, exhausted.scope),
        }
    }

    /// Takes in what came of a call and what it did cost; whether its tool turned out to be one that is asked until something
    /// else comes.
    pub fn after(&mut self, pass: Pass, answer: &Answer, actual: Cost, ledger: &mut Ledger) -> Polling {
        let polling = self.watch.after(pass.step, answer);
        self.budget.settle(pass.cost, actual);
        ledger.settle(pass.reservation, actual, answer.at);
        polling
    }

    /// Nobody will say what came of a call: it is no longer open, and it costs what was reserved.
    pub fn abandon(&mut self, pass: Pass) {
        self.watch.withdraw();
        self.budget.settle(pass.cost, pass.cost);
    }

    /// A call that had a pass was not forwarded: it costs nothing.
    pub fn withdraw(&mut self, pass: Pass, now: Timestamp, ledger: &mut Ledger) {
        self.watch.withdraw();
        self.budget.settle(pass.cost, Cost::default());
        ledger.settle(pass.reservation, Cost::default(), now);
    }

    fn pause(&self, reason: Held) -> Pause {
        Pause { reason, left: self.budget.left() }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loop(found) => found.fmt(f),
            Self::Exhausted(exhausted) => exhausted.fmt(f),
        }
    }
}
