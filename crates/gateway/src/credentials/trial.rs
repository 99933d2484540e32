//! A fetch that no call asked for: whether a credential can be had, and what comes of it.

use super::wanted::{Wanted, Whom};
use crate::Gateway;
use doorward_credential::{Failure, PerWhom};
use doorward_identity::{Agent, Human};
use doorward_vocab::Timestamp;

/// What is tried.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// The operator's name for the credential.
    pub credential: String,
    /// The server that it is for; the first one that uses it.
    pub server: Option<String>,
    /// The tool that is to be called.
    pub tool: Option<String>,
    /// The id of the agent.
    pub agent: Option<String>,
    /// The person: who vouches, and the id there.
    pub human: Option<(String, String)>,
}

/// What came of it. Nothing of the secret is in it.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The kind of the credential.
    pub kind: &'static str,
    /// Whose account it is at the server, where somebody says.
    pub account: Option<Box<str>>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// What was granted, where the provider says so.
    pub scopes: Option<Vec<String>>,
    /// What is unusual about it.
    pub remark: Option<Box<str>>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// There is no such credential.
    #[error("there is no credential `{0}`")]
    Unknown(String),
    /// There is no such server, or none uses it.
    #[error("no server uses it; name one with `--server`")]
    NoServer,
    /// The provider gives none.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Gateway {
    /// Fetches a credential as for a call, and forgets it. A refresh token that its provider turns over is kept.
    ///
    /// # Errors
    /// [`TrialError`].
    pub async fn try_credential(&self, trial: &Trial) -> Result<Tried, TrialError> {
        let live = self.live.load_full();
        let unknown = || TrialError::Unknown(trial.credential.clone());
        let configured = live.credentials.get(trial.credential.as_str()).cloned().ok_or_else(unknown)?;
        let uses = |server: &&std::sync::Arc<crate::server::Server>| match &trial.server {
            Some(name) => server.profile.name.as_str() == name,
            None => server.rules.iter().any(|rule| rule.name.as_deref() == Some(&*trial.credential)),
        };
        let server = live.servers.values().find(uses).ok_or(TrialError::NoServer)?;
        let agent = trial.agent.as_deref().unwrap_or("doorward-test");
        let human = trial.human.as_ref().map(|(issuer, id)| Human {
            id: id.as_str().into(),
            name: id.as_str().into(),
            email: None,
            groups: [].into(),
            issuer: issuer.as_str().into(),
            entitlements: [].into(),
            login: None,
        });
        if matches!(configured.provider.per(), PerWhom::Human | PerWhom::Both) && human.is_none() {
            return Err(Failure::NoHuman.into());
        }
        let agent =
            Agent { id: agent.into(), name: agent.into(), issuer: None, class: None, publisher: None, owner: None };
        let wanted = Wanted {
            server: server.profile.name.clone(),
            resource: server.resource.clone(),
            whom: Whom { agent, human, delegation: None, before: [].into(), presented: None, ends: None },
            tool: trial.tool.as_deref().map(Into::into),
            conversation: "doorward-test".into(),
            configured: configured.clone(),
            live: live.clone(),
        };
        let mut issued = Box::pin(self.fetch(&wanted)).await?;
        if let Some(request) = issued.end.take() {
            Box::pin(super::end::send(&live.egress, *request)).await;
        }
        Ok(Tried {
            kind: configured.provider.kind(),
            account: issued.account.or_else(|| configured.account.clone()),
            expires: issued.expires,
            scopes: issued.scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect()),
            remark: issued.remark,
        })
    }
}
