use super::{Payload, Worn};
use doorward_vocab::{CallId, Decision, Finding, Label, Outcome, Reason};
use serde::{Deserialize, Serialize};

/// What became of a message that was decided: how it ended, and what clearing made of the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// The message.
    pub call: CallId,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer as it came from the server, by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Payload>,
    /// The label of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// What clearing decided about the answer.
    pub decision: Decision,
    /// Why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// What detectors saw in the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// With which credential the server was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Worn>,
    /// How many places of the answer were removed.
    pub redactions: u32,
    /// From the first byte read to the last byte written, in microseconds.
    pub duration_us: u64,
    /// The part of it spent waiting for the server, in microseconds.
    pub upstream_us: u64,
}
