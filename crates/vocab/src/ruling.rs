use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What was decided about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may go on as it is.
    Allow,
    /// It may go on after something was redacted, narrowed or limited.
    Oblige,
    /// A human must decide, or a stronger identity is needed.
    Challenge,
    /// It may not go on.
    Deny,
}

impl Decision {
    /// The word used in log and `_meta`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Oblige => "oblige",
            Self::Challenge => "challenge",
            Self::Deny => "deny",
        }
    }
    /// The stricter of two decisions.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.max(other)
    }
}

/// A stable word for why. What the agent may be told of it is [`Reason::told`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// A policy permits it.
    Permitted,
    /// No policy permits it.
    NotPermitted,
    /// A policy forbids it.
    Forbidden,
    /// A policy asks for a human's approval.
    ApprovalRequired,
    /// A stronger identity is needed.
    AssuranceTooLow,
    /// What was handed over does not cover it.
    OutsideDelegation,
    /// A policy could not be evaluated; doubt denies.
    EvaluationError,
    /// No such tool, resource or prompt for this principal.
    Unknown,
    /// The definition is new or changed and waits for approval.
    DefinitionNotApproved,
    /// The server is not what was approved, or could not be shown to be.
    ServerNotApproved,
    /// The content carries what it must not carry.
    ContentRefused,
    /// A value came from where it must not come from.
    FlowRefused,
    /// The human did not ask for it.
    OutsideMandate,
    /// It goes in circles.
    Loop,
    /// What somebody may use is used up.
    UsedUp,
    /// A secret was removed.
    SecretRemoved,
    /// The arguments are not what the tool's schema asks for.
    ArgumentsInvalid,
    /// The message is not valid for its protocol revision.
    Protocol,
    /// The mode only observes.
    Observed,
}

/// One reason of a ruling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable word.
    pub code: ReasonCode,
    /// One sentence for the operator, that names what decided.
    pub text: Cow<'static, str>,
    /// The id of the deciding policy, where a policy decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Cow<'static, str>>,
}

impl Reason {
    /// A reason without a policy.
    pub fn new(code: ReasonCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into(), policy: None }
    }
    /// What an agent is told: a sentence that it can act on, without the name of a detector or policy.
    pub const fn told(&self) -> &'static str {
        match self.code {
            ReasonCode::Permitted => "This is permitted.",
            ReasonCode::NotPermitted | ReasonCode::Forbidden => {
                "This is not permitted for you. Do not retry; choose another way or tell the user."
            }
            ReasonCode::ApprovalRequired => {
                "A person must approve this first. Tell the user what you want to do and why, and wait."
            }
            ReasonCode::AssuranceTooLow => "A stronger sign-in is needed for this. Tell the user.",
            ReasonCode::OutsideDelegation => {
                "This is outside of what was handed over to you. Do not retry; tell the user, who can hand over more."
            }
            ReasonCode::EvaluationError => "This could not be checked, so it is refused. Tell the user.",
            ReasonCode::Unknown => "There is no such thing here. List what is available and choose from it.",
            ReasonCode::DefinitionNotApproved => {
                "This tool waits for the operator's approval. Go on without it and tell the user."
            }
            ReasonCode::ServerNotApproved => {
                "This server is not the one that the operator approved. Go on without it and tell the user."
            }
            ReasonCode::ContentRefused => {
                "The content was withheld because it was not safe to pass on. Go on without it and tell the user."
            }
            ReasonCode::FlowRefused => {
                "A value of this call came from content that must not decide it. Ask the user for the value."
            }
            ReasonCode::OutsideMandate => {
                "The user did not ask for this. Go on with what was asked; if it is needed, ask the user to say so."
            }
            ReasonCode::Loop => {
                "You seem to go in circles. Do not repeat this: use what you have, choose another way, or tell the user what is missing."
            }
            ReasonCode::UsedUp => {
                "There is nothing left for this now. Finish with what you have, or tell the user what is left to do, and wait."
            }
            ReasonCode::SecretRemoved => "A secret was removed from this text.",
            ReasonCode::ArgumentsInvalid => "The arguments do not fit the tool's schema. Correct them and call again.",
            ReasonCode::Protocol => "The message is not valid for its protocol version.",
            ReasonCode::Observed => "This was only observed.",
        }
    }
}

/// Who stands behind an allowed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorizedBy {
    /// The human said just this.
    HumanLiteral,
    /// The human approved just this.
    HumanApproval,
    /// The human delegated it.
    Delegation,
    /// A policy of the operator allows it whoever asks.
    StandingPolicy,
    /// Nobody did: the agent acts on its own.
    Autonomous,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The upstream answered with a result.
    Completed,
    /// The upstream answered with an error, or a result that says it is one.
    Failed,
    /// The upstream answered, and the answer was withheld.
    Withheld,
    /// The gateway refused it.
    Refused,
    /// The client took it back or went away.
    Cancelled,
    /// The upstream did not answer in time.
    TimedOut,
    /// The upstream could not be reached or broke off.
    Unreachable,
}
