//! Puts the judgements together: `rule` decides about a message on its way to a server and mints the permit that
//! forwarding asks for; `clear` decides about everything on its way back.
//!
//! Invariant: no I/O, no clock, no randomness. The same input gives the same ruling.

mod permit;

pub use permit::{Outbound, OutboundKind, Permit, Permitted};
