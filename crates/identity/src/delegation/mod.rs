//! What a human handed to an agent, and an agent to another: what it is for, how far it reaches, and until when.
//!
//! A chain of delegations begins with what the human, or the accountable owner of an autonomous run, granted. Each one
//! that follows lies within the one before it: [`Delegation::narrowed`] is the only way to make one from another.

mod binding;
mod book;
mod reach;
mod within;

pub use binding::AgentEntry;
pub(crate) use binding::{Binding, Bound};
pub use book::{Book, Broken, Chain};
pub use reach::{Reach, Tools};

use crate::KeyBinding;
use doorward_vocab::{Digest, Effect, Effects, ServerName, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// The most delegations in a chain: a human's, and two hand-overs between agents.
pub const MAX_CHAIN: usize = 3;

/// Somebody, by the id that its issuer gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartyId {
    /// Who vouches; absent where nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Arc<str>>,
    /// The id, stable at its issuer.
    pub id: Arc<str>,
}

/// Authority that somebody handed to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Names it in policy, trail and revocation.
    pub id: Arc<str>,
    /// The human who granted it; absent for an autonomous run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<PartyId>,
    /// Who answers for a run without a human.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
    /// The agent that it was granted to.
    pub agent: PartyId,
    /// What it is for, in the words that the human saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Arc<str>>,
    /// The tools that it opens.
    #[serde(default)]
    pub reach: Reach,
    /// The OAuth scopes that it holds (RFC 6749 §3.3).
    #[serde(default)]
    pub scopes: BTreeSet<Arc<str>>,
    /// What calls under it may do and cost.
    #[serde(default)]
    pub limits: Limits,
    /// How many more hand-overs may follow.
    #[serde(default)]
    pub depth: u8,
    /// The delegation that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Arc<str>>,
    /// From when on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The digest of exactly what the human was shown when consenting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// The key that its holder must show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyBinding>,
}

/// Limits of a delegation. What is absent is not limited by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The effects that calls may have. A tool whose effects are unknown has all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<BTreeSet<Effect>>,
    /// The largest amount of money in one call, in hundredths of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// How many sink calls may be made under it in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sinks: Option<u64>,
}

/// What a call asks of a delegation.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The server.
    pub server: &'a ServerName,
    /// The tool, by the server's name for it; absent for what concerns the whole server.
    pub tool: Option<&'a str>,
    /// What the call does; none known means anything.
    pub effects: Effects,
    /// The largest amount of money among its arguments, in hundredths.
    pub amount: i64,
}

/// Why a delegation does not cover a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Outside {
    /// It does not hold yet.
    #[error("the delegation does not hold yet")]
    Early,
    /// It is over.
    #[error("the delegation is over")]
    Late,
    /// The server or tool is not in it.
    #[error("the delegation does not reach this")]
    Reach,
    /// The call would do what is not in it.
    #[error("the delegation does not cover what this does")]
    Effect,
    /// The amount is larger than it allows.
    #[error("the amount is larger than the delegation allows")]
    Amount,
    /// All the calls that it allows were made.
    #[error("all calls that can change something, that the delegation allows, were made")]
    Spent,
}

/// Why no delegation could be made from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TooWide {
    /// No further hand-over is allowed.
    #[error("no further hand-over is allowed")]
    Depth,
    /// Nothing is left of what was asked for.
    #[error("nothing of what was asked for is within the delegation")]
    Nothing,
}

impl Delegation {
    /// The delegation `id` for `agent`, with no limits, from nobody, that can not be handed on.
    pub fn new(id: impl Into<Arc<str>>, agent: PartyId) -> Self {
        Self {
            id: id.into(),
            human: None,
            owner: None,
            agent,
            purpose: None,
            reach: Reach::Everything,
            scopes: BTreeSet::new(),
            limits: Limits::default(),
            depth: 0,
            parent: None,
            not_before: None,
            expires: None,
            consent: None,
            key: None,
        }
    }

    /// Whether it holds at `now` and opens `tool` of `server`, or anything of it.
    ///
    /// # Errors
    /// The first way in which it does not.
    pub fn reaches(&self, server: &ServerName, tool: Option<&str>, now: Timestamp) -> Result<(), Outside> {
        if self.not_before.is_some_and(|t| now < t) {
            return Err(Outside::Early);
        }
        if self.expires.is_some_and(|t| t <= now) {
            return Err(Outside::Late);
        }
        if self.reach.covers(server, tool) { Ok(()) } else { Err(Outside::Reach) }
    }

    /// Whether it covers a call at `now`.
    ///
    /// # Errors
    /// The first way in which it does not.
    pub fn covers(&self, wanted: &Wanted<'_>, now: Timestamp) -> Result<(), Outside> {
        self.reaches(wanted.server, wanted.tool, now)?;
        if let Some(allowed) = &self.limits.effects {
            let mut asked = wanted.effects.iter().peekable();
            let known = asked.peek().is_some();
            let within = asked.all(|effect| allowed.contains(&effect));
            if !within || (!known && allowed.len() < Effect::ALL.len()) {
                return Err(Outside::Effect);
            }
        }
        if self.limits.amount.is_some_and(|most| wanted.amount > most) {
            return Err(Outside::Amount);
        }
        Ok(())
    }

    /// What is left of `asked` when this delegation hands it over: never more than this one holds (RFC 8693 §1.1: the
    /// actor has the rights of the subject, or fewer). The human, the owner and the parent are taken from this one.
    ///
    /// # Errors
    /// [`TooWide`] where nothing can be handed over.
    pub fn narrowed(&self, asked: Self) -> Result<Self, TooWide> {
        let depth = self.depth.checked_sub(1).ok_or(TooWide::Depth)?;
        let reach = self.reach.meet(&asked.reach);
        if matches!(&reach, Reach::Only(servers) if servers.is_empty()) {
            return Err(TooWide::Nothing);
        }
        Ok(Self {
            human: self.human.clone(),
            owner: self.owner.clone(),
            reach,
            scopes: self.scopes.intersection(&asked.scopes).cloned().collect(),
            limits: self.limits.meet(&asked.limits),
            depth: depth.min(asked.depth),
            parent: Some(self.id.clone()),
            not_before: self.not_before.max(asked.not_before),
            expires: least(self.expires, asked.expires),
            ..asked
        })
    }
}

impl Limits {
    /// The tighter of both, limit by limit.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let effects = match (&self.effects, &other.effects) {
            (Some(ours), Some(theirs)) => Some(ours.intersection(theirs).copied().collect()),
            (one, None) | (None, one) => one.clone(),
        };
        Self { effects, amount: least(self.amount, other.amount), sinks: least(self.sinks, other.sinks) }
    }
}

/// The smaller of two limits; none is no limit.
fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}
