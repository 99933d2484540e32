//! Finding what was done to a trail: edited, deleted, reordered, cut, forked, signed by somebody else.
//!
//! The verifier is fed the records in order, and the checkpoints beforehand. It keeps one hash per tree level, so the
//! size of a trail does not matter.

use crate::{
    Checkpoint,
    merkle::{Tile, Tiler, leaf_hash},
};
use doorward_vocab::Digest;
use serde::Serialize;
use std::borrow::Cow;

/// More problems than this are only counted.
const MOST: usize = 100;

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A record is not the one that was written.
    Edited,
    /// A record is not there.
    Deleted,
    /// Records stand in another order.
    Reordered,
    /// A record stands there that was not written.
    Inserted,
    /// Records at the end are not there.
    Truncated,
    /// The records lead to another root than the signed one.
    Root,
    /// Two heads of one size and different roots are signed.
    Forked,
    /// A newer head stands before an older one, or the current one is not the newest.
    RolledBack,
    /// A signature or a key does not hold.
    Signature,
    /// A file is missing or not readable as what it should be.
    File,
    /// A hash tile does not fit the records.
    Tile,
}

/// One thing that is wrong with a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind it is.
    pub kind: ProblemKind,
    /// The first record that is known to be, or may be, affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What was found, in words.
    pub text: Cow<'static, str>,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many records are there.
    pub records: u64,
    /// The root over them; absent where records are missing in between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Digest>,
    /// How many of them a good checkpoint covers.
    pub signed: u64,
    /// How many checkpoints were compared.
    pub checkpoints: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// How many more problems there are.
    pub more: u64,
    /// What is worth knowing and not wrong.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
    /// The first record that is affected by a problem, where one can be named.
    pub fn first_bad(&self) -> Option<u64> {
        self.problems.iter().filter_map(|p| p.index).min()
    }
    /// Adds a problem.
    pub fn add(&mut self, kind: ProblemKind, index: Option<u64>, text: impl Into<Cow<'static, str>>) {
        if self.problems.len() < MOST {
            self.problems.push(Problem { kind, index, text: text.into() });
        } else {
            self.more += 1;
        }
    }
}

/// A record as it stands in the trail.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'b> {
    /// The index that it claims.
    pub index: u64,
    /// The leaf hash that it claims.
    pub leaf: Digest,
    /// The record.
    pub record: &'b [u8],
}

/// Walks along a trail and gathers what is wrong with it.
#[derive(Debug)]
pub struct Verifier {
    /// Still to be compared, the smallest last.
    heads: Vec<(Checkpoint, Cow<'static, str>)>,
    tiler: Tiler,
    /// The size of the largest head that agreed.
    good: u64,
    /// Where tiles and records disagree, and how.
    disagreements: Vec<Problem>,
    whole: bool,
    report: Report,
}

impl Verifier {
    /// A verifier that will compare these heads, whose signatures were checked; each with a word for where it stood.
    pub fn new(heads: impl IntoIterator<Item = (Checkpoint, Cow<'static, str>)>) -> Self {
        let mut heads: Vec<_> = heads.into_iter().collect();
        let mut report = Report { checkpoints: heads.len() as u64, ..Report::default() };
        heads.sort_by_key(|(c, _)| c.size);
        for ((a, here), (b, there)) in heads.iter().zip(heads.iter().skip(1)) {
            if a.size == b.size && a.root != b.root {
                let text = format!("{here} and {there} sign different roots over {} records", a.size);
                report.add(ProblemKind::Forked, None, text);
            }
        }
        heads.reverse();
        let mut verifier = Self { heads, tiler: Tiler::new(), good: 0, disagreements: Vec::new(), whole: true, report };
        verifier.compare();
        verifier
    }

    /// Takes the next record. `tile` is given each full tile that the records make, and gives back the hashes of the
    /// stored one, where there is one to compare with.
    pub fn entry(&mut self, entry: Entry<'_>, mut tile: impl FnMut(Tile) -> Option<Vec<Digest>>) {
        let at = self.report.records;
        if self.whole && entry.index != at {
            let kind = if entry.index > at { ProblemKind::Deleted } else { ProblemKind::Reordered };
            self.report.add(kind, Some(at), format!("record {} stands in the place of record {at}", entry.index));
        }
        let leaf = leaf_hash(entry.record);
        if leaf != entry.leaf {
            self.report.add(
                ProblemKind::Edited,
                Some(at),
                format!("record {at} does not have the hash written beside it"),
            );
        }
        self.report.records += 1;
        if !self.whole {
            return;
        }
        let disagreements = &mut self.disagreements;
        self.tiler.push(leaf, |at, bytes| {
            let made = at.hashes(&bytes).unwrap_or_default();
            if let Some(stored) = tile(at).filter(|s| *s != made) {
                disagreements.push(differ(at, &made, &stored));
            }
        });
        self.compare();
    }

    /// Says that the records up to `next` are not there, so that no root can be computed from here on.
    pub fn gap(&mut self, next: u64) {
        let at = self.report.records;
        self.report.add(
            ProblemKind::Deleted,
            Some(at),
            format!("the records from {at} to {} are missing", next.saturating_sub(1)),
        );
        self.whole = false;
        self.report.records = next;
    }

    /// Adds a problem that was found elsewhere.
    pub fn add(&mut self, kind: ProblemKind, index: Option<u64>, text: impl Into<Cow<'static, str>>) {
        self.report.add(kind, index, text);
    }
    /// Adds something worth knowing.
    pub fn note(&mut self, text: impl Into<String>) {
        self.report.notes.push(text.into());
    }
    /// How many records were taken.
    pub const fn records(&self) -> u64 {
        self.report.records
    }
    /// How many records the largest head covers that is still to be compared.
    pub fn awaited(&self) -> u64 {
        self.heads.first().map_or(0, |(c, _)| c.size)
    }

    /// The end of the trail.
    pub fn finish(mut self) -> Report {
        let records = self.report.records;
        if let Some((head, place)) = self.heads.first().filter(|(h, _)| self.whole && h.size > records) {
            // Any of the records since the last head that agrees may be the missing one.
            let (size, good) = (head.size, self.good);
            let text =
                format!("{place} signs {size} records, {records} are there; nothing vouches for those from {good} on");
            self.report.add(ProblemKind::Truncated, Some(good), text);
        }
        if !self.whole && !self.heads.is_empty() {
            let text = format!("with records missing, nothing vouches for those from {} on", self.good);
            self.report.add(ProblemKind::Root, Some(self.good), text);
        }
        for mut problem in self.disagreements.drain(..) {
            // Where a signed root agrees with the records, it is the tile that was changed.
            if problem.index.is_some_and(|i| i < self.good) {
                problem.kind = ProblemKind::Tile;
                problem.index = None;
            }
            self.report.add(problem.kind, problem.index, problem.text);
        }
        self.report.signed = self.good;
        self.report.root = self.whole.then(|| self.tiler.head().root());
        self.report
    }

    /// Compares the heads of the current size.
    fn compare(&mut self) {
        let size = self.tiler.size();
        while let Some((head, place)) = self.heads.pop_if(|(h, _)| h.size == size) {
            if head.root == self.tiler.head().root() {
                self.good = size;
                continue;
            }
            let from = self.good;
            let text = format!("the first {size} records are not those that {place} signs; up to {from} they are");
            self.report.add(ProblemKind::Root, Some(from), text);
        }
    }
}

/// Says how the records differ from a stored tile.
fn differ(tile: Tile, made: &[Digest], stored: &[Digest]) -> Problem {
    let at = made.iter().zip(stored).take_while(|(m, s)| m == s).count();
    let span = 1_u64.checked_shl(u32::from(tile.level()) * 8).unwrap_or(0);
    let index = (tile.index() * u64::from(Tile::WIDTH) + at as u64).saturating_mul(span);
    let path = tile.path();
    let (m, s) = (made.get(at), stored.get(at));
    let (kind, what) = if tile.level() > 0 {
        (ProblemKind::Root, "the records below it are not those")
    } else if m.is_some() && m == stored.get(at + 1) {
        (ProblemKind::Deleted, "the record that was there is missing")
    } else if s.is_some() && s == made.get(at + 1) {
        (ProblemKind::Inserted, "the record was not there")
    } else if m.is_some_and(|m| stored.contains(m)) {
        (ProblemKind::Reordered, "another record was there")
    } else {
        (ProblemKind::Edited, "the record is another")
    };
    Problem {
        kind,
        index: Some(index),
        text: format!("record {index} is not the one that `{path}` holds: {what}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::Head;

    fn records(n: u64) -> Vec<Vec<u8>> {
        (0..n).map(|i| i.to_be_bytes().to_vec()).collect()
    }
    fn head(records: &[Vec<u8>]) -> Checkpoint {
        let head: Head = records.iter().map(|r| leaf_hash(r)).collect();
        Checkpoint { origin: "log".into(), size: head.size(), root: head.root() }
    }
    fn check(records: &[Vec<u8>], heads: &[Checkpoint], tiles: Option<&[Vec<u8>]>) -> Vec<(ProblemKind, Option<u64>)> {
        let mut verifier = Verifier::new(heads.iter().map(|h| (h.clone(), "the checkpoint".into())));
        for (index, record) in (0..).zip(records) {
            verifier.entry(Entry { index, leaf: leaf_hash(record), record }, |t| {
                let stored: Vec<_> = tiles?.iter().map(|r| leaf_hash(r)).collect();
                (t.level() == 0).then(|| stored.chunks(256).nth(usize::try_from(t.index()).unwrap()).unwrap().to_vec())
            });
        }
        verifier.finish().problems.into_iter().map(|p| (p.kind, p.index)).collect()
    }

    #[test]
    fn every_kind_of_change() {
        use ProblemKind::*;
        let good = records(600);
        let heads = [head(&good[..0]), head(&good[..100]), head(&good[..550])];
        let check = |r: &[Vec<u8>]| check(r, &heads, Some(&good));
        assert_eq!(check(&good), []);
        let mut edited = good.clone();
        edited[300][0] = 1;
        assert_eq!(check(&edited), [(Root, Some(100)), (Edited, Some(300))]);
        let mut deleted = good.clone();
        deleted.remove(200);
        assert_eq!(check(&deleted)[..2], [(Root, Some(100)), (Deleted, Some(200))]);
        let mut inserted = good.clone();
        inserted.insert(200, b"x".to_vec());
        assert_eq!(check(&inserted)[..2], [(Root, Some(100)), (Inserted, Some(200))]);
        let mut swapped = good.clone();
        swapped.swap(10, 20);
        assert_eq!(check(&swapped), [(Root, Some(0)), (Root, Some(0)), (Reordered, Some(10))]);
        assert_eq!(check(&good[..540]), [(Truncated, Some(100))]);
        // What is not signed yet may end anywhere.
        assert_eq!(check(&good[..560]), []);
    }

    #[test]
    fn a_fork_and_a_changed_tile() {
        let good = records(300);
        let mut other = good.clone();
        other[7][0] = 9;
        let problems = check(&good, &[head(&good), head(&other)], None);
        assert_eq!(problems.first(), Some(&(ProblemKind::Forked, None)));
        assert_eq!(check(&good, &[head(&good)], Some(&other)), [(ProblemKind::Tile, None)]);
    }
}
