//! The places of many short texts in a long one, in one pass.

use crate::Hit;
use aho_corasick::{
    Anchored, MatchKind, StartKind,
    automaton::{Automaton, StateID},
    dfa::{Builder, DFA},
};
use std::{collections::BTreeMap, ops::Range};

/// So many places of a text are read at a time: each step waits for memory, and the steps of the others fill the wait.
const LANES: usize = 4;
/// So many bytes are skipped at a time where all are ASCII.
const BLOCK: usize = 32;
/// Shorter texts are read from one place.
const SHORT: usize = 256;

/// The automaton knows so many bytes of a literal; the others are compared where these occur. All bytes of all literals
/// would not fit into the caches, and then each byte of a text costs several times as much.
const KNOWN: usize = 8;

/// Literals as one automaton.
pub(crate) struct Literals {
    automaton: DFA,
    /// The length of the longest literal.
    longest: usize,
    /// For each beginning, the literals that begin so.
    begin: Vec<Vec<Literal>>,
}

struct Literal {
    owner: usize,
    index: usize,
    text: Box<[u8]>,
}

impl Literals {
    /// An automaton for these: whose each is, its index there, its text.
    pub(crate) fn of<'a>(literals: impl Iterator<Item = (usize, usize, &'a str)>) -> Self {
        let mut beginnings: BTreeMap<Vec<u8>, Vec<Literal>> = BTreeMap::new();
        let mut longest = 0;
        for (owner, index, text) in literals {
            let text: Box<[u8]> = text.as_bytes().into();
            longest = longest.max(text.len());
            let begin = text.get(..KNOWN).unwrap_or(&text).to_ascii_lowercase();
            beginnings.entry(begin).or_default().push(Literal { owner, index, text });
        }
        let automaton = Builder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .prefilter(false)
            .build(beginnings.keys());
        #[expect(clippy::expect_used, reason = "the literals are constants, and tests build this from all of them")]
        let automaton = automaton.expect("the literals of the detectors fit into an automaton");
        Self { automaton, longest, begin: beginnings.into_values().collect() }
    }

    /// Adds to each owner's hits the places of its literals, ordered by their end.
    pub(crate) fn find(&self, text: &str, hits: &mut [Vec<Hit>]) {
        if self.begin.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        if bytes.len() < SHORT {
            self.find_in(bytes, 0..bytes.len(), hits);
        } else {
            self.find_in_lanes(bytes, hits);
        }
        order(hits);
    }

    /// The same, where all literals hold a character beyond ASCII: only what is near one is looked at.
    pub(crate) fn find_beyond_ascii(&self, text: &str, hits: &mut [Vec<Hit>]) {
        if self.begin.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        let mut part = 0..0;
        for (n, block) in bytes.chunks(BLOCK).enumerate().filter(|(_, block)| !block.is_ascii()) {
            let near =
                (n * BLOCK).saturating_sub(self.longest)..(n * BLOCK + block.len() + self.longest).min(bytes.len());
            if near.start <= part.end {
                part.end = near.end;
            } else {
                self.find_in(bytes, std::mem::replace(&mut part, near), hits);
            }
        }
        self.find_in(bytes, part, hits);
        order(hits);
    }

    fn find_in(&self, bytes: &[u8], part: Range<usize>, hits: &mut [Vec<Hit>]) {
        let Ok(mut state) = self.automaton.start_state(Anchored::No) else { return };
        for (at, b) in bytes.get(part.clone()).unwrap_or_default().iter().enumerate() {
            state = self.automaton.next_state(Anchored::No, state, *b);
            if self.automaton.is_special(state) {
                self.hit(bytes, state, part.start + at + 1, hits);
            }
        }
    }

    fn find_in_lanes(&self, bytes: &[u8], hits: &mut [Vec<Hit>]) {
        let part = bytes.len() / LANES;
        let lane = |n: usize| bytes.get(n * part..(n + 1) * part).unwrap_or_default();
        // What ends at the beginning of a part began before it.
        let enter = |n: usize| {
            let mut state = self.automaton.start_state(Anchored::No).unwrap_or_default();
            for b in bytes.get((n * part).saturating_sub(KNOWN)..n * part).unwrap_or_default() {
                state = self.automaton.next_state(Anchored::No, state, *b);
            }
            state
        };
        let (mut a, mut b, mut c, mut d) = (enter(0), enter(1), enter(2), enter(3));
        let mut met: [Vec<(StateID, usize)>; LANES] = Default::default();
        let [in_a, in_b, in_c, in_d] = &mut met;
        let rows = lane(0).iter().zip(lane(1)).zip(lane(2)).zip(lane(3));
        for (at, (((w, x), y), z)) in rows.enumerate() {
            a = self.automaton.next_state(Anchored::No, a, *w);
            b = self.automaton.next_state(Anchored::No, b, *x);
            c = self.automaton.next_state(Anchored::No, c, *y);
            d = self.automaton.next_state(Anchored::No, d, *z);
            let special = |state| self.automaton.is_special(state);
            if special(a) | special(b) | special(c) | special(d) {
                for (state, met) in [(a, &mut *in_a), (b, &mut *in_b), (c, &mut *in_c), (d, &mut *in_d)] {
                    if special(state) {
                        met.push((state, at));
                    }
                }
            }
        }
        for (n, met) in met.into_iter().enumerate() {
            for (state, at) in met {
                self.hit(bytes, state, n * part + at + 1, hits);
            }
        }
        // What is left over after four equal parts.
        for (at, byte) in bytes.iter().enumerate().skip(LANES * part) {
            d = self.automaton.next_state(Anchored::No, d, *byte);
            if self.automaton.is_special(d) {
                self.hit(bytes, d, at + 1, hits);
            }
        }
    }

    fn hit(&self, bytes: &[u8], state: StateID, end: usize, hits: &mut [Vec<Hit>]) {
        if !self.automaton.is_match(state) {
            return;
        }
        for n in 0..self.automaton.match_len(state) {
            let pattern = self.automaton.match_pattern(state, n);
            let start = end.saturating_sub(self.automaton.pattern_len(pattern));
            for literal in self.begin.get(pattern.as_usize()).into_iter().flatten() {
                let end = start + literal.text.len();
                let whole = bytes.get(start..end).is_some_and(|said| said.eq_ignore_ascii_case(&literal.text));
                if let Some(hits) = hits.get_mut(literal.owner).filter(|_| whole) {
                    hits.push(Hit { literal: literal.index, start, end });
                }
            }
        }
    }
}

/// By their ends. They nearly are: what begins first mostly ends first.
fn order(hits: &mut [Vec<Hit>]) {
    hits.iter_mut().for_each(|hits| hits.sort_by_key(|hit| hit.end));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_ascii_is_found_wherever_it_stands() {
        let all = Literals::of([(0, 0, "früher anweis"), (0, 1, "忽略")].into_iter());
        for lead in 0..100 {
            let text = format!("{}früher Anweisung{}忽略", "x".repeat(lead), " y".repeat(lead));
            let mut hits = [Vec::new()];
            all.find_beyond_ascii(&text, &mut hits);
            assert_eq!(hits[0].iter().map(|h| h.literal).collect::<Vec<_>>(), [0, 1], "{lead}");
        }
    }

    #[test]
    fn parts_find_what_the_whole_finds() {
        let literals = ["abc", "bc", "c a", "cabcab", "zz"];
        let all = Literals::of(literals.iter().enumerate().map(|(n, text)| (0, n, *text)));
        for length in 240..330 {
            let text: String = "abcab c abCabzzz".chars().cycle().take(length).collect();
            let mut hits = [Vec::new()];
            all.find(&text, &mut hits);
            let mut naive = Vec::new();
            for end in 1..=text.len() {
                for (literal, said) in literals.iter().enumerate() {
                    let start = end.saturating_sub(said.len());
                    if text.get(start..end).is_some_and(|t| t.eq_ignore_ascii_case(said)) {
                        naive.push((literal, start, end));
                    }
                }
            }
            let mut found: Vec<_> = hits[0].iter().map(|h| (h.literal, h.start, h.end)).collect();
            assert!(found.is_sorted_by_key(|f| f.2));
            found.sort_by_key(|f| (f.2, f.0));
            assert_eq!(found, naive, "{length}");
        }
    }
}
