use super::{Who, call::ApprovalLine, line};
use crate::{
    ports::{Fault, Ports},
    query::link,
};
use doorward_audit::Event;
use doorward_store::{Filter, Seek, SeenRole};
use schemars::JsonSchema;
use serde::Serialize;

/// What was granted to agents.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Delegations {
    /// All that are known.
    pub(crate) delegations: Vec<DelegationLine>,
}

/// A delegation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct DelegationLine {
    /// Its id.
    pub(crate) id: String,
    /// `in force`, `standing`, `over` or `revoked`.
    pub(crate) state: String,
    /// The agent that has it.
    pub(crate) agent: Who,
    /// The human whose authority it is.
    pub(crate) human: Option<Who>,
    /// Who answers for a run without a human.
    pub(crate) owner: Option<String>,
    /// What it is for.
    pub(crate) purpose: Option<String>,
    /// What it reaches.
    pub(crate) reach: String,
    /// The delegation that it was made from.
    pub(crate) parent: Option<String>,
    /// When it ends; UTC.
    pub(crate) until: Option<String>,
    /// When and by whom it was taken back.
    pub(crate) revoked: Option<String>,
}

impl DelegationLine {
    pub(crate) fn lives(&self) -> bool {
        matches!(self.state.as_str(), "in force" | "standing")
    }
    pub(crate) fn tone(&self) -> &'static str {
        line::tone(&self.state)
    }
}

pub(crate) fn delegations(ports: &Ports) -> Result<Delegations, Fault> {
    let name = |role, id: &str| -> Result<Who, Fault> {
        let seen = ports.evidence.party(role, id)?;
        Ok(Who { id: id.to_owned(), name: seen.map_or_else(|| id.to_owned(), |s| s.name) })
    };
    let mut all = Vec::new();
    for d in ports.delegations.list()? {
        all.push(DelegationLine {
            agent: name(SeenRole::Agent, &d.agent)?,
            human: d.human.as_ref().map(|id| name(SeenRole::Human, id)).transpose()?,
            id: d.id,
            state: d.state,
            owner: d.owner,
            purpose: d.purpose,
            reach: d.reach,
            parent: d.parent,
            until: d.until.map(line::time),
            revoked: d.revoked.map(|(at, by)| format!("{} by {by}", line::time(at))),
        });
    }
    all.sort_by_key(|d| !d.lives());
    Ok(Delegations { delegations: all })
}

/// Calls that wait for a person.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Approvals {
    /// Those that wait, oldest first.
    pub(crate) waiting: Vec<Waiting>,
    /// What became of others, newest first.
    pub(crate) answered: Vec<ApprovalLine>,
}

/// A call that waits for a person.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Waiting {
    /// The question.
    pub(crate) id: String,
    /// The call, where that is known.
    pub(crate) call: Option<String>,
    /// The agent that wants to call.
    pub(crate) agent: String,
    /// The person for whom it acts.
    pub(crate) human: Option<String>,
    /// What is called.
    pub(crate) what: String,
    /// Exactly what is approved.
    pub(crate) shown: String,
    /// Since when it is open; UTC.
    pub(crate) asked: String,
    /// Until when.
    pub(crate) until: String,
}

pub(crate) fn approvals(ports: &Ports) -> Result<Approvals, Fault> {
    let waiting = ports.approvals.open()?.into_iter().map(|open| Waiting {
        what: format!("{}/{}", open.server, open.tool),
        id: open.id,
        call: open.call.map(|c| c.to_string()),
        agent: open.agent,
        human: open.human,
        shown: open.shown,
        asked: line::time(open.asked),
        until: line::time(open.until),
    });
    let filter = Filter { kind: Some("approval".into()), ..Filter::default() };
    let seek = Seek { before: None, limit: 40, within: super::search::PATIENCE };
    let mut answered = Vec::new();
    for hit in ports.evidence.page(&filter, seek)?.items {
        let Ok(record) = hit.record() else { continue };
        if let Event::Approval(a) = &record.event {
            answered.push(super::call::approval(&line::time(record.time), a));
        }
    }
    Ok(Approvals { waiting: waiting.collect(), answered })
}

impl ApprovalLine {
    pub(crate) fn tone(&self) -> &'static str {
        line::tone(&self.change)
    }
    pub(crate) fn href(&self) -> String {
        super::call::href(&self.call)
    }
    /// How fast the answer came.
    pub(crate) fn after(&self) -> String {
        match self.after_ms {
            None => String::new(),
            Some(ms) if ms < 10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
            Some(ms) if ms < 600_000 => format!("{} s", ms / 1000),
            Some(ms) => format!("{} min", ms / 60_000),
        }
    }
}

/// Sources that handed out texts which give orders.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Sources {
    /// The latest first.
    pub(crate) sources: Vec<SourceLine>,
}

/// A source.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SourceLine {
    /// The digest of where it is.
    pub(crate) source: String,
    /// The server and tool that gave it out.
    pub(crate) what: String,
    /// The call that it was found in.
    pub(crate) call: String,
    /// How many of its texts are known.
    pub(crate) texts: usize,
    /// Whether it is not asked any more.
    pub(crate) quarantined: bool,
    /// When it was last found; UTC.
    pub(crate) seen: String,
    /// Until when it is remembered.
    pub(crate) until: String,
}

pub(crate) fn sources(ports: &Ports) -> Result<Sources, Fault> {
    let line = |s: doorward_store::PoisonedSource| SourceLine {
        source: s.source.to_string(),
        what: s.target.as_ref().map_or_else(|| s.server.to_string(), |t| format!("{}/{t}", s.server)),
        call: s.call,
        texts: s.texts.len(),
        quarantined: s.quarantined,
        seen: line::time(s.seen),
        until: line::time(s.until),
    };
    Ok(Sources { sources: ports.sources.list()?.into_iter().map(line).collect() })
}

impl SourceLine {
    pub(crate) fn href(&self) -> String {
        link("/chain", &[("id", &self.call)])
    }
    pub(crate) fn short(&self) -> &str {
        self.source.get(..19).unwrap_or(&self.source)
    }
}
