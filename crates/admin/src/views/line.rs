use crate::{
    query::link,
    words::{self, Row, word},
};
use doorward_audit::{Event, OutcomeRecord, Party};
use doorward_store::Hit;
use doorward_vocab::{AuthorizedBy, Confidentiality, Decision, Integrity, Label, ReasonCode, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Who {
    /// The id, unique in the trust domain that proved it.
    pub(crate) id: String,
    /// The name that people know.
    pub(crate) name: String,
}

impl Who {
    /// The id, where it says more than the name.
    pub(crate) fn more(&self) -> &str {
        if self.id == self.name { "" } else { &self.id }
    }
    pub(crate) fn of(party: &Party) -> Self {
        Self { id: party.id.to_string(), name: party.name.to_string() }
    }
}

/// One record in words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Line {
    /// Its index in the trail.
    pub(crate) index: u64,
    /// When; UTC.
    pub(crate) time: String,
    /// The kind of record.
    pub(crate) kind: String,
    /// The agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<Who>,
    /// The human whose authority is borrowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) human: Option<Who>,
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conversation: Option<String>,
    /// The call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<String>,
    /// What it concerns, e.g. `files/read_file`.
    pub(crate) what: String,
    /// What was decided or happened.
    pub(crate) decision: String,
    /// Whether a decision was acted on.
    pub(crate) enforced: bool,
    /// How it ended, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ending: Option<String>,
    /// What it does.
    pub(crate) effects: Vec<String>,
    /// Who stands behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorized_by: Option<String>,
    /// Whether a value of it came from where anybody may write.
    pub(crate) untrusted: bool,
    /// Why.
    pub(crate) why: String,
}

impl Line {
    pub(crate) fn of(hit: &Hit) -> Self {
        let Ok(record) = hit.record() else {
            return Self {
                what: format!("record {}", hit.index),
                decision: "unreadable".into(),
                ..Self::empty(hit.index)
            };
        };
        let row = Row::of(&record);
        let mut line = Self {
            time: row.time,
            kind: record.event.kind().to_owned(),
            what: row.what.trim().to_owned(),
            decision: row.decision,
            why: row.why,
            call: record.call().map(|c| c.to_string()),
            ..Self::empty(hit.index)
        };
        let conversation = |c: &doorward_audit::Conversation| Some(c.id.to_string());
        match &record.event {
            Event::Ruling(r) => {
                line.agent = Some(Who::of(&r.agent));
                line.human = r.human.as_ref().map(Who::of);
                line.conversation = conversation(&r.conversation);
                line.decision = r.decision.as_str().to_owned();
                line.enforced = r.enforced;
                // Who permitted it stands on the call's own page; here only what is remarkable.
                let remarkable: Vec<_> =
                    r.reasons.iter().filter(|r| r.code != ReasonCode::Permitted).cloned().collect();
                line.why = words::clean(&words::reasons(&remarkable, &r.findings));
                line.effects = r.effects.iter().map(|e| e.to_string()).collect();
                let refused = r.enforced && r.decision > Decision::Oblige;
                line.authorized_by = (!refused).then(|| word(&r.authorized_by));
                line.untrusted = r.values.iter().any(|v| v.label.integrity == Integrity::Untrusted);
            }
            Event::Outcome(o) => line.ending = Some(word(&o.outcome)),
            Event::Turn(t) => {
                line.agent = t.agent.as_ref().map(Who::of);
                line.human = t.human.as_ref().map(Who::of);
                line.conversation = conversation(&t.conversation);
            }
            Event::Approval(a) => {
                line.agent = Some(Who::of(&a.agent));
                line.human = a.by.as_ref().or(a.human.as_ref()).map(Who::of);
                line.conversation = conversation(&a.conversation);
            }
            Event::Delegation(d) => {
                line.agent = d.agent.as_ref().map(Who::of);
                line.human = d.by.as_ref().or(d.human.as_ref()).map(Who::of);
            }
            Event::Credential(c) => {
                line.agent = c.agent.as_ref().map(Who::of);
                line.human = c.human.as_ref().map(Who::of);
            }
            Event::Finding(n) => {
                line.agent = n.agent.as_ref().map(Who::of);
                line.conversation = n.conversation.as_ref().and_then(conversation);
            }
            Event::Definition(d) => line.human = d.by.as_ref().map(Who::of),
            Event::Config(c) => line.human = Some(Who::of(&c.by)),
            Event::Access(a) => line.human = Some(Who::of(&a.by)),
            Event::Start(_) | Event::Stop(_) | Event::Recovered(_) => {}
        }
        line
    }

    fn empty(index: u64) -> Self {
        let none = String::new;
        Self {
            index,
            time: none(),
            kind: "unknown".into(),
            agent: None,
            human: None,
            conversation: None,
            call: None,
            what: none(),
            decision: none(),
            enforced: true,
            ending: None,
            effects: Vec::new(),
            authorized_by: None,
            untrusted: false,
            why: none(),
        }
    }

    /// Lines of records in their order; how a call ended stands in the line of its ruling where both were found.
    pub(crate) fn all(hits: &[Hit]) -> Vec<Self> {
        let mut lines: Vec<Self> = hits.iter().map(Self::of).collect();
        let mut endings: HashMap<String, (String, String)> = HashMap::new();
        for line in lines.iter().filter(|l| l.kind == "outcome") {
            if let (Some(call), Some(ending)) = (&line.call, &line.ending) {
                endings.insert(call.clone(), (ending.clone(), line.why.clone()));
            }
        }
        let ruled: std::collections::HashSet<String> =
            lines.iter().filter(|l| l.kind == "ruling").filter_map(|l| l.call.clone()).collect();
        lines.retain(|l| l.kind != "outcome" || !l.call.as_ref().is_some_and(|c| ruled.contains(c)));
        for line in lines.iter_mut().filter(|l| l.kind == "ruling") {
            if let Some((ending, why)) = line.call.as_ref().and_then(|c| endings.remove(c)) {
                line.ending = Some(ending);
                line.why = [std::mem::take(&mut line.why), why]
                    .into_iter()
                    .filter(|w| !w.is_empty())
                    .collect::<Vec<_>>()
                    .join("; ");
            }
        }
        lines
    }

    /// `deny`, `challenge`, … for a ruling that was acted on; `would` before it where it was only observed.
    pub(crate) fn mark(&self) -> String {
        match (self.kind.as_str(), self.enforced) {
            ("ruling", false) if self.decision != "allow" => format!("would {}", self.decision),
            _ => self.decision.clone(),
        }
    }
    /// Whether who did it is an operator, and no human of the trail.
    pub(crate) fn is_operators(&self) -> bool {
        matches!(self.kind.as_str(), "access" | "config" | "definition" | "approval" | "delegation")
    }
    /// The class of its mark.
    pub(crate) fn tone(&self) -> &'static str {
        tone(&self.decision)
    }
    pub(crate) fn clock(&self) -> &str {
        self.time.get(11..19).unwrap_or(&self.time)
    }
    pub(crate) fn day(&self) -> &str {
        self.time.get(..10).unwrap_or_default()
    }
    pub(crate) fn call_href(&self) -> Option<String> {
        self.call.as_ref().map(|call| link("/call", &[("id", call)]))
    }
    pub(crate) fn conversation_href(&self) -> Option<String> {
        let name = self.conversation.as_ref()?;
        let whose =
            self.human.as_ref().or(self.agent.as_ref()).filter(|_| self.kind == "ruling" || self.kind == "turn");
        Some(link("/conversation", &[("name", name), ("whose", whose.map_or("", |w| &w.id))]))
    }
}

/// The class of a word that says how something stands.
pub(crate) fn tone(word: &str) -> &'static str {
    match word {
        "deny" | "declined" | "rejected" | "quarantined" | "refused" | "withheld" | "revoked" | "high" | "failed"
        | "unreachable" | "timed-out" | "unreadable" | "critical" => "bad",
        "challenge" | "asked" | "pending" | "changed" | "medium" | "expired" | "observe" | "watch" | "cancelled" => {
            "warn"
        }
        "oblige" | "passed" | "used" => "note",
        "allow" | "approved" | "pinned" | "completed" | "granted" | "fetched" | "enforce" | "in force" | "standing"
        | "guard" | "lockdown" => "good",
        _ => "plain",
    }
}

/// Who stands behind a call, in words.
pub(crate) const fn authority(by: AuthorizedBy) -> &'static str {
    match by {
        AuthorizedBy::HumanLiteral => "the human said just this",
        AuthorizedBy::HumanApproval => "the human approved it",
        AuthorizedBy::Delegation => "the human delegated it",
        AuthorizedBy::StandingPolicy => "a standing policy covers it",
        AuthorizedBy::Autonomous => "nobody asked for it: the agent's own act",
    }
}

/// `untrusted · internal`
pub(crate) fn label(label: Label) -> String {
    let integrity = match label.integrity {
        Integrity::Trusted => "trusted",
        Integrity::Untrusted => "untrusted",
    };
    let confidentiality = match label.confidentiality {
        Confidentiality::Public => "public",
        Confidentiality::Internal => "internal",
        Confidentiality::Confidential => "confidential",
        Confidentiality::Secret => "secret",
    };
    format!("{integrity} · {confidentiality}")
}

pub(super) fn time(at: Timestamp) -> String {
    words::time(at)
}

/// How a call ended, and what was made of its answer.
pub(super) fn ending(outcome: &OutcomeRecord) -> (String, String) {
    (word(&outcome.outcome), words::clean(&words::ending(outcome)))
}
