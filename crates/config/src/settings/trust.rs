use crate::units;
use doorward_vocab::ServerName;
use serde::Serialize;
use std::{path::PathBuf, time::Duration};
use url::Url;

/// Somebody who may attest agents and humans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trust {
    /// Its name, unique in the file.
    pub name: String,
    /// What it may say.
    pub kind: TrustKind,
}

/// What a trust entry may say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TrustKind {
    /// Tokens of an OpenID Connect provider.
    Oidc(Box<Oidc>),
    /// Requests without any credential, for these servers only.
    Anonymous {
        /// The servers; each exists.
        servers: Vec<ServerName>,
    },
}

/// An OpenID Connect provider whose access tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oidc {
    /// The `iss` of its tokens, compared byte for byte as the file writes it.
    pub issuer: String,
    /// Accepted `aud`, one is enough; empty: `public_url` and the endpoint that is called (RFC 8707).
    pub audience: Vec<String>,
    /// Where its keys are.
    pub keys: Keys,
    /// Accepted signature algorithms; never `none`, never symmetric.
    pub algorithms: Vec<Algorithm>,
    /// Which claims say what.
    pub claims: Claims,
    /// How far clocks may differ.
    #[serde(serialize_with = "units::write_duration")]
    pub clock_skew: Duration,
}

/// Where the keys of a provider are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// Where the provider's metadata says (RFC 8414, OpenID Connect Discovery).
    Discover,
    /// At this address.
    Url(Url),
    /// In this file.
    File(PathBuf),
}

/// A signature algorithm of RFC 7518 or RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Algorithm {
    /// ECDSA P-256.
    ES256,
    /// ECDSA P-384.
    ES384,
    /// Ed25519.
    EdDSA,
    /// RSA-PSS with SHA-256.
    PS256,
    /// RSA-PSS with SHA-384.
    PS384,
    /// RSA-PSS with SHA-512.
    PS512,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RS384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RS512,
}

/// Which claims of a token say what. A dot goes into an object: `act.sub`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The human's stable id; `sub`.
    pub human: String,
    /// The human's name; `name`.
    pub name: String,
    /// The human's address; `email`.
    pub email: String,
    /// The human's groups; `groups`.
    pub groups: String,
    /// The agent, the first that is present; `act.sub`, `client_id`, `azp`.
    pub agent: Vec<String>,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            human: "sub".into(),
            name: "name".into(),
            email: "email".into(),
            groups: "groups".into(),
            agent: vec!["act.sub".into(), "client_id".into(), "azp".into()],
        }
    }
}
