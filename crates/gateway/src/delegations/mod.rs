//! The delegations of this gateway: what the book in memory holds is what the store says, and whoever acts under one that
//! was taken back is gone within the second.
//!
//! | file | story |
//! |---|---|
//! | `mod` | book and store, kept the same |
//! | `presence` | who is here under which delegation |
//! | `cut` | grants, revocations and ends: what is recorded, and what stops |

mod cut;
mod presence;

pub use cut::GrantRefused;
pub(crate) use presence::Presence;

use doorward_identity::{
    Delegation,
    delegation::{Book, Broken, Chain},
};
use doorward_store::{Grant, GrantError, Grants};
use doorward_vocab::Timestamp;
use parking_lot::Mutex;
use presence::Present;
use std::{collections::BTreeMap, sync::Arc};

/// Book and store of delegations.
#[derive(Debug)]
pub struct Delegations {
    book: Arc<Book>,
    /// None: they end with this process.
    store: Option<Arc<dyn Grants>>,
    /// Up to where the store was read; held while it is.
    seen: Mutex<u64>,
    present: Present,
    /// What was taken back before this process began to watch.
    away: Mutex<Vec<TakenBack>>,
    /// How often delegations without a store were used.
    spent: Mutex<BTreeMap<Arc<str>, u64>>,
}

/// A delegation that somebody else took back.
#[derive(Debug)]
pub(crate) struct TakenBack {
    pub(crate) id: Arc<str>,
    pub(crate) by: Box<str>,
    /// What it was, where that is known.
    pub(crate) delegation: Option<Arc<Delegation>>,
}

impl Delegations {
    /// Delegations that end with this process.
    pub fn in_memory() -> Arc<Self> {
        let (book, seen, present, away, spent) = Default::default();
        Arc::new(Self { book, store: None, seen, present, away, spent })
    }

    /// Those that `store` holds.
    ///
    /// # Errors
    /// [`GrantError`] where it cannot be read.
    pub fn open(store: Arc<dyn Grants>) -> Result<Arc<Self>, GrantError> {
        let (book, seen, present, away, spent) = Default::default();
        let own = Self { book, store: Some(store), seen, present, away, spent };
        let taken = own.refresh()?;
        *own.away.lock() = taken;
        Ok(Arc::new(own))
    }

    /// What is in force.
    pub const fn book(&self) -> &Arc<Book> {
        &self.book
    }

    /// Reads what others wrote since; gives what they took back. May block.
    pub(crate) fn refresh(&self) -> Result<Vec<TakenBack>, GrantError> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        let mut seen = self.seen.lock();
        let changes = store.since(*seen)?;
        let mut taken = Vec::new();
        // The clocks of others may differ: what came before its parent is tried once more.
        let mut early = Vec::new();
        for grant in &changes.grants {
            self.learn(grant, &mut taken, &mut early);
        }
        for delegation in early {
            if let Err(broken) = self.book.grant(delegation) {
                tracing::warn!("a delegation in the store is not in force: {broken}");
            }
        }
        *seen = changes.seen;
        Ok(taken)
    }

    fn learn(&self, grant: &Grant, taken: &mut Vec<TakenBack>, early: &mut Vec<Delegation>) {
        let delegation = match serde_json::from_slice::<Delegation>(&grant.body) {
            Ok(delegation) if *delegation.id == *grant.id => Some(delegation),
            Ok(_) | Err(_) if grant.body.is_empty() => None,
            Ok(_) | Err(_) => {
                tracing::error!("a delegation in the store cannot be read; nobody acts under it");
                None
            }
        };
        if let Some((_, by)) = &grant.revoked {
            for id in self.book.revoke(&grant.id) {
                let delegation =
                    self.book.known(&id).or_else(|| delegation.clone().map(Arc::new).filter(|d| d.id == id));
                taken.push(TakenBack { id, by: by.clone(), delegation });
            }
        } else if let Some(delegation) = delegation {
            match self.book.grant(delegation.clone()) {
                Ok(_) => {}
                Err(Broken::Orphan) => early.push(delegation),
                Err(broken) => {
                    tracing::warn!(id = %delegation.id, "a delegation in the store is not in force: {broken}")
                }
            }
        }
    }

    /// What was taken back before anybody here watched; given once.
    pub(crate) fn taken_while_away(&self) -> Vec<TakenBack> {
        std::mem::take(&mut self.away.lock())
    }

    /// Puts a delegation in force here and, by way of the store, elsewhere. May block.
    pub(crate) fn grant(&self, delegation: &Delegation, now: Timestamp) -> Result<Chain, GrantRefused> {
        let chain = self.book.grant(delegation.clone())?;
        if let Some(store) = &self.store {
            let grant = Grant {
                id: delegation.id.as_ref().into(),
                parent: delegation.parent.as_deref().map(Into::into),
                until: delegation.expires,
                at: now,
                body: serde_json::to_vec(delegation).unwrap_or_default(),
                revoked: None,
            };
            // Nobody acts under what others do not know of: it could not be taken back there.
            store.grant(&grant).inspect_err(|_| drop(self.book.revoke(&delegation.id)))?;
        }
        Ok(chain)
    }

    /// Takes a delegation back, and all that were made from it; gives those that were in force. May block.
    pub(crate) fn revoke(&self, id: &str, by: &str, now: Timestamp) -> Result<Vec<Arc<str>>, GrantError> {
        // Here at once, whatever the store does.
        let mut revoked = self.book.revoke(id);
        if let Some(store) = &self.store {
            for id in store.revoke(id, by, now)? {
                if !revoked.iter().any(|known| **known == *id) {
                    revoked.extend(self.book.revoke(&id));
                }
            }
        }
        Ok(revoked)
    }

    /// Forgets in the store what is over. May block.
    pub(crate) fn forget(&self, now: Timestamp) -> Result<(), GrantError> {
        self.store.as_ref().map_or(Ok(()), |store| store.forget(now).map(drop))
    }

    /// Counts a call that can change something against every delegation of `chain` that limits them; the first that
    /// allows no more. May block.
    pub(crate) fn spend(&self, chain: &[Arc<Delegation>]) -> Result<Option<Arc<str>>, GrantError> {
        // The last first: it allows the fewest.
        for hop in chain.iter().rev() {
            let Some(most) = hop.limits.sinks else { continue };
            let left = match &self.store {
                Some(store) => store.spend(&hop.id, most)?,
                None => {
                    let mut spent = self.spent.lock();
                    let times = spent.entry(hop.id.clone()).or_default();
                    let left = *times < most;
                    *times += u64::from(left);
                    left
                }
            };
            if !left {
                return Ok(Some(hop.id.clone()));
            }
        }
        Ok(None)
    }
}
