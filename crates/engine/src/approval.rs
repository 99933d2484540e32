//! A person's yes to exactly one call.

use crate::{Snapshot, Subject, Target};
use doorward_audit::Party;
use doorward_detect::definition::canonical;
use doorward_mcp::{
    Message, Method,
    json::{quote, quote_into},
};
use doorward_vocab::{Assurance, AuthorizedBy, Decision, Digest, Reason, ReasonCode, Timestamp};
use std::sync::Arc;

/// A person's yes to exactly one call, for a while. Whoever holds one spends it: it is good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Names it in the trail.
    pub id: Arc<str>,
    /// What was approved, as [`approvable`] says.
    pub covers: Digest,
    /// Who approved it.
    pub by: Party,
    /// How well the person was proven who signed in anew for it; none where nobody had to.
    pub proven: Option<Assurance>,
    /// When.
    pub at: Timestamp,
    /// From when on it is good no more.
    pub until: Timestamp,
}

/// What a person would have to say yes to, for a call to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The call, with all that is approved.
    pub covers: Digest,
    /// How well the person must be proven by a sign-in for just this; none where whoever may approve it may.
    pub proven: Option<Assurance>,
}

/// What a policy asks for that says "a stronger sign-in" and no number: more than a password.
const STRONGER: Assurance = Assurance::KeyBound;

impl Approval {
    /// Whether it is for this call, at this time, by somebody who is proven well enough.
    pub fn holds(&self, call: &Awaited, now: Timestamp) -> bool {
        self.covers == call.covers && self.proven >= call.proven && self.at <= now && now < self.until
    }
}

/// What a person approves who approves the call of `subject`: who calls, in which conversation, which tool by which
/// definition, everything that is sent along but `_meta`, the policies and configuration in force, and how well the person
/// must be proven. So a yes is over as soon as any of it is another. `None` for what is no call of a tool.
pub fn approvable(view: &Snapshot, subject: &Subject<'_>, proven: Option<Assurance>) -> Option<Awaited> {
    let (Message::Request(request), Target::Tool(tool)) = (subject.message.inspect(), subject.target) else {
        return None;
    };
    let params = request.params().filter(|_| request.method == Method::ToolsCall)?;
    let mut said = String::from("{");
    for (key, value) in params.members().filter(|(key, _)| *key != "_meta") {
        if said.len() > 1 {
            said.push(',');
        }
        quote_into(&key, &mut said);
        said.push(':');
        said.push_str(value.raw());
    }
    said.push('}');
    let said = canonical(said.as_bytes()).ok()?;
    // One line each; none of them holds a line break.
    let text = format!(
        "approval\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{said}",
        subject.actor.key().digest(),
        quote(subject.correlation.conversation.id.as_str()),
        subject.server.name,
        quote(&tool.name),
        tool.digest,
        view.policies.version(),
        view.version,
        view.level,
        proven.map_or("-", Assurance::as_str),
    );
    Some(Awaited { covers: Digest::of(text.as_bytes()), proven })
}

pub(crate) type Answer = (Decision, Arc<[Reason]>, AuthorizedBy);

/// The answer, or that a person approved just this, where nothing but that is missing. With it, what a person would have to
/// approve, where that would be enough. Under a `floor` of assurance, or where a policy asks for a stronger sign-in, that is a
/// person who signs in anew for it, and well enough.
pub(crate) fn approved(
    view: &Snapshot,
    subject: &Subject<'_>,
    answer: Answer,
    floor: Option<Assurance>,
    now: Timestamp,
) -> (Answer, Option<Awaited>) {
    let (decision, reasons, _) = &answer;
    let low = reasons.iter().filter(|reason| reason.code == ReasonCode::AssuranceTooLow).count();
    let policy = (low > usize::from(floor.is_some())).then_some(STRONGER);
    let challenged = *decision == Decision::Challenge;
    let Some(call) = challenged.then(|| approvable(view, subject, floor.max(policy))).flatten() else {
        return (answer, None);
    };
    match subject.approval.filter(|approval| approval.holds(&call, now)) {
        None => (answer, Some(call)),
        Some(approval) => {
            let text = match approval.proven {
                None => format!("{} approved just this (approval {})", approval.by.name, approval.id),
                Some(proven) => format!(
                    "{} signed in for just this (approval {}, assurance {})",
                    approval.by.name,
                    approval.id,
                    u8::from(proven)
                ),
            };
            let first = Reason::new(ReasonCode::Permitted, text);
            let reasons = std::iter::once(first).chain(reasons.iter().cloned()).collect();
            ((Decision::Allow, reasons, AuthorizedBy::HumanApproval), None)
        }
    }
}
