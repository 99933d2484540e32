//! From scores to alarms whose rate is a setting. A [`Reservoir`] of clean conversations turns a score into the share of them
//! that were at least as strange; a [`Capital`] bets against an agent's conversations being like those; [`Discoveries`] keeps the
//! share of false alarms over all agents; [`Adwin`] and [`PageHinkley`] tell when what is normal has changed.
//!
//! The promise holds while clean conversations are exchangeable: in whatever order they came, it could have been another. That is why the
//! unit is the conversation. Its calls depend on each other, and their shares would promise too much.

mod capital;
mod discoveries;
mod drift;
#[cfg(test)]
mod laws;
mod reservoir;

pub use capital::Capital;
pub use discoveries::Discoveries;
pub use drift::{Adwin, PageHinkley};
pub use reservoir::Reservoir;
