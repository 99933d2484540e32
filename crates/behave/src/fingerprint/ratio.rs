//! How much likelier a habit is with one agent than with all of them: counts alone.

use super::habit::Habit;
use crate::learner::{SLOTS, slot};

/// How many habits of everybody an agent is taken to have had before it was seen.
const SHRINKAGE: f32 = 2.0;
/// The most that one habit says, in bits.
const MOST: f32 = 4.0;

/// How often each habit was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counts {
    slots: Box<[u16]>,
    all: u32,
}

impl Default for Counts {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS].into(), all: 0 }
    }
}

impl Counts {
    /// Counts a habit. When a counter is full, all are halved: what is old fades.
    pub(super) fn add(&mut self, at: u16) {
        let Some(count) = self.slots.get_mut(usize::from(at)) else { return };
        *count = count.saturating_add(1);
        self.all = self.all.saturating_add(1);
        if *count == u16::MAX {
            self.slots.iter_mut().for_each(|count| *count /= 2);
            self.all = self.slots.iter().map(|count| u32::from(*count)).sum();
        }
    }

    /// How often a habit was seen.
    pub(super) fn of(&self, habit: &Habit) -> f32 {
        f32::from(self.slots.get(usize::from(slot(habit.sum()))).copied().unwrap_or_default())
    }

    /// Bits for these counts against those of everybody.
    pub(super) fn bits(&self, everybody: &Self, habit: &Habit) -> f32 {
        let common = everybody.of(habit);
        if common == 0.0 {
            return 0.0;
        }
        let expected = common / everybody.all as f32 * self.all as f32;
        let ratio = (self.of(habit) + SHRINKAGE) / (expected + SHRINKAGE);
        ratio.log2().clamp(-MOST, MOST)
    }
}
