//! What is kept of the secrets, by their sums.

use super::{
    index::{Anchor, Index},
    key::Key,
    plain::{self, End, Spelling},
    shapes::{self, Shape, Sum},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// One secret.
pub(super) struct Entry {
    pub(super) name: Arc<str>,
    pub(super) shapes: Box<[Shape]>,
    pub(super) spellings: Box<[Spelling]>,
    print: [u8; 16],
    added: usize,
    ends: Box<[u32]>,
}

/// What is to be kept of one secret.
pub(super) struct Drawn {
    shapes: Box<[Shape]>,
    spellings: Box<[Spelling]>,
    pub(super) sums: Vec<Sum>,
    pub(super) ends: Vec<End>,
}

impl Drawn {
    pub(super) fn of(secret: &[u8], key: &Key) -> Self {
        if let Some((shapes, sums)) = shapes::shapes(secret, key) {
            return Self { shapes, spellings: Box::default(), sums, ends: Vec::new() };
        }
        let (spellings, ends) = plain::spellings(secret, key);
        Self { shapes: Box::default(), spellings, sums: Vec::new(), ends }
    }
}

/// All secrets, and where their windows and ends are looked up.
pub(super) struct Book {
    entries: Vec<Option<Entry>>,
    slots: HashMap<[u8; 16], u32>,
    index: Index,
    ends: HashMap<u32, Vec<(u32, u8, u8)>>,
    /// How many ends there are, and how many secrets they are of.
    listed: usize,
    spelled: usize,
    /// Slots that nothing points to, and those to which the index may: with the number of the sweep that ends that.
    free: Vec<u32>,
    resting: VecDeque<(u32, u64)>,
    sweeps: u64,
    /// How many windows were forgotten since the filters were made.
    stale: usize,
}

impl Book {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            slots: HashMap::new(),
            index: Index::new(),
            ends: HashMap::new(),
            listed: 0,
            spelled: 0,
            free: Vec::new(),
            resting: VecDeque::new(),
            sweeps: 0,
            stale: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) const fn spelled(&self) -> usize {
        self.spelled
    }

    pub(super) const fn windows(&self) -> usize {
        self.index.len()
    }

    pub(super) const fn ends(&self) -> usize {
        self.listed
    }

    pub(super) fn window_sums(&self) -> impl Iterator<Item = u32> + '_ {
        self.index.sums()
    }

    pub(super) fn end_sums(&self) -> impl Iterator<Item = u32> + '_ {
        self.ends.keys().copied()
    }

    /// Counts a secret that is known once more.
    pub(super) fn again(&mut self, print: &[u8; 16]) -> bool {
        let entry = self.slots.get(print).and_then(|slot| self.entries.get_mut(*slot as usize)?.as_mut());
        entry.map(|entry| entry.added += 1).is_some()
    }

    pub(super) fn add(&mut self, print: [u8; 16], name: &str, drawn: Drawn) {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => match u32::try_from(self.entries.len()) {
                Ok(slot) if slot < Anchor::SLOTS => {
                    self.entries.push(None);
                    slot
                }
                // A gateway with so many secrets at once is none.
                _ => return,
            },
        };
        for (sum, form, window) in drawn.sums {
            self.index.insert(sum, Anchor { slot, form, window });
        }
        self.listed += drawn.ends.len();
        self.spelled += usize::from(!drawn.ends.is_empty());
        for (sum, number, after) in &drawn.ends {
            self.ends.entry(*sum).or_default().push((slot, *number, *after));
        }
        let ends = drawn.ends.iter().map(|(sum, ..)| *sum).collect();
        let (shapes, spellings) = (drawn.shapes, drawn.spellings);
        if let Some(entry) = self.entries.get_mut(slot as usize) {
            *entry = Some(Entry { name: name.into(), shapes, spellings, print, added: 1, ends });
            self.slots.insert(print, slot);
        }
    }

    /// Whether the filters hold much that is no more.
    pub(super) fn forget(&mut self, print: &[u8; 16]) -> bool {
        let Some(&slot) = self.slots.get(print) else { return false };
        let Some(place) = self.entries.get_mut(slot as usize) else { return false };
        let Some(entry) = place.as_mut() else { return false };
        entry.added -= 1;
        if entry.added > 0 {
            return false;
        }
        let Some(entry) = place.take() else { return false };
        self.slots.remove(&entry.print);
        self.spelled -= usize::from(!entry.ends.is_empty());
        self.listed -= entry.ends.len();
        for sum in &entry.ends {
            if let Some(all) = self.ends.get_mut(sum) {
                all.retain(|(s, ..)| *s != slot);
                if all.is_empty() {
                    self.ends.remove(sum);
                }
            }
        }
        // The index is swept a table at a time, so that nobody waits for all of it.
        self.resting.push_back((slot, self.sweeps + Index::TABLES as u64));
        let entries = &self.entries;
        let gone = self.index.sweep(self.sweeps, |slot| entries.get(slot as usize).is_some_and(Option::is_some));
        self.sweeps += 1;
        self.stale += gone + entry.ends.len();
        while let Some((slot, _)) = self.resting.front().filter(|(_, until)| *until <= self.sweeps) {
            self.free.push(*slot);
            self.resting.pop_front();
        }
        let stale = self.stale > 1 << 14 && self.stale * 2 > self.index.len() + self.listed;
        if stale {
            self.stale = 0;
        }
        stale
    }

    /// The secrets and numbers of forms in which a window with `sum` stands.
    pub(super) fn anchors(&self, sum: u32) -> impl Iterator<Item = (&Entry, &Shape, Anchor)> + '_ {
        self.index.get(sum).filter_map(|anchor| {
            let entry = self.entries.get(anchor.slot as usize)?.as_ref()?;
            Some((entry, entry.shapes.get(usize::from(anchor.form))?, anchor))
        })
    }

    /// The secrets and spellings of which `sum` is near the end, and how many bytes before it.
    pub(super) fn endings(&self, sum: u32) -> impl Iterator<Item = (&Entry, &Spelling, usize)> + '_ {
        self.ends.get(&sum).into_iter().flatten().filter_map(|(slot, number, after)| {
            let entry = self.entries.get(*slot as usize)?.as_ref()?;
            Some((entry, entry.spellings.get(usize::from(*number))?, usize::from(*after)))
        })
    }
}
