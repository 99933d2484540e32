//! A person signs in for something else than a client's token: to approve a call, or to connect an account. What it is for
//! goes along, sealed in the store under a name that is good once; the browser that comes back is the one that went.

use super::{Call, Silence, browser, go, page};
use crate::{Gateway, Live, credentials::consent::Ticket, live::Provider};
use doorward_identity::Human;
use doorward_oauth::{Code, Fault, Form};
use doorward_store::KeptKind;
use doorward_transport::serve::{Body, Peer};
use doorward_vocab::{Assurance, Digest, Timestamp};
use http::{Response, request::Parts};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// What begins the `state` of such a sign-in.
const MARK: &str = "visit-";
/// How far the clock of a provider may be behind.
const SKEW: Duration = Duration::from_secs(60);

/// A browser that comes for something.
pub(super) struct Visit<'a> {
    pub(super) gateway: &'a Arc<Gateway>,
    pub(super) live: &'a Arc<Live>,
    pub(super) head: &'a Parts,
    pub(super) peer: &'a Arc<Peer>,
}

/// What it comes for.
#[derive(Serialize, Deserialize)]
pub(super) enum Purpose {
    /// To approve the call of this question.
    Approve([u8; 16]),
    /// To connect an account.
    Connect(Ticket),
}

/// How fresh a sign-in must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Whoever is signed in already may come back at once.
    Any,
    /// For just this, and so well.
    Anew(Assurance),
}

/// A person who is at their provider.
#[derive(Serialize, Deserialize)]
struct SigningIn {
    purpose: Purpose,
    provider: String,
    nonce: String,
    verifier: String,
    browser: Digest,
    /// Since when, where the person must sign in after that.
    anew: Option<Timestamp>,
}

/// Whether the query of a sign-in's end is that of a visit.
pub(super) fn is_of_a_visit(form: &Form) -> bool {
    form.get("state").is_some_and(|state| state.starts_with(MARK))
}

impl<'a> Visit<'a> {
    /// Sends the person to the provider.
    pub(super) async fn sign_in(
        &self,
        provider: &Provider,
        purpose: Purpose,
        freshness: Freshness,
        until: Timestamp,
    ) -> Response<Body> {
        let Some(call) = self.call() else { return page::broken() };
        let Ok(endpoints) = call.endpoints(provider).await else { return page::broken() };
        let browser = self.browser();
        let draw = || browser::draw(self.gateway);
        let (state, nonce, verifier) = (format!("{MARK}{}", draw()), draw(), draw());
        let mut to = call.to_provider(provider, &endpoints, (&state, &nonce, &verifier));
        let anew = match freshness {
            Freshness::Any => None,
            Freshness::Anew(proven) => {
                // OpenID Connect Core §3.1.2.1: asked to sign in whoever is signed in, and told when that was.
                to.query_pairs_mut().append_pair("prompt", "login").append_pair("max_age", "0");
                if proven > Assurance::PlatformToken && !provider.stronger.is_empty() {
                    to.query_pairs_mut().append_pair("acr_values", &provider.stronger.join(" "));
                }
                Some(self.gateway.clock.now())
            }
        };
        let (provider, browser_digest) = (provider.name.clone(), browser.digest());
        let kept = SigningIn { purpose, provider, nonce, verifier, browser: browser_digest, anew };
        match self.gateway.hold(KeptKind::Login, &state, until, &kept).await {
            Ok(()) => browser::marked(&browser, self.is_local(), go(to.as_str())),
            Err(Silence) => page::broken(),
        }
    }

    /// The provider sends the browser back: it goes on with what it came for.
    pub(super) async fn signed_in(&self, form: &Form) -> Response<Body> {
        let state = form.get("state").unwrap_or_default();
        let kept = match self.gateway.take::<SigningIn>(KeptKind::Login, state).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return page::over(),
            Err(Silence) => return page::broken(),
        };
        if !self.is_browser(&kept.browser) {
            return page::elsewhere();
        }
        let Some(call) = self.call() else { return page::broken() };
        let human = match Box::pin(call.who(form, &kept.provider, (&kept.nonce, &kept.verifier))).await {
            Ok(human) => human,
            Err(fault) => return page::wrong(&fault),
        };
        let proven = match kept.anew {
            None => None,
            Some(since) => match self.proven(&human, &kept.provider, since) {
                Some(proven) => Some(proven),
                None => return page::stale(),
            },
        };
        match kept.purpose {
            Purpose::Approve(number) => self.may_approve(&number, human, proven, kept.browser).await,
            Purpose::Connect(ticket) => self.may_connect(&ticket, &human).await,
        }
    }

    /// How well a person is proven who signed in after `since`; none where that was before, or is not said.
    fn proven(&self, human: &Human, provider: &str, since: Timestamp) -> Option<Assurance> {
        let login = human.login.as_ref()?;
        // The claim has whole seconds.
        let fresh = login.at.is_some_and(|at| at.plus(SKEW).secs() >= since.secs());
        let providers = &self.live.authority.as_ref()?.providers;
        let stronger = providers.iter().find(|p| p.name == provider).map(|p| &p.stronger)?;
        fresh.then(|| login.strength(stronger))
    }

    pub(super) fn is_local(&self) -> bool {
        self.gateway.public(self.live).starts_with("http://")
    }

    /// Whether the browser is on this machine, and the gateway for it alone.
    pub(super) fn is_here(&self) -> bool {
        self.peer.address.ip().to_canonical().is_loopback() && self.live.settings.listen.mcp.ip().is_loopback()
    }

    pub(super) fn browser(&self) -> browser::Browser {
        browser::of(self.gateway, &self.head.headers, self.is_local())
    }

    pub(super) fn is_browser(&self, digest: &Digest) -> bool {
        browser::is(&self.head.headers, self.is_local(), digest)
    }

    /// Where the people of an issuer sign in.
    pub(super) fn provider_of(&self, issuer: &str) -> Option<&'a Provider> {
        self.live.authority.as_ref()?.providers.iter().find(|p| *p.issuer == *issuer)
    }

    fn call(&self) -> Option<Call<'_>> {
        let authority = self.live.authority.as_ref()?;
        let (head, peer) = (self.head.clone(), self.peer.clone());
        Some(Call { gateway: self.gateway, live: self.live, authority, head, peer })
    }
}

impl Call<'_> {
    /// Who signed in at a provider, as far as this answer is one.
    pub(super) async fn who(
        &self,
        form: &Form,
        provider: &str,
        (nonce, verifier): (&str, &str),
    ) -> Result<Human, Fault> {
        let login = self.checked(form, provider).await?;
        let code = form.need("code")?;
        Box::pin(self.human(login, code, nonce, verifier)).await.map_err(|why| {
            tracing::warn!(provider, "a login failed: {why}");
            Fault::new(Code::AccessDenied, "the provider did not say who signed in")
        })
    }
}
