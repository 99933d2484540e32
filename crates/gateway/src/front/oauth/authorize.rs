//! A client sends a browser. What it asks is checked; then the human goes to a provider to show who they are.

use super::{Call, Silence, go, page, provider::Endpoints};
use crate::live::Provider;
use doorward_oauth::{Asked, Client, Code, Fault, Form, authorize, code};
use doorward_store::KeptKind;
use doorward_transport::serve::Body;
use doorward_vocab::Digest;
use http::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A human who is at a provider.
#[derive(Serialize, Deserialize)]
pub(super) struct AtProvider {
    pub(super) asked: Asked,
    /// The client as it was when it asked.
    pub(super) client: Client,
    /// What the operator calls the provider.
    pub(super) provider: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) browser: Digest,
}

impl Call<'_> {
    pub(super) async fn authorize(&self) -> Response<Body> {
        let form = match self.query() {
            Ok(form) => form,
            Err(fault) => return page::wrong(&fault),
        };
        // As long as it is not known who asks and where the answer goes, the browser is sent nowhere.
        let (client, redirect) = match self.whom(&form).await {
            Ok(known) => known,
            Err(fault) => return page::wrong(&fault),
        };
        match authorize::check(&form, &client, redirect.clone(), &self.authority.realm) {
            Ok(asked) => Box::pin(self.sign_in(&form, &client, asked)).await,
            Err(fault) => self.refuse_at(&redirect, form.get("state"), &fault),
        }
    }

    async fn whom(&self, form: &Form) -> Result<(Arc<Client>, String), Fault> {
        let client = self.client(form.need("client_id")?).await?;
        let redirect = authorize::redirect(form, &client)?;
        Ok((client, redirect))
    }

    pub(super) fn refuse_at(&self, redirect: &str, state: Option<&str>, fault: &Fault) -> Response<Body> {
        go(&authorize::refused(redirect, state, &self.authority.realm.issuer, fault))
    }

    async fn sign_in(&self, form: &Form, client: &Client, asked: Asked) -> Response<Body> {
        let providers = &self.authority.providers;
        let chosen = match (form.get("provider"), providers.as_slice()) {
            (Some(name), all) => all.iter().find(|p| p.name == name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let Some(provider) = chosen else {
            if providers.is_empty() {
                let fault = Fault::new(Code::AccessDenied, "nobody can sign in here");
                return self.refuse_at(&asked.redirect, asked.state.as_deref(), &fault);
            }
            return page::choice(providers, self.head.uri.query().unwrap_or_default());
        };
        Box::pin(self.send_to(provider, client, asked)).await
    }

    /// OpenID Connect Core §3.1.2.1, with PKCE (RFC 9700 §2.1.1).
    pub(super) fn to_provider(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
        (state, nonce, verifier): (&str, &str, &str),
    ) -> url::Url {
        let mut to = endpoints.authorize.clone();
        to.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client)
            .append_pair("redirect_uri", &self.callback_address())
            .append_pair("scope", &provider.scope)
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &code::challenge_of(verifier))
            .append_pair("code_challenge_method", "S256");
        to
    }

    async fn send_to(&self, provider: &Provider, client: &Client, asked: Asked) -> Response<Body> {
        let (redirect, state) = (asked.redirect.clone(), asked.state.clone());
        let broken = |why: &'static str| {
            self.refuse_at(&redirect, state.as_deref(), &Fault::new(Code::TemporarilyUnavailable, why))
        };
        let endpoints = match self.endpoints(provider).await {
            Ok(endpoints) => endpoints,
            Err(why) => {
                tracing::warn!(provider = provider.name, "nobody can sign in: {why}");
                return broken("the provider where people sign in does not answer");
            }
        };
        let browser = self.browser();
        let [handle, nonce, verifier] = [self.draw(), self.draw(), self.draw()];
        let to = self.to_provider(provider, &endpoints, (&handle, &nonce, &verifier));
        let until = self.gateway.clock.now().plus(self.authority.realm.lifetimes.login);
        let kept = AtProvider {
            asked,
            client: client.clone(),
            provider: provider.name.clone(),
            nonce,
            verifier,
            browser: browser.digest(),
        };
        match self.gateway.hold(KeptKind::Login, &handle, until, &kept).await {
            Ok(()) => self.marked(&browser, go(to.as_str())),
            Err(Silence) => broken("the gateway cannot remember the login"),
        }
    }
}
