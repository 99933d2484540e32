//! What is normal for one kind of agent at one kind of work. A [`Baseline`] learns from conversations that ended well, on three clocks:
//! a fast one, a slow one, and a golden copy from when a person said yes to it. Where little was seen, it leans on its parents.
//!
//! It tightens by itself. What it learns slowly must stay near the golden copy; if it does not, it freezes and a person looks.

mod fact;
mod gate;
#[cfg(test)]
mod laws;
mod normal;
mod snapshot;
mod table;

pub use fact::{Fact, FactKind, Facts};
pub use gate::{Admission, Closed, Gate};
pub use normal::{Baseline, Drift, Health, Maturity, Review, surprise};
pub use snapshot::SnapshotError;
