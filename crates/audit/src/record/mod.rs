//! What is recorded. One envelope, [`Record`], around one [`Event`]; the parts that several events share are in
//! `parts`, the decision and the ending of a message in `ruling` and `outcome`, the life of the gateway in `life`.

mod approval;
mod life;
mod outcome;
mod parts;
mod ruling;

pub use approval::{Approval, ApprovalChange};
pub use life::{
    Access, Config, Credential, CredentialChange, Definition, DefinitionChange, DefinitionKind, Delegated,
    DelegationChange, Noticed, Recovered, Start, Stop, Turn,
};
pub use outcome::OutcomeRecord;
pub use parts::{Basis, Conversation, Direction, Labels, Party, Payload, Proof, ValueSource, Worn};
pub use ruling::Ruling;

use doorward_vocab::{CallId, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the record format, member `v` of every record.
pub const FORMAT: u8 = 1;

/// One record of the trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it happened; microseconds since the Unix epoch.
    pub time: Timestamp,
    /// What happened; member `kind` says which.
    #[serde(flatten)]
    pub event: Event,
    /// Set when the record was too long and detail was cut: size and digest of the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trimmed: Option<Payload>,
    /// The version of the format.
    pub v: u8,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    /// The gateway started.
    Start(Start),
    /// A message was decided.
    Ruling(Box<Ruling>),
    /// What became of a decided message.
    Outcome(Box<OutcomeRecord>),
    /// A tool, prompt, resource or server text was seen, changed, approved, …
    Definition(Definition),
    /// Authority was handed to an agent, or taken back.
    Delegation(Box<Delegated>),
    /// A credential for a server was fetched, refused, granted by a person or taken back.
    Credential(Box<Credential>),
    /// A person was asked to approve a call, or answered.
    Approval(Box<Approval>),
    /// The human said something.
    Turn(Turn),
    /// The configuration or the policies were replaced.
    Config(Config),
    /// Somebody read what the trail says.
    Access(Access),
    /// A detector saw something outside of a call.
    Finding(Noticed),
    /// The trail itself was repaired at start.
    Recovered(Recovered),
    /// The gateway stopped in good order.
    Stop(Stop),
}

impl Record {
    /// A record of `event` at `time`.
    pub const fn new(time: Timestamp, event: Event) -> Self {
        Self { time, event, trimmed: None, v: FORMAT }
    }
    /// A record of a decision.
    pub fn ruling(time: Timestamp, ruling: Ruling) -> Self {
        Self::new(time, Event::Ruling(Box::new(ruling)))
    }
    /// A record of what became of a message.
    pub fn outcome(time: Timestamp, outcome: OutcomeRecord) -> Self {
        Self::new(time, Event::Outcome(Box::new(outcome)))
    }
    /// Reads a record back.
    ///
    /// # Errors
    /// When `bytes` are not a record of this format. Members that are not known are passed over, so that an older
    /// reader can read what a newer gateway wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let record: Self = serde_json::from_slice(bytes).map_err(DecodeError::Json)?;
        if record.v != FORMAT {
            return Err(DecodeError::Version(record.v));
        }
        Ok(record)
    }
    /// The call it speaks about.
    pub fn call(&self) -> Option<CallId> {
        match &self.event {
            Event::Ruling(r) => Some(r.call),
            Event::Outcome(o) => Some(o.call),
            Event::Approval(a) => Some(a.call),
            _ => None,
        }
    }
}

impl Event {
    /// The word for it, member `kind`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Ruling(_) => "ruling",
            Self::Outcome(_) => "outcome",
            Self::Definition(_) => "definition",
            Self::Delegation(_) => "delegation",
            Self::Credential(_) => "credential",
            Self::Approval(_) => "approval",
            Self::Turn(_) => "turn",
            Self::Config(_) => "config",
            Self::Access(_) => "access",
            Self::Finding(_) => "finding",
            Self::Recovered(_) => "recovered",
            Self::Stop(_) => "stop",
        }
    }
}

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not the JSON of a record.
    #[error("not a record: {0}")]
    Json(#[source] serde_json::Error),
    /// Written by a gateway of another format version.
    #[error("record format {0} is not known; use a newer doorward to read it")]
    Version(u8),
}
