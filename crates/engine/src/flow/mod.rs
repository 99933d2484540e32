//! Where the values of a call came from, and what follows from that whatever the policies say.
//!
//! | file | story |
//! |---|---|
//! | `traced` | the arguments of one call with their sources: as policies and the trail see them |
//! | `leak` | a secret does not go where it did not come from |
//! | `planted` | what another conversation left decides nothing |
//! | `budget` | how much of a class may go to a server |
//! | `hear` | what an answer brings: labels, secrets, what was left |
//! | `memories` | what was left at servers, by all conversations |
//!
//! A conversation in which nothing asks for sources pays nothing: it has no index, or one that mandates keep anyway; and its
//! calls are traced only where a policy or budget asks, or where a secret was read.

mod budget;
mod hear;
mod leak;
mod memories;
mod planted;
mod traced;

pub use budget::{Budget, Spent};
pub use memories::Memories;
pub use traced::Traced;

pub(crate) use hear::brought;
pub(crate) use traced::trace;

use crate::{History, Snapshot, Subject, approval::Answer};
use doorward_audit::ValueSource;
use doorward_flow::Labelling;
use doorward_intent::Intent;
use doorward_mcp::json::Value;
use doorward_policy::ArgumentFacts;
use doorward_vocab::{AuthorizedBy, Class, Decision, Level, Reason, ReasonCode, Timestamp};
use std::sync::Arc;

/// What the operator says of flows, and what all conversations share.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Which standing comes from where.
    pub labelling: Labelling,
    /// How much may go where.
    pub budgets: Arc<[Budget]>,
    /// What was left at servers.
    pub memories: Arc<Memories>,
}

impl Flow {
    /// No rules, and nothing left. Sums of what is left are made under `key`.
    pub fn new(key: [u8; 16]) -> Self {
        let memories = Arc::new(Memories::new(key));
        Self { labelling: Labelling::default(), budgets: Arc::default(), memories }
    }
}

/// Whether every conversation is remembered, and not only those of which turns are reported or that read a secret.
pub(crate) fn remembers_all(view: &Snapshot) -> bool {
    traces_all(view) || !view.flow.labelling.rules.is_empty()
}

/// Whether every call is traced.
fn traces_all(view: &Snapshot) -> bool {
    view.policies.asks_for_sources() || !view.flow.budgets.is_empty()
}

/// Whether something was read that must not go just anywhere, or must decide nothing.
fn is_wary(intent: &Intent) -> bool {
    intent.index().holds(Class::Secret) || intent.index().holds_written()
}

/// What the trail is told of where the values of a call came from: where that was asked, or where the call is refused, so that
/// whoever reads that sees the way that a value took.
pub(crate) fn told<'a>(
    history: &History,
    subject: &Subject<'_>,
    traced: Option<&Traced>,
    decision: Decision,
    said: impl Iterator<Item = (&'static str, Value<'a>)>,
) -> Vec<ValueSource> {
    let index = history.intent.as_deref().map(Intent::index);
    let refused = decision > Decision::Oblige && index.is_some();
    let now = || refused.then(|| Traced::of(index, subject, said)).flatten();
    traced.map_or_else(|| now().map(|t| t.told(index)).unwrap_or_default(), |traced| traced.told(index))
}

/// What is wrong with a flow.
struct Wrong {
    /// Whether a person may let it pass.
    can_be_asked: bool,
    /// For people, without the value.
    why: String,
}

/// The answer, or what the flow of values says where that is stricter.
pub(crate) fn judged(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'_>,
    traced: Option<&Traced>,
    facts: &ArgumentFacts,
    (is_sink, now): (bool, Timestamp),
    answer: Answer,
) -> Answer {
    let (Some(traced), Some(intent)) = (traced, &history.intent) else { return answer };
    if answer.0 == Decision::Deny || !subject.server.checks_flow {
        return answer;
    }
    let mut wrong = leak::leaks(history, intent, subject, traced, facts);
    wrong.extend(planted::planted(intent, traced));
    if is_sink {
        wrong.extend(budget::exceeded(view, history, intent, subject, traced, now));
    }
    if wrong.is_empty() {
        return answer;
    }
    let asks = view.level != Level::Lockdown && wrong.iter().all(|wrong| wrong.can_be_asked);
    let decision = if asks { Decision::Challenge } else { Decision::Deny };
    let code = |wrong: &Wrong| match wrong.can_be_asked && asks {
        true => ReasonCode::ApprovalRequired,
        false => ReasonCode::FlowRefused,
    };
    let mut wrong: Vec<Reason> = wrong.into_iter().map(|wrong| Reason::new(code(&wrong), wrong.why)).collect();
    // What refuses is said before what could be asked.
    wrong.sort_by_key(|reason| reason.code != ReasonCode::FlowRefused);
    let before = answer.1.iter().filter(|_| answer.0 == Decision::Challenge).cloned();
    (decision, wrong.into_iter().chain(before).collect(), AuthorizedBy::Autonomous)
}
