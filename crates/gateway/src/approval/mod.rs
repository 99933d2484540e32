//! A call that a policy lets pass when a person approves it (`@challenge("approval")`): the person is asked, and the call goes
//! on with the answer, as an ordinary call that is ruled again. A call under a floor of assurance goes the same way, where its
//! person can sign in anew for it.
//!
//! | file | story |
//! |---|---|
//! | `book` | what people were asked, and what they said |
//! | `ask` | in which way a person is asked |
//! | `desk` | operators see what is open, and answer |
//! | `shown` | what the person sees |
//! | `waiting` | a client with a session is asked, and its call waits |
//! | `webhook` | an address of the operator's is told |
//! | `state` | a call that stands alone comes back with the answer |
//!
//! Invariant: an approval is good for one call, once. `Book::take` takes it out before the call is ruled again.

mod ask;
mod book;
mod desk;
mod shown;
mod state;
mod waiting;
mod webhook;

pub(crate) use book::{Book, Question, Said};
pub use desk::{OpenQuestion, Questions};
pub(crate) use waiting::Waiting;

use crate::{
    Gateway,
    passage::{Caller, Passage},
};
use book::Number;
use doorward_audit::{ApprovalChange, Event, Party};
use doorward_engine::{Approval, Awaited, human_party};
use doorward_vocab::{Assurance, Timestamp};
use std::sync::Arc;

/// Under which name a person's answer is asked for and given (2026-07-28, basic/patterns/mrtr).
pub(crate) const KEY: &str = "dev.doorward/approval";

impl Gateway {
    /// What was approved for the call of `passage`, taken for it.
    pub(crate) fn take_approval(&self, passage: &Passage, call: &Awaited, now: Timestamp) -> bool {
        self.approval_of(passage, call, now).is_some_and(|approval| passage.approval.set(approval).is_ok())
    }

    /// The approval that `passage` waits for, used up by it.
    pub(crate) fn approval_of(&self, passage: &Passage, call: &Awaited, now: Timestamp) -> Option<Arc<Approval>> {
        let (question, approval) = self.approvals.take(passage.caller.actor.key(), &call.covers, now)?;
        let used = question.told(ApprovalChange::Used, Some(approval.by.clone()), now);
        self.note(Event::Approval(Box::new(doorward_audit::Approval { call: passage.call, ..used })));
        Some(approval)
    }

    /// The client of `caller` says what its person put into the form; `false` where no form was shown for it.
    fn form_answered(&self, number: &Number, caller: &Caller, said: Said) -> bool {
        let now = self.clock.now();
        let Some(human) = &caller.actor.principal().human else { return false };
        self.approvals.takes_form(number, caller.actor.key(), now)
            && self.settle_approval(number, said, (human_party(human), None), "form").is_some()
    }

    /// A person answers question `number`, in this way.
    pub(crate) fn settle_approval(
        &self,
        number: &Number,
        said: Said,
        (by, proven): (Party, Option<Assurance>),
        way: &'static str,
    ) -> Option<Arc<Question>> {
        let now = self.clock.now();
        let lasts = self.live.load().settings.limits.approval_for;
        let question = self.approvals.settle(number, said, (&by, proven), lasts, now)?;
        let change = match said {
            Said::Yes => ApprovalChange::Approved,
            Said::No => ApprovalChange::Declined,
        };
        let told = question.told(change, Some(by), now);
        self.take_off_desk(&question);
        self.note(Event::Approval(Box::new(doorward_audit::Approval { way: way.into(), ..told })));
        Some(question)
    }

    /// Records what ended without an answer or without its call. Called now and then.
    pub(crate) fn sweep_approvals(&self) {
        let now = self.clock.now();
        for question in self.approvals.expire(now) {
            self.take_off_desk(&question);
            self.note(Event::Approval(Box::new(question.told(ApprovalChange::Expired, None, now))));
        }
    }

    /// Whoever was to be asked is gone.
    fn withdraw_approval(&self, question: &Question) {
        if let Some(question) = self.approvals.withdraw(&question.number) {
            let now = self.clock.now();
            self.take_off_desk(&question);
            self.note(Event::Approval(Box::new(question.told(ApprovalChange::Expired, None, now))));
        }
    }
}
