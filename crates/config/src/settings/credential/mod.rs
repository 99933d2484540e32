//! `[[credential]]`: what the gateway holds, or fetches when it is needed, and agents never see. One file for each family of
//! kinds.

mod by_tool;
mod cloud;
mod exchange;
mod fixed;
mod own_token;
mod person;
mod provider;
mod rule;
mod scopes;
mod slot;
mod token;

pub use cloud::{AwsSts, Azure, Databricks, GcpSts, GithubApp, JwtNames, JwtSvid, SignedJwt, Vault, VaultFields};
pub use exchange::{IdJag, JwtBearer, Speaks, SubjectFrom, TokenExchange, TokenType};
pub use fixed::Fixed;
pub use own_token::{OwnToken, TokenAlgorithm};
pub use person::PersonOAuth;
pub use provider::{ClientCredentials, OAuthProvider, OwnProof, SecretPlace};
pub use rule::CredentialRule;
pub use scopes::Scopes;
pub use slot::{Part, Slot};
pub use token::TokenTarget;

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
    /// The gateway's own account at an authorization server.
    ClientCredentials(Box<ClientCredentials>),
    /// A token about the human is exchanged.
    TokenExchange(Box<TokenExchange>),
    /// The gateway says who it is for.
    JwtBearer(Box<JwtBearer>),
    /// The identity provider gives a grant for the server's authorization server.
    IdJag(Box<IdJag>),
    /// AWS gives it for a token of the gateway.
    AwsSts(AwsSts),
    /// Google Cloud does.
    GcpSts(GcpSts),
    /// Microsoft Entra ID does.
    Azure(Azure),
    /// GitHub gives it for a key of an app.
    GithubApp(GithubApp),
    /// A vault keeps it, or makes it.
    Vault(Vault),
    /// A SPIFFE Workload API gives it, or the gateway for its own trust domain.
    JwtSvid(JwtSvid),
    /// It is signed here.
    SignedJwt(Box<SignedJwt>),
    /// Databricks gives it for a token of the gateway.
    Databricks(Databricks),
    /// The person granted it in a browser.
    #[serde(rename = "oauth")]
    OAuth(Box<PersonOAuth>),
}

impl CredentialKind {
    /// The secrets of the operator that it needs, with their keys.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        match self {
            Self::Static(fixed) => vec![("secret", &fixed.secret)],
            Self::ClientCredentials(kind) => kind.provider.secrets(),
            Self::TokenExchange(kind) => kind.provider.secrets(),
            Self::JwtBearer(kind) => kind.secrets(),
            Self::OAuth(kind) => kind.client.iter().flat_map(|(_, proof)| proof.secrets()).collect(),
            Self::IdJag(kind) => [kind.provider.secrets(), kind.identity.secrets()].concat(),
            Self::GithubApp(app) => vec![("key", &app.key)],
            Self::SignedJwt(jwt) => jwt.key.iter().map(|key| ("key", key)).collect(),
            Self::AwsSts(_)
            | Self::GcpSts(_)
            | Self::Azure(_)
            | Self::Vault(_)
            | Self::JwtSvid(_)
            | Self::Databricks(_) => Vec::new(),
        }
    }

    /// What the gateway's own token says, where the provider trusts that.
    pub const fn own_token(&self) -> Option<&OwnToken> {
        match self {
            Self::AwsSts(aws) => Some(&aws.own),
            Self::GcpSts(gcp) => Some(&gcp.own),
            Self::Azure(azure) => Some(&azure.own),
            Self::Vault(vault) => Some(&vault.own),
            Self::Databricks(databricks) => Some(&databricks.own),
            _ => None,
        }
    }
}

type Read = fn(&Section<'_>) -> Option<CredentialKind>;

/// The words for the kinds, and what reads the rest of their keys.
const KINDS: &[(&str, Read)] = &[
    ("static", fixed::read),
    ("basic", fixed::read_basic),
    ("env", fixed::read),
    ("client-credentials", |section| {
        ClientCredentials::read(section).map(Box::new).map(CredentialKind::ClientCredentials)
    }),
    ("token-exchange", |section| TokenExchange::read(section).map(Box::new).map(CredentialKind::TokenExchange)),
    ("jwt-bearer", |section| JwtBearer::read(section).map(Box::new).map(CredentialKind::JwtBearer)),
    ("oauth", |section| PersonOAuth::read(section).map(Box::new).map(CredentialKind::OAuth)),
    ("id-jag", |section| IdJag::read(section).map(Box::new).map(CredentialKind::IdJag)),
    ("aws-sts", cloud::aws::read),
    ("gcp-sts", cloud::gcp::read),
    ("azure", cloud::azure::read),
    ("github-app", cloud::github::read),
    ("vault", cloud::vault::read),
    ("jwt-svid", cloud::signed::read_svid),
    ("signed-jwt", cloud::signed::read),
    ("databricks", cloud::signed::read_databricks),
];

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
