use crate::Refusal;
use doorward_vocab::{Assurance, ConversationId, Digest, Timestamp};
use serde::Serialize;
use std::{fmt, sync::Arc};

/// The non-human workload that speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// Its id at its issuer: the innermost claim that names the current actor, or `local`, `host`, `anonymous`.
    pub id: Arc<str>,
    /// A name for people. Asserted: nothing may be decided by it.
    pub name: Arc<str>,
    /// Who vouches for it; absent where nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Arc<str>>,
    /// What kind of agent it is, where its issuer says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Arc<str>>,
}

/// The person whose authority the agent borrows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Human {
    /// The stable id at the issuer (`sub`), or the name of the operating-system user.
    pub id: Arc<str>,
    /// A name for people.
    pub name: Arc<str>,
    /// The address, only where the issuer verified it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Arc<str>>,
    /// Groups, as the issuer names them.
    pub groups: Arc<[Arc<str>]>,
    /// Who vouches for the person; `local` for the user of this machine.
    pub issuer: Arc<str>,
}

/// What binds agent and human: the token, and what it grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DelegationRef {
    /// The delegation's own id (`dlg`), else the token's (`jti`), else a digest of the token.
    pub id: Arc<str>,
    /// The scopes that were granted.
    pub scopes: Arc<[Arc<str>]>,
    /// What it was granted for, where the token says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Arc<str>>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// How the principal was established.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// The single user of this machine, on loopback.
    LocalUser,
    /// A signed token.
    Jwt,
    /// Nobody asked, by a rule of the operator for this server.
    Anonymous,
    /// The token of the agent's host on this machine.
    HostToken,
}

impl Via {
    /// The word used in policy and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LocalUser => "local-user",
            Self::Jwt => "jwt",
            Self::Anonymous => "anonymous",
            Self::HostToken => "host-token",
        }
    }
}

/// Identifies a blend of agent, human and delegation: equal for equal blends, across tokens and restarts. Sessions and
/// conversations are bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PrincipalKey(Digest);

impl PrincipalKey {
    /// The digest of the parts, each with its length, so that no two lists of parts give the same text.
    fn of(parts: &[Option<&str>]) -> Self {
        let mut text = b"doorward principal 1".to_vec();
        for part in parts {
            match part {
                None => text.push(0),
                Some(part) => {
                    text.push(1);
                    text.extend_from_slice(&(part.len() as u64).to_be_bytes());
                    text.extend_from_slice(part.as_bytes());
                }
            }
        }
        Self(Digest::of(&text))
    }
    /// The digest.
    pub const fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Display for PrincipalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Who is acting: the blend of an agent and, where there is one, the human it acts for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The agent.
    pub agent: Agent,
    /// The human, absent for an autonomous run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub human: Option<Human>,
    /// What binds the two, where a token does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation: Option<DelegationRef>,
    /// How well the agent is proven.
    pub assurance: Assurance,
    /// How the principal was established.
    pub via: Via,
    /// When the proof ends; the gateway asks again after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Identifies the blend.
    pub key: PrincipalKey,
    /// What the token says about the conversation: `txn`, else `sid`, else `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_hint: Option<ConversationId>,
    pub(crate) host: bool,
}

impl Principal {
    /// Whether this principal is an agent's host, that may report the turns of its human. An agent's credential is not.
    pub const fn may_open_turns(&self) -> bool {
        self.host
    }

    /// Whether every scope of `needed` was granted. A principal without a delegation has no scopes to be short of:
    /// policy decides about it.
    ///
    /// # Errors
    /// [`Refusal::InsufficientScope`] with all of `needed`.
    pub fn require_scopes(&self, needed: &[Arc<str>]) -> Result<(), Refusal> {
        match &self.delegation {
            Some(d) if !needed.iter().all(|n| d.scopes.contains(n)) => {
                Err(Refusal::InsufficientScope { needed: needed.into() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn key_of(via: Via, agent: &Agent, human: Option<&Human>, delegation: Option<&str>) -> PrincipalKey {
        PrincipalKey::of(&[
            Some(via.as_str()),
            agent.issuer.as_deref(),
            Some(&agent.id),
            human.map(|h| &*h.issuer),
            human.map(|h| &*h.id),
            delegation,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let of = |parts: &[Option<&str>]| PrincipalKey::of(parts);
        assert_ne!(of(&[Some("ab"), Some("c")]), of(&[Some("a"), Some("bc")]));
        assert_ne!(of(&[Some(""), None]), of(&[None, Some("")]));
        assert_eq!(of(&[Some("a"), None]), of(&[Some("a"), None]));
    }
}
