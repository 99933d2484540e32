//! Puts the judgements together: [`rule()`] decides about a message on its way to a server and mints the permit that
//! forwarding asks for; [`clear()`] decides about everything on its way back.
//!
//! Invariant: no I/O, no clock, no randomness. The same input gives the same ruling, so a call can be replayed from the
//! trail.
//!
//! ```compile_fail,E0624
//! // A permit cannot be made outside of this room, so nothing can be forwarded that was not ruled.
//! fn forge(call: doorward_vocab::CallId) -> doorward_engine::Permit {
//!     doorward_engine::Permit::mint(call, false)
//! }
//! ```

mod actor;
mod approval;
mod asks;
mod authority;
mod change;
mod clear;
mod cleared;
mod definition;
mod entity;
mod flow;
mod found;
mod handling;
mod history;
mod intended;
mod judgement;
mod marks;
mod permit;
mod poison;
mod readable;
mod rule;
mod schema;
mod snapshot;
mod subject;

pub use actor::Actor;
pub use approval::{Approval, Awaited, approvable};
pub use authority::{Floors, reason as outside_reason};
pub use clear::{Clearance, clear};
pub use cleared::Cleared;
pub use definition::{AsApproved, Definition, intended_tool, judge_definition, look_at_definition};
pub use doorward_flow::{Labelling, Rule};
pub use entity::EntitySet;
pub use flow::{Budget, Flow, Memories, Spent, Traced};
pub use handling::{Handling, OnFinding};
pub use history::{Heard, History};
pub use judgement::{Judgement, Ruling, human_party};
pub use marks::{Fill, Marks, Placeholder, Unfilled, WebTarget};
pub use permit::{Outbound, OutboundKind, Permit, Permitted};
pub use poison::{Poison, Poisons, Words};
pub use rule::{Listed, rule, visible};
pub use schema::ArgumentSchema;
pub use snapshot::{ServerProfile, Snapshot};
pub use subject::{Correlation, Subject, Target};

#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod testing;
