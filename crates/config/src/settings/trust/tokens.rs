use super::Require;
use crate::{Mistake, section::Section, units, value::Item};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use url::Url;

/// What holds for tokens of any issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Accepted `aud`, one is enough; empty: `public_url` and the endpoint that is called (RFC 8707).
    pub audience: Vec<String>,
    /// Where the keys are.
    pub keys: Keys,
    /// Accepted signature algorithms; never `none`, never symmetric.
    pub algorithms: Vec<Algorithm>,
    /// What claims must be.
    pub require: Require,
    /// Facts of an agent's surroundings, by the name that policy uses.
    pub posture: BTreeMap<String, String>,
    /// Facts of an agent that its platform measured, by the name that policy uses.
    pub measured: BTreeMap<String, String>,
    /// Whether a token must be bound to a key.
    pub key_bound: bool,
    /// Whether proofs of a key must hold a nonce of the gateway.
    pub dpop_nonce: bool,
    /// How far clocks may differ.
    #[serde(serialize_with = "units::write_duration")]
    pub clock_skew: Duration,
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// Where its metadata says (RFC 8414, OpenID Connect Discovery).
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

impl Tokens {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let uri = section.get("jwks_uri", |item| item.url(|_| false));
        let file = section.get("jwks_file", Item::existing);
        if section.has("jwks_uri") && section.has("jwks_file") {
            let mistake = Mistake::error("`jwks_uri` and `jwks_file` exclude each other").label("keep one of them");
            section.reading.tell(section.spot("jwks_file"), mistake);
        }
        let keys = file.map(Keys::File).or(uri.map(Keys::Url)).unwrap_or(Keys::Discover);
        Self::read_with(section, keys)
    }

    /// The same where the section says in its own way where the keys are.
    pub(super) fn read_with(section: &Section<'_>, keys: Keys) -> Self {
        Self {
            audience: section.get("audience", Item::one_or_more).unwrap_or_default(),
            keys,
            algorithms: section.get("algorithms", algorithms).unwrap_or_else(|| ALGORITHMS.map(|(_, a)| a).to_vec()),
            require: Require::read(section),
            posture: facts(section, "posture"),
            measured: facts(section, "measured"),
            key_bound: section.get("key_bound", Item::flag).unwrap_or_default(),
            dpop_nonce: section.get("dpop_nonce", Item::flag).unwrap_or_default(),
            clock_skew: section.get("clock_skew", Item::duration).unwrap_or(Duration::from_secs(30)),
        }
    }
}

/// Names that policy uses, each with the claim that it is read from.
fn facts(section: &Section<'_>, key: &'static str) -> BTreeMap<String, String> {
    let Some(table) = section.table(key) else { return BTreeMap::new() };
    let read = |item: Item<'_>| match item.owned() {
        Ok(claim) => Some((item.key.clone(), claim)),
        Err(mistake) => {
            section.reading.tell(item.span, mistake);
            None
        }
    };
    table.entries().into_iter().filter_map(|(_, item)| read(item)).collect()
}

const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
];

fn algorithms(item: &Item<'_>) -> Result<Vec<Algorithm>, Mistake> {
    if item.is_empty_list() {
        return Err(item.wrong("is empty").label("no token would be accepted"));
    }
    let one = |item: &Item<'_>| match item.text()? {
        weak if weak == "none" || weak.starts_with("HS") => {
            let help = "everybody who can check such a token can also make one";
            Err(Mistake::error(format!("algorithm `{weak}` is never accepted")).help(help))
        }
        text => item.choice(&ALGORITHMS).map_err(|m| m.renamed(format!("unknown algorithm `{text}`"))),
    };
    item.all("a list such as `[\"ES256\"]`", one)
}
