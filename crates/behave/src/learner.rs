//! Logistic regression that learns as it goes: FTRL-Proximal (McMahan et al., KDD 2013, algorithm 1) over hashed signs.

use crate::Sum;

/// Slots: a power of two. Signs that share one are not told apart.
pub(crate) const SLOTS: usize = 1 << 15;

/// How boldly and how sparsely it learns.
const ALPHA: f32 = 0.3;
const BETA: f32 = 1.0;
const LAMBDA1: f32 = 0.02;
const LAMBDA2: f32 = 0.5;

/// One slot: the sum of gradients as they were corrected, and that of their squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Slot {
    z: f32,
    n: f32,
}

/// Tells one class of things from all others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Learner {
    slots: Box<[Slot]>,
    bias: Slot,
}

impl Default for Learner {
    fn default() -> Self {
        Self { slots: vec![Slot::default(); SLOTS].into(), bias: Slot::default() }
    }
}

impl Learner {
    /// What a sign says for this class.
    pub(crate) fn weight(&self, sign: Sum) -> f32 {
        self.at(usize::from(slot(sign)))
    }

    /// What speaks for this class without any sign.
    pub(crate) fn bias(&self) -> f32 {
        self.bias.weight(0.0)
    }

    /// Learns from one example: its slots with how much of each there was, and whether it was of this class.
    pub(crate) fn learn(&mut self, bag: &[(u16, f32)], own: bool, importance: f32) {
        let score: f32 = self.bias() + bag.iter().map(|(slot, x)| self.at(usize::from(*slot)) * x).sum::<f32>();
        let error = (1.0 / (1.0 + (-score).exp()) - if own { 1.0 } else { 0.0 }) * importance;
        self.bias.step(error, 0.0);
        for (slot, x) in bag {
            if let Some(slot) = self.slots.get_mut(usize::from(*slot)) {
                slot.step(error * x, LAMBDA1);
            }
        }
    }

    fn at(&self, slot: usize) -> f32 {
        self.slots.get(slot).map_or(0.0, |slot| slot.weight(LAMBDA1))
    }
}

/// The slot of a sign.
pub(crate) fn slot(sign: Sum) -> u16 {
    u16::try_from(sign.place(SLOTS)).unwrap_or_default()
}

impl Slot {
    fn weight(self, lambda1: f32) -> f32 {
        if self.z.abs() <= lambda1 {
            return 0.0;
        }
        -(self.z - self.z.signum() * lambda1) / ((BETA + self.n.sqrt()) / ALPHA + LAMBDA2)
    }

    fn step(&mut self, gradient: f32, lambda1: f32) {
        let sigma = ((self.n + gradient * gradient).sqrt() - self.n.sqrt()) / ALPHA;
        self.z += gradient - sigma * self.weight(lambda1);
        self.n += gradient * gradient;
    }
}
