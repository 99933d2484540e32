use super::{cloud, oauth};
use crate::leaks::Watched;
use doorward_config::{self as config, CredentialKind, Scopes, SecretError, Slot};
use doorward_credential::{Failure, Keeper, Provider, providers};
use doorward_detect::KnownSecrets;
use doorward_seal::Shielded;
use doorward_vocab::{Digest, Secret};
use std::sync::Arc;

/// A credential as it is configured now.
#[derive(Debug)]
pub(crate) struct Configured {
    /// The operator's name for it.
    pub(crate) name: Arc<str>,
    /// Stands for everything that is configured of it: what is kept is good for that alone.
    pub(crate) digest: Digest,
    /// How it is obtained.
    pub(crate) provider: Box<dyn Provider>,
    /// Where it goes.
    pub(crate) slot: Slot,
    /// What is asked for, by tool.
    pub(crate) scopes: Scopes,
    /// Whose account it is, as the operator says.
    pub(crate) account: Option<Box<str>>,
    /// The operator's secrets that it needs, looked for as long as it is configured.
    _watched: Watched,
}

/// A secret of the operator, at rest in memory.
#[derive(Debug)]
pub(super) struct Guarded(Shielded);

impl Guarded {
    pub(super) fn read(secret: &config::SecretRef) -> Result<Self, String> {
        let read = secret.read().map_err(|e| e.to_string())?;
        Shielded::text(&read).map(Self).map_err(|e| e.to_string())
    }
}

impl Keeper for Guarded {
    fn show(&self) -> Result<Secret<String>, Failure> {
        let lost = || Failure::Misconfigured("a secret cannot be shown".into());
        let text = self.0.reveal(|bytes| String::from_utf8(bytes.to_vec())).map_err(|_| lost())?;
        text.map(Secret::new).map_err(|_| lost())
    }
}

/// A credential that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("credential `{name}`: {why}")]
pub struct ConfiguredError {
    /// Its name.
    pub name: String,
    /// Which secret or file, and why.
    pub why: String,
}

impl Configured {
    /// Sets it up. Its secrets are looked for from now on.
    pub(super) fn new(credential: &config::Credential, known: &Arc<KnownSecrets>) -> Result<Self, ConfiguredError> {
        let failed = |why: String| ConfiguredError { name: credential.name.clone(), why };
        let provider = provider(credential, known).map_err(failed)?;
        let read = credential.kind.secrets().into_iter().map(|(key, secret)| Ok((key, secret.read()?)));
        let secrets = read.collect::<Result<Vec<_>, SecretError>>().map_err(|why| failed(why.to_string()))?;
        // What a reference leads to may change while its name stays.
        let mut told = format!("{credential:?}").into_bytes();
        for (_, secret) in &secrets {
            told.extend_from_slice(secret.reveal(|s| Digest::of(s.as_bytes())).to_string().as_bytes());
        }
        let named = |(key, secret)| (format!("{}/{key}", credential.name), secret);
        let watched = Watched::of(known, &secrets.into_iter().map(named).collect::<Vec<_>>());
        Ok(Self {
            name: credential.name.as_str().into(),
            digest: Digest::of(&told),
            provider,
            slot: credential.slot.clone(),
            scopes: credential.scopes.clone(),
            account: credential.account.as_deref().map(Into::into),
            _watched: watched,
        })
    }
}

/// From a kind to its provider.
fn provider(credential: &config::Credential, known: &Arc<KnownSecrets>) -> Result<Box<dyn Provider>, String> {
    let account = || credential.account.as_deref().map(Into::into);
    Ok(match &credential.kind {
        CredentialKind::Static(fixed) => Box::new(providers::Fixed {
            secret: Box::new(Guarded::read(&fixed.secret)?),
            user: fixed.user.as_deref().map(Into::into),
            account: account(),
        }),
        CredentialKind::AwsSts(kind) => Box::new(cloud::aws_sts(kind)),
        CredentialKind::GcpSts(kind) => Box::new(cloud::gcp_sts(kind)),
        CredentialKind::Azure(kind) => Box::new(cloud::azure(kind)),
        CredentialKind::GithubApp(kind) => Box::new(cloud::github_app(kind)?),
        CredentialKind::Vault(kind) => Box::new(cloud::vault(kind)),
        CredentialKind::JwtSvid(kind) => cloud::jwt_svid(kind)?,
        CredentialKind::SignedJwt(kind) => Box::new(cloud::signed_jwt(kind)?),
        CredentialKind::Databricks(kind) => Box::new(cloud::databricks(kind)),
        CredentialKind::ClientCredentials(kind) => Box::new(oauth::client_credentials(kind)?),
        CredentialKind::TokenExchange(kind) => Box::new(oauth::token_exchange(kind)?),
        CredentialKind::JwtBearer(kind) => Box::new(oauth::jwt_bearer(kind, known)?),
        CredentialKind::OAuth(kind) => Box::new(oauth::person(kind)?),
        CredentialKind::IdJag(kind) => Box::new(oauth::id_jag(kind)?),
    })
}
