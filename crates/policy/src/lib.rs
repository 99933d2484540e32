//! The only room that knows Cedar: may this be done?
//!
//! Each question is answered four times, by separate sets of policies: for the agent, the human, the delegation and
//! the server. The strictest answer holds, so a careless permit for one party widens nothing that another withholds.
//! A policy that cannot be evaluated denies.
//!
//! Invariants: no I/O, no clock, no randomness; what is evaluated is exactly what the memory is keyed by.

mod action;
mod arguments;
pub mod cases;
mod combine;
mod compile;
mod context;
#[cfg(test)]
mod decisions;
mod diagnostic;
mod entity;
mod explain;
mod flow;
mod footprint;
#[cfg(test)]
mod laws;
mod memo;
#[cfg(test)]
mod mistakes;
mod party;
mod policies;
#[cfg(test)]
mod proofs;
mod rule;
mod scope;
mod slice;
mod source;
mod target;
#[cfg(test)]
mod testing;
mod value;
mod verdict;

pub use action::Action;
pub use arguments::{ArgumentFacts, Leaf, LeafValue, fuzz_arguments};
pub use context::{Behaviour, Context, Conversation};
pub use diagnostic::Diagnostic;
pub use explain::{Considered, Explanation, Part};
pub use flow::{Believed, FlowFacts, Sources};
pub use party::{
    Agent, AgentFacts, Delegation, DelegationFacts, Human, HumanFacts, Party, Server, ServerFacts, Transport,
};
pub use policies::Policies;
pub use source::{Base, Source};
pub use target::{DefinitionState, Target, ToolFacts};
pub use verdict::{Obligation, Question, Remedy, Ruling, Verdict, WouldBe};

/// The Cedar schema that policies are checked against, with a comment for each attribute.
pub const SCHEMA_TEXT: &str = include_str!("schema.cedarschema");
