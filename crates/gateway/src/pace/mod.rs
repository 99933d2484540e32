//! Loops and limits on the road: a call that its ruling lets go may have to wait, because it goes in circles or because
//! what somebody may use is used up. What it will cost is reserved before it leaves, and settled when its answer came.
//!
//! | file | story |
//! |---|---|
//! | `held` | why a call waits, in words for its agent and for people |
//! | `count` | what came of a call, and what it did cost |
//! | `waits` | tools that are meant to be called again and again |
//!
//! A pause is of one call: others pass. Who only observes is told what would wait.

mod count;
mod held;
mod waits;

pub(crate) use count::Slot;

use crate::{Gateway, live::Allowance, passage::Passage, refusal::Refusal};
use count::Paced;
use doorward_behave::{
    Conversation, Held, Key, Pause,
    event::{Arguments, Asked, Call, Polling},
    limit::{Budget, Cost, Holders, Ledger, estimate_tokens},
    loops::{Loop, Patience, Shape},
};
use doorward_engine::{Awaited, Judgement};
use doorward_mcp::{Message, Method};
use doorward_vocab::{AuthorizedBy, Decision, Digest, Mode, Reason, ReasonCode, Secret, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use waits::Waits;

/// What a result is taken to cost in tokens before anything is known of a conversation.
const RESULT: u64 = 200;
/// Calls that a conversation may have open at one time where it is only guessed that they are of one.
const OPEN: u16 = 64;

/// What everybody has used, and the key of the sums that all of it is kept under.
#[derive(Debug)]
pub(crate) struct Pace {
    key: Key,
    ledger: Mutex<Ledger>,
    waits: Waits,
}

impl Pace {
    /// `mark` is a secret of the deployment.
    pub(crate) fn new(mark: &Secret<[u8; 32]>, allowance: &Allowance) -> Arc<Self> {
        let ledger = Mutex::new(Ledger::new(allowance.quotas.clone()));
        Arc::new(Self { key: key(mark), ledger, waits: Waits::default() })
    }

    /// Other quotas hold from now on.
    pub(crate) fn requote(&self, allowance: &Allowance) {
        self.ledger.lock().requote(allowance.quotas.clone());
    }
}

/// The key of sums: the same after each start, and known to nobody else.
fn key(mark: &Secret<[u8; 32]>) -> Key {
    let mut all = b"doorward behaviour: sums of names and texts\n".to_vec();
    let digest = mark.reveal(|mark| {
        all.extend(mark);
        let digest = Digest::of(&all);
        all.fill(0);
        digest
    });
    Key::new(&digest.as_bytes().first_chunk().copied().unwrap_or_default())
}

/// A call as it is reckoned.
struct Due {
    call: Call,
    holders: Holders,
    /// Tokens of its arguments.
    tokens: u64,
}

impl Gateway {
    /// Lets a call that its ruling lets go leave now, or says why it has to wait. What is no call of a tool never waits.
    pub(crate) fn pace(&self, passage: &Passage, judgement: Judgement, now: Timestamp) -> Result<Judgement, Refusal> {
        // What is sent again, because its server did not look at it, is still the call that was counted.
        if passage.method() != Some(Method::ToolsCall) || passage.paced.is_taken() {
            return Ok(judgement);
        }
        let due = self.reckon(passage, &judgement, now);
        let pause = match self.reserve(passage, &due) {
            Ok(()) => return Ok(judgement),
            Err(pause) => pause,
        };
        let reason = Reason::new(held::code(&pause.reason), pause.reason.to_string());
        let with = |first: Reason, judgement: &Judgement| {
            [first].into_iter().chain(judgement.reasons.iter().cloned()).collect()
        };
        if passage.seen.mode == Mode::Observe {
            self.let_go(passage, &due, None);
            let (decision, enforced) = (Decision::Challenge, false);
            let reasons = with(reason, &judgement);
            return Ok(Judgement { decision, enforced, reasons, ..judgement });
        }
        let awaited = self.awaited(passage, &pause.reason);
        if let Some(by) = awaited.as_ref().and_then(|call| self.lifted(passage, call, &pause.reason, now)) {
            self.let_go(passage, &due, Some(&pause.reason));
            let reasons = with(Reason::new(ReasonCode::Permitted, by), &judgement);
            return Ok(Judgement { reasons, authorized_by: AuthorizedBy::HumanApproval, ..judgement });
        }
        let decision = if awaited.is_some() { Decision::Challenge } else { Decision::Deny };
        let judgement = Judgement { decision, enforced: true, reasons: [reason].into(), awaits: awaited, ..judgement };
        passage.conversation.lock().paused();
        Err(match self.stopped(passage, judgement, now) {
            Refusal::Ruled(call, judgement) => Refusal::Paused(call, judgement, held::told(&pause).into()),
            other => other,
        })
    }

    fn reckon(&self, passage: &Passage, judgement: &Judgement, now: Timestamp) -> Due {
        let key = &self.pace.key;
        let principal = passage.caller.actor.principal();
        let arguments = match passage.message.inspect() {
            Message::Request(request) => request.params().and_then(|params| params.get("arguments")),
            Message::Notification(_) | Message::Response(_) => None,
        };
        let server = key.sum(passage.server.profile.name.as_str());
        let tool = server.and(key.sum(passage.subject().target.name().unwrap_or_default()).bits());
        let human = principal.human.as_ref().map(|human| key.sum(&human.issuer).and(key.sum(&human.id).bits()));
        let agent =
            key.sum(principal.agent.issuer.as_deref().unwrap_or_default()).and(key.sum(&principal.agent.id).bits());
        let own = key.sum_bytes(passage.caller.actor.key().digest().as_bytes());
        let conversation = own.and(key.sum(passage.correlation.conversation.id.as_str()).bits());
        let holders =
            Holders { human: human.unwrap_or_default(), agent, conversation, tool, server, ..Holders::default() };
        let call = Call {
            at: now,
            server,
            tool,
            effects: judgement.effects,
            arguments: Arguments::sums(key, arguments),
            batch: 0,
            polling: Polling::Never,
            asked: Asked::Untold,
        };
        Due { call, holders, tokens: arguments.map_or(0, |arguments| estimate_tokens(arguments.raw())) }
    }

    /// Reserves what a call will cost, unless it has to wait.
    fn reserve(&self, passage: &Passage, due: &Due) -> Result<(), Pause> {
        let mut conversation = passage.conversation.behaviour(|| begin(passage)).lock();
        let mut ledger = self.pace.ledger.lock();
        let (cost, holders) = (cost(&conversation, due), due.holders);
        let mut pass = conversation.before(&due.call, cost, holders, &mut ledger);
        let looped =
            matches!(&pass, Err(Pause { reason: Held::Loop(_), .. }) | Ok(doorward_behave::Pass { hint: Some(_), .. }));
        // Seldom, so that it is asked only now.
        if looped && self.pace.waits.are_meant_for(passage, due.call.tool) {
            let call = Call { polling: Polling::Expected, ..due.call.clone() };
            if let Ok(pass) = pass {
                conversation.withdraw(pass, due.call.at, &mut ledger);
            }
            pass = conversation.before(&call, cost, holders, &mut ledger);
        }
        drop(ledger);
        drop(conversation);
        passage.paced.put(Paced::new(pass?, passage, &self.pace, due));
        Ok(())
    }

    /// Reserves it though it should wait: nobody acts on that, or a person lifted the pause.
    fn let_go(&self, passage: &Passage, due: &Due, lifted: Option<&Held>) {
        let mut conversation = passage.conversation.behaviour(|| begin(passage)).lock();
        let mut ledger = self.pace.ledger.lock();
        if let Some(reason) = lifted {
            conversation.resume(reason, passage.live.allowance.conversation, &due.holders, &mut ledger);
        }
        let cost = cost(&conversation, due);
        let pass = conversation.go_on(&due.call, cost, due.holders, &mut ledger);
        drop(ledger);
        drop(conversation);
        passage.paced.put(Paced::new(pass, passage, &self.pace, due));
    }

    /// What a person would have to say yes to, where that helps.
    fn awaited(&self, passage: &Passage, reason: &Held) -> Option<Awaited> {
        match reason {
            // Who has too much open waits for it: nobody needs to be asked.
            Held::Loop(Loop { shape: Shape::Fan, .. }) => None,
            Held::Loop(_) => doorward_engine::approvable(&passage.live.snapshot, &passage.subject(), None),
            Held::Exhausted(exhausted) if passage.live.allowance.gives_more(exhausted.scope) => {
                // More of it is given once, whatever call it was asked for.
                let (owner, version) = (passage.caller.actor.key(), passage.live.snapshot.version);
                let conversation = passage.correlation.conversation.id.as_str();
                let text = format!("more\n{owner}\n{conversation:?}\n{}\n{version}", exhausted.scope);
                Some(Awaited { covers: Digest::of(text.as_bytes()), proven: None })
            }
            Held::Exhausted(_) => None,
        }
    }

    /// Who said that the call goes on: a person who looked at the pause, or who approved just this call anyway, and so looked
    /// at it.
    fn lifted(&self, passage: &Passage, call: &Awaited, reason: &Held, now: Timestamp) -> Option<String> {
        let anyway = passage.approval.get().filter(|_| matches!(reason, Held::Loop(_))).cloned();
        let asked = || self.approvals.has_given().then(|| self.approval_of(passage, call, now)).flatten();
        let approval = anyway.or_else(asked)?;
        Some(format!("{} lets it go on (approval {})", approval.by.name, approval.id))
    }
}

/// What a call will cost, as far as it is known: a result like those before it.
fn cost(conversation: &Conversation, due: &Due) -> Cost {
    let spent = conversation.budget.spent();
    let result = spent.tokens.checked_div(spent.calls).unwrap_or(RESULT);
    Cost::call(due.tokens.saturating_add(result))
}

/// A conversation that calls something for the first time.
fn begin(passage: &Passage) -> Conversation {
    let usual = Patience::default();
    let open = if passage.correlation.conversation.ambiguous { OPEN } else { usual.open };
    Conversation::new(Patience { open, ..usual }, Budget::new(passage.live.allowance.conversation))
}
