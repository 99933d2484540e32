use foldhash::fast::RandomState;
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

const SHARDS: usize = 16;

/// What was answered before: bounded, shared between threads, and forgetting what was not asked for lately.
///
/// Each shard holds two generations. What is found in the older one moves to the younger; when the younger is full
/// it becomes the older, and the older is dropped. Keys are held whole and compared whole: an answer is never that
/// of another question, whatever an attacker finds out about hashes.
#[derive(Debug)]
pub(crate) struct Memo<K, V> {
    shards: [Mutex<Generations<K, V>>; SHARDS],
    generation: usize,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V, RandomState>,
    old: HashMap<K, V, RandomState>,
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// Holds at most `capacity` answers, roughly.
    pub(crate) fn new(capacity: usize) -> Self {
        let empty = || Mutex::new(Generations { young: HashMap::default(), old: HashMap::default() });
        Self { shards: std::array::from_fn(|_| empty()), generation: (capacity / SHARDS / 2).max(1) }
    }

    /// `spread` chooses the shard; the same key must come with the same one.
    pub(crate) fn recall<Q>(&self, spread: u64, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut shard = self.shard(spread);
        if let Some(found) = shard.young.get(key) {
            return Some(found.clone());
        }
        let (key, value) = shard.old.remove_entry(key)?;
        self.insert(&mut shard, key, value.clone());
        Some(value)
    }

    /// Remembers an answer.
    pub(crate) fn keep(&self, spread: u64, key: K, value: V) {
        let mut shard = self.shard(spread);
        self.insert(&mut shard, key, value);
    }

    fn insert(&self, shard: &mut Generations<K, V>, key: K, value: V) {
        if shard.young.len() >= self.generation {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.insert(key, value);
    }

    fn shard(&self, spread: u64) -> MutexGuard<'_, Generations<K, V>> {
        #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "the remainder is in range")]
        let shard = &self.shards[(spread % SHARDS as u64) as usize];
        // A map is whole between two calls, and nothing in between panics half-way.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Memo;

    #[test]
    fn it_stays_bounded_and_keeps_what_is_asked_for() {
        let memo: Memo<Box<[u8]>, u32> = Memo::new(320);
        for n in 0..10_000_u32 {
            memo.keep(n.into(), n.to_le_bytes().into(), n);
            assert_eq!(memo.recall(0, 0_u32.to_le_bytes().as_slice()), Some(0), "asked for after each");
        }
        let held = (0..10_000_u32).filter(|n| memo.recall((*n).into(), n.to_le_bytes().as_slice()).is_some()).count();
        assert!((160..=320).contains(&held), "{held}");
    }
}
