//! The credentials of servers: chosen for a call, fetched when they are needed, kept for as long as they may serve, put into
//! the request after everything about it was recorded. Agents never see one.
//!
//! | file | story |
//! |---|---|
//! | `configured` | from `[[credential]]` to a provider |
//! | `cloud` | the same for kinds of the cloud |
//! | `oauth` | the same for the OAuth kinds |
//! | `anew` | a secret that somebody else renews where it is |
//! | `choice` | which of them serves a call |
//! | `desk` | what is kept, what was refused, and who fetches for everybody |
//! | `wanted` | what a fetch goes by |
//! | `consent` | a person is asked to connect their account |
//! | `granting` | where they are sent, and what comes of it |
//! | `protected` | what a server says of who authorizes its clients |
//! | `registered` | who the gateway is there, where nobody configured it |
//! | `grant` | what a person granted, as it is kept |
//! | `login` | what the provider gave at which a person signed in |
//! | `fetch` | a provider's steps, one request after the other |
//! | `signer` | the gateway as an issuer that providers trust |
//! | `end` | a credential is taken back when nobody holds it any more |
//! | `held` | a credential that is ready to be used |
//! | `span` | how long it may serve, and when it is renewed |
//! | `breaker` | a provider that fails is left alone for a while |
//! | `shared` | what gateways that share a store fetch once, and turn over once |
//! | `told` | a credential, as they tell each other of it |
//! | `ledger` | what is kept, for the operator: to see, and to take back |
//! | `trial` | a fetch that no call asked for |

mod anew;
mod breaker;
mod choice;
mod cloud;
mod configured;
pub(crate) mod consent;
mod desk;
mod end;
mod fetch;
mod grant;
pub(crate) mod granting;
mod held;
mod ledger;
mod login;
mod oauth;
mod protected;
mod registered;
mod shared;
mod signer;
mod span;
mod told;
mod trial;
mod wanted;

pub(crate) use choice::Chosen;
pub(crate) use configured::Configured;
pub(crate) use desk::Desk;
pub(crate) use held::Held;

use crate::{Gateway, Live, passage::Passage, refusal::Refusal};
pub use configured::ConfiguredError;
use consent::Invitation;
use doorward_config::{Credential, Settings, Slot};
use doorward_credential::{Failure, Source};
use doorward_detect::KnownSecrets;
use doorward_engine::{Fill, Permitted};
use doorward_mcp::{RpcError, json::quote};
use doorward_vocab::Timestamp;
pub use ledger::{Entry, EntryKind, Ledger, LedgerError};
use std::{collections::BTreeMap, sync::Arc};
pub use trial::{Trial, TrialError, Tried};

/// The credentials of a configuration, by name.
pub(crate) type All = BTreeMap<Arc<str>, Arc<Configured>>;

/// Sets up all credentials of `settings`.
pub(crate) fn all(settings: &Settings, known: &Arc<KnownSecrets>) -> Result<All, ConfiguredError> {
    let each = settings.credentials.iter().map(|c| Ok((c.name.as_str().into(), Arc::new(Configured::new(c, known)?))));
    each.collect()
}

/// What the placeholders of `settings` stand for: the credential alone, wherever it goes otherwise.
pub(crate) fn stand_ins(settings: &Settings, known: &Arc<KnownSecrets>) -> Result<All, ConfiguredError> {
    let alone = Slot::Header { name: "authorization".to_owned(), scheme: None };
    let each = settings.placeholders.iter().filter_map(|placeholder| {
        let credential = settings.credential(&placeholder.credential)?.clone();
        let configured = Configured::new(&Credential { slot: alone.clone(), ..credential }, known);
        Some(configured.map(|configured| (placeholder.name.as_str().into(), Arc::new(configured))))
    });
    each.collect()
}

/// What must be kept of people's tokens, because a credential is exchanged for it. Without such a credential nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// What agents present.
    pub(crate) presented: bool,
    /// What providers give when people sign in.
    pub(crate) login: bool,
}

impl Wants {
    pub(crate) fn of(all: &All) -> Self {
        let any = |source| all.values().any(|c| c.provider.needs().subject == Some(source));
        Self { presented: any(Source::Presented), login: any(Source::Login) }
    }
}

/// A server has no credential for a call.
#[derive(Debug)]
pub(crate) struct NoCredential {
    /// The server.
    pub(crate) server: Box<str>,
    /// The credential that was to serve; none where no rule fits.
    pub(crate) name: Option<Arc<str>>,
    /// Why it does not.
    pub(crate) why: Failure,
    /// Where the person can do something about that.
    pub(crate) invitation: Option<Invitation>,
}

impl NoCredential {
    /// What the caller hears: what can be done about it, and nothing of how credentials are obtained here.
    pub(crate) fn told(&self) -> RpcError {
        let server = &self.server;
        let told = match &self.why {
            Failure::NoHuman => {
                format!("The server `{server}` is called with a person's own account, and nobody is behind this call.")
            }
            Failure::Consent => {
                let told = format!("The server `{server}` is called with the person's own account there");
                match &self.invitation {
                    Some(Invitation { address, more: true, .. }) => format!(
                        "{told}, which has to allow more for this. The person can do that at {address} ; call again after that."
                    ),
                    Some(Invitation { address, .. }) => format!(
                        "{told}, which is not connected yet. The person can connect it at {address} ; call again after that."
                    ),
                    None => format!("{told}, which is not connected yet."),
                }
            }
            Failure::NoSubject(_) => {
                format!("The person has to sign in again before the server `{server}` can be called.")
            }
            Failure::Unavailable(_) => {
                format!("The credential for the server `{server}` cannot be had now. Try again in a moment.")
            }
            Failure::Refused(_) | Failure::Misconfigured(_) | Failure::Unusable(_) => {
                format!("There is no credential for the server `{server}` that serves this call.")
            }
        };
        let status = if self.why.is_passing() { 503 } else { 403 };
        RpcError::new(RpcError::REFUSED, status, told).with_data(quote("credential"))
    }
}

impl Gateway {
    /// The credential for a message that was ruled and recorded; none where its server needs none.
    pub(crate) async fn exchange(&self, passage: &Passage) -> Result<Option<Arc<Held>>, Refusal> {
        let refused = |name, why| {
            let server = passage.server.profile.name.as_str().into();
            Refusal::Credential(Box::new(NoCredential { server, name, why, invitation: None }))
        };
        let configured = match &passage.chosen {
            Chosen::Without => return Ok(None),
            Chosen::Serves(configured) => configured,
            Chosen::Nothing(why) => return Err(refused(None, why.clone())),
        };
        let held = match self.held(passage, configured).await {
            Ok(held) => held,
            Err(Failure::Consent) => {
                let invitation = self.invite(passage, configured, &[]).await;
                let (server, name) = (passage.server.profile.name.as_str().into(), Some(configured.name.clone()));
                let missing = NoCredential { server, name, why: Failure::Consent, invitation };
                return Err(Refusal::Credential(Box::new(missing)));
            }
            Err(why) => return Err(refused(Some(configured.name.clone()), why)),
        };
        let _ = passage.worn.set(held.clone());
        Ok(Some(held))
    }

    /// A message with the secrets that its placeholders stand for.
    pub(crate) async fn fill(&self, passage: &Passage, permitted: Permitted) -> Result<Permitted, Refusal> {
        if permitted.fills().is_empty() {
            return Ok(permitted);
        }
        let server = || passage.server.profile.name.as_str().into();
        let refused = |name: &Arc<str>, why| {
            Refusal::Credential(Box::new(NoCredential {
                server: server(),
                name: Some(name.clone()),
                why,
                invitation: None,
            }))
        };
        let mut secrets = Vec::new();
        for fill in permitted.fills() {
            let missing = || Failure::Misconfigured("it stands for no credential any more".into());
            let configured = passage.live.stand_ins.get(&fill.name).ok_or_else(|| refused(&fill.name, missing()))?;
            let held = self.held(passage, configured).await.map_err(|why| refused(&fill.name, why))?;
            secrets.push((fill.clone(), held));
        }
        let secret = |fill: &Fill| secrets.iter().find(|(known, _)| known == fill).and_then(|(_, held)| held.alone());
        permitted.fill(secret).map_err(|unfilled| {
            let name = secrets.first().map(|(fill, _)| fill.name.clone());
            let why = Failure::Misconfigured(unfilled.to_string().into());
            Refusal::Credential(Box::new(NoCredential { server: server(), name, why, invitation: None }))
        })
    }

    /// A server does not take a credential. Whether another one may be tried: this one was kept from before the call, and is
    /// forgotten now.
    pub(crate) fn is_outworn(&self, held: &Arc<Held>, began: Timestamp) -> bool {
        self.desk.refuse(held);
        held.fetched.is_some_and(|fetched| fetched < began)
    }

    /// What a caller hears where its server takes no credential that there is. Where it wants more than the person granted
    /// (RFC 6750 §3.1), the person is asked for that.
    pub(crate) async fn unaccepted(
        &self,
        passage: &Passage,
        held: Option<&Held>,
        status: u16,
        challenge: Option<&str>,
    ) -> Refusal {
        let (server, name) = (passage.server.profile.name.as_str().into(), held.map(|h| h.name.clone()));
        if let (Some(scopes), Chosen::Serves(configured)) = (protected::more_scopes(status, challenge), &passage.chosen)
            // A server that wants what was granted already would have its person asked for ever.
            && !self.was_granted(passage, configured, &scopes).await
            && let Some(invitation) = self.invite(passage, configured, &scopes).await
        {
            let missing = NoCredential { server, name, why: Failure::Consent, invitation: Some(invitation) };
            return Refusal::Credential(Box::new(missing));
        }
        let why = Failure::Refused(format!("the server does not accept it (status {status})").into());
        Refusal::Credential(Box::new(NoCredential { server, name, why, invitation: None }))
    }

    async fn was_granted(&self, passage: &Passage, configured: &Configured, scopes: &[Box<str>]) -> bool {
        let Some(human) = &passage.caller.actor.principal().human else { return false };
        let granted = self.granted_scopes(&configured.name, human).await;
        scopes.iter().all(|scope| granted.contains(scope))
    }

    /// What is left of a configuration that is no longer in force.
    pub(crate) fn drop_credentials(&self, before: &Live, after: &Live) {
        let same = before.snapshot.policies.version() == after.snapshot.policies.version();
        self.desk.retain(|held| same && after.credentials.values().any(|c| c.digest == held.of));
    }
}
