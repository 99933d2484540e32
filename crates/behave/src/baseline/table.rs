//! Counts that fade. They are not touched for that: what is new weighs more instead.

use crate::Sum;

/// Slots: a power of two. What shares one is taken for the same.
pub(super) const SLOTS: usize = 1 << 12;

/// Counts of hashed things.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) slots: Box<[f32]>,
    /// What one weighs now.
    pub(super) weight: f32,
}

impl Default for Table {
    fn default() -> Self {
        Self { slots: vec![0.0; SLOTS].into(), weight: 1.0 }
    }
}

impl Table {
    /// How often a thing was seen, as it counts now.
    pub(super) fn of(&self, thing: Sum) -> f32 {
        self.slots.get(thing.place(SLOTS)).copied().unwrap_or_default() / self.weight
    }

    /// Counts a thing.
    pub(super) fn add(&mut self, thing: Sum, times: f32) {
        if let Some(slot) = self.slots.get_mut(thing.place(SLOTS)) {
            *slot += self.weight * times;
        }
    }

    /// Lets everything fade to this share.
    pub(super) fn fade(&mut self, share: f32) {
        self.weight /= share.max(1e-6);
        if self.weight > 1e9 {
            let weight = self.weight;
            self.slots.iter_mut().for_each(|slot| *slot /= weight);
            self.weight = 1.0;
        }
    }

    /// The Jensen-Shannon divergence of two tables as distributions, in bits: from zero, where they are the same, to one.
    pub(super) fn divergence(&self, other: &Self) -> f64 {
        let sum = |table: &Self| table.slots.iter().map(|slot| f64::from(*slot)).sum::<f64>();
        let (a, b) = (sum(self), sum(other));
        if a <= 0.0 || b <= 0.0 {
            return 0.0;
        }
        let part = |p: f64, m: f64| if p > 0.0 { p * (p / m).log2() } else { 0.0 };
        let each = self.slots.iter().zip(&other.slots).map(|(x, y)| {
            let (p, q) = (f64::from(*x) / a, f64::from(*y) / b);
            let m = f64::midpoint(p, q);
            part(p, m) + part(q, m)
        });
        each.sum::<f64>() / 2.0
    }
}
