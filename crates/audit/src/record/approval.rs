use super::{Conversation, Party};
use crate::Text;
use doorward_vocab::{CallId, Digest, ServerName, Timestamp};
use serde::{Deserialize, Serialize};

/// A person was asked to approve one call, answered, or did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What happened.
    pub change: ApprovalChange,
    /// The question and, once it was answered with yes, the approval.
    pub id: Text,
    /// The call that was stopped and asked about; of one that is used, the call that goes on with it.
    pub call: CallId,
    /// The conversation of the call.
    pub conversation: Conversation,
    /// The agent that wants to call.
    pub agent: Party,
    /// The human for whom it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<Party>,
    /// The server that is to be called.
    pub server: ServerName,
    /// The tool.
    pub target: Text,
    /// The digest of what is approved: this very call, under the policies in force.
    pub covers: Digest,
    /// The digest of exactly what the person is shown.
    pub shown: Digest,
    /// How the person is asked, or answered: `form`, `url`, `page`, `sign-in`, `verb`, `webhook` or `console`.
    pub way: Text,
    /// Who answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Party>,
    /// How long the question had been open, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// When the question or the approval ends.
    pub until: Timestamp,
}

/// What happened to an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalChange {
    /// A person is asked.
    Asked,
    /// The person said yes.
    Approved,
    /// The person said no, or closed the question.
    Declined,
    /// Nobody answered, or nobody called, in time.
    Expired,
    /// The call goes on with it; it is good no more.
    Used,
}

impl ApprovalChange {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Used => "used",
        }
    }
}
