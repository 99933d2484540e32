use super::{Line, Who, line};
use crate::{
    door::Shared,
    ports::Fault,
    role::{Person, Role, Way},
    route::{Method, Needs, ROUTES},
};
use doorward_audit::Report;
use doorward_store::{Filter, Seek};
use doorward_vocab::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The trail as a whole.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Integrity {
    /// How many records it holds.
    pub(crate) size: u64,
    /// How many of them can be found already.
    pub(crate) known: u64,
    /// Its latest checkpoint, a signed note.
    pub(crate) checkpoint: String,
    /// The key that verifies it.
    pub(crate) key: String,
    /// Why it takes no records, where it does not.
    pub(crate) failure: Option<String>,
    /// How the last proof ended, or how far it is.
    pub(crate) proof: Proof,
    /// Repairs, starts and stops, newest first.
    pub(crate) life: Vec<Line>,
}

/// A proof that the trail is whole.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum Proof {
    /// None since the gateway started.
    #[default]
    Never,
    /// It is being read.
    Running {
        /// Since when; UTC.
        since: String,
        /// How many records were read.
        read: u64,
    },
    /// It was read.
    Done {
        /// When; UTC.
        at: String,
        /// How long that took, in milliseconds.
        took_ms: u64,
        /// Whether it is good.
        good: bool,
        /// How many records it held.
        records: u64,
        /// How many of them are under a checkpoint.
        signed: u64,
        /// How many checkpoints are good.
        checkpoints: u64,
        /// The root of the tree.
        root: Option<String>,
        /// What is wrong.
        problems: Vec<String>,
    },
    /// It could not be read.
    Failed {
        /// Why.
        why: String,
    },
}

impl Proof {
    pub(crate) fn done(report: &Report, at: Timestamp, took_ms: u64) -> Self {
        let problem = |p: &doorward_audit::Problem| {
            let at = p.index.map_or_else(String::new, |i| format!(" from record {i}"));
            format!("{}{at}: {}", crate::words::word(&p.kind), p.text)
        };
        Self::Done {
            at: line::time(at),
            took_ms,
            good: report.is_good(),
            records: report.records,
            signed: report.signed,
            checkpoints: report.checkpoints,
            root: report.root.map(|r| r.to_string()),
            problems: report.problems.iter().map(problem).collect(),
        }
    }
}

pub(crate) fn integrity(shared: &Shared) -> Result<Integrity, Fault> {
    let ports = &shared.ports;
    let known = ports.trail.known();
    let mut life = Vec::new();
    for kind in ["recovered", "start", "stop"] {
        let filter = Filter { kind: Some(kind.into()), ..Filter::default() };
        let seek = Seek { before: None, limit: 8, within: super::search::PATIENCE };
        life.extend(Line::all(&ports.evidence.page(&filter, seek)?.items));
    }
    life.sort_by_key(|l| std::cmp::Reverse(l.index));
    Ok(Integrity {
        size: known.size,
        known: ports.evidence.known()?,
        checkpoint: known.checkpoint,
        key: known.key,
        failure: known.failure,
        proof: shared.proof.lock().clone(),
        life,
    })
}

/// What is in force.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct LevelView {
    /// The level.
    pub(crate) level: String,
    /// The mode.
    pub(crate) mode: String,
    /// The digest of the configuration.
    pub(crate) config: String,
    /// The digest of the policies.
    pub(crate) policy: String,
    /// The version of the program.
    pub(crate) version: String,
    /// The file that a change is written to.
    pub(crate) file: Option<String>,
    /// How it changed, newest first.
    pub(crate) changes: Vec<Line>,
}

pub(crate) fn level(shared: &Shared) -> Result<LevelView, Fault> {
    let stance = shared.ports.posture.stance();
    let filter = Filter { kind: Some("config".into()), ..Filter::default() };
    let seek = Seek { before: None, limit: 30, within: super::search::PATIENCE };
    Ok(LevelView {
        level: stance.level.as_str().to_owned(),
        mode: stance.mode.as_str().to_owned(),
        config: stance.config.to_string(),
        policy: stance.policy.to_string(),
        version: stance.version,
        file: stance.file,
        changes: Line::all(&shared.ports.evidence.page(&filter, seek)?.items),
    })
}

/// Who asks.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Me {
    /// Who.
    pub(crate) who: Who,
    /// Their roles.
    pub(crate) roles: Vec<Role>,
    /// How they signed in: `link`, `provider` or `token`.
    pub(crate) way: String,
    /// What they may change, as paths of the API.
    pub(crate) may: Vec<String>,
    /// Goes along in `x-csrf-token` with what changes something, for sessions of browsers.
    pub(crate) token: Option<String>,
}

pub(crate) fn me(person: &Person, token: Option<&str>) -> Me {
    let may = ROUTES.iter().filter(|r| r.method == Method::Post);
    let may = may.filter(|r| matches!(r.needs, Needs::Role(role) if person.roles.allow(role)));
    Me {
        who: Who::of(&person.party),
        roles: person.roles.iter().collect(),
        way: match person.way {
            Way::Link => "link",
            Way::Provider => "provider",
            Way::Token => "token",
        }
        .to_owned(),
        may: may.map(|r| r.path.to_owned()).collect(),
        token: token.map(str::to_owned),
    }
}
