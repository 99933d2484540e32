//! Texts that held no secret when they were looked through last. Many come again with each call: names, reasons.

use super::key::Key;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// How many texts are remembered.
const TEXTS: usize = 256;

/// Keyed sums of texts, each of the set of secrets that was looked for.
pub(super) struct Clean {
    secrets: AtomicU64,
    sums: [AtomicU64; TEXTS],
}

impl Clean {
    pub(super) fn new() -> Self {
        Self { secrets: AtomicU64::new(0), sums: [const { AtomicU64::new(0) }; TEXTS] }
    }

    /// What stands for a text; to be asked for before it is looked through. Two texts have the same by a chance of one in
    /// 2^63.
    pub(super) fn sum(&self, key: &Key, text: &[u8]) -> u64 {
        key.sum(text) ^ self.secrets.load(Acquire).rotate_left(32) | 1
    }

    pub(super) fn has(&self, sum: u64) -> bool {
        self.place(sum).is_some_and(|place| place.load(Relaxed) == sum)
    }

    pub(super) fn keep(&self, sum: u64) {
        if let Some(place) = self.place(sum) {
            place.store(sum, Relaxed);
        }
    }

    /// A secret came in, and is looked for by now: what was clean may hold it.
    pub(super) fn renew(&self) {
        self.secrets.fetch_add(1, Release);
    }

    fn place(&self, sum: u64) -> Option<&AtomicU64> {
        self.sums.get((sum >> 48) as usize % TEXTS)
    }
}
