use doorward_vocab::{Digest, Timestamp};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What came of showing a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// It was not seen before.
    Fresh,
    /// It was.
    Seen,
    /// There is no room to remember it. It may have been seen: what is forgotten could be shown again.
    Full,
}

/// The proofs that were shown lately (RFC 9449 §11.1). Bounded: when it is full, proofs are refused, not forgotten; and
/// one key cannot fill it for all.
pub(crate) struct Replays {
    /// A proof is remembered for at least this long, and at most twice as long.
    span: Duration,
    most: usize,
    turns: Mutex<Turns>,
}

#[derive(Default)]
struct Turns {
    began: Timestamp,
    now: Turn,
    before: Turn,
}

#[derive(Default)]
struct Turn {
    /// Half a digest of key and id: enough that no two are ever the same by chance or by search.
    proofs: HashSet<[u8; 16]>,
    of_key: HashMap<Digest, usize>,
}

impl Replays {
    /// Room for `most` proofs in each of two turns of `span`, a quarter of it for one key.
    pub(crate) fn new(span: Duration, most: usize) -> Self {
        Self { span, most, turns: Mutex::default() }
    }

    /// Notes that the proof `id` by the key `key` was shown.
    pub(crate) fn show(&self, key: &Digest, id: &str, now: Timestamp) -> Replay {
        let mut name = Vec::with_capacity(32 + id.len());
        name.extend_from_slice(key.as_bytes());
        name.extend_from_slice(id.as_bytes());
        let name = *Digest::of(&name).as_bytes().first_chunk().unwrap_or(&[0; 16]);
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.turn(self.span, now);
        if turns.now.proofs.contains(&name) || turns.before.proofs.contains(&name) {
            return Replay::Seen;
        }
        let full = turns.now.proofs.len() >= self.most;
        let of_key = turns.now.of_key.get(key).copied().unwrap_or_default();
        if full || of_key >= (self.most / 4).max(1) {
            return Replay::Full;
        }
        turns.now.of_key.insert(*key, of_key + 1);
        turns.now.proofs.insert(name);
        Replay::Fresh
    }
}

impl Turns {
    /// Begins a new turn where the present one is over; forgets what is older than one whole turn.
    fn turn(&mut self, span: Duration, now: Timestamp) {
        let passed = now.since(self.began);
        if passed >= span {
            let ended = std::mem::take(&mut self.now);
            self.before = if passed >= span * 2 { Turn::default() } else { ended };
            self.began = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(n: u8) -> Digest {
        Digest::from_bytes([n; 32])
    }
    fn at(secs: u64) -> Timestamp {
        Timestamp::from_micros(secs * 1_000_000)
    }

    #[test]
    fn full_refuses_and_one_key_does_not_fill_it() {
        let replays = Replays::new(Duration::from_secs(90), 8);
        assert_eq!(replays.show(&key(1), "a", at(1000)), Replay::Fresh);
        assert_eq!(replays.show(&key(1), "a", at(1001)), Replay::Seen);
        assert_eq!(replays.show(&key(1), "b", at(1002)), Replay::Fresh);
        assert_eq!(replays.show(&key(1), "c", at(1003)), Replay::Full, "a quarter for one key");
        assert_eq!(replays.show(&key(2), "a", at(1004)), Replay::Fresh, "another key has its own ids");
        assert_eq!(replays.show(&key(1), "a", at(1005)), Replay::Seen, "and what is known stays known");
        assert_eq!(replays.show(&key(1), "c", at(1091)), Replay::Fresh, "until the next turn");
    }

    proptest! {
        #[test]
        fn no_proof_is_fresh_twice_within_the_span(shows in prop::collection::vec((0_u8..4, 0_u8..6, 0_u64..40), 1..200)) {
            let replays = Replays::new(Duration::from_secs(90), 1000);
            let mut fresh: HashMap<(u8, u8), u64> = HashMap::new();
            let mut now = 1_000;
            for (by, id, later) in shows {
                now += later;
                if replays.show(&key(by), &id.to_string(), at(now)) == Replay::Fresh
                    && let Some(before) = fresh.insert((by, id), now)
                {
                    prop_assert!(now - before >= 90, "{before} and {now}");
                }
            }
        }
    }
}
