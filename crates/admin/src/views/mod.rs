//! What is shown: one value for the page and for the API, made of records and of what the ports say.

mod call;
mod chain;
mod conversation;
mod definition;
mod granted;
mod line;
mod overview;
mod party;
mod search;
mod whole;

pub(crate) use call::{Call, call};
pub(crate) use chain::{Chain, Edge, Node, Part, chain};
pub(crate) use conversation::{Conversation, Conversations, conversation, conversations};
pub(crate) use definition::{
    DefinitionView, Definitions, ServerView, Servers, definition, definitions, kind, server, servers,
};
pub(crate) use granted::{Approvals, DelegationLine, Delegations, Sources, approvals, delegations, sources};
pub(crate) use line::{Line, Who};
pub(crate) use overview::{Hour, Overview, overview};
pub(crate) use party::{Parties, PartyView, parties, party};
pub(crate) use search::{Records, records};
pub(crate) use whole::{Integrity, LevelView, Me, Proof, integrity, level, me};

use schemars::JsonSchema;
use serde::Serialize;

/// Something was changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Done {
    /// What was done, in a sentence.
    pub(crate) done: String,
    /// What it was done to.
    pub(crate) ids: Vec<String>,
}

/// Something was not answered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Refused {
    /// Why, in a sentence.
    pub(crate) error: String,
}
