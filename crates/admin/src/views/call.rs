use super::{Who, line};
use crate::{
    ports::{Fault, Ports},
    query::link,
    words::word,
};
use doorward_audit::{Approval, Event, Ruling};
use doorward_store::{Filter, Seek};
use doorward_vocab::{CallId, Decision, Finding, Integrity, Reason, ReasonCode};
use schemars::JsonSchema;
use serde::Serialize;

/// One call, explained.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Call {
    /// Its id.
    pub(crate) id: String,
    /// When it was ruled; UTC.
    pub(crate) time: String,
    /// The index of its ruling in the trail.
    pub(crate) index: u64,
    /// The agent that acts.
    pub(crate) agent: Who,
    /// The human whose authority is borrowed; absent in an autonomous run.
    pub(crate) human: Option<Who>,
    /// How well the principal is proven.
    pub(crate) assurance: String,
    /// How the agent was proven, and how long ago.
    pub(crate) attestation: Option<String>,
    /// The delegations that it acts under, from what was granted to what the agent holds.
    pub(crate) delegations: Vec<String>,
    /// The conversation.
    pub(crate) conversation: String,
    /// What its name was derived from.
    pub(crate) basis: String,
    /// Whether more than one goal may be mixed in it.
    pub(crate) ambiguous: bool,
    /// The last turn of the human before it.
    pub(crate) turn: Option<String>,
    /// The call that caused it.
    pub(crate) parent: Option<String>,
    /// The server.
    pub(crate) server: Option<String>,
    /// The method.
    pub(crate) method: String,
    /// The tool, prompt or URI.
    pub(crate) target: Option<String>,
    /// The digest of the definition in force.
    pub(crate) definition: Option<String>,
    /// What it does.
    pub(crate) effects: Vec<String>,
    /// What was decided.
    pub(crate) decision: String,
    /// Whether that was acted on.
    pub(crate) enforced: bool,
    /// Who stands behind it.
    pub(crate) authorized_by: String,
    /// The same in words.
    pub(crate) authority: String,
    /// Why.
    pub(crate) reasons: Vec<ReasonView>,
    /// What would change it.
    pub(crate) remedies: Vec<Remedy>,
    /// Where the values of the arguments came from.
    pub(crate) values: Vec<Value>,
    /// The label of the arguments.
    pub(crate) arguments: String,
    /// The label of all that the conversation has read.
    pub(crate) read: String,
    /// What detectors saw in it.
    pub(crate) findings: Vec<FindingView>,
    /// The reason that the agent gave; claimed, never proven.
    pub(crate) rationale: Option<String>,
    /// The level and mode in force.
    pub(crate) level: String,
    /// The digest of the policies.
    pub(crate) policy: String,
    /// The protocol revision.
    pub(crate) revision: String,
    /// The trace id; not proven.
    pub(crate) trace: Option<String>,
    /// The size and digest of the arguments.
    pub(crate) payload: Option<String>,
    /// What became of it.
    pub(crate) outcome: Option<OutcomeView>,
    /// How a person was asked about it, and answered.
    pub(crate) approvals: Vec<ApprovalLine>,
}

/// One reason.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ReasonView {
    /// The stable word.
    pub(crate) code: String,
    /// One sentence.
    pub(crate) text: String,
    /// The policy that decided.
    pub(crate) policy: Option<String>,
    /// What the agent was told.
    pub(crate) told: String,
}

/// What would change a ruling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Remedy {
    /// What, in a sentence.
    pub(crate) what: String,
    /// The command or page that does it.
    pub(crate) how: Option<String>,
}

/// Where one value of the arguments came from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Value {
    /// Where it stands, as a JSON pointer.
    pub(crate) at: String,
    /// Who said it: `user`, `result`, `model`, …
    pub(crate) source: String,
    /// The call whose result held it.
    pub(crate) call: Option<String>,
    /// How it was encoded on the way.
    pub(crate) encoding: Option<String>,
    /// Its label.
    pub(crate) label: String,
    /// Whether anybody may have written it.
    pub(crate) untrusted: bool,
}

/// What a detector saw.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FindingView {
    /// What kind of thing.
    pub(crate) kind: String,
    /// How bad it is if true.
    pub(crate) severity: String,
    /// How sure the detector is, in percent.
    pub(crate) confidence: u32,
    /// The detector.
    pub(crate) detector: String,
    /// Where the text stood.
    pub(crate) channel: String,
    /// One sentence.
    pub(crate) note: String,
}

/// What became of a call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct OutcomeView {
    /// When.
    pub(crate) time: String,
    /// How it ended.
    pub(crate) outcome: String,
    /// What was decided about the answer.
    pub(crate) decision: String,
    /// The rest in a line: how long it took, with which credential, what was removed.
    pub(crate) text: String,
    /// The label of the answer.
    pub(crate) label: Option<String>,
    /// Why the answer was treated so.
    pub(crate) reasons: Vec<ReasonView>,
    /// What detectors saw in the answer.
    pub(crate) findings: Vec<FindingView>,
    /// The size and digest of the answer.
    pub(crate) payload: Option<String>,
}

/// One thing that happened to a question.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ApprovalLine {
    /// When.
    pub(crate) time: String,
    /// The question.
    pub(crate) id: String,
    /// What happened.
    pub(crate) change: String,
    /// The call.
    pub(crate) call: String,
    /// What is called.
    pub(crate) what: String,
    /// The agent that asked.
    pub(crate) agent: Who,
    /// In which way.
    pub(crate) way: String,
    /// Who answered.
    pub(crate) by: Option<Who>,
    /// How long it had been open, in milliseconds.
    pub(crate) after_ms: Option<u64>,
    /// The digest of what was shown.
    pub(crate) shown: String,
}

pub(crate) fn call(ports: &Ports, id: &str) -> Result<Call, Fault> {
    let id: CallId = id.parse().map_err(Fault::Wrong)?;
    let filter = Filter { call: Some(id), ..Filter::default() };
    let seek = Seek { before: None, limit: 100, within: super::search::PATIENCE };
    let mut found = ports.evidence.page(&filter, seek)?.items;
    found.reverse();
    let mut call = None;
    let (mut outcome, mut approvals) = (None, Vec::new());
    for hit in &found {
        let Ok(record) = hit.record() else { continue };
        let time = line::time(record.time);
        match &record.event {
            Event::Ruling(r) => call = Some(explain(hit.index, &time, r)),
            Event::Outcome(o) => {
                let (word, text) = line::ending(o);
                outcome = Some(OutcomeView {
                    time,
                    outcome: word,
                    decision: o.decision.as_str().to_owned(),
                    text,
                    label: o.label.map(line::label),
                    reasons: o.reasons.iter().map(reason).collect(),
                    findings: o.findings.iter().map(finding).collect(),
                    payload: o.result.map(payload),
                });
            }
            Event::Approval(a) => approvals.push(approval(&time, a)),
            _ => {}
        }
    }
    let mut call = call.ok_or_else(|| Fault::Missing(format!("the trail has no call {id}")))?;
    (call.outcome, call.approvals) = (outcome, approvals);
    Ok(call)
}

fn payload(payload: doorward_audit::Payload) -> String {
    format!("{} bytes, {}", payload.bytes, payload.digest)
}

fn explain(index: u64, time: &str, r: &Ruling) -> Call {
    let proof = r.attestation.as_ref().map(|p| match p.age_s {
        Some(age) => format!("{}, {age} s before", p.method),
        None => p.method.to_string(),
    });
    let text = |t: &doorward_audit::Text| t.to_string();
    Call {
        id: r.call.to_string(),
        time: time.to_owned(),
        index,
        agent: Who::of(&r.agent),
        human: r.human.as_ref().map(Who::of),
        assurance: r.assurance.as_str().to_owned(),
        attestation: proof,
        delegations: r.delegations.iter().map(text).collect(),
        conversation: r.conversation.id.to_string(),
        basis: word(&r.conversation.basis),
        ambiguous: r.conversation.ambiguous,
        turn: r.turn.map(|t| t.to_string()),
        parent: r.parent.map(|p| p.to_string()),
        server: r.server.as_ref().map(ToString::to_string),
        method: text(&r.method),
        target: r.target.as_ref().map(text),
        definition: r.definition.map(|d| d.to_string()),
        effects: r.effects.iter().map(|e| e.to_string()).collect(),
        decision: r.decision.as_str().to_owned(),
        enforced: r.enforced,
        authorized_by: word(&r.authorized_by),
        authority: line::authority(r.authorized_by).to_owned(),
        reasons: r.reasons.iter().map(reason).collect(),
        remedies: remedies(r),
        values: r.values.iter().map(value).collect(),
        arguments: line::label(r.labels.arguments),
        read: line::label(r.labels.conversation),
        findings: r.findings.iter().map(finding).collect(),
        rationale: r.rationale.as_ref().map(text),
        level: format!("{}, {}", r.level, r.mode.as_str()),
        policy: r.policy.to_string(),
        revision: text(&r.revision),
        trace: r.trace.as_ref().map(text),
        payload: r.arguments.map(payload),
        outcome: None,
        approvals: Vec::new(),
    }
}

fn value(v: &doorward_audit::ValueSource) -> Value {
    Value {
        at: v.at.to_string(),
        source: v.source.to_string(),
        call: v.call.map(|c| c.to_string()),
        encoding: v.encoding.as_ref().map(ToString::to_string),
        label: line::label(v.label),
        untrusted: v.label.integrity == Integrity::Untrusted,
    }
}

fn reason(r: &Reason) -> ReasonView {
    let policy = r.policy.as_ref().map(ToString::to_string);
    ReasonView { code: word(&r.code), text: r.text.to_string(), policy, told: r.told().to_owned() }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number from 0 to 100")]
fn finding(f: &Finding) -> FindingView {
    FindingView {
        kind: f.kind.as_str().to_owned(),
        severity: f.severity.as_str().to_owned(),
        confidence: (f.confidence.clamp(0.0, 1.0) * 100.0).round() as u32,
        detector: f.detector.to_string(),
        channel: f.channel.as_str().to_owned(),
        note: f.note.to_string(),
    }
}

pub(super) fn approval(time: &str, a: &Approval) -> ApprovalLine {
    ApprovalLine {
        time: time.to_owned(),
        id: a.id.to_string(),
        change: a.change.as_str().to_owned(),
        call: a.call.to_string(),
        what: format!("{}/{}", a.server, a.target),
        agent: Who::of(&a.agent),
        way: a.way.to_string(),
        by: a.by.as_ref().map(Who::of),
        after_ms: a.after_ms,
        shown: a.shown.to_string(),
    }
}

/// What would have to be otherwise for another ruling. Of several that stopped it, all would.
fn remedies(r: &Ruling) -> Vec<Remedy> {
    let mut all = Vec::new();
    let mut add = |what: String, how: Option<String>| {
        let remedy = Remedy { what, how };
        if !all.contains(&remedy) {
            all.push(remedy);
        }
    };
    let tool = r.target.as_deref().unwrap_or(&r.method);
    let server = r.server.as_ref().map(ToString::to_string).unwrap_or_default();
    if r.decision <= Decision::Oblige {
        let stops: Vec<&str> = r.reasons.iter().filter_map(|r| r.policy.as_deref()).collect();
        let by = if stops.is_empty() { String::new() } else { format!(": it passes by {}", stops.join(", ")) };
        add(format!("A policy that forbids `{tool}` would have stopped it{by}."), Some("doorward policy test".into()));
        return all;
    }
    if !r.enforced {
        add(
            "It was not stopped: it was only observed. In the mode `enforce` it would have been.".into(),
            Some("/level".into()),
        );
    }
    for reason in r.reasons.iter() {
        let policy = reason.policy.as_deref().map(|p| format!(" Policy `{p}` decided.")).unwrap_or_default();
        match reason.code {
            ReasonCode::NotPermitted => add(
                format!("A policy that permits `{tool}` of `{server}` to this agent and this human.{policy}"),
                Some("doorward policy explain".into()),
            ),
            ReasonCode::Forbidden => add(
                format!("A change of the policy that forbids it; no permit goes over a forbid.{policy}"),
                Some("doorward policy explain".into()),
            ),
            ReasonCode::ApprovalRequired => {
                add(format!("A person who approves just this call, once.{policy}"), Some("/approvals".into()));
            }
            ReasonCode::AssuranceTooLow => add(
                format!("A better proof of who calls: it was {}.{policy}", r.assurance.as_str()),
                Some("doorward whoami".into()),
            ),
            ReasonCode::OutsideDelegation => {
                add(
                    "A delegation that reaches this tool, from whoever granted the one that it acts under.".into(),
                    Some("/delegations".into()),
                );
            }
            ReasonCode::EvaluationError => {
                add(
                    format!("A policy that can be evaluated here; doubt denies.{policy}"),
                    Some("doorward check".into()),
                );
            }
            ReasonCode::Unknown => {
                add(format!("A tool that `{server}` declares to this agent."), Some("doorward list".into()))
            }
            ReasonCode::DefinitionNotApproved => add(
                format!("A person who approves what `{server}` declares as `{tool}`."),
                Some(link("/definition", &[("server", &server), ("kind", "tool"), ("name", tool)])),
            ),
            ReasonCode::ServerNotApproved => add(
                format!("A person who approves `{server}` as it is now."),
                Some(link("/server", &[("name", &server)])),
            ),
            ReasonCode::ContentRefused => {
                add("The same call without what was found in it; see the findings below.".into(), None);
            }
            ReasonCode::FlowRefused => {
                let from: Vec<String> = r
                    .values
                    .iter()
                    .filter(|v| v.label.integrity == Integrity::Untrusted)
                    .map(|v| match v.call {
                        Some(call) => format!("`{}` from {call}", v.at),
                        None => format!("`{}`", v.at),
                    })
                    .collect();
                let which = if from.is_empty() { String::new() } else { format!(" ({})", from.join(", ")) };
                add(
                    format!(
                        "Values from the human's own words or a trusted system, instead of what anybody may have written{which}."
                    ),
                    None,
                );
            }
            ReasonCode::OutsideMandate => {
                add(
                    "A turn of the human that asks for it, reported by the agent's host.".into(),
                    Some("doorward hook".into()),
                );
            }
            ReasonCode::Loop => {
                add(
                    "Another call, or a person who looked and approves this one.".into(),
                    Some("doorward approvals".into()),
                );
            }
            ReasonCode::UsedUp => add(
                "Time, a person who approves it where the quota allows that, or a greater `[[quota]]`.".into(),
                Some("doorward approvals".into()),
            ),
            ReasonCode::ArgumentsInvalid => add(format!("Arguments that fit the schema of `{tool}`."), None),
            ReasonCode::Protocol => add(format!("A message that is valid in revision {}.", r.revision), None),
            ReasonCode::Permitted | ReasonCode::SecretRemoved | ReasonCode::Observed => {}
        }
    }
    all
}

impl Call {
    /// What the agent was told, each sentence once.
    pub(crate) fn told(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.reasons.iter().map(|r| r.told.as_str()).collect();
        all.dedup();
        all
    }
    pub(crate) fn tone(&self) -> &'static str {
        line::tone(&self.decision)
    }
    pub(crate) fn mark(&self) -> String {
        match self.enforced {
            false if self.decision != "allow" => format!("would {}", self.decision),
            _ => self.decision.clone(),
        }
    }
    pub(crate) fn name(&self) -> String {
        let target = self.target.as_deref().unwrap_or(&self.method);
        self.server.as_ref().map_or_else(|| target.to_owned(), |server| format!("{server}/{target}"))
    }
    pub(crate) fn conversation_href(&self) -> String {
        let whose = self.human.as_ref().unwrap_or(&self.agent);
        format!("{}#{}", link("/conversation", &[("name", &self.conversation), ("whose", &whose.id)]), self.id)
    }
    pub(crate) fn definition_href(&self) -> Option<String> {
        let (server, target) = (self.server.as_ref()?, self.target.as_ref()?);
        let tool = self.method == "tools/call";
        tool.then(|| link("/definition", &[("server", server), ("kind", "tool"), ("name", target)]))
    }
    /// Whether nothing stands behind it but the agent.
    pub(crate) fn was_done(&self) -> bool {
        !(self.enforced && matches!(self.decision.as_str(), "deny" | "challenge"))
    }
}

impl Remedy {
    pub(crate) fn href(&self) -> Option<&str> {
        self.how.as_deref().filter(|how| how.starts_with('/'))
    }
    pub(crate) fn command(&self) -> Option<&str> {
        self.how.as_deref().filter(|how| !how.starts_with('/'))
    }
}

/// A link to a call.
pub(crate) fn href(call: &str) -> String {
    link("/call", &[("id", call)])
}
