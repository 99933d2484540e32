use crate::{Attestation, Delegation, Refusal};
use doorward_vocab::{Assurance, ConversationId, Digest, Timestamp};
use serde::{Deserialize, Serialize};
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
    /// What kind of agent it is, where its issuer or the operator says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Arc<str>>,
    /// Who made it, where the operator says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Arc<str>>,
    /// Who answers for it, where the operator says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
}

/// The person whose authority the agent borrows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Entitlements, as the issuer names them (RFC 9068 §2.2.3.1).
    pub entitlements: Arc<[Arc<str>]>,
    /// How the person signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
}

/// How a person signed in, as the issuer states it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The methods: `pwd`, `otp`, `hwk`, `mfa`, … (RFC 8176).
    pub methods: Arc<[Arc<str>]>,
    /// The class of the sign-in (`acr`, OpenID Connect Core §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Arc<str>>,
    /// When the person last signed in (`auth_time`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The risk that the issuer sees in it, 0 none to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<u8>,
}

impl Login {
    /// How well a sign-in like this proves a person, on the scale of agents: 2 by one factor, 3 by factors of two kinds (RFC 8176)
    /// or a class that is resistant to phishing (`phr`, OpenID Connect EAP ACR values) or one of `stronger`, 4 by a key that
    /// hardware holds (`hwk`, `sc`, `phrh`).
    pub fn strength(&self, stronger: &[Arc<str>]) -> Assurance {
        const KINDS: [&[&str]; 3] = [
            &["pwd", "pin", "kba"],
            &["otp", "sms", "tel", "swk", "hwk", "sc", "pop"],
            &["face", "fpt", "iris", "retina", "vbm"],
        ];
        let has = |method: &&str| self.methods.iter().any(|m| **m == **method);
        let class = self.class.as_deref();
        if class == Some("phrh") || ["hwk", "sc"].iter().any(has) {
            return Assurance::Hardware;
        }
        let kinds = KINDS.iter().filter(|kind| kind.iter().any(has)).count();
        let named = class == Some("phr") || class.is_some_and(|class| stronger.iter().any(|s| **s == *class));
        if named || kinds > 1 || has(&"mfa") { Assurance::KeyBound } else { Assurance::PlatformToken }
    }
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
    /// A client certificate.
    Certificate,
    /// A client certificate for the agent, and a token for the human.
    CertificateAndToken,
    /// A process of this machine, known by its program.
    Process,
}

impl Via {
    /// The word used in policy and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LocalUser => "local-user",
            Self::Jwt => "jwt",
            Self::Anonymous => "anonymous",
            Self::HostToken => "host-token",
            Self::Certificate => "certificate",
            Self::CertificateAndToken => "certificate-and-token",
            Self::Process => "process",
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
    /// What binds the two: from what the human, or the owner of an autonomous run, granted, to what the agent that acts
    /// now holds. Empty for the user of this machine and for nobody.
    pub delegations: Arc<[Arc<Delegation>]>,
    /// What was proved of the agent.
    pub attestation: Arc<Attestation>,
    /// How well the whole is proven: as well as its weakest part.
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
    /// Which of our own names the token was made for; none without a token.
    #[serde(skip)]
    pub audiences: Arc<[Arc<str>]>,
    pub(crate) host: bool,
}

impl Principal {
    /// Whether this principal is an agent's host, that may report the turns of its human. An agent's credential is not.
    pub const fn may_open_turns(&self) -> bool {
        self.host
    }

    /// The delegation that the agent holds.
    pub fn delegation(&self) -> Option<&Delegation> {
        self.delegations.last().map(AsRef::as_ref)
    }

    /// Whether every scope of `needed` was granted. A principal without a delegation has no scopes to be short of:
    /// policy decides about it.
    ///
    /// # Errors
    /// [`Refusal::InsufficientScope`] with all of `needed`.
    pub fn require_scopes(&self, needed: &[Arc<str>]) -> Result<(), Refusal> {
        match self.delegation() {
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
    fn factors_of_two_kinds_are_more_than_two_of_one() {
        let of = |methods: &[&str], class: Option<&str>| {
            let methods = methods.iter().map(|m| Arc::from(*m)).collect();
            let login = Login { methods, class: class.map(Arc::from), ..Login::default() };
            u8::from(login.strength(&["urn:mfa".into()]))
        };
        assert_eq!((of(&[], None), of(&["pwd"], Some("urn:pwd")), of(&["pwd", "pin"], None)), (2, 2, 2));
        assert_eq!((of(&["pwd", "otp"], None), of(&["mfa"], None), of(&[], Some("urn:mfa"))), (3, 3, 3));
        assert_eq!((of(&[], Some("phr")), of(&[], Some("phrh")), of(&["pwd", "hwk"], None)), (3, 4, 4));
    }

    #[test]
    fn parts_do_not_run_together() {
        let of = |parts: &[Option<&str>]| PrincipalKey::of(parts);
        assert_ne!(of(&[Some("ab"), Some("c")]), of(&[Some("a"), Some("bc")]));
        assert_ne!(of(&[Some(""), None]), of(&[None, Some("")]));
        assert_eq!(of(&[Some("a"), None]), of(&[Some("a"), None]));
    }
}
