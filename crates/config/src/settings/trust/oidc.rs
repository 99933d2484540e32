use crate::{Mistake, section::Section, units, value::Item};
use serde::Serialize;
use std::{path::PathBuf, time::Duration};
use url::Url;

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

impl Oidc {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        // The claim is compared byte for byte, so the URL standard's rewriting must not touch it.
        let issuer = section.need("issuer", "issuer = \"https://idp.example.com\"", |item| {
            item.url(|_| false).and_then(|_| item.owned())
        });
        let uri = section.get("jwks_uri", |item| item.url(|_| false));
        let file = section.get("jwks_file", Item::existing);
        if section.has("jwks_uri") && section.has("jwks_file") {
            let mistake = Mistake::error("`jwks_uri` and `jwks_file` exclude each other").label("keep one of them");
            section.reading.tell(section.spot("jwks_file"), mistake);
        }
        Some(Self {
            audience: section.get("audience", Item::one_or_more).unwrap_or_default(),
            keys: file.map(Keys::File).or(uri.map(Keys::Url)).unwrap_or(Keys::Discover),
            algorithms: section.get("algorithms", algorithms).unwrap_or_else(|| ALGORITHMS.map(|(_, a)| a).to_vec()),
            claims: section.table("claims").map(Claims::read).unwrap_or_default(),
            clock_skew: section.get("clock_skew", Item::duration).unwrap_or(Duration::from_secs(30)),
            issuer: issuer?,
        })
    }
}

impl Claims {
    fn read(section: Section<'_>) -> Self {
        let mut claims = Self::default();
        let claim = |key, into: &mut String| {
            if let Some(name) = section.get(key, Item::owned) {
                *into = name;
            }
        };
        claim("human", &mut claims.human);
        claim("name", &mut claims.name);
        claim("email", &mut claims.email);
        claim("groups", &mut claims.groups);
        if let Some(agent) = section.get("agent", Item::one_or_more) {
            claims.agent = agent;
        }
        section.finish();
        claims
    }
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
