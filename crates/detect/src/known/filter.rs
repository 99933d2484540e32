//! A Bloom filter whose bits for one sum lie in one word: a look costs one load.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Which sums are in the index, and some that are not.
pub(super) struct Filter {
    words: Box<[AtomicU64]>,
    shift: u32,
}

impl Filter {
    const LEAST: u32 = 12;
    /// The low twelve bits of a sum choose the bits of a word, the others the word.
    const MOST: u32 = 20;

    pub(super) fn with_room_for(sums: usize) -> Self {
        let bits = sums.div_ceil(4).next_power_of_two().trailing_zeros().clamp(Self::LEAST, Self::MOST);
        Self { words: (0..1_usize << bits).map(|_| AtomicU64::new(0)).collect(), shift: 32 - bits }
    }

    /// Whether `sums` would fill it.
    pub(super) fn is_full_with(&self, sums: usize) -> bool {
        self.words.len() < 1 << Self::MOST && sums > self.words.len() * 4
    }

    pub(super) fn insert(&self, sum: u32) {
        if let Some(word) = self.words.get((sum >> self.shift) as usize) {
            word.fetch_or(mask(sum), Relaxed);
        }
    }

    #[inline]
    pub(super) fn may_hold(&self, sum: u32) -> bool {
        let mask = mask(sum);
        self.words.get((sum >> self.shift) as usize).is_some_and(|w| w.load(Relaxed) & mask == mask)
    }
}

#[inline]
const fn mask(sum: u32) -> u64 {
    1 << (sum & 63) | 1 << ((sum >> 6) & 63) | 1 << ((sum.wrapping_mul(0x9e5) >> 6) & 63)
}
