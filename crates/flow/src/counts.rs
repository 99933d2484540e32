//! How many different units of each kind and length there are: among many, one is hit by chance.

use crate::unit::Kind;

const LENGTHS: usize = 17;
pub(crate) const SLOTS: usize = 3 + 2 * LENGTHS;

/// A kind and length that is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(u8);

impl Slot {
    pub(crate) fn of(kind: Kind, len: usize) -> Self {
        let len = len.min(LENGTHS - 1);
        let at = match kind {
            Kind::Window => 0,
            Kind::Prose => 1,
            Kind::Date => 2,
            Kind::Whole => 3 + len,
            Kind::Number => 3 + LENGTHS + len,
        };
        Self(u8::try_from(at).unwrap_or_default())
    }
}

/// The counts.
#[derive(Clone, PartialEq)]
pub(crate) struct Counts(pub(crate) [u16; SLOTS]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; SLOTS])
    }
}

impl Counts {
    pub(crate) fn add(&mut self, slot: Slot) {
        if let Some(count) = self.0.get_mut(usize::from(slot.0)) {
            *count = count.saturating_add(1);
        }
    }

    /// How many units one of this kind and length could be by chance.
    pub(crate) fn of(&self, kind: Kind, len: usize) -> u16 {
        self.0.get(usize::from(Slot::of(kind, len).0)).copied().unwrap_or_default()
    }

    /// After so many of all were kept, out of so many.
    pub(crate) fn shrink(&mut self, kept: usize, of: usize) {
        for count in &mut self.0 {
            let less = usize::from(*count) * kept / of.max(1);
            *count = u16::try_from(less).unwrap_or(u16::MAX).max(u16::from(*count > 0));
        }
    }
}
