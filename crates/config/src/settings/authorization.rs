//! The gateway as an authorization server: for whom, and for how long.

use crate::{Mistake, SecretRef, section::Section, units, value::Item};
use doorward_vocab::ServerName;
use serde::Serialize;
use std::{path::PathBuf, time::Duration};
use url::Url;

/// The gateway issues tokens for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// The trust entries at which humans sign in, by name; empty: all that have a `client_id`.
    pub login: Vec<String>,
    /// How clients that are not written down here may come to be known.
    pub registration: Vec<Registration>,
    /// Hosts whose metadata documents are read; empty: any.
    pub document_hosts: Vec<String>,
    /// How long an access token lasts.
    #[serde(serialize_with = "units::write_duration")]
    pub access_token: Duration,
    /// How long a human's grant lasts at most.
    #[serde(serialize_with = "units::write_duration")]
    pub grant: Duration,
    /// How many hand-overs to other agents a grant allows.
    pub hand_overs: u8,
    /// Whether proofs of keys must hold a nonce, here and where tokens are used.
    pub dpop_nonce: bool,
}

/// How a client comes to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registration {
    /// By a document that its maker publishes; its address is the client's id.
    Document,
    /// By registering itself (RFC 7591).
    Dynamic,
}

/// A client that the operator knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its id, unique in the file.
    pub name: String,
    /// Where browsers may be sent back to.
    pub redirect_uris: Vec<String>,
    /// The grants that it may use.
    pub grants: Vec<ClientGrant>,
    /// How it proves itself.
    pub proof: ClientProof,
    /// Who answers for it when no human does.
    pub owner: Option<String>,
    /// What kind of agent it is.
    pub class: Option<String>,
    /// The servers that it is limited to; each exists. Absent: all.
    pub servers: Option<Vec<ServerName>>,
}

/// A grant of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientGrant {
    /// A human signs in and says yes.
    AuthorizationCode,
    /// The client runs by itself.
    ClientCredentials,
    /// A provider that is trusted says yes for the human (RFC 7523, identity assertion).
    JwtBearer,
    /// A token for a token (RFC 8693).
    TokenExchange,
}

/// How a client proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientProof {
    /// Not at all.
    Nothing,
    /// By a secret.
    Secret(SecretRef),
    /// By a signature with a key of this file.
    KeyFile(PathBuf),
    /// By a signature with a key of this address.
    KeyUrl(Url),
}

impl Authorization {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let kinds = |item: &Item<'_>| item.all("a list such as `[\"document\"]`", |item| item.choice(&REGISTRATIONS));
        let read = Self {
            login: section.get("login", Item::one_or_more).unwrap_or_default(),
            registration: section.get("registration", kinds).unwrap_or_else(|| REGISTRATIONS.map(|(_, r)| r).into()),
            document_hosts: section.get("document_hosts", Item::texts).unwrap_or_default(),
            access_token: section
                .get("access_token", |item| within(item, 60, 3600, "from 1 minute to 1 hour"))
                .unwrap_or(Duration::from_secs(600)),
            grant: section
                .get("grant", |item| within(item, 3600, 90 * 24 * 3600, "from 1 hour to 90 days"))
                .unwrap_or(Duration::from_secs(8 * 3600)),
            hand_overs: section.get("hand_overs", hand_overs).unwrap_or(0),
            dpop_nonce: section.get("dpop_nonce", Item::flag).unwrap_or(false),
        };
        section.finish();
        read
    }
}

impl Client {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"nightly\"", Item::owned);
        let grants = |item: &Item<'_>| item.all("a list of grants", |item| item.choice(&GRANTS));
        let secret = section.get("secret", Item::secret);
        let file = section.get("jwks_file", Item::existing);
        let uri = section.get("jwks_uri", |item| item.url(|_| false));
        if ["secret", "jwks_file", "jwks_uri"].iter().filter(|key| section.has(key)).count() > 1 {
            let mistake = Mistake::error("`secret`, `jwks_file` and `jwks_uri` exclude each other");
            section.reading.tell(section.span.clone(), mistake.label("a client proves itself in one way"));
        }
        let proof = file
            .map(ClientProof::KeyFile)
            .or(uri.map(ClientProof::KeyUrl))
            .or(secret.map(ClientProof::Secret))
            .unwrap_or(ClientProof::Nothing);
        let client = Self {
            redirect_uris: section.get("redirect_uris", Item::one_or_more).unwrap_or_default(),
            grants: section.get("grants", grants).unwrap_or_else(|| vec![ClientGrant::AuthorizationCode]),
            proof,
            owner: section.get("owner", Item::owned),
            class: section.get("class", Item::owned),
            servers: section.get("servers", |item| item.all("a list of server names", Item::parse)),
            name: name?,
        };
        client.check(&section);
        section.finish();
        Some(client)
    }

    fn check(&self, section: &Section<'_>) {
        let tell = |key: &str, mistake: Mistake| section.reading.tell(section.spot(key), mistake);
        let uses = |grant| self.grants.contains(&grant);
        if uses(ClientGrant::AuthorizationCode) && self.redirect_uris.is_empty() {
            section.missing("redirect_uris", "redirect_uris = [\"https://app.example.com/callback\"]");
        }
        let others = [ClientGrant::ClientCredentials, ClientGrant::JwtBearer];
        if self.proof == ClientProof::Nothing && others.into_iter().any(uses) {
            let mistake = Mistake::error(format!("client `{}` proves itself by nothing", self.name));
            tell("grants", mistake.label("these grants ask for a `jwks_file`, `jwks_uri` or `secret`"));
        }
        if uses(ClientGrant::ClientCredentials) && self.owner.is_none() {
            section.missing("owner", "owner = \"ops@example.com\"");
        }
    }
}

const REGISTRATIONS: [(&str, Registration); 2] =
    [("document", Registration::Document), ("dynamic", Registration::Dynamic)];
const GRANTS: [(&str, ClientGrant); 4] = [
    ("authorization-code", ClientGrant::AuthorizationCode),
    ("client-credentials", ClientGrant::ClientCredentials),
    ("jwt-bearer", ClientGrant::JwtBearer),
    ("token-exchange", ClientGrant::TokenExchange),
];

fn within(item: &Item<'_>, least: u64, most: u64, range: &str) -> Result<Duration, Mistake> {
    let read = item.duration()?;
    match (least..=most).contains(&read.as_secs()) {
        true => Ok(read),
        false => Err(item.wrong("is out of range").label(range.to_owned())),
    }
}

fn hand_overs(item: &Item<'_>) -> Result<u8, Mistake> {
    let number = item.value.as_integer().and_then(|n| n.as_str().parse::<u8>().ok()).filter(|n| *n <= 2);
    number.ok_or_else(|| item.wrong("is out of range").label("0, 1 or 2"))
}
