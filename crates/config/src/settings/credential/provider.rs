use super::{SECRET, token::TokenTarget};
use crate::{Mistake, SecretRef, section::Section, value::Item};
use serde::Serialize;
use std::path::PathBuf;
use url::Url;

/// An authorization server, and who the gateway is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OAuthProvider {
    /// Its `iss`, compared byte for byte; its document says where the rest is.
    pub issuer: Option<String>,
    /// Its token endpoint, where that is not to be found by the issuer.
    pub token_endpoint: Option<Url>,
    /// Who the gateway is there.
    pub client_id: String,
    /// How it proves that.
    pub proof: OwnProof,
}

/// How the gateway proves who it is at an authorization server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnProof {
    /// Not at all: a public client.
    Nothing,
    /// By a secret.
    Secret(SecretRef, SecretPlace),
    /// By a key of the operator (RFC 7523 §2.2).
    Key {
        /// Where the key is.
        key: SecretRef,
        /// Its `kid`.
        id: Option<String>,
    },
    /// By the gateway's own key.
    Gateway {
        /// The `sub`, where the server trusts the gateway as an issuer.
        subject: Option<String>,
    },
    /// By a certificate in TLS (RFC 8705 §2).
    Certificate {
        /// The file of the certificates.
        cert: PathBuf,
        /// The file of their key.
        key: PathBuf,
    },
}

/// Where a secret goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretPlace {
    /// Where the server says that it takes it.
    #[default]
    Auto,
    /// Into the header.
    Basic,
    /// Into the form.
    Post,
}

const PLACES: [(&str, SecretPlace); 3] =
    [("auto", SecretPlace::Auto), ("basic", SecretPlace::Basic), ("post", SecretPlace::Post)];

impl OAuthProvider {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let issuer = section.get("issuer", issuer);
        let token_endpoint = section.get("token_endpoint", |item| item.url(|_| false));
        if !section.has("issuer") && !section.has("token_endpoint") {
            section.missing("issuer", "issuer = \"https://idp.example.com\"");
        }
        let client_id = section.need("client_id", "client_id = \"doorward\"", Item::owned);
        let proof = OwnProof::read(section);
        (issuer.is_some() || token_endpoint.is_some()).then_some(())?;
        Some(Self { issuer, token_endpoint, client_id: client_id?, proof: proof? })
    }

    /// The secrets of the operator that it needs, with their keys.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        self.proof.secrets()
    }
}

impl OwnProof {
    pub(super) fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        match self {
            Self::Secret(secret, _) => vec![("client_secret", secret)],
            Self::Key { key, .. } => vec![("client_key", key)],
            Self::Nothing | Self::Gateway { .. } | Self::Certificate { .. } => Vec::new(),
        }
    }

    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let secret = section.get("client_secret", Item::secret);
        let place = section.get("client_auth", |item| item.choice(&PLACES)).unwrap_or_default();
        let key = section.get("client_key", key);
        let id = section.get("client_key_id", Item::owned);
        let subject = section.get("client_subject", Item::owned);
        let (cert, file) = (section.get("client_cert", Item::path), section.get("client_cert_key", Item::path));
        let given = ["client_secret", "client_key", "client_cert"].into_iter().filter(|key| section.has(key));
        if given.count() > 1 {
            let mistake = Mistake::error("`client_secret`, `client_key` and `client_cert` exclude each other");
            section.reading.tell(section.span.clone(), mistake.label("a client proves who it is in one way"));
            return None;
        }
        if section.has("client_cert") != section.has("client_cert_key") {
            section.missing("client_cert", "client_cert = \"cert.pem\"` and `client_cert_key = \"key.pem\"");
            return None;
        }
        if section.has("client_secret") {
            return Some(Self::Secret(secret?, place));
        }
        if section.has("client_key") {
            return Some(match key? {
                Some(key) => Self::Key { key, id },
                None => Self::Gateway { subject },
            });
        }
        match cert.zip(file) {
            Some((cert, key)) => Some(Self::Certificate { cert, key }),
            None => Some(Self::Nothing),
        }
    }
}

/// `"gateway"`, or where a key is.
fn key(item: &Item<'_>) -> Result<Option<SecretRef>, Mistake> {
    match item.text() {
        Ok("gateway") => Ok(None),
        _ => item.secret().map(Some),
    }
}

/// An issuer, as its tokens name it: compared byte for byte, so the URL standard's rewriting must not touch it.
pub(super) fn issuer(item: &Item<'_>) -> Result<String, Mistake> {
    item.url(|_| false).and_then(|_| item.owned())
}

/// A credential of the gateway's own account (RFC 6749 §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientCredentials {
    /// Who gives it.
    pub provider: OAuthProvider,
    /// What it is for.
    pub target: TokenTarget,
}

impl ClientCredentials {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let (provider, target) = (OAuthProvider::read(section), TokenTarget::read(section));
        if matches!(&provider, Some(OAuthProvider { proof: OwnProof::Nothing, .. })) {
            section.missing("client_secret", &SECRET.replace("secret", "client_secret"));
        }
        Some(Self { provider: provider?, target })
    }
}
