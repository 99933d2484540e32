use super::{Conversation, Party, Payload};
use crate::Text;
use doorward_vocab::{Digest, Finding, Level, Mode, ServerName, Timestamp, TurnId};
use serde::{Deserialize, Serialize};

/// The gateway started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The version of the program.
    pub version: Text,
    /// The level it started with.
    pub level: Level,
    /// The mode it started in.
    pub mode: Mode,
    /// The digest of the configuration.
    pub config: Digest,
    /// The digest of the policies.
    pub policy: Digest,
    /// When a record counts as kept, e.g. `sinks durable, reads within 50 ms`.
    pub durability: Text,
}

/// The gateway stopped in good order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Why.
    pub reason: Text,
}

/// The configuration or the policies were replaced while running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Who did it: a person, or `file` when the file changed.
    pub by: Party,
    /// What changed, in words.
    pub what: Text,
    /// The digest before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Digest>,
    /// The digest after.
    pub to: Digest,
}

/// A person read what the trail or a store of the gateway says about others, on the console or through its API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Who read it.
    pub by: Party,
    /// How: `page` or `api`.
    pub way: Text,
    /// What was shown, as the document of the API calls it, e.g. `conversation`.
    pub what: Text,
    /// Which one, and what was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Text>,
}

/// Something about a definition of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The server that declares it.
    pub server: ServerName,
    /// What it defines.
    #[serde(rename = "what")]
    pub kind: DefinitionKind,
    /// Its name.
    pub name: Text,
    /// What happened to it.
    pub change: DefinitionChange,
    /// The digest before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Digest>,
    /// The digest after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Digest>,
    /// Who did it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Party>,
    /// What detectors saw in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefinitionKind {
    /// A tool.
    Tool,
    /// A prompt.
    Prompt,
    /// A resource.
    Resource,
    /// A resource template.
    Template,
    /// The `instructions` of a server.
    Instructions,
    /// How a server introduces itself: name, title, version, site, icons.
    Card,
    /// A page that hosts show to people (MCP Apps, `ui://`).
    App,
    /// The server itself: name, version, capabilities, certificate.
    Server,
}

/// What happened to a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefinitionChange {
    /// Seen for the first time; waits for approval.
    Seen,
    /// Approved at first sight, by the level in force.
    Pinned,
    /// Not the approved one any more.
    Changed,
    /// Not the approved one any more, but it means the same by rule.
    Passed,
    /// Withheld from agents.
    Quarantined,
    /// Approved by a person.
    Approved,
    /// Rejected by a person.
    Rejected,
    /// The server does not declare it any more, or the server was removed.
    Removed,
}

/// A credential for a server was fetched, refused, granted by a person or taken back. Nothing of the secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// What happened.
    pub change: CredentialChange,
    /// The operator's name for it.
    pub name: Text,
    /// How it is obtained, as the configuration says.
    pub provider: Text,
    /// Whose account it is at the server, where somebody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Text>,
    /// The server that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerName>,
    /// The agent that was first to need it, where it depends on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Party>,
    /// The person whose it is, or for whom it was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<Party>,
    /// Why it was refused, or what is unusual about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Text>,
    /// What was granted, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Text>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What happened to a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialChange {
    /// Its provider gave it.
    Fetched,
    /// Its provider did not give it.
    Refused,
    /// A person granted it.
    Granted,
    /// It was taken back.
    Revoked,
}

/// Authority was handed to an agent, or taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegated {
    /// What happened.
    pub change: DelegationChange,
    /// The delegation.
    pub id: Text,
    /// Who did it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Party>,
    /// The human whose authority it is; absent for an autonomous run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<Party>,
    /// The groups of the human, as their provider named them when it was granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Text>,
    /// The agent that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Party>,
    /// Who answers for a run without a human.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Text>,
    /// The delegation that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Text>,
    /// What it is for, in the words that the human saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Text>,
    /// The digest of exactly what the human was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What happened to a delegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DelegationChange {
    /// It was granted.
    Granted,
    /// It was taken back.
    Revoked,
    /// Its time was over.
    Ended,
}

/// The human said something, reported by the agent's host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The turn.
    pub turn: TurnId,
    /// The conversation it belongs to.
    pub conversation: Conversation,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<Party>,
    /// The agent it was said to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Party>,
    /// The host that reported it.
    pub host: Text,
    /// Whether the host proved that it may report turns.
    pub attested: bool,
    /// The words, by digest.
    pub text: Payload,
    /// The scope that was derived from it, in the gateway's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<Text>,
}

/// Detectors saw something outside of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noticed {
    /// The server it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerName>,
    /// The agent it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Party>,
    /// The conversation it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Conversation>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// The trail was repaired at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// What was repaired: `tail`, where an unfinished write was cut; `tiles`, where hash tiles were
    /// made anew; `begin`, where there was a key and no trail.
    pub what: Text,
    /// How many bytes were cut.
    pub bytes: u64,
    /// How many records the trail held after the repair.
    pub size: u64,
}
