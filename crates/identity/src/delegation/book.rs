//! The delegations that are in force, and those that were taken back.

use super::{Delegation, MAX_CHAIN, PartyId};
use arc_swap::ArcSwap;
use doorward_vocab::Timestamp;
use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// A chain of delegations: what the human or the owner granted first, what the acting agent holds last.
pub type Chain = Arc<[Arc<Delegation>]>;

/// A grant copies one shelf, so it costs a sixty-fourth of the book.
const SHELVES: usize = 64;

/// Why there is no chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Broken {
    /// No such delegation is in force.
    #[error("there is no such delegation")]
    Unknown,
    /// It, or one that it was made from, was taken back.
    #[error("the delegation was revoked")]
    Revoked,
    /// What it was made from is not in force.
    #[error("the delegation that it was made from is gone")]
    Orphan,
    /// It was made from itself.
    #[error("the delegation was made from itself")]
    Cycle,
    /// More hand-overs than [`MAX_CHAIN`] allows.
    #[error("there were too many hand-overs")]
    Long,
    /// It holds more than what it was made from.
    #[error("the delegation holds more than the one that it was made from")]
    Wider,
    /// Another delegation has this id.
    #[error("another delegation has this id")]
    Taken,
}

/// All delegations of this gateway. Reading takes no lock; of those that write, one does at a time.
///
/// It is what memory holds of the store: whoever grants or revokes writes there first, and then here.
pub struct Book {
    shelves: [ArcSwap<Shelf>; SHELVES],
    standing: ArcSwap<Standing>,
    hasher: RandomState,
    generation: AtomicU64,
    /// What ends, the soonest first; held by whoever writes.
    ends: Mutex<BTreeSet<(Timestamp, Arc<str>)>>,
}

type Shelf = HashMap<Arc<str>, Entry>;

#[derive(Clone)]
struct Entry {
    /// Absent for an id that was revoked and is not known otherwise: that of a token of another issuer.
    delegation: Option<Arc<Delegation>>,
    revoked: bool,
}

/// The delegations that the configuration gives.
#[derive(Default)]
struct Standing {
    by_id: HashMap<Arc<str>, Arc<Delegation>>,
    by_agent: HashMap<PartyId, Arc<str>>,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            shelves: std::array::from_fn(|_| ArcSwap::default()),
            standing: ArcSwap::default(),
            hasher: RandomState::new(),
            generation: AtomicU64::new(0),
            ends: Mutex::default(),
        }
    }
}

impl Book {
    /// Puts a delegation in force, and gives its chain. One that is in force already stays.
    ///
    /// # Errors
    /// [`Broken`] where it would not be a chain; nothing changes then.
    pub fn grant(&self, delegation: Delegation) -> Result<Chain, Broken> {
        let mut ends = self.write();
        match self.entry(&delegation.id) {
            Some(Entry { revoked: true, .. }) => return Err(Broken::Revoked),
            Some(Entry { delegation: Some(known), .. }) if *known != delegation => return Err(Broken::Taken),
            Some(_) => return self.chain(&delegation.id),
            None => {}
        }
        let chain = self.chain_of(Arc::new(delegation))?;
        if let Some(granted) = chain.last() {
            ends.extend(granted.expires.map(|end| (end, granted.id.clone())));
            self.put(granted.id.clone(), Entry { delegation: Some(granted.clone()), revoked: false });
        }
        Ok(chain)
    }

    /// The chain that ends with `id`. Whether its time has come or is over is for [`Delegation::covers`] to say.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn chain(&self, id: &str) -> Result<Chain, Broken> {
        self.chain_of(self.held(id)?.ok_or(Broken::Unknown)?)
    }

    fn chain_of(&self, last: Arc<Delegation>) -> Result<Chain, Broken> {
        let mut chain = vec![last];
        while let Some((child, parent)) = chain.last().and_then(|child| Some((child, child.parent.as_ref()?))) {
            if chain.iter().any(|hop| hop.id == *parent) {
                return Err(Broken::Cycle);
            }
            if chain.len() == MAX_CHAIN {
                return Err(Broken::Long);
            }
            let parent = self.held(parent)?.ok_or(Broken::Orphan)?;
            if !child.is_within(&parent) {
                return Err(Broken::Wider);
            }
            chain.push(parent);
        }
        chain.reverse();
        Ok(chain.into())
    }

    /// What the configuration gives an agent for its runs without a human.
    pub fn standing(&self, agent: &PartyId) -> Option<Chain> {
        let id = self.standing.load().by_agent.get(agent).cloned()?;
        self.chain(&id).ok()
    }

    /// Takes the delegations of the configuration, in the place of those of the one before. Of two for one agent, the
    /// first counts.
    pub fn install(&self, standing: impl IntoIterator<Item = Delegation>) {
        let mut all = Standing::default();
        for delegation in standing.into_iter().map(Arc::new) {
            all.by_agent.entry(delegation.agent.clone()).or_insert_with(|| delegation.id.clone());
            all.by_id.insert(delegation.id.clone(), delegation);
        }
        let writing = self.write();
        if self.standing.load().by_id != all.by_id {
            self.standing.store(Arc::new(all));
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        drop(writing);
    }

    /// Takes back a delegation and all that were made from it; gives those that were in force until now, this one
    /// first. An id that is not known is remembered: the token of another issuer may bear it.
    pub fn revoke(&self, id: &str) -> Vec<Arc<str>> {
        let writing = self.write();
        let mut children: HashMap<Arc<str>, Vec<Arc<str>>> = HashMap::new();
        for held in self.all() {
            children.entry(held.parent.clone().unwrap_or_default()).or_default().push(held.id.clone());
        }
        let (mut revoked, mut next) = (Vec::new(), vec![Arc::<str>::from(id)]);
        while let Some(id) = next.pop() {
            let known = self.entry(&id);
            if known.as_ref().is_none_or(|e| !e.revoked) {
                let delegation = known.and_then(|e| e.delegation);
                self.put(id.clone(), Entry { delegation, revoked: true });
                // What was made from it before it was taken back the first time, was taken back then.
                next.extend(children.remove(&id).unwrap_or_default());
                revoked.push(id);
            }
        }
        if !revoked.is_empty() {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        drop(writing);
        revoked
    }

    /// Whether `id`, or what it was made from, was taken back.
    pub fn is_revoked(&self, id: &str) -> bool {
        self.entry(id).is_some_and(|e| e.revoked) || self.chain(id) == Err(Broken::Revoked)
    }

    /// What is known under `id`, revoked or not.
    pub fn known(&self, id: &str) -> Option<Arc<Delegation>> {
        self.entry(id)?.delegation
    }

    /// Forgets what is over at `now`, and gives what was in force until then: whatever goes on under it has to end.
    pub fn expired(&self, now: Timestamp) -> Vec<Arc<Delegation>> {
        let mut ends = self.write();
        let mut over = Vec::new();
        while ends.first().is_some_and(|(end, _)| *end <= now) {
            let Some((_, id)) = ends.pop_first() else { break };
            let entry = self.entry(&id);
            self.change(&id, |shelf| drop(shelf.remove(&id)));
            over.extend(entry.filter(|e| !e.revoked).and_then(|e| e.delegation));
        }
        over
    }

    /// All that were granted and not forgotten, revoked ones too, and those of the configuration; in no order.
    pub fn all(&self) -> Vec<Arc<Delegation>> {
        let mut all: Vec<_> = self.standing.load().by_id.values().cloned().collect();
        for shelf in &self.shelves {
            all.extend(shelf.load().values().filter_map(|e| e.delegation.clone()));
        }
        all
    }

    /// A number that grows whenever something that was in force may be so no more.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn held(&self, id: &str) -> Result<Option<Arc<Delegation>>, Broken> {
        match self.entry(id) {
            Some(Entry { revoked: true, .. }) => Err(Broken::Revoked),
            Some(Entry { delegation, .. }) => Ok(delegation),
            None => Ok(None),
        }
    }

    /// What is known under `id`: what was granted or revoked, else what the configuration gives.
    fn entry(&self, id: &str) -> Option<Entry> {
        let granted = self.shelf(id).load().get(id).cloned();
        granted.or_else(|| {
            let delegation = self.standing.load().by_id.get(id).cloned()?;
            Some(Entry { delegation: Some(delegation), revoked: false })
        })
    }

    fn put(&self, id: Arc<str>, entry: Entry) {
        self.change(&id.clone(), |shelf| drop(shelf.insert(id, entry)));
    }

    /// Only for whoever holds the lock of writers.
    fn change(&self, id: &str, change: impl FnOnce(&mut Shelf)) {
        let place = self.shelf(id);
        let mut shelf = Shelf::clone(&place.load());
        change(&mut shelf);
        place.store(Arc::new(shelf));
    }

    fn shelf(&self, id: &str) -> &ArcSwap<Shelf> {
        let [first, ..] = &self.shelves;
        let place = self.hasher.hash_one(id) % SHELVES as u64;
        usize::try_from(place).ok().and_then(|n| self.shelves.get(n)).unwrap_or(first)
    }

    fn write(&self) -> MutexGuard<'_, BTreeSet<(Timestamp, Arc<str>)>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Book({} delegations)", self.all().len())
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
