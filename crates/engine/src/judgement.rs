use crate::{Awaited, Permitted, Subject, Target, Traced};
use doorward_audit::{Direction, Labels, Party, Payload, Proof, Ruling as RulingRecord, ValueSource};
use doorward_identity::{Human, Principal};
use doorward_mcp::Message;
use doorward_vocab::{AuthorizedBy, Decision, Digest, Effects, Finding, Label, Level, Mode, Reason, ReasonCode};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// What was decided about a message, and everything that the trail keeps of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What was decided.
    pub decision: Decision,
    /// Whether it is acted on; `false` where the mode only observes.
    pub enforced: bool,
    /// Why, most telling first.
    pub reasons: Arc<[Reason]>,
    /// What detectors saw.
    pub findings: Vec<Finding>,
    /// Who stands behind it.
    pub authorized_by: AuthorizedBy,
    /// What the call does.
    pub effects: Effects,
    /// Whether it can move data out or change something.
    pub sink: bool,
    /// The arguments, by digest.
    pub arguments: Option<Payload>,
    /// Label of the message and of what the conversation has read.
    pub labels: Labels,
    /// The level in force.
    pub level: Level,
    /// The mode in force.
    pub mode: Mode,
    /// The policies in force.
    pub policy: Digest,
    /// What was proved of the agent.
    pub proof: Proof,
    /// Where the values of the arguments came from, where that was asked.
    pub values: Vec<ValueSource>,
    /// The same with the arguments, for when the call leaves.
    pub traced: Option<Arc<Traced>>,
    /// What a person would have to approve, where that and nothing else is missing.
    pub awaits: Option<Awaited>,
}

/// A person, by the id and by what people call the person: never by the id alone.
pub fn human_party(human: &Human) -> Party {
    let known = (*human.name != *human.id).then(|| human.name.clone()).or_else(|| human.email.clone());
    let name = known.unwrap_or_else(|| match &*human.issuer {
        "local" => human.name.clone(),
        issuer => format!("{} at {issuer}", human.id).into(),
    });
    Party::new(human.id.clone(), name)
}

pub(crate) fn proof(principal: &Principal, age: Option<Duration>) -> Proof {
    let (evidence, method) = (principal.attestation.evidence, principal.attestation.method.as_str().into());
    Proof { age_s: age.map(|age| age.as_secs()), evidence, method }
}

impl Judgement {
    /// What happens: the decision where it is enforced, otherwise that the message goes on.
    pub const fn acts(&self) -> Decision {
        if self.enforced { self.decision } else { Decision::Allow }
    }
    /// What an agent is told about a refusal. What is wrong with its arguments it has to know to correct them, and it can
    /// see the schema that says so; and how often it went round, or what is used up, it did itself.
    pub fn told(&self) -> Cow<'_, str> {
        // What is denied is not to be waited for, whatever else a person would have to approve.
        let decides = |r: &&Reason| self.decision != Decision::Deny || r.code != ReasonCode::ApprovalRequired;
        match self.reasons.iter().find(decides).or(self.reasons.first()) {
            Some(r) if matches!(r.code, ReasonCode::ArgumentsInvalid | ReasonCode::Loop | ReasonCode::UsedUp) => {
                format!("{} ({})", r.told(), r.text).into()
            }
            Some(reason) => reason.told().into(),
            None => "This is not permitted.".into(),
        }
    }
    /// The record of it.
    pub fn record(&self, subject: &Subject<'_>) -> RulingRecord {
        let principal = subject.actor.principal();
        let method = match subject.message.inspect() {
            Message::Request(r) => r.method.as_str(),
            Message::Notification(n) => n.notice.as_str(),
            Message::Response(_) => "response",
        };
        let c = subject.correlation;
        RulingRecord {
            call: subject.call,
            conversation: c.conversation.clone(),
            turn: c.turn,
            parent: c.parent,
            human: principal.human.as_ref().map(human_party),
            agent: Party::new(principal.agent.id.clone(), principal.agent.name.clone()),
            assurance: principal.assurance,
            attestation: Some(self.proof.clone()),
            delegations: principal.delegations.iter().map(|hop| hop.id.clone().into()).collect(),
            server: Some(subject.server.name.clone()),
            method: method.into(),
            target: match subject.target {
                Target::Tool(d) => Some(d.name.clone().into()),
                _ => subject.target.name().map(|n| n.to_owned().into()),
            },
            direction: Direction::ToServer,
            definition: subject.target.definition().map(|d| d.digest),
            effects: self.effects,
            policy: self.policy,
            authorized_by: self.authorized_by,
            level: self.level,
            mode: self.mode,
            decision: self.decision,
            enforced: self.enforced,
            reasons: self.reasons.clone(),
            arguments: self.arguments,
            labels: self.labels,
            values: self.values.clone(),
            findings: self.findings.clone(),
            revision: subject.revision.as_str().into(),
            session: c.session,
            trace: c.trace.clone().map(Into::into),
            span: c.span.clone().map(Into::into),
            rationale: c.rationale.clone().map(Into::into),
        }
    }
}

/// The end of `rule`: a message goes on with its permit, or it stops here.
#[derive(Debug)]
pub enum Ruling {
    /// It may be forwarded, by this permit.
    Go(Permitted, Judgement),
    /// It may not.
    Stop(Judgement),
}

/// The label of everything that a conversation has read; the bottom where it has read nothing.
pub(crate) fn conversation_label(read: Option<Label>) -> Label {
    read.unwrap_or(Label::BOTTOM)
}
