use super::{Conversations, Line, conversations};
use crate::{
    ports::{Fault, Ports},
    query::Query,
};
use doorward_store::{Filter, Seek};
use doorward_vocab::{Decision, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What stands first: the last day.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Overview {
    /// How many records the trail holds.
    pub(crate) size: u64,
    /// How many of them can be found already.
    pub(crate) known: u64,
    /// Why the trail takes no records, where it does not.
    pub(crate) failure: Option<String>,
    /// Calls that wait for a person.
    pub(crate) approvals: usize,
    /// Definitions that wait for a person.
    pub(crate) definitions: usize,
    /// Sources that were found to be poisoned.
    pub(crate) sources: usize,
    /// The last 24 hours, oldest first.
    pub(crate) hours: Vec<Hour>,
    /// What was counted in them.
    pub(crate) day: Day,
    /// What was stopped last, or would have been.
    pub(crate) stopped: Vec<Line>,
    /// The latest conversations.
    pub(crate) conversations: Conversations,
}

/// One hour.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Hour {
    /// Its beginning; UTC.
    pub(crate) hour: String,
    /// Messages that were ruled.
    pub(crate) calls: u64,
    /// Those that were stopped or asked about, or would have been.
    pub(crate) stopped: u64,
}

/// What was counted in a day.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Day {
    /// Messages that were ruled.
    pub(crate) calls: u64,
    /// Denied.
    pub(crate) denied: u64,
    /// Asked about.
    pub(crate) challenged: u64,
    /// That nobody asked for: the agents' own acts.
    pub(crate) autonomous: u64,
    /// Records with findings.
    pub(crate) findings: u64,
    /// Why rulings were as they were, the most frequent first.
    pub(crate) reasons: Vec<Tally>,
    /// What calls did.
    pub(crate) effects: Vec<Tally>,
    /// What detectors saw.
    pub(crate) kinds: Vec<Tally>,
    /// Who stood behind them.
    pub(crate) authority: Vec<Tally>,
}

/// How often something was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Tally {
    /// What.
    pub(crate) name: String,
    /// How often.
    pub(crate) n: u64,
}

const HOUR: u64 = 3_600_000_000;

pub(crate) fn overview(ports: &Ports) -> Result<Overview, Fault> {
    let now = ports.clock.now().micros() / HOUR;
    let since = now.saturating_sub(23);
    let counts = ports.evidence.counts(Timestamp::from_micros(since * HOUR))?;
    let mut hours: BTreeMap<u64, Hour> = (since..=now)
        .map(|hour| (hour, Hour { hour: Timestamp::from_micros(hour * HOUR).to_string(), ..Hour::default() }))
        .collect();
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for count in counts {
        if let Some(hour) = hours.get_mut(&(count.hour.micros() / HOUR)) {
            match count.name.as_str() {
                "calls" => hour.calls += count.n,
                "decision:deny" | "decision:challenge" => hour.stopped += count.n,
                _ => {}
            }
        }
        *sums.entry(count.name).or_default() += count.n;
    }
    let known = ports.trail.known();
    let seek = Seek { before: None, limit: 12, within: super::search::PATIENCE };
    let denied = Filter { kind: Some("ruling".into()), decision: Some(Decision::Deny), ..Filter::default() };
    Ok(Overview {
        size: known.size,
        known: ports.evidence.known()?,
        failure: known.failure,
        approvals: ports.approvals.open()?.len(),
        definitions: ports
            .definitions
            .list(None)?
            .iter()
            .filter(|d| matches!(d.state.as_str(), "pending" | "quarantined"))
            .count(),
        sources: ports.sources.list()?.len(),
        hours: hours.into_values().collect(),
        day: day(&sums),
        stopped: Line::all(&ports.evidence.page(&denied, seek)?.items),
        conversations: conversations(ports, &Query::parse(b"limit=10")?)?,
    })
}

fn day(sums: &BTreeMap<String, u64>) -> Day {
    let one = |name: &str| sums.get(name).copied().unwrap_or(0);
    let group = |prefix: &str| {
        let of = |(name, n): (&String, &u64)| Some(Tally { name: name.strip_prefix(prefix)?.to_owned(), n: *n });
        let mut all: Vec<Tally> = sums.iter().filter_map(of).collect();
        all.sort_by_key(|t| std::cmp::Reverse(t.n));
        all.truncate(8);
        all
    };
    Day {
        calls: one("calls"),
        denied: one("decision:deny"),
        challenged: one("decision:challenge"),
        autonomous: one("by:autonomous"),
        findings: one("finding"),
        reasons: group("reason:"),
        effects: group("effect:"),
        kinds: group("finding:"),
        authority: group("by:"),
    }
}
