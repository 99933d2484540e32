//! A person approves a call on a page of the gateway. Whoever has a login signs in first, and must be the one in whose name the
//! call is; on a gateway for this machine alone it takes an address that only its operator was shown. For a call under a floor of
//! assurance they sign in anew.

use super::{
    Silence, browser, go, page,
    page::notice,
    sign_in::{Freshness, Purpose, Visit},
};
use crate::{
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
use doorward_transport::serve::Body;
use doorward_vocab::{Assurance, Digest};
use http::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the pages are, below the public address.
pub(crate) const APPROVE: &str = "/approve/";
/// A person who signed in, and is asked.
#[derive(Serialize, Deserialize)]
struct Asking {
    number: [u8; 16],
    human: Human,
    /// How well, where they signed in for just this.
    proven: Option<Assurance>,
    browser: Digest,
}

impl Visit<'_> {
    pub(super) async fn approve(&self, body: Bytes) -> Response<Body> {
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
                Ok(Some(asking)) if !self.is_browser(&asking.browser) => page::elsewhere(),
                Ok(Some(_)) => page::approval(question, ("ticket", ticket)),
                Ok(None) => page::over(),
                Err(Silence) => page::broken(),
            };
        }
        match self.provider(question) {
            Some(provider) => {
                let freshness = question.call.proven.map_or(Freshness::Any, Freshness::Anew);
                self.sign_in(provider, Purpose::Approve(question.number), freshness, question.until).await
            }
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
                    Ok(Some(asking)) if !self.is_browser(&asking.browser) => {
                        return page::elsewhere();
                    }
                    Ok(Some(asking)) if asking.number == question.number => {}
                    Ok(_) => return page::over(),
                    Err(Silence) => return page::broken(),
                }
                match self.gateway.take::<Asking>(KeptKind::Login, ticket).await {
                    Ok(Some(asking)) => (human_party(&asking.human), asking.proven),
                    Ok(None) => return page::over(),
                    Err(Silence) => return page::broken(),
                }
            }
            (None, None) if self.has_key(question, form) => {
                let user = self.gateway.surroundings.user.clone();
                (Party::new(user.clone(), user), None)
            }
            _ => return nobody(),
        };
        let said = if form.get("answer") == Some("approve") { Said::Yes } else { Said::No };
        let way = if by.1.is_some() { "sign-in" } else { "page" };
        match self.gateway.settle_approval(&question.number, said, by, way) {
            Some(_) => page::answered(said == Said::Yes),
            None => page::over(),
        }
    }

    /// Where the person in whose name the call is signs in.
    fn provider(&self, question: &Question) -> Option<&Provider> {
        question.human.as_ref().and_then(|(issuer, _)| self.provider_of(issuer))
    }

    /// Whether somebody on this machine comes with the address that only its operator was shown.
    fn has_key(&self, question: &Question, form: &Form) -> bool {
        let key = form.get("key").unwrap_or_default();
        self.is_here()
            && question.is_local()
            && verify_slices_are_equal(key.as_bytes(), question.key.as_bytes()).is_ok()
    }

    /// The sign-in is over: the person is asked, where they are the right one.
    pub(super) async fn may_approve(
        &self,
        number: &[u8; 16],
        human: Human,
        proven: Option<Assurance>,
        browser: Digest,
    ) -> Response<Body> {
        let Some(question) = self.gateway.approvals.open(number, self.gateway.clock.now()) else {
            return page::over();
        };
        if !question.is_for(&human) {
            tracing::warn!(person = %human.id, "somebody else opened the page of a call");
            return notice(
                StatusCode::FORBIDDEN,
                "<h1>This is for somebody else</h1><p>You signed in as another person than the one in whose name the call \
                 is. Nothing was approved.</p>",
            );
        }
        if proven < question.call.proven {
            tracing::info!(person = %human.id, "the sign-in is not strong enough for the call");
            return page::weak();
        }
        let ticket = browser::draw(self.gateway);
        let asking = Asking { number: *number, human, proven, browser };
        match self.gateway.hold(KeptKind::Login, &ticket, question.until, &asking).await {
            Ok(()) => go(&format!("{}?ticket={ticket}", self.gateway.page_of(self.live, &question))),
            Err(Silence) => page::broken(),
        }
    }
}

fn nobody() -> Response<Body> {
    notice(
        StatusCode::FORBIDDEN,
        "<h1>Nobody can sign in here</h1><p>A call is approved by the one in whose name it is, and this gateway has no way \
         to find out who you are. Its operator answers with <code>doorward approvals</code>.</p>",
    )
}
