use super::super::{CredentialKind, OwnToken, TokenAlgorithm, own_token::template};
use super::endpoint;
use crate::{Mistake, SecretRef, section::Section, value::Item};
use doorward_vocab::Template;
use serde::Serialize;
use std::{path::PathBuf, time::Duration};
use url::Url;

/// A token that is signed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedJwt {
    /// With what: a key of the operator, or the gateway's own.
    pub key: Option<SecretRef>,
    /// The `kid` of the operator's key.
    pub key_id: Option<String>,
    /// How the gateway's own key signs.
    pub algorithm: TokenAlgorithm,
    /// Who says it, and of whom.
    pub names: JwtNames,
    /// For whom.
    pub audience: Option<String>,
    /// How long it is good.
    pub lifetime: Duration,
    /// Further claims.
    pub claims: Vec<(String, Template)>,
}

/// Who says something, and of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JwtNames {
    /// As written down.
    Said {
        /// The `iss`.
        issuer: Option<Template>,
        /// The `sub`.
        subject: Template,
    },
    /// As Snowflake wants it of a key pair.
    Snowflake {
        /// The account.
        account: String,
        /// The user.
        user: String,
    },
}

/// A JWT-SVID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum JwtSvid {
    /// From the Workload API.
    Workload {
        /// Its socket.
        socket: PathBuf,
        /// The SPIFFE id.
        id: Option<String>,
        /// For whom.
        audience: Option<String>,
    },
    /// Of the gateway's own trust domain.
    Own(Box<SignedJwt>),
}

/// A token of Databricks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Databricks {
    /// The token endpoint.
    pub endpoint: Url,
    /// The service principal.
    pub client_id: Option<String>,
    /// The gateway's own token.
    pub own: OwnToken,
}

const ALGORITHMS: [(&str, TokenAlgorithm); 2] = [("RS256", TokenAlgorithm::RS256), ("ES256", TokenAlgorithm::ES256)];
/// What no claim of the operator may be: the gateway says these.
const OURS: [&str; 7] = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"];

pub(in super::super) fn read(section: &Section<'_>) -> Option<CredentialKind> {
    let key = section.get("key", Item::secret);
    let key_id = section.get("key_id", Item::owned);
    let algorithm = section.get("algorithm", |item| item.choice(&ALGORITHMS)).unwrap_or(TokenAlgorithm::RS256);
    let account = section.get("snowflake_account", Item::owned);
    let user = section.get("snowflake_user", Item::owned);
    let issuer = section.get("issuer", template);
    let audience = section.get("audience", Item::owned);
    let lifetime = section.get("duration", lifetime).unwrap_or(Duration::from_secs(600));
    let claims = claims(section);
    let names = if section.has("snowflake_account") || section.has("snowflake_user") {
        if section.has("key") && account.is_some() && user.is_some() {
            JwtNames::Snowflake { account: account?, user: user? }
        } else {
            let mistake = Mistake::error("a key pair of Snowflake is `snowflake_account`, `snowflake_user` and `key`");
            section.reading.tell(section.span.clone(), mistake);
            return None;
        }
    } else {
        let subject = section.need("subject", "subject = \"agent:{agent}\"", template);
        if section.has("key") && !section.has("issuer") {
            section.missing("issuer", "issuer = \"my-client\"");
            return None;
        }
        if !section.has("key") && section.has("issuer") {
            let mistake = Mistake::error("the gateway signs in its own name").label("leave it out, or add a `key`");
            section.reading.tell(section.spot("issuer"), mistake);
        }
        JwtNames::Said { issuer, subject: subject? }
    };
    if section.has("key") && key.is_none() {
        return None;
    }
    Some(CredentialKind::SignedJwt(Box::new(SignedJwt { key, key_id, algorithm, names, audience, lifetime, claims })))
}

pub(in super::super) fn read_svid(section: &Section<'_>) -> Option<CredentialKind> {
    let socket = section.get("socket", Item::path);
    let audience = section.get("audience", Item::owned);
    let id = section.get("spiffe_id", template);
    let lifetime = section.get("duration", lifetime).unwrap_or(Duration::from_secs(300));
    let plain = |id: &Template| id.to_string().starts_with("spiffe://");
    if id.as_ref().is_some_and(|id| !plain(id)) {
        let mistake = Mistake::error("`spiffe_id` is not a SPIFFE id").label("as in `spiffe://corp.example/gateway`");
        section.reading.tell(section.spot("spiffe_id"), mistake);
        return None;
    }
    let svid = if section.has("socket") {
        JwtSvid::Workload { socket: socket?, id: id.map(|id| id.to_string()), audience }
    } else {
        let Some(subject) = id else {
            section.missing("spiffe_id", "spiffe_id = \"spiffe://corp.example/agent/{agent}\"");
            return None;
        };
        let names = JwtNames::Said { issuer: None, subject };
        let (key, key_id, algorithm) = (None, None, TokenAlgorithm::ES256);
        JwtSvid::Own(Box::new(SignedJwt { key, key_id, algorithm, names, audience, lifetime, claims: Vec::new() }))
    };
    Some(CredentialKind::JwtSvid(svid))
}

pub(in super::super) fn read_databricks(section: &Section<'_>) -> Option<CredentialKind> {
    let host = section.need("url", "url = \"https://dbc-1234.cloud.databricks.com\"", endpoint);
    let client_id = section.get("client_id", Item::owned);
    section.need("audience", "audience = \"databricks\"", Item::owned)?;
    let own = OwnToken::read(section, "server:{server}");
    let mut endpoint = host?;
    let path = format!("{}/oidc/v1/token", endpoint.path().trim_end_matches('/'));
    endpoint.set_path(&path);
    Some(CredentialKind::Databricks(Databricks { endpoint, client_id, own: own? }))
}

fn lifetime(item: &Item<'_>) -> Result<Duration, Mistake> {
    let lifetime = item.duration()?;
    let within = (Duration::from_secs(60)..=Duration::from_secs(3600)).contains(&lifetime);
    if within { Ok(lifetime) } else { Err(item.wrong("is out of range").label("from 1 minute to 1 hour")) }
}

fn claims(section: &Section<'_>) -> Vec<(String, Template)> {
    let Some(table) = section.has("claims").then(|| section.table("claims")).flatten() else {
        section.get("claims", |_| Ok(()));
        return Vec::new();
    };
    let mut all = Vec::new();
    for (span, item) in table.entries() {
        if OURS.contains(&item.key.as_str()) {
            let mistake = Mistake::error(format!("the gateway says `{}` itself", item.key));
            table.reading.tell(span, mistake.label("leave it out"));
            continue;
        }
        match template(&item) {
            Ok(text) => all.push((item.key.clone(), text)),
            Err(mistake) => table.reading.tell(item.span.clone(), mistake),
        }
    }
    all
}
