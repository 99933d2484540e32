//! What a person granted at a provider, as it is kept.

use super::{registered::Registered, wanted::Wanted};
use doorward_credential::{
    Failure, Issued, Material, Named,
    wire::{Metadata, Resource},
};
use doorward_vocab::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use zeroize::Zeroize;

/// How long a grant is kept that nobody uses.
pub(super) const GRANT: Duration = Duration::from_secs(400 * 24 * 3600);

/// What a person granted at a provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Grant {
    /// Empty where the provider gives none.
    pub(super) refresh: String,
    /// The token that came with it, where it cannot be renewed and was not used yet.
    #[serde(default)]
    pub(super) access: Option<Passing>,
    /// What was granted, as far as that is known.
    #[serde(default)]
    pub(super) scopes: Vec<Box<str>>,
    pub(super) of: GrantOf,
    pub(super) account: Option<Box<str>>,
    pub(super) since: Timestamp,
    pub(super) at: Place,
    pub(super) registered: Option<Registered>,
    /// What was named as `resource`: none: the server; empty: nothing.
    pub(super) resource: Option<String>,
}

/// A token that cannot be renewed.
#[derive(Serialize, Deserialize)]
pub(super) struct Passing {
    pub(super) token: String,
    pub(super) expires: Timestamp,
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

impl Passing {
    pub(super) fn of(issued: Issued) -> Result<Self, Failure> {
        match (&issued.material, issued.expires) {
            (Material::Token(token), Some(expires)) => Ok(Self { token: token.reveal(String::clone), expires }),
            _ => Err(Failure::Unusable("it gives no token that can be used".into())),
        }
    }
}

/// Where a grant is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) issuer: Option<String>,
    token: String,
    posts_secret: bool,
    /// Whether a document named it, and not the operator.
    stranger: bool,
}

impl Place {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            issuer: metadata.issuer.as_deref().map(str::to_owned),
            token: metadata.token.to_string(),
            posts_secret: metadata.posts_secret,
            stranger: metadata.named == Named::Document,
        }
    }
    pub(super) const fn named(&self) -> Named {
        if self.stranger { Named::Document } else { Named::Operator }
    }
    pub(super) fn metadata(&self) -> Result<Metadata, Failure> {
        let token = self.token.parse().map_err(|_| Failure::Consent)?;
        let issuer = self.issuer.as_deref().map(Into::into);
        Ok(Metadata { posts_secret: self.posts_secret, ..Metadata::of(issuer, token, self.named()) })
    }
}

/// What was named as `resource`, as it is kept.
pub(super) fn resource(kept: Option<&str>) -> Resource {
    match kept {
        None => Resource::Server,
        Some("") => Resource::Nothing,
        Some(other) => Resource::Other(other.into()),
    }
}

/// Whose grant for which credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GrantOf {
    pub(super) credential: Box<str>,
    pub(super) issuer: Box<str>,
    pub(super) person: Box<str>,
}

impl GrantOf {
    /// Whose grant a call needs.
    pub(super) fn of(wanted: &Wanted) -> Result<Self, Failure> {
        let human = wanted.call().human.ok_or(Failure::NoHuman)?;
        let credential = wanted.configured.name.as_ref().into();
        Ok(Self { credential, issuer: human.issuer.into(), person: human.id.into() })
    }

    /// Under what it is kept.
    pub(super) fn name(&self) -> String {
        let Self { credential, issuer, person } = self;
        format!("grant\n{credential}\n{issuer}\n{person}")
    }
}

impl Grant {
    /// Whether it is the one with this refresh token.
    pub(super) fn is(&self, refresh: &Digest) -> bool {
        Digest::of(self.refresh.as_bytes()) == *refresh
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.refresh.zeroize();
    }
}
