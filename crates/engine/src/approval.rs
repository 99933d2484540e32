//! A person's yes to exactly one call.

use crate::{Snapshot, Subject, Target};
use doorward_audit::Party;
use doorward_detect::definition::canonical;
use doorward_mcp::{
    Message, Method,
    json::{quote, quote_into},
};
use doorward_vocab::{AuthorizedBy, Decision, Digest, Reason, ReasonCode, Timestamp};
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
    /// When.
    pub at: Timestamp,
    /// From when on it is good no more.
    pub until: Timestamp,
}

impl Approval {
    /// Whether it is for this call, at this time.
    pub fn holds(&self, call: &Digest, now: Timestamp) -> bool {
        self.covers == *call && self.at <= now && now < self.until
    }
}

/// What a person approves who approves the call of `subject`: who calls, in which conversation, which tool by which
/// definition, everything that is sent along but `_meta`, and the policies and configuration in force. So a yes is over as
/// soon as any of it is another. `None` for what is no call of a tool.
pub fn approvable(view: &Snapshot, subject: &Subject<'_>) -> Option<Digest> {
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
        "approval\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{said}",
        subject.actor.key().digest(),
        quote(subject.correlation.conversation.id.as_str()),
        subject.server.name,
        quote(&tool.name),
        tool.digest,
        view.policies.version(),
        view.version,
        view.level,
    );
    Some(Digest::of(text.as_bytes()))
}

pub(crate) type Answer = (Decision, Arc<[Reason]>, AuthorizedBy);

/// The answer, or that a person approved just this, where nothing but that is missing. With it, what a person would have to
/// approve, where that would be enough.
pub(crate) fn approved(
    view: &Snapshot,
    subject: &Subject<'_>,
    answer: Answer,
    now: Timestamp,
) -> (Answer, Option<Digest>) {
    let (decision, reasons, _) = &answer;
    // Who must sign in better has to do that, whoever approves.
    let is_enough =
        *decision == Decision::Challenge && reasons.iter().all(|reason| reason.code != ReasonCode::AssuranceTooLow);
    let Some(call) = is_enough.then(|| approvable(view, subject)).flatten() else { return (answer, None) };
    match subject.approval.filter(|approval| approval.holds(&call, now)) {
        None => (answer, Some(call)),
        Some(approval) => {
            let text = format!("{} approved just this (approval {})", approval.by.name, approval.id);
            let first = Reason::new(ReasonCode::Permitted, text);
            let reasons = std::iter::once(first).chain(reasons.iter().cloned()).collect();
            ((Decision::Allow, reasons, AuthorizedBy::HumanApproval), None)
        }
    }
}
