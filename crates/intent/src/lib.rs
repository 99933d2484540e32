//! What the human asked for, and whether a call serves it. [`Intent`] reads turns (what is asked for, of what, and what not),
//! remembers the records that were read, and judges calls that change something: was it asked for, and did the human choose
//! whom it reaches and what it is done to?
//!
//! Words that programs or strangers wrote never widen what may be done, unless the human handed the choice over to them.
//! Nothing here does I/O or reads a clock.

mod basis;
mod clause;
mod intent;
mod judge;
mod kept;
mod lexicon;
mod memory;
mod records;
mod roles;
mod rows;
mod said;
mod tool;
mod words;

pub use clause::Clause;
pub use intent::{Brought, Intent};
pub use judge::{Stance, Verdict};
pub use roles::Role;
pub use tool::Tool;

use doorward_vocab::Effects;

/// What a text of a human asks for, in the order in which it does.
pub fn understood(text: &str) -> Vec<Clause> {
    let mut clauses = clause::clauses(&lexicon::ENGLISH, text, 0);
    // A word that may be a verb is understood once there is a tool that is called so.
    clauses.retain(|c| c.effects != Effects::NONE || c.hands_over);
    clauses
}
