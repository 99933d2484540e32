use super::{Conversations, DelegationLine, Line, conversations, delegations, line};
use crate::{
    ports::{Fault, Ports},
    query::{Query, link},
};
use doorward_store::{Filter, Seek, SeenParty, SeenRole};
use doorward_vocab::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// Who took part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Parties {
    /// `agent` or `human`.
    pub(crate) role: String,
    /// The latest first.
    pub(crate) parties: Vec<PartyLine>,
    /// `before` of the next page.
    pub(crate) next: Option<u64>,
}

/// Somebody who took part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PartyLine {
    /// `agent` or `human`.
    pub(crate) role: String,
    /// The id.
    pub(crate) id: String,
    /// The latest name.
    pub(crate) name: String,
    /// When first seen; UTC.
    pub(crate) since: String,
    /// When last seen.
    pub(crate) until: String,
    /// Messages that were ruled.
    pub(crate) calls: u64,
    /// Those that were stopped, or would have been.
    pub(crate) stopped: u64,
    /// Records with findings.
    pub(crate) findings: u64,
}

impl PartyLine {
    fn of(role: SeenRole, seen: SeenParty) -> Self {
        Self {
            role: role.as_str().to_owned(),
            id: seen.id,
            name: seen.name,
            since: line::time(seen.since),
            until: line::time(seen.until),
            calls: seen.calls,
            stopped: seen.stopped,
            findings: seen.findings,
        }
    }
    pub(crate) fn href(&self) -> String {
        let path = if self.role == "human" { "/human" } else { "/agent" };
        link(path, &[("id", &self.id)])
    }
    /// Stopped of a thousand, so that a bar can show it.
    pub(crate) fn share(&self) -> u64 {
        (self.stopped * 100).checked_div(self.calls).unwrap_or(0).min(100)
    }
}

pub(crate) fn parties(ports: &Ports, role: SeenRole, query: &Query) -> Result<Parties, Fault> {
    let limit = query.limit(100)?;
    let before = query.number("before")?.map(Timestamp::from_micros);
    let seen = ports.evidence.parties(role, before, limit)?;
    let next = seen.last().filter(|_| seen.len() >= limit).map(|s| s.until.micros());
    Ok(Parties {
        role: role.as_str().to_owned(),
        parties: seen.into_iter().map(|s| PartyLine::of(role, s)).collect(),
        next,
    })
}

/// Somebody, with what they did and may do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PartyView {
    /// What was counted.
    pub(crate) about: PartyLine,
    /// What was granted to the agent, or by the human.
    pub(crate) delegations: Vec<DelegationLine>,
    /// The latest conversations.
    pub(crate) conversations: Conversations,
    /// What was stopped last, or would have been.
    pub(crate) stopped: Vec<Line>,
}

pub(crate) fn party(ports: &Ports, role: SeenRole, query: &Query) -> Result<PartyView, Fault> {
    let id = query.must("id")?;
    let seen = ports.evidence.party(role, id)?;
    let seen = seen.ok_or_else(|| Fault::Missing(format!("the trail knows no {} of this id", role.as_str())))?;
    let mut granted = delegations(ports)?.delegations;
    granted.retain(|d| match role {
        SeenRole::Human => d.human.as_ref().is_some_and(|h| h.id == id),
        _ => d.agent.id == id,
    });
    let of = match role {
        SeenRole::Human => Filter { human: Some(id.to_owned()), ..Filter::default() },
        _ => Filter { agent: Some(id.to_owned()), ..Filter::default() },
    };
    let filter = Filter { kind: Some("ruling".into()), decision: Some(doorward_vocab::Decision::Deny), ..of };
    let seek = Seek { before: None, limit: 10, within: super::search::PATIENCE };
    let stopped = Line::all(&ports.evidence.page(&filter, seek)?.items);
    let asked = link("", &[(role.as_str(), id), ("limit", "15")]);
    let conversations = conversations(ports, &Query::parse(asked.trim_start_matches('?').as_bytes())?)?;
    Ok(PartyView { about: PartyLine::of(role, seen), delegations: granted, conversations, stopped })
}
