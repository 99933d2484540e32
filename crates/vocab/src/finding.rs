use serde::{Deserialize, Serialize};
use std::{borrow::Cow, ops::Range};

/// How bad it is if true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a note.
    Info,
    /// Unusual.
    Low,
    /// Suspicious on its own.
    Medium,
    /// An attack unless explained.
    High,
    /// An attack.
    Critical,
}

impl Severity {
    /// All of them, from the mildest to the worst.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in configuration and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What kind of thing a detector saw. Policy speaks about kinds, never about one detector's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Text that tells the reader what to do, where data is expected.
    Injection,
    /// Characters or markup that a person does not see and a model does.
    HiddenText,
    /// A name that imitates, or text that speaks about, another server's tool.
    Shadowing,
    /// A definition that is not the approved one.
    DefinitionChanged,
    /// A server that is not what was approved: its program, its packages, its key.
    ServerChanged,
    /// A secret that the gateway handles, reflected.
    KnownSecret,
    /// Something of the shape of a secret.
    SecretShape,
    /// A definition that asks for secrets, the conversation or the system prompt.
    OverReach,
    /// A placeholder where it must not be.
    Placeholder,
    /// A text that nobody should ever see.
    Canary,
    /// A message that is malformed in a way that attacks use.
    Protocol,
}

impl FindingKind {
    /// The word used in policy and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Injection => "injection",
            Self::HiddenText => "hidden-text",
            Self::Shadowing => "shadowing",
            Self::DefinitionChanged => "definition-changed",
            Self::ServerChanged => "server-changed",
            Self::KnownSecret => "known-secret",
            Self::SecretShape => "secret-shape",
            Self::OverReach => "over-reach",
            Self::Placeholder => "placeholder",
            Self::Canary => "canary",
            Self::Protocol => "protocol",
        }
    }
}

/// Where the text stood that a detector looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A tool, prompt, resource or template as the server declares it, and its `instructions`.
    Definition,
    /// The arguments of a call.
    Arguments,
    /// A result: content, structured content, messages, resource contents, completion values.
    Result,
    /// The message or data of an error.
    Error,
    /// A notification: progress, log, status, updates.
    Notification,
    /// A request that a server makes: sampling, elicitation, roots.
    ServerRequest,
    /// A turn of the human.
    Turn,
}

impl Channel {
    /// The word used in configuration and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Arguments => "arguments",
            Self::Result => "result",
            Self::Error => "error",
            Self::Notification => "notification",
            Self::ServerRequest => "server-request",
            Self::Turn => "turn",
        }
    }
}

/// What a detector saw, where, how sure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The detector's name, kebab-case; for operators, never told to the agent.
    pub detector: Cow<'static, str>,
    /// What kind of thing it is.
    pub kind: FindingKind,
    /// How bad it is if true.
    pub severity: Severity,
    /// How sure the detector is, 0 to 1.
    pub confidence: f32,
    /// Where the text stood.
    pub channel: Channel,
    /// Bytes of the original message that the finding covers (start inclusive, end exclusive).
    pub span: Range<usize>,
    /// One sentence for the operator; never holds a secret.
    pub note: Cow<'static, str>,
}
