//! Which identity: how it is configured, and how it was seen.

use super::Args;
use crate::{Failure, verbs::delegation};
use doorward_audit::{Delegated, Event, Record, Ruling};
use doorward_config::{AgentEntry, Settings};
use doorward_identity::Delegation;
use doorward_store::{Filter, Index, SystemClock, state_dir};
use doorward_vocab::{Assurance, Clock as _};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many of its newest rulings are looked at.
const LOOK: usize = 500;

#[derive(Serialize)]
pub(super) struct Identity {
    /// What people call it.
    pub(super) name: String,
    /// Its ids at its issuers, as they were seen.
    pub(super) ids: BTreeSet<String>,
    /// The entry of the configuration.
    pub(super) configured: Option<AgentEntry>,
    /// The kind of the trust entry that vouches for it.
    pub(super) vouched_by: Option<String>,
    /// How it proved itself, as it was seen.
    pub(super) methods: BTreeSet<String>,
    /// How well it was proven at best; where it was never seen, as well as a token proves.
    pub(super) assurance: Assurance,
    pub(super) last_seen: Option<String>,
    /// The person, by id and name.
    pub(super) human: Option<(String, String)>,
    pub(super) human_groups: Vec<String>,
    /// What it was handed, and in which state that is.
    pub(super) delegations: Vec<Held>,
    /// The one that it acts under, and before it those that it was made from, as far as they are known.
    pub(super) chain: Vec<Delegation>,
}

#[derive(Serialize)]
pub(super) struct Held {
    pub(super) state: &'static str,
    #[serde(flatten)]
    pub(super) delegation: Delegation,
}

impl Identity {
    pub(super) fn find(args: &Args, settings: &Settings) -> Result<Self, Failure> {
        let configured = settings.agents.iter().find(|entry| entry.name == args.agent).cloned();
        let (seen, last_seen) = seen(args);
        if configured.is_none() && seen.is_empty() {
            let what = format!("nobody knows an agent `{}`", args.agent);
            return Err(Failure::usage(
                what,
                "name an `[[agent]]` of the configuration, or one that `doorward log show` shows",
            ));
        }
        let ids: BTreeSet<String> = seen.iter().map(|r| r.agent.id.to_string()).collect();
        let methods = seen.iter().filter_map(|r| Some(r.attestation.as_ref()?.method.to_string())).collect();
        let human = args.human.as_ref().map(|asked| {
            let known = seen.iter().rev().find_map(|r| r.human.as_ref());
            known.map_or_else(|| (asked.clone(), asked.clone()), |h| (h.id.to_string(), h.name.to_string()))
        });
        let now = SystemClock.now();
        let known = delegation::known(&args.config)?;
        let mine = known.values().filter(|k| {
            let d = &k.delegation;
            let agent = ids.contains(&*d.agent.id) || *d.agent.id == *args.agent;
            agent && d.human.as_ref().map(|h| &*h.id) == human.as_ref().map(|(id, _)| id.as_str())
        });
        let delegations: Vec<Held> =
            mine.map(|k| Held { state: k.state(now), delegation: k.delegation.clone() }).collect();
        let chain = chain(&delegations, &known);
        let vouched_by = configured.as_ref().and_then(|entry| entry.trust.as_ref()).and_then(|name| {
            let trust = settings.trust.iter().find(|trust| trust.name == *name)?;
            let kind = serde_json::to_value(&trust.kind).ok()?;
            Some(format!("{name} ({})", kind.get("kind")?.as_str()?))
        });
        Ok(Self {
            name: seen.last().map_or_else(|| args.agent.clone(), |r| r.agent.name.to_string()),
            ids,
            configured,
            vouched_by,
            methods,
            assurance: seen.iter().map(|r| r.assurance).max().unwrap_or(Assurance::PlatformToken),
            last_seen,
            human,
            human_groups: groups(args),
            delegations,
            chain,
        })
    }
}

/// The newest delegation that is in force, and before it all that it was made from: a call needs every one of them.
fn chain(held: &[Held], known: &BTreeMap<String, delegation::Known>) -> Vec<Delegation> {
    let holds = |held: &&Held| matches!(held.state, "in force" | "standing");
    let mut chain: Vec<Delegation> =
        held.iter().rev().find(holds).map(|held| held.delegation.clone()).into_iter().collect();
    while let Some(parent) = chain.last().and_then(|d| d.parent.clone()).and_then(|id| known.get(&*id)) {
        // What is handed on ends with what it was made from, so a circle could only be a damaged store.
        if chain.iter().any(|hop| hop.id == parent.delegation.id) {
            break;
        }
        chain.push(parent.delegation.clone());
    }
    chain.reverse();
    chain
}

/// The groups that the caller names, else those that the human had when they last granted something.
fn groups(args: &Args) -> Vec<String> {
    if !args.human_groups.is_empty() || args.human.is_none() {
        return args.human_groups.clone();
    }
    let filter = Filter {
        human: args.human.clone(),
        kind: Some("delegation".to_owned()),
        limit: Some(LOOK),
        ..Filter::default()
    };
    let granted = records(&filter).into_iter().rev().find_map(|record| match record.event {
        Event::Delegation(granted) if !granted.groups.is_empty() => Some(granted),
        _ => None,
    });
    granted.map(|granted: Box<Delegated>| granted.groups.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

fn records(filter: &Filter) -> Vec<Record> {
    let trail = state_dir().ok().map(|dir| dir.join("trail")).filter(|dir| dir.exists());
    let Some(index) = trail.and_then(|dir| Index::open(&dir).ok()) else { return Vec::new() };
    index.query(filter).unwrap_or_default().iter().filter_map(|hit| hit.record().ok()).collect()
}

/// What the trail says of this agent, the newest last, and when it last did something.
fn seen(args: &Args) -> (Vec<Ruling>, Option<String>) {
    let filter = Filter {
        agent: Some(args.agent.clone()),
        human: args.human.clone(),
        kind: Some("ruling".to_owned()),
        limit: Some(LOOK),
        ..Filter::default()
    };
    let records = records(&filter);
    let last = records.last().map(|record| record.time.to_string());
    let rulings =
        records.into_iter().filter_map(|r| if let Event::Ruling(ruling) = r.event { Some(*ruling) } else { None });
    (rulings.collect(), last)
}
