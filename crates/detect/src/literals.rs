//! The places of many short texts in a long one, in one pass.

use crate::Hit;
use aho_corasick::{
    Anchored, MatchKind, StartKind,
    automaton::Automaton,
    dfa::{Builder, DFA},
};
use std::ops::Range;

/// So many places of a text are read at a time: each step waits for memory, and the steps of the others fill the wait.
const LANES: usize = 4;
/// Shorter texts are read from one place.
const SHORT: usize = 256;

/// Literals as one automaton.
pub(crate) struct Literals {
    automaton: DFA,
    longest: usize,
    /// For each, whose it is and its index there.
    owners: Vec<(usize, usize)>,
}

impl Literals {
    /// An automaton for these: whose each is, its index there, its text.
    pub(crate) fn of<'a>(literals: impl Iterator<Item = (usize, usize, &'a str)>) -> Self {
        let (texts, owners): (Vec<_>, Vec<_>) = literals.map(|(owner, index, text)| (text, (owner, index))).unzip();
        let automaton = Builder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .prefilter(false)
            .build(&texts);
        #[expect(clippy::expect_used, reason = "the literals are constants, and tests build this from all of them")]
        let automaton = automaton.expect("the literals of the detectors fit into an automaton");
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        Self { automaton, longest, owners }
    }

    /// Gives each owner the places of its literals, ordered by their end.
    pub(crate) fn find(&self, text: &str, hits: &mut [Vec<Hit>]) {
        hits.iter_mut().for_each(Vec::clear);
        if self.owners.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        if bytes.len() < SHORT.max(LANES * self.longest * 2) {
            let Ok(mut state) = self.automaton.start_state(Anchored::No) else { return };
            for (at, b) in bytes.iter().enumerate() {
                state = self.automaton.next_state(Anchored::No, state, *b);
                if self.automaton.is_special(state) {
                    self.hit(state, at + 1, hits);
                }
            }
            return;
        }
        self.find_in_lanes(bytes, hits);
    }

    fn find_in_lanes(&self, bytes: &[u8], hits: &mut [Vec<Hit>]) {
        let Ok(start) = self.automaton.start_state(Anchored::No) else { return };
        let part = bytes.len().div_ceil(LANES);
        let mut lanes: [_; LANES] = std::array::from_fn(|n| Lane {
            state: start,
            part: (n * part).min(bytes.len())..((n + 1) * part).min(bytes.len()),
            met: Vec::new(),
        });
        // What ends at the beginning of a part began before it.
        for lane in &mut lanes {
            for b in bytes.get(lane.part.start.saturating_sub(self.longest)..lane.part.start).unwrap_or_default() {
                lane.state = self.automaton.next_state(Anchored::No, lane.state, *b);
            }
        }
        let [a, b, c, d] = &mut lanes;
        let read = |lane: &Lane| bytes.get(lane.part.clone()).unwrap_or_default();
        let rows = read(a).iter().zip(read(b)).zip(read(c)).zip(read(d)).enumerate();
        let short = d.part.len();
        for (at, (((x, y), z), w)) in rows {
            a.step(&self.automaton, *x, at);
            b.step(&self.automaton, *y, at);
            c.step(&self.automaton, *z, at);
            d.step(&self.automaton, *w, at);
        }
        // The last part may be shorter.
        for lane in [a, b, c] {
            for (at, byte) in bytes.get(lane.part.clone()).unwrap_or_default().iter().enumerate().skip(short) {
                lane.step(&self.automaton, *byte, at);
            }
        }
        for lane in lanes {
            for (state, at) in lane.met {
                self.hit(state, lane.part.start + at + 1, hits);
            }
        }
    }

    fn hit(&self, state: aho_corasick::automaton::StateID, end: usize, hits: &mut [Vec<Hit>]) {
        if !self.automaton.is_match(state) {
            return;
        }
        for n in 0..self.automaton.match_len(state) {
            let pattern = self.automaton.match_pattern(state, n);
            let Some(&(owner, literal)) = self.owners.get(pattern.as_usize()) else { continue };
            let Some(hits) = hits.get_mut(owner) else { continue };
            hits.push(Hit { literal, start: end.saturating_sub(self.automaton.pattern_len(pattern)), end });
        }
    }
}

struct Lane {
    state: aho_corasick::automaton::StateID,
    part: Range<usize>,
    met: Vec<(aho_corasick::automaton::StateID, usize)>,
}

impl Lane {
    #[inline(always)]
    fn step(&mut self, automaton: &DFA, byte: u8, at: usize) {
        self.state = automaton.next_state(Anchored::No, self.state, byte);
        if automaton.is_special(self.state) {
            self.met.push((self.state, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
