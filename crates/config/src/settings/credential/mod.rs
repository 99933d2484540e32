//! `[[credential]]`: what the gateway holds, or fetches when it is needed, and agents never see. One file for each family of
//! kinds.

mod by_tool;
mod cloud;
mod fixed;
mod own_token;
mod rule;
mod scopes;
mod slot;

pub use cloud::AwsSts;
pub use fixed::Fixed;
pub use own_token::{OwnToken, TokenAlgorithm};
pub use rule::CredentialRule;
pub use scopes::Scopes;
pub use slot::{Part, Slot};

use crate::{SecretRef, section::Section, value::Item};
use serde::Serialize;

/// A credential that the gateway holds and agents never see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Its name, unique in the file.
    pub name: String,
    /// How it is obtained.
    pub kind: CredentialKind,
    /// Where it goes.
    pub slot: Slot,
    /// What is asked for, by tool.
    pub scopes: Scopes,
    /// Whose account it is at the server, for people.
    pub account: Option<String>,
}

/// How a credential is obtained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CredentialKind {
    /// The operator keeps it.
    Static(Fixed),
    /// AWS gives it for a token of the gateway.
    AwsSts(AwsSts),
}

impl CredentialKind {
    /// The secrets of the operator that it needs, with their keys.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        match self {
            Self::Static(fixed) => vec![("secret", &fixed.secret)],
            Self::AwsSts(_) => Vec::new(),
        }
    }

    /// What the gateway's own token says, where the provider trusts that.
    pub const fn own_token(&self) -> Option<&OwnToken> {
        match self {
            Self::AwsSts(aws) => Some(&aws.own),
            Self::Static(_) => None,
        }
    }
}

type Read = fn(&Section<'_>) -> Option<CredentialKind>;

/// The words for the kinds, and what reads the rest of their keys.
const KINDS: &[(&str, Read)] =
    &[("static", fixed::read), ("basic", fixed::read_basic), ("env", fixed::read), ("aws-sts", cloud::aws::read)];

impl Credential {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"crm\"", Item::owned);
        let words: Vec<_> = KINDS.iter().map(|(word, read)| (*word, (*word, *read))).collect();
        let (word, read) = section.need("kind", "kind = \"static\"", |item| item.choice(&words))?;
        let kind = read(&section);
        let slot = Slot::read(&section, word);
        let scopes = Scopes::read(&section);
        let account = section.get("account", Item::owned);
        section.finish();
        Some(Self { name: name?, kind: kind?, slot: slot?, scopes, account })
    }
}

/// An example of a key that holds a secret.
const SECRET: &str = "secret = { env = \"NAME\" }";
