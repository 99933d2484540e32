//! How much an agent may use: calls, tokens that enter a context, money, time of servers.
//!
//! Before a call its estimated cost is reserved with everybody it concerns (tenant, human, agent, the two together, conversation, tool,
//! server), all or nothing; afterwards the difference is settled. What is used up is a pause with what is left and when there is
//! more, not an error.

mod budget;
mod cost;
mod gauge;
mod holder;
#[cfg(test)]
mod laws;
mod ledger;
mod tokens;

pub use budget::Budget;
pub use cost::{Cost, Unit};
pub use gauge::Quota;
pub use holder::{Holders, Scope};
pub use ledger::{Exhausted, Ledger, Quotas, Reservation};
pub use tokens::estimate_tokens;
