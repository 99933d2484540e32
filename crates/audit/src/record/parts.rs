use crate::Text;
use doorward_vocab::{CallId, ConversationId, Digest, Label};
use serde::{Deserialize, Serialize};

/// The conversation that something belongs to, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its name.
    pub id: ConversationId,
    /// What the name was derived from.
    pub basis: Basis,
    /// Whether more than one human goal may be mixed in it.
    pub ambiguous: bool,
}

/// The credential that a message carried to its server. Nothing of the secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worn {
    /// The operator's name for it.
    pub name: Text,
    /// Whose account it is at the server; the operator's own where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Text>,
}

/// What a conversation was derived from, surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The agent or its host named it.
    Explicit,
    /// The agent's host reported that the call, or its protocol session, belongs to it.
    Host,
    /// The token of the call is bound to it.
    Token,
    /// The trace id of the call.
    Trace,
    /// The protocol session.
    Session,
    /// The agent, and no pause since its last call.
    QuietTime,
}

/// Somebody, by a stable id and by a name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The id, unique in the trust domain that proved it.
    pub id: Text,
    /// The name that people know.
    pub name: Text,
}

impl Party {
    /// Somebody.
    pub fn new(id: impl Into<Text>, name: impl Into<Text>) -> Self {
        Self { id: id.into(), name: name.into() }
    }
}

/// Bytes that are kept elsewhere, or nowhere: only their digest and length are in the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The length in bytes.
    pub bytes: u64,
    /// The digest of the bytes.
    pub digest: Digest,
}

impl Payload {
    /// The digest and length of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, digest: Digest::of(bytes) }
    }
}

/// What was proved of the agent when a message was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How old the proof was, in seconds; absent where nothing was proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// The digest of the evidence.
    pub evidence: Digest,
    /// How it was proved, e.g. `x509-svid`.
    pub method: Text,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the agent to a server.
    ToServer,
    /// From a server to the agent: sampling, elicitation, roots.
    ToClient,
}

/// Where a message and its conversation stood when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// The join over the arguments.
    pub arguments: Label,
    /// The join over everything the conversation has read.
    pub conversation: Label,
}

impl Default for Labels {
    fn default() -> Self {
        Self { arguments: Label::BOTTOM, conversation: Label::BOTTOM }
    }
}

/// Where one value of the arguments came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueSource {
    /// Where it stands in the arguments, as a JSON pointer (RFC 6901).
    pub at: Text,
    /// The call whose result held it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// How it was encoded on the way, e.g. `base64`; absent when it is as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Text>,
    /// Its label.
    pub label: Label,
    /// Who said it: `user`, `result`, `definition`, `model`, …
    pub source: Text,
}
