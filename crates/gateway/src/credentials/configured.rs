use super::{cloud, oauth};
use crate::server::Handled;
use doorward_config::{self as config, CredentialKind, Scopes, SecretError, Slot};
use doorward_credential::{Provider, providers};
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
    /// The operator's secrets that it needs, with their keys.
    secrets: Vec<(&'static str, Secret<String>)>,
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
    pub(super) fn new(credential: &config::Credential) -> Result<Self, ConfiguredError> {
        let failed = |why: String| ConfiguredError { name: credential.name.clone(), why };
        let provider = provider(credential).map_err(failed)?;
        let read = credential.kind.secrets().into_iter().map(|(key, secret)| Ok((key, secret.read()?)));
        let secrets = read.collect::<Result<Vec<_>, SecretError>>().map_err(|why| failed(why.to_string()))?;
        // What a reference leads to may change while its name stays.
        let mut told = format!("{credential:?}").into_bytes();
        for (_, secret) in &secrets {
            told.extend_from_slice(secret.reveal(|s| Digest::of(s.as_bytes())).to_string().as_bytes());
        }
        Ok(Self {
            name: credential.name.as_str().into(),
            digest: Digest::of(&told),
            provider,
            slot: credential.slot.clone(),
            scopes: credential.scopes.clone(),
            account: credential.account.as_deref().map(Into::into),
            secrets,
        })
    }

    /// The secrets that it brings, for whoever looks for them elsewhere.
    pub(crate) fn handled(&self, handled: &mut Vec<Handled>) {
        for (key, secret) in &self.secrets {
            secret.reveal(|s| handled.push((format!("{}/{key}", self.name), Secret::new(s.clone()))));
        }
    }
}

/// From a kind to its provider.
fn provider(credential: &config::Credential) -> Result<Box<dyn Provider>, String> {
    let account = || credential.account.as_deref().map(Into::into);
    Ok(match &credential.kind {
        CredentialKind::Static(fixed) => Box::new(providers::Fixed {
            secret: fixed.secret.read().map_err(|e| e.to_string())?,
            user: fixed.user.as_deref().map(Into::into),
            account: account(),
        }),
        CredentialKind::AwsSts(aws) => Box::new(cloud::aws_sts(aws)),
        CredentialKind::ClientCredentials(kind) => Box::new(oauth::client_credentials(kind)?),
        CredentialKind::TokenExchange(kind) => Box::new(oauth::token_exchange(kind)?),
        CredentialKind::JwtBearer(kind) => Box::new(oauth::jwt_bearer(kind)?),
        CredentialKind::OAuth(kind) => Box::new(oauth::person(kind)?),
        CredentialKind::IdJag(kind) => Box::new(oauth::id_jag(kind)?),
    })
}
