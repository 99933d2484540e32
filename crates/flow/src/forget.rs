//! What goes when memory runs out: the oldest and least telling first, and never without saying so.

use crate::{
    Index,
    sources::{MOST, Zone},
    table::{Class, Entry},
};
use doorward_vocab::Standing;

/// How much more is worth what a human said, what is secret, and what another conversation left.
const TURN: u32 = 16;
/// One source for so many bytes of memory: a fifth of it.
const OF_SOURCES: usize = 256;
/// The most entries and places that can be numbered, less what is taken in at once.
const ENTRIES: usize = 60_000;
/// Levels of worth.
const LEVELS: usize = 40;

impl Index {
    /// Brings the index into its memory again.
    pub(crate) fn forget(&mut self) {
        let budget = self.settings.memory;
        if self.fits() {
            return;
        }
        // An eighth more than must be, so that it is not done each time.
        let goal = budget - budget / 8;
        let fixed = self.memory() - self.table.len() * 6 - self.zones.len() * 4;
        let mut keep = (goal.saturating_sub(fixed) / 7).min(ENTRIES / 2);
        while !self.fits() {
            self.thin(keep);
            keep = keep * 3 / 4;
            if self.table.len() == 0 {
                break;
            }
        }
    }

    fn fits(&self) -> bool {
        self.memory() <= self.settings.memory && self.table.len() <= ENTRIES && self.zones.len() <= ENTRIES
    }

    /// Keeps the `most` entries that are worth most.
    fn thin(&mut self, most: usize) {
        let before = self.table.len();
        let mut levels = [0_usize; LEVELS];
        for entry in self.table.entries() {
            if let Some(level) = levels.get_mut(self.worth(entry)) {
                *level += 1;
            }
        }
        let (mut kept, mut least) = (0, LEVELS);
        while let Some(count) = least.checked_sub(1).and_then(|at| levels.get(at)) {
            if kept + count > most {
                break;
            }
            (kept, least) = (kept + count, least - 1);
        }
        // Of the level that does not fit some are kept, whichever they are.
        let partly = least.checked_sub(1);
        let of_level = partly.and_then(|at| levels.get(at)).copied().unwrap_or_default();
        let mut lost = vec![false; self.sources.all.len()];
        let mut seen = 0_usize;
        let wanted = most - kept;
        let mut left = wanted;
        let worths = self.table.entries().map(|e| self.worth(e)).collect::<Vec<_>>();
        let mut worths = worths.into_iter();
        self.renumber(|zone| {
            let worth = worths.next().unwrap_or_default();
            let mut keep = worth >= least;
            if Some(worth) == partly {
                // Spread evenly over the level.
                seen += 1;
                keep = left > 0 && seen * wanted / of_level > wanted - left;
                left -= usize::from(keep);
            }
            if let Some(lost) = lost.get_mut(usize::from(zone.source)).filter(|_| !keep) {
                *lost = true;
            }
            keep.then_some(zone)
        });
        self.counts.shrink(self.table.len(), before);
        for (source, _) in lost.iter().enumerate().filter(|(_, lost)| **lost) {
            self.lose(source);
        }
    }

    /// Keeps the entries whose zone `keep` gives, in the order of their sums, and the zones that are left.
    fn renumber(&mut self, mut keep: impl FnMut(Zone) -> Option<Zone>) {
        let old = std::mem::take(&mut self.zones);
        let mut numbers = vec![None; old.len()];
        let mut zones = Vec::new();
        self.table.retain(|entry| {
            let at = usize::from(entry.zone());
            let zone = keep(Zone::unpacked(*old.get(at)?))?;
            let number = numbers.get_mut(at)?;
            Some(*number.get_or_insert_with(|| {
                zones.push(zone.packed());
                u16::try_from(zones.len() - 1).unwrap_or(u16::MAX)
            }))
        });
        zones.shrink_to_fit();
        self.zones = zones;
    }

    /// Says that something of a source is forgotten.
    fn lose(&mut self, source: usize) {
        let Some(kept) = self.sources.all.get_mut(source) else { return };
        if !kept.lost {
            kept.lost = true;
            let standing = self.sources.standings.get(usize::from(kept.standing)).cloned().unwrap_or(Standing::BOTTOM);
            self.lost = Some(self.lost.as_ref().map_or(standing.clone(), |lost| lost.join(&standing)));
        }
    }

    /// How much an entry is worth: by its class, and less for each doubling of its age.
    fn worth(&self, entry: Entry) -> usize {
        let source = self.zone(entry.zone()).source;
        let class = match entry.class() {
            Class::Prose => 0,
            Class::Rare => 1,
            Class::Weak => 2,
            Class::Inner => 4,
            Class::End => 6,
            Class::Begin => 8,
        };
        let age = self.sources.all.len().saturating_sub(usize::from(source)).max(1).ilog2();
        let dear = self.sources.is_turn(source) || self.sources.is_dear(source);
        let dear = if dear { TURN } else { 0 };
        usize::try_from(class + dear + 10 - age.min(10)).unwrap_or_default().min(LEVELS - 1)
    }

    /// Forgets the older half of the sources where there are more than can be told apart; of turns and secrets only the
    /// oldest.
    pub(crate) fn make_room_for_a_source(&mut self) {
        let most = (self.settings.memory / OF_SOURCES).clamp(16, MOST);
        if self.sources.all.len() < most {
            return;
        }
        let half = most / 2;
        let turns = (0..half).filter(|s| self.is_dear_at(*s)).count();
        let mut spare = turns.saturating_sub(most / 4);
        let mut numbers = Vec::with_capacity(most);
        let mut next = 0_u16;
        for source in 0..self.sources.all.len() {
            let turn = self.is_dear_at(source);
            let goes = source < half && (!turn || spare > 0);
            spare -= usize::from(goes && turn);
            if goes {
                self.lose(source);
            }
            numbers.push((!goes).then_some(next));
            next += u16::from(!goes);
        }
        let mut number = numbers.iter();
        self.sources.all.retain(|_| number.next().is_some_and(Option::is_some));
        self.sources.all.shrink_to_fit();
        self.renumber(|zone| Some(Zone { source: (*numbers.get(usize::from(zone.source))?)?, ..zone }));
    }

    fn is_dear_at(&self, source: usize) -> bool {
        u16::try_from(source).is_ok_and(|s| self.sources.is_turn(s) || self.sources.is_dear(s))
    }
}
