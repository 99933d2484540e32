//! From who somebody is to what they were handed: the last step before a principal may act.

use super::{Book, Broken, Chain, Delegation, PartyId};
use crate::{Flaw, Principal, Refusal};
use doorward_vocab::{Glob, Timestamp};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What the operator says of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentEntry {
    /// What people call it. Its standing delegation names it so.
    pub name: Arc<str>,
    /// Who may vouch for it; none where anybody may.
    pub issuers: Option<Box<[Arc<str>]>>,
    /// Its id there.
    pub subject: Glob,
    /// What kind of agent it is.
    pub class: Option<Arc<str>>,
    /// Who made it.
    pub publisher: Option<Arc<str>>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
}

/// What principals are bound by: the operator's agents, and the book of delegations.
pub(crate) struct Binding {
    agents: Box<[AgentEntry]>,
    book: Arc<Book>,
}

/// What a principal was bound to, for asking whether it still holds.
pub(crate) struct Bound {
    to: To,
    /// When the first of its delegations ends: by our clock, so there is no allowance for that of another.
    ends: Option<Timestamp>,
    generation: AtomicU64,
}

enum To {
    /// What another issuer says; with the agent where there is no human.
    Token(Arc<str>, Option<PartyId>),
    /// A chain of the book.
    Chain(Chain),
    /// What the configuration gives this agent.
    Standing(PartyId, Chain),
}

impl Binding {
    pub(crate) fn new(agents: Box<[AgentEntry]>, book: Arc<Book>) -> Self {
        Self { agents, book }
    }

    /// Gives a principal that was proved just now what it was handed. `ours` says that its token was issued by this
    /// gateway, so that the delegation it names is one of the book.
    ///
    /// # Errors
    /// [`Refusal`] where the delegation is unknown, was revoked, is over, or is not the one of this token.
    pub(crate) fn bind(
        &self,
        mut principal: Principal,
        ours: bool,
        now: Timestamp,
    ) -> Result<(Principal, Bound), Refusal> {
        // Read first: what is revoked meanwhile makes this old, never the reverse.
        let generation = AtomicU64::new(self.book.generation());
        let named = self.name(&mut principal);
        let token = principal.delegations.last().cloned();
        let to = match token {
            Some(token) if ours => match self.book.chain(&token.id) {
                Ok(chain) => hand_over(&mut principal, &token, chain, now)?,
                // What acts for itself needs no grant of a human: the configuration speaks for it.
                Err(Broken::Unknown) if principal.human.is_none() => self.stand(&mut principal, named, &token, now)?,
                Err(broken) => return Err(Refusal::Delegation(broken)),
            },
            Some(token) if self.book.is_revoked(&token.id) => return Err(Refusal::Delegation(Broken::Revoked)),
            Some(token) if principal.human.is_none() => self.stand(&mut principal, named, &token, now)?,
            Some(token) => To::Token(token.id.clone(), None),
            // A certificate alone: it holds no scopes, and names no delegation.
            None if principal.human.is_none() => {
                let nothing = Delegation::new("", named.clone());
                self.stand(&mut principal, named, &nothing, now)?
            }
            None => To::Token("".into(), None),
        };
        let ends = principal.delegations.iter().filter_map(|hop| hop.expires).min();
        let ends = ends.filter(|_| !matches!(to, To::Token(..)));
        Ok((principal, Bound { to, ends, generation }))
    }

    /// Whether what was bound before still holds: nothing of it is over, was revoked, changed, or given anew.
    pub(crate) fn still(&self, bound: &Bound, now: Timestamp) -> bool {
        if bound.ends.is_some_and(|end| end <= now) {
            return false;
        }
        let generation = self.book.generation();
        if bound.generation.load(Ordering::Acquire) == generation {
            return true;
        }
        let same = |old: &Chain, new: Option<Chain>| {
            new.is_some_and(|new| new.len() == old.len() && new.iter().zip(old.iter()).all(|(n, o)| Arc::ptr_eq(n, o)))
        };
        let holds = match &bound.to {
            To::Token(id, agent) => {
                !self.book.is_revoked(id) && agent.as_ref().is_none_or(|agent| self.book.standing(agent).is_none())
            }
            To::Chain(chain) => same(chain, chain.last().and_then(|last| self.book.chain(&last.id).ok())),
            To::Standing(agent, chain) => same(chain, self.book.standing(agent)),
        };
        if holds {
            bound.generation.store(generation, Ordering::Release);
        }
        holds
    }

    /// Calls an agent what the operator does, and gives the party of its standing delegation.
    fn name(&self, principal: &mut Principal) -> PartyId {
        let agent = &mut principal.agent;
        let fits = |entry: &&AgentEntry| {
            let vouched = |issuers: &[_]| agent.issuer.as_ref().is_some_and(|issuer| issuers.contains(issuer));
            entry.issuers.as_deref().is_none_or(vouched) && entry.subject.matches(&agent.id)
        };
        let Some(entry) = self.agents.iter().find(fits) else {
            return PartyId { issuer: agent.issuer.clone(), id: agent.id.clone() };
        };
        agent.name = entry.name.clone();
        agent.class = entry.class.clone().or(agent.class.take());
        agent.publisher = entry.publisher.clone().or(agent.publisher.take());
        agent.owner = entry.owner.clone().or(agent.owner.take());
        PartyId { issuer: None, id: entry.name.clone() }
    }

    /// A run without a human is bound by what the configuration gives the agent, if it gives anything.
    fn stand(
        &self,
        principal: &mut Principal,
        agent: PartyId,
        token: &Delegation,
        now: Timestamp,
    ) -> Result<To, Refusal> {
        let Some(chain) = self.book.standing(&agent) else { return Ok(To::Token(token.id.clone(), Some(agent))) };
        bind_to(principal, &chain, token, now)?;
        Ok(To::Standing(agent, chain))
    }
}

/// A token of ours is as good as its chain. The chain says who acts for whom: it is what the human consented to.
fn hand_over(principal: &mut Principal, token: &Delegation, chain: Chain, now: Timestamp) -> Result<To, Refusal> {
    let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
        return Err(Refusal::Delegation(Broken::Unknown));
    };
    match (&mut principal.human, &first.human) {
        (Some(human), Some(granted)) => {
            human.id = granted.id.clone();
            human.issuer = granted.issuer.clone().unwrap_or_else(|| human.issuer.clone());
        }
        (None, None) => {}
        _ => return Err(Refusal::Invalid(Flaw::Claim)),
    }
    principal.agent.id = last.agent.id.clone();
    principal.agent.issuer = last.agent.issuer.clone();
    if last.key.is_some() && last.key != principal.attestation.key {
        return Err(Refusal::Invalid(Flaw::ProofMissing));
    }
    bind_to(principal, &chain, token, now)?;
    Ok(To::Chain(chain))
}

fn bind_to(principal: &mut Principal, chain: &Chain, token: &Delegation, now: Timestamp) -> Result<(), Refusal> {
    let ends = || chain.iter().filter_map(|hop| hop.expires);
    if ends().any(|end| end <= now) {
        return Err(Refusal::Expired);
    }
    principal.expires = principal.expires.into_iter().chain(ends()).min();
    let Some((last, before)) = chain.split_last() else { return Ok(()) };
    principal.key =
        Principal::key_of(principal.via, &principal.agent, principal.human.as_ref(), Some(last.id.as_ref()));
    // A token may carry fewer scopes than were granted; a grant that names none leaves them to the token.
    let scopes = match (last.scopes.is_empty(), token.scopes.is_empty()) {
        (false, false) => last.scopes.intersection(&token.scopes).cloned().collect(),
        (true, false) if last.human.is_none() => token.scopes.clone(),
        _ => last.scopes.clone(),
    };
    principal.delegations = if scopes == last.scopes {
        chain.clone()
    } else {
        let last = Arc::new(Delegation { scopes, ..last.as_ref().clone() });
        before.iter().cloned().chain([last]).collect()
    };
    Ok(())
}
