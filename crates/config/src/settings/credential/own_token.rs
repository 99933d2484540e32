use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::{Template, TemplateError};
use serde::Serialize;

/// What the gateway's own token says to a provider that trusts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnToken {
    /// For whom it is; none: as is usual with the provider.
    pub audience: Option<String>,
    /// Whom it is about.
    pub subject: Template,
    /// How it is signed.
    pub algorithm: TokenAlgorithm,
}

/// How a token of the gateway is signed (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TokenAlgorithm {
    /// RSA, which every provider takes.
    RS256,
    /// ECDSA with P-256.
    ES256,
}

/// The words for algorithms.
const ALGORITHMS: [(&str, TokenAlgorithm); 2] = [("RS256", TokenAlgorithm::RS256), ("ES256", TokenAlgorithm::ES256)];

impl OwnToken {
    /// `subject` is what is said where the operator says nothing.
    pub(super) fn read(section: &Section<'_>, subject: &str) -> Option<Self> {
        Some(Self {
            algorithm: section.get("algorithm", |item| item.choice(&ALGORITHMS)).unwrap_or(TokenAlgorithm::RS256),
            ..Self::read_rsa(section, subject)?
        })
    }

    /// The same for a provider that takes RSA alone.
    pub(super) fn read_rsa(section: &Section<'_>, subject: &str) -> Option<Self> {
        let audience = section.get("audience", Item::owned);
        let subject = match section.has("subject") {
            true => section.get("subject", template)?,
            false => {
                section.get("subject", template);
                Template::parse(subject, &Template::OF_CALLS).ok()?
            }
        };
        Some(Self { audience, subject, algorithm: TokenAlgorithm::RS256 })
    }
}

/// A text with places for the parties of a call.
pub(super) fn template(item: &Item<'_>) -> Result<Template, Mistake> {
    Template::parse(item.text()?, &Template::OF_CALLS).map_err(|error| {
        let places = Template::OF_CALLS.map(|place| format!("`{{{place}}}`")).join(", ");
        match error {
            TemplateError::Open => item.wrong("has a brace that is not closed").help(format!("places are {places}")),
            unknown @ TemplateError::Unknown(_) => {
                Mistake::error(unknown.to_string()).help(format!("places are {places}"))
            }
        }
    })
}
