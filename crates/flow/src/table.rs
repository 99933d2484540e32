//! Sums and where they stood, in as little memory as they need: two rows side by side, ordered by sum.

mod pages;

use crate::unit::Sum;
use pages::Pages;
use std::ops::Range;

/// Bits of a sum that choose a page, and bits that are kept beside the class.
const PAGE: u32 = 10;
const KEPT: u32 = Sum::BITS - PAGE;
/// Entries for which room is made at once.
const STEP: usize = 64;
/// The most entries that two bytes count.
const MOST: usize = 65_000;

/// How much an entry is worth when memory runs out, from the least on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    /// Of prose.
    Prose,
    /// Of prose, with a word in it that is not common.
    Rare,
    /// A word or a short number.
    Weak,
    /// Out of the middle of a value.
    Inner,
    /// The end of a value.
    End,
    /// The beginning of a value, or all of it.
    Begin,
}

impl Class {
    pub(crate) const ALL: [Self; 6] = [Self::Prose, Self::Rare, Self::Weak, Self::Inner, Self::End, Self::Begin];
    fn of(bits: u32) -> Self {
        Self::ALL.get(bits as usize & 7).copied().unwrap_or(Self::Prose)
    }
}

/// An entry before it is in the table, as a number that sorts: sum, class, zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry(u64);

#[expect(clippy::cast_possible_truncation, reason = "each takes out the bits that were put there")]
impl Entry {
    pub(crate) const fn new(sum: Sum, class: Class, zone: u16) -> Self {
        Self(sum.0 << 19 | (class as u64) << 16 | zone as u64)
    }
    pub(crate) const fn sum(self) -> Sum {
        Sum(self.0 >> 19)
    }
    pub(crate) fn class(self) -> Class {
        Class::of((self.0 >> 16) as u32)
    }
    pub(crate) const fn zone(self) -> u16 {
        self.0 as u16
    }
    /// As the number that it is.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }
    /// The entry that is this number, if it is one.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        let good = bits >> (Sum::BITS + 19) == 0 && (bits >> 16 & 7) < Class::ALL.len() as u64;
        good.then_some(Self(bits))
    }
    const fn check(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// All entries. The upper bits of a sum are the page, the others stand in the check, with the class below them.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Table {
    pages: Pages,
    checks: Vec<u32>,
    zones: Vec<u16>,
}

#[expect(clippy::cast_possible_truncation, reason = "of a sum the lower bits are kept")]
impl Table {
    pub(crate) fn len(&self) -> usize {
        self.checks.len()
    }

    /// In bytes.
    pub(crate) fn memory(&self) -> usize {
        self.pages.memory() + self.checks.capacity() * 4 + self.zones.capacity() * 2
    }

    const fn page(sum: Sum) -> usize {
        (sum.0 >> KEPT) as usize
    }

    /// The numbers of the entries with this sum.
    #[inline]
    pub(crate) fn find(&self, sum: Sum) -> Range<usize> {
        let page = Self::page(sum);
        let (from, to) = (self.pages.begin(page), self.pages.begin(page + 1));
        let wanted = sum.0 as u32 & ((1 << KEPT) - 1);
        let checks = self.checks.get(from..to).unwrap_or_default();
        let mut start = 0;
        while checks.get(start).is_some_and(|c| c >> 3 < wanted) {
            start += 1;
        }
        let same = checks.iter().skip(start).take_while(|c| **c >> 3 == wanted).count();
        from + start..from + start + same
    }

    #[cfg(test)]
    pub(crate) fn class(&self, number: usize) -> Class {
        Class::of(self.checks.get(number).copied().unwrap_or_default())
    }

    pub(crate) fn zone(&self, number: usize) -> u16 {
        self.zones.get(number).copied().unwrap_or_default()
    }

    /// Every entry, ordered.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let mut page = 0_usize;
        self.checks.iter().zip(&self.zones).enumerate().map(move |(at, (check, zone))| {
            page = self.pages.of(at, page);
            let sum = Sum((page as u64) << KEPT | u64::from(*check >> 3));
            Entry::new(sum, Class::of(*check), *zone)
        })
    }

    /// Takes in entries that are ordered, as many as there is room for.
    pub(crate) fn merge<T>(&mut self, new: &[(Entry, T)]) {
        let new = new.get(..new.len().min(MOST.saturating_sub(self.len()))).unwrap_or_default();
        if new.is_empty() {
            return;
        }
        let old = self.checks.len();
        // In steps, so that not each small text moves all of it.
        let room = new.len().next_multiple_of(STEP);
        if self.checks.capacity() - old < new.len() {
            self.checks.reserve_exact(room);
            self.zones.reserve_exact(room);
        }
        self.checks.resize(old + new.len(), 0);
        self.zones.resize(old + new.len(), 0);
        // From the last on backwards, what stands behind the place of a new entry moves once, in one piece.
        let mut read = old;
        for (before, (entry, _)) in new.iter().enumerate().rev() {
            let page = Self::page(entry.sum());
            let bound = |page: usize| self.pages.begin(page).min(read);
            let place = (entry.check(), entry.zone());
            let row = |at: usize| self.checks.get(at).copied().zip(self.zones.get(at).copied());
            let (begin, mut after) = (bound(page), bound(page + 1));
            while after > begin && row(after - 1).is_some_and(|other| other > place) {
                after -= 1;
            }
            self.checks.copy_within(after..read, after + before + 1);
            self.zones.copy_within(after..read, after + before + 1);
            if let (Some(c), Some(z)) = (self.checks.get_mut(after + before), self.zones.get_mut(after + before)) {
                (*c, *z) = place;
            }
            read = after;
        }
        self.pages.take(new.iter().map(|(entry, _)| Self::page(entry.sum())));
    }

    /// Keeps the entries that `keep` says, and gives back the memory of the others. `keep` may change the zone.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Entry) -> Option<u16>) {
        let mut all: Vec<(Entry, ())> =
            self.entries().filter_map(|e| Some((Entry::new(e.sum(), e.class(), keep(e)?), ()))).collect();
        all.sort_unstable();
        *self = Self::default();
        self.merge(&all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_merged_is_found(batches in proptest::collection::vec(proptest::collection::vec((0..1_u64 << 39, 0..6_usize, any::<u16>()), 0..160), 0..8)) {
            let (mut table, mut all) = (Table::default(), Vec::new());
            for batch in batches {
                let mut new: Vec<Entry> = batch.iter().map(|(s, c, z)| Entry::new(Sum(*s), Class::ALL[*c], *z)).collect();
                new.sort_unstable();
                table.merge(&new.iter().map(|e| (*e, ())).collect::<Vec<_>>());
                all.extend(new);
            }
            all.sort_unstable();
            prop_assert_eq!(table.entries().collect::<Vec<_>>(), all.clone());
            for e in &all {
                let found = table.find(e.sum());
                let expected = all.iter().filter(|o| o.sum() == e.sum()).count();
                prop_assert_eq!(found.len(), expected);
                prop_assert!(found.clone().any(|n| table.class(n) == e.class() && table.zone(n) == e.zone()));
                prop_assert!(table.find(Sum(e.sum().0 ^ 1)).len() <= all.len());
            }
            table.retain(|e| (e.zone() % 2 == 0).then_some(e.zone() / 2));
            prop_assert_eq!(table.len(), all.iter().filter(|e| e.zone() % 2 == 0).count());
            prop_assert!(table.checks.capacity() < table.len() + STEP);
        }
    }
}
