//! `[[credential]]`: what the gateway holds, or fetches when it is needed, and agents never see. One file for each family of
//! kinds.

mod fixed;
mod rule;
mod scopes;
mod slot;

pub use fixed::Fixed;
pub use rule::CredentialRule;
pub use scopes::Scopes;
pub use slot::Slot;

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
}

impl CredentialKind {
    /// The secrets of the operator that it needs, with their keys.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        match self {
            Self::Static(fixed) => vec![("secret", &fixed.secret)],
        }
    }
}

type Read = fn(&Section<'_>) -> Option<CredentialKind>;

/// The words for the kinds, and what reads the rest of their keys.
const KINDS: [(&str, Read); 3] = [("static", fixed::read), ("basic", fixed::read_basic), ("env", fixed::read)];

impl Credential {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"crm\"", Item::owned);
        let word =
            section.need("kind", "kind = \"static\"", |item| item.choice(&KINDS.map(|(word, _)| (word, word))))?;
        let (_, read) = KINDS.iter().find(|(known, _)| *known == word)?;
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
