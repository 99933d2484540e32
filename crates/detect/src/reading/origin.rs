//! Where the bytes of a reading came from.

use crate::text::snap;
use std::ops::Range;

/// For every byte of a text the bytes of another that it came from, as stretches of equal units: what was copied is one
/// stretch however long it is, and so are a run of full-width letters or a line of base64.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    stretches: Vec<Stretch>,
}

/// Units from `at` on, up to the next stretch: each `out` bytes long, each from `of` bytes, the first from `from`.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    at: u32,
    from: u32,
    out: u32,
    of: u32,
    copied: bool,
}

impl Origin {
    /// The bytes from `at` on, so many, came from `from`, and cannot be told apart.
    pub(super) fn push(&mut self, at: usize, bytes: usize, from: Range<usize>) {
        self.add(at, from.start, bytes, from.len(), false);
    }

    /// The bytes from `at` on are those from `from` on, one for one.
    pub(super) fn copy(&mut self, at: usize, from: usize) {
        self.add(at, from, 1, 1, true);
    }

    fn add(&mut self, at: usize, from: usize, out: usize, of: usize, copied: bool) {
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let next = Stretch { at: short(at), from: short(from), out: short(out.max(1)), of: short(of), copied };
        let goes_on = self.stretches.last().is_some_and(|last| {
            (last.out, last.of, last.copied) == (next.out, next.of, copied)
                && (next.at - last.at).is_multiple_of(last.out)
                && u64::from(last.from) + u64::from((next.at - last.at) / last.out) * u64::from(last.of)
                    == u64::from(next.from)
        });
        if !goes_on {
            self.stretches.push(next);
        }
    }

    /// The bytes of `source` that the bytes `span` came from, at character boundaries. A wider span gives a span that is
    /// no less wide.
    pub(super) fn of(&self, span: &Range<usize>, source: &str) -> Range<usize> {
        let first = self.unit(span.start);
        let last = self.unit(span.end.max(span.start + 1) - 1);
        snap(source, first.start..last.end.max(first.start))
    }

    /// Whether any of the bytes `span` is something else than the byte that it came from.
    pub(super) fn is_undone(&self, span: &Range<usize>) -> bool {
        let place = |at: usize| {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            self.stretches.partition_point(|s| s.at <= at).saturating_sub(1)
        };
        let (first, last) = (place(span.start), place(span.end.max(span.start + 1) - 1));
        self.stretches.get(first..=last).is_some_and(|all| all.iter().any(|s| !s.copied))
    }

    fn unit(&self, at: usize) -> Range<usize> {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let after = self.stretches.partition_point(|s| s.at <= at);
        let Some(s) = after.checked_sub(1).and_then(|i| self.stretches.get(i)) else { return 0..0 };
        let start = s.from as usize + ((at - s.at) / s.out) as usize * s.of as usize;
        start..start + s.of as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_equal_units_are_one() {
        let mut origin = Origin::default();
        origin.copy(0, 10);
        for unit in 0..5 {
            origin.push(4 + unit, 1, 14 + unit * 3..17 + unit * 3);
        }
        origin.copy(9, 29);
        assert_eq!(origin.stretches.len(), 3);
        let source = "x".repeat(64);
        assert_eq!(origin.of(&(0..4), &source), 10..14);
        assert_eq!(origin.of(&(3..5), &source), 13..17);
        assert_eq!(origin.of(&(5..9), &source), 17..29);
        assert_eq!(origin.of(&(8..12), &source), 26..32);
        assert_eq!(origin.of(&(2..2), &source), 12..13);
    }
}
