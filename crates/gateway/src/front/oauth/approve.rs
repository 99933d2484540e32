//! A person approves a call on a page of the gateway. Whoever has a login signs in first, and must be the one in whose name the
//! call is; on a gateway for this machine alone it takes an address that only its operator was shown.

use super::{Call, Silence, browser, go, page, page::notice};
use crate::{
    Gateway, Live,
    approval::{Question, Said},
    live::Provider,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use bytes::Bytes;
use doorward_audit::Party;
use doorward_engine::human_party;
use doorward_identity::Human;
use doorward_oauth::Form;
use doorward_store::KeptKind;
use doorward_transport::serve::{Body, Peer};
use doorward_vocab::Digest;
use http::{Method, Response, StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the pages are, below the public address.
pub(crate) const APPROVE: &str = "/approve/";
/// What begins the `state` of a sign-in that is for approving.
const MARK: &str = "approve-";

/// A person who signs in to answer a question.
#[derive(Serialize, Deserialize)]
struct SigningIn {
    number: [u8; 16],
    provider: String,
    nonce: String,
    verifier: String,
    browser: Digest,
}

/// A person who signed in, and is asked.
#[derive(Serialize, Deserialize)]
struct Asking {
    number: [u8; 16],
    human: Human,
    browser: Digest,
}

/// A browser that comes to answer.
pub(super) struct Visit<'a> {
    pub(super) gateway: &'a Arc<Gateway>,
    pub(super) live: &'a Arc<Live>,
    pub(super) head: &'a Parts,
    pub(super) peer: &'a Arc<Peer>,
}

/// The query of a sign-in's end is for approving.
pub(super) fn is_for_approving(form: &Form) -> bool {
    form.get("state").is_some_and(|state| state.starts_with(MARK))
}

impl Visit<'_> {
    pub(super) async fn answer(&self, body: Bytes) -> Response<Body> {
        let id = self.head.uri.path().strip_prefix(APPROVE).unwrap_or_default();
        let Some(question) = self.gateway.approvals.named(id, self.gateway.clock.now()) else { return page::over() };
        let text = match self.head.method {
            Method::GET => self.head.uri.query().unwrap_or_default().as_bytes(),
            _ => &body,
        };
        let form = match Form::parse(text) {
            Ok(form) => form,
            Err(fault) => return page::wrong(&fault),
        };
        match self.head.method {
            Method::GET => Box::pin(self.show(&question, &form)).await,
            _ => Box::pin(self.decide(&question, &form)).await,
        }
    }

    async fn show(&self, question: &Arc<Question>, form: &Form) -> Response<Body> {
        if let Some(ticket) = form.get("ticket") {
            return match self.gateway.find::<Asking>(KeptKind::Login, ticket).await {
                Ok(Some(asking)) if asking.number != question.number => page::over(),
                Ok(Some(asking)) if !browser::is(&self.head.headers, self.is_local(), &asking.browser) => {
                    page::elsewhere()
                }
                Ok(Some(_)) => page::approval(question, ("ticket", ticket)),
                Ok(None) => page::over(),
                Err(Silence) => page::broken(),
            };
        }
        match self.provider(question) {
            Some(provider) => self.sign_in(provider, question).await,
            None if self.has_key(question, form) => page::approval(question, ("key", &question.key)),
            None => nobody(),
        }
    }

    async fn decide(&self, question: &Arc<Question>, form: &Form) -> Response<Body> {
        // For what was shown, and nothing else.
        if form.get("seen") != Some(&question.record.shown.to_string()) {
            return page::over();
        }
        let by = match (form.get("ticket"), self.provider(question)) {
            (Some(ticket), Some(_)) => {
                // Looked at first: another browser must not be able to use a question up.
                match self.gateway.find::<Asking>(KeptKind::Login, ticket).await {
                    Ok(Some(asking)) if !browser::is(&self.head.headers, self.is_local(), &asking.browser) => {
                        return page::elsewhere();
                    }
                    Ok(Some(asking)) if asking.number == question.number => {}
                    Ok(_) => return page::over(),
                    Err(Silence) => return page::broken(),
                }
                match self.gateway.take::<Asking>(KeptKind::Login, ticket).await {
                    Ok(Some(asking)) => human_party(&asking.human),
                    Ok(None) => return page::over(),
                    Err(Silence) => return page::broken(),
                }
            }
            (None, None) if self.has_key(question, form) => {
                let user = self.gateway.surroundings.user.clone();
                Party::new(user.clone(), user)
            }
            _ => return nobody(),
        };
        let said = if form.get("answer") == Some("approve") { Said::Yes } else { Said::No };
        match self.gateway.settle_approval(&question.number, said, by, "page") {
            Some(_) => page::answered(said == Said::Yes),
            None => page::over(),
        }
    }

    /// Where the person in whose name the call is signs in.
    fn provider(&self, question: &Question) -> Option<&Provider> {
        let (issuer, _) = question.human.as_ref()?;
        self.live.authority.as_ref()?.providers.iter().find(|p| *p.issuer == **issuer)
    }

    /// Whether somebody on this machine comes with the address that only its operator was shown.
    fn has_key(&self, question: &Question, form: &Form) -> bool {
        let here =
            self.peer.address.ip().to_canonical().is_loopback() && self.live.settings.listen.mcp.ip().is_loopback();
        let key = form.get("key").unwrap_or_default();
        here && question.is_local() && verify_slices_are_equal(key.as_bytes(), question.key.as_bytes()).is_ok()
    }

    async fn sign_in(&self, provider: &Provider, question: &Question) -> Response<Body> {
        let Some(call) = self.call() else { return page::broken() };
        let Ok(endpoints) = call.endpoints(provider).await else { return page::broken() };
        let browser = browser::of(self.gateway, &self.head.headers, self.is_local());
        let draw = || browser::draw(self.gateway);
        let (state, nonce, verifier) = (format!("{MARK}{}", draw()), draw(), draw());
        let to = call.to_provider(provider, &endpoints, (&state, &nonce, &verifier));
        let number = question.number;
        let kept = SigningIn { number, provider: provider.name.clone(), nonce, verifier, browser: browser.digest() };
        match self.gateway.hold(KeptKind::Login, &state, question.until, &kept).await {
            Ok(()) => browser::marked(&browser, self.is_local(), go(to.as_str())),
            Err(Silence) => page::broken(),
        }
    }

    /// The sign-in is over.
    pub(super) async fn signed_in(&self, form: &Form) -> Response<Body> {
        let state = form.get("state").unwrap_or_default();
        let kept = match self.gateway.take::<SigningIn>(KeptKind::Login, state).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return page::over(),
            Err(Silence) => return page::broken(),
        };
        if !browser::is(&self.head.headers, self.is_local(), &kept.browser) {
            return page::elsewhere();
        }
        let Some(question) = self.gateway.approvals.open(&kept.number, self.gateway.clock.now()) else {
            return page::over();
        };
        let Some(call) = self.call() else { return page::broken() };
        let human = match Box::pin(call.who(form, &kept.provider, (&kept.nonce, &kept.verifier))).await {
            Ok(human) => human,
            Err(fault) => return page::wrong(&fault),
        };
        if !question.is_for(&human) {
            tracing::warn!(person = %human.id, "somebody else opened the page of a call");
            return notice(
                StatusCode::FORBIDDEN,
                "<h1>This is for somebody else</h1><p>You signed in as another person than the one in whose name the call \
                 is. Nothing was approved.</p>",
            );
        }
        let ticket = browser::draw(self.gateway);
        let asking = Asking { number: kept.number, human, browser: kept.browser };
        match self.gateway.hold(KeptKind::Login, &ticket, question.until, &asking).await {
            Ok(()) => go(&format!("{}?ticket={ticket}", self.gateway.page_of(self.live, &question))),
            Err(Silence) => page::broken(),
        }
    }

    fn is_local(&self) -> bool {
        self.gateway.public(self.live).starts_with("http://")
    }

    fn call(&self) -> Option<Call<'_>> {
        let authority = self.live.authority.as_ref()?;
        let (head, peer) = (self.head.clone(), self.peer.clone());
        Some(Call { gateway: self.gateway, live: self.live, authority, head, peer })
    }
}

fn nobody() -> Response<Body> {
    notice(
        StatusCode::FORBIDDEN,
        "<h1>Nobody can sign in here</h1><p>A call is approved by the one in whose name it is, and this gateway has no way \
         to find out who you are. Its operator answers with <code>doorward approvals</code>.</p>",
    )
}
