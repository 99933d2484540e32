use super::{Conversation, Direction, Labels, Party, Payload, Proof, ValueSource};
use crate::Text;
use doorward_vocab::{
    Assurance, AuthorizedBy, CallId, Decision, Digest, Effects, Finding, Level, Mode, Reason, ServerName, TurnId,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The decision about a message, made before anything was done with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// The message, and everything that follows from it.
    pub call: CallId,
    /// The conversation it was judged in.
    pub conversation: Conversation,
    /// The last turn of the human before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnId>,
    /// The call that caused it: a server's request while it handled a call, or an agent that was called by another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CallId>,
    /// The human whose authority is borrowed; absent in an autonomous run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<Party>,
    /// The agent that acts.
    pub agent: Party,
    /// How well the principal is proven.
    pub assurance: Assurance,
    /// What was proved of the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Proof>,
    /// The delegations that it acts under, from what the human or owner granted to what the agent holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Text>,
    /// The server it concerns; absent for messages about all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerName>,
    /// The method as it stood on the wire, e.g. `tools/call`.
    pub method: Text,
    /// The tool, prompt or URI it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Text>,
    /// Which way it goes.
    pub direction: Direction,
    /// The definition in force, where the target has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Digest>,
    /// What it does.
    pub effects: Effects,
    /// The policies it was judged by.
    pub policy: Digest,
    /// Who stands behind it.
    pub authorized_by: AuthorizedBy,
    /// The level in force.
    pub level: Level,
    /// The mode in force.
    pub mode: Mode,
    /// What was decided.
    pub decision: Decision,
    /// Whether the decision was acted on; `false` where it was only observed.
    pub enforced: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "<[Reason]>::is_empty")]
    pub reasons: Arc<[Reason]>,
    /// The arguments, by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Payload>,
    /// Where the message and its conversation stood.
    pub labels: Labels,
    /// Where the values of the arguments came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ValueSource>,
    /// What detectors saw in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The protocol revision spoken, e.g. `2026-07-28`.
    pub revision: Text,
    /// The digest of the protocol session id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Digest>,
    /// The trace id, 32 hex digits (W3C Trace Context); not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Text>,
    /// The span of the agent that the message belongs to, 16 hex digits (W3C Trace Context); not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Text>,
    /// The reason that the agent gave; claimed, never proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<Text>,
}
