//! How much of an answer was not in those before it.

use crate::{Sum, event::Gist};

/// Bits of one generation: with two of them a conversation keeps a KiB.
const BITS: u32 = 4096;
/// From how many bits on a generation is full. Two pairs in three are then told rightly to be new even in the worst case.
const FULL: u32 = BITS * 2 / 5;

/// How new an answer was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Freshness {
    /// Less than one pair of words in twenty.
    None,
    /// Less than one in four.
    Little,
    /// More than that, or it is not known.
    #[default]
    Much,
}

/// What was answered so far: two sets of pairs of words, of which the older is dropped when the newer is full.
#[derive(Clone, Debug)]
pub(super) struct Novelty {
    newer: [u64; BITS as usize / 64],
    older: [u64; BITS as usize / 64],
    filled: u32,
    last: Sum,
}

impl Default for Novelty {
    fn default() -> Self {
        Self { newer: [0; BITS as usize / 64], older: [0; BITS as usize / 64], filled: 0, last: Sum::default() }
    }
}

impl Novelty {
    /// Takes in an answer and says how new it was.
    pub(super) fn take(&mut self, gist: &Gist) -> Freshness {
        let again = std::mem::replace(&mut self.last, gist.same) == gist.same;
        if gist.pairs.is_empty() {
            return if again { Freshness::None } else { Freshness::Much };
        }
        let new = gist.pairs.iter().filter(|pair| !self.holds(**pair)).count();
        gist.pairs.iter().for_each(|pair| self.add(*pair));
        match new {
            _ if new * 20 < gist.pairs.len() => Freshness::None,
            _ if new * 4 < gist.pairs.len() => Freshness::Little,
            _ => Freshness::Much,
        }
    }

    fn holds(&self, pair: u32) -> bool {
        let within = |set: &[u64]| places(pair).iter().all(|(word, bit)| set.get(*word).is_some_and(|w| w & bit != 0));
        within(&self.newer) || within(&self.older)
    }

    fn add(&mut self, pair: u32) {
        if self.filled >= FULL {
            self.older = std::mem::replace(&mut self.newer, [0; BITS as usize / 64]);
            self.filled = 0;
        }
        for (word, bit) in places(pair) {
            if let Some(slot) = self.newer.get_mut(word).filter(|slot| **slot & bit == 0) {
                *slot |= bit;
                self.filled += 1;
            }
        }
    }
}

/// Two places of a pair: which word of the set and which bit of it.
fn places(pair: u32) -> [(usize, u64); 2] {
    [pair, pair >> 16].map(|half| {
        let at = half % BITS;
        (at as usize / 64, 1 << (at % 64))
    })
}
