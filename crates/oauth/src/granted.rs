use crate::{Client, Code, Fault, Form, Proof};
use doorward_identity::{Human, KeyBinding, Method};
use doorward_vocab::{Assurance, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// What was granted to a client: whatever its tokens say, for as long as they are renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The client.
    pub client: Arc<str>,
    /// Its name, for people.
    pub client_name: Option<String>,
    /// The human whose authority it is; absent for a run of its own.
    pub human: Option<Human>,
    /// Who acts, the current one first (RFC 8693 §4.1).
    pub actors: Vec<Actor>,
    /// The delegation.
    pub delegation: Arc<str>,
    /// What tokens are good for.
    pub resource: Arc<str>,
    /// The scopes.
    pub scopes: BTreeSet<Arc<str>>,
    /// How the agent is proved.
    pub proved: Proved,
    /// The key that tokens are bound to.
    pub key: Option<KeyBinding>,
    /// The work that it belongs to: the same for all of its tokens.
    pub work: Arc<str>,
    /// When it ends.
    pub until: Timestamp,
}

/// Somebody who acts for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The id at its issuer.
    pub id: Arc<str>,
    /// Who vouches; absent: this authorization server.
    pub issuer: Option<Arc<str>>,
    /// What kind of agent it is.
    pub class: Option<Arc<str>>,
}

/// How an agent was proved when its token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// By what.
    pub method: Method,
    /// How well.
    pub assurance: Assurance,
    /// Until when that counts; absent: as long as the token.
    pub until: Option<Timestamp>,
}

impl Proved {
    /// As a client proves itself at the token endpoint.
    pub fn of(client: &Client) -> Self {
        match client.proof {
            Proof::Nothing => Self::ASSERTED,
            Proof::Secret(_) | Proof::Keys(_) | Proof::KeysAt(_) => {
                Self { method: Method::Oidc, assurance: Assurance::PlatformToken, until: None }
            }
        }
    }

    /// Not at all: a public client that says who it is.
    pub const ASSERTED: Self = Self { method: Method::Asserted, assurance: Assurance::Asserted, until: None };
}

impl Granted {
    /// The same, bound to a key that was shown.
    #[must_use]
    pub fn bound(mut self, key: Option<KeyBinding>) -> Self {
        if key.is_some() && self.proved.assurance >= Assurance::PlatformToken {
            self.proved.assurance = self.proved.assurance.max(Assurance::KeyBound);
        }
        self.key = key;
        self
    }

    /// Whether a token request stays within what was granted (RFC 8707 §2.2, RFC 6749 §6).
    ///
    /// # Errors
    /// `invalid_target`, `invalid_scope`.
    pub fn heeds(&self, form: &Form) -> Result<(), Fault> {
        if let Some(resource) = form.at_most_one("resource")?
            && resource.strip_suffix('/').unwrap_or(resource) != &*self.resource
        {
            return Err(Fault::new(Code::InvalidTarget, "the grant is for another resource"));
        }
        let known = |word: &str| word == crate::realm::EVERYTHING || word.starts_with("mcp:");
        let mut asked = form.get("scope").unwrap_or_default().split_ascii_whitespace().filter(|w| known(w));
        match asked.all(|word| self.scopes.contains(word)) {
            true => Ok(()),
            false => Err(Fault::new(Code::InvalidScope, "the grant does not hold this scope")),
        }
    }
}
