//! The provider sends the browser back: who the human is.

use super::{Call, Silence, authorize::AtProvider, consent::Asking, console, go, page, sign_in};
use crate::live::Provider;
use doorward_oauth::{Code, Fault, Form, Shown, metadata::path};
use doorward_store::KeptKind;
use doorward_transport::serve::Body;
use http::Response;

impl Call<'_> {
    pub(super) async fn callback(&self) -> Response<Body> {
        let form = match self.query() {
            Ok(form) => form,
            Err(fault) => return page::wrong(&fault),
        };
        if sign_in::is_of_a_visit(&form) {
            let visit = sign_in::Visit { gateway: self.gateway, live: self.live, head: &self.head, peer: &self.peer };
            return Box::pin(visit.signed_in(&form)).await;
        }
        if console::is_for_console(&form) {
            return console::on(self.live, self.head.uri.query().unwrap_or_default());
        }
        let known = match form.need("state") {
            Ok(handle) => self.gateway.take::<AtProvider>(KeptKind::Login, handle).await,
            Err(fault) => return page::wrong(&fault),
        };
        let login = match known {
            Ok(Some(login)) => login,
            Ok(None) => return page::over(),
            Err(Silence) => return page::broken(),
        };
        // A login that began in another browser would end in this one: somebody wants to be taken for somebody else.
        if !self.is_browser(&login.browser) {
            return page::elsewhere();
        }
        match Box::pin(self.identify(&form, &login)).await {
            Ok(asking) => {
                let ticket = self.draw();
                let until = self.gateway.clock.now().plus(self.authority.realm.lifetimes.login);
                match self.gateway.hold(KeptKind::Login, &ticket, until, &asking).await {
                    Ok(()) => go(&format!("{}{}?ticket={ticket}", self.authority.realm.issuer, path::CONSENT)),
                    Err(Silence) => page::broken(),
                }
            }
            Err(fault) => self.refuse_at(&login.asked.redirect, login.asked.state.as_deref(), &fault),
        }
    }

    async fn identify(&self, form: &Form, login: &AtProvider) -> Result<Asking, Fault> {
        let denied = |why: &'static str| Fault::new(Code::AccessDenied, why);
        let provider = self.checked(form, &login.provider).await?;
        let code = form.need("code")?;
        let human = Box::pin(self.human(provider, code, &login.nonce, &login.verifier)).await.map_err(|why| {
            tracing::warn!(provider = provider.name, "a login failed: {why}");
            denied("the provider did not say who signed in")
        })?;
        let shown = Shown::new(&login.asked, &login.client, &human, &self.authority.realm);
        let (asked, client) = (login.asked.clone(), login.client.clone());
        Ok(Asking { asked, client, human, shown, browser: login.browser })
    }

    /// The provider whose answer this is, and that it is one.
    pub(super) async fn checked(&self, form: &Form, name: &str) -> Result<&Provider, Fault> {
        let denied = |why: &'static str| Fault::new(Code::AccessDenied, why);
        let found = self.authority.providers.iter().find(|p| p.name == name);
        let provider = found.ok_or_else(|| denied("people do not sign in there any more"))?;
        let endpoints = self.endpoints(provider).await.map_err(|why| {
            tracing::warn!(provider = provider.name, "a login failed: {why}");
            Fault::new(Code::TemporarilyUnavailable, "the provider does not answer")
        })?;
        // RFC 9207 §2.4: an answer of one provider passed off as that of another.
        let answers = match form.get("iss") {
            Some(iss) => iss == provider.issuer,
            None => !endpoints.says_iss,
        };
        if !answers {
            tracing::warn!(provider = provider.name, "an answer of another provider");
            return Err(denied("the answer is not of the provider that was asked"));
        }
        if let Some(error) = form.get("error") {
            tracing::info!(provider = provider.name, "a login ended: {error}");
            return Err(denied("the sign-in was not completed"));
        }
        Ok(provider)
    }
}
