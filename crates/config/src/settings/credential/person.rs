use super::{OwnProof, TokenTarget, provider::issuer};
use crate::{section::Section, value::Item};
use serde::Serialize;

/// A person's own account at the server, granted in a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonOAuth {
    /// The authorization server; none: the one that the server names.
    pub issuer: Option<String>,
    /// Who the gateway is there; none: it describes or registers itself.
    pub client: Option<(String, OwnProof)>,
    /// What the token is for.
    pub target: TokenTarget,
}

impl PersonOAuth {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let issuer = section.get("issuer", issuer);
        let id = section.get("client_id", Item::owned);
        let proof = OwnProof::read(section);
        for key in ["client_secret", "client_key", "client_cert"] {
            if section.has(key) && !section.has("client_id") {
                section.missing("client_id", "client_id = \"doorward\"");
            }
        }
        let target = TokenTarget::read(section);
        Some(Self { issuer, client: id.zip(proof), target })
    }
}
