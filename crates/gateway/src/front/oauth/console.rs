//! A person signs in to the console. The provider knows one address of the gateway, that of its authorization server: the
//! browser comes back there, and goes on to the console with what it was given.

use super::{Call, browser, go};
use crate::{Gateway, Live, live::Provider};
use doorward_identity::Human;
use doorward_oauth::{Fault, Form};
use doorward_transport::serve::{Body, Peer};
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use std::{net::Ipv4Addr, sync::Arc};

/// What begins the `state` of a sign-in that is for the console.
const MARK: &str = "console-";

/// A sign-in at a provider that has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// Where the browser goes.
    pub to: String,
    provider: String,
    nonce: String,
    verifier: String,
}

/// Who signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person.
    pub human: Human,
}

/// Whether the query of a sign-in's end is for the console.
pub(super) fn is_for_console(form: &Form) -> bool {
    form.get("state").is_some_and(|state| state.starts_with(MARK))
}

/// Sends the browser on to the console, which asked: its address is the operator's, whatever the query says.
pub(super) fn on(live: &Live, query: &str) -> Response<Body> {
    let console = live.settings.console.public_url.as_ref().map_or_else(
        || format!("http://{}", live.settings.listen.console),
        |url| url.as_str().trim_end_matches('/').to_owned(),
    );
    go(&format!("{console}/sign-in/callback?{query}"))
}

impl Gateway {
    /// Whether people can sign in to the console at this `[[trust]]` entry.
    pub fn can_sign_in(&self, provider: &str) -> bool {
        let live = self.live.load();
        live.authority.as_ref().is_some_and(|a| a.providers.iter().any(|p| p.name == provider))
    }

    /// Begins a sign-in to the console at a provider. `state` comes back with the browser; it begins with `console-`.
    ///
    /// # Errors
    /// Why it cannot begin, for people.
    pub async fn begin_sign_in(self: &Arc<Self>, provider: &str, state: &str) -> Result<SignIn, String> {
        let live = self.live.load_full();
        let call = self.on_behalf(&live).ok_or("nobody can sign in here")?;
        let found: Option<&Provider> = call.authority.providers.iter().find(|p| p.name == provider);
        let found = found.ok_or("people do not sign in there any more")?;
        let endpoints = Box::pin(call.endpoints(found)).await.map_err(|why| {
            tracing::warn!(provider, "a login failed: {why}");
            "the provider does not answer".to_owned()
        })?;
        let (nonce, verifier) = (browser::draw(self), browser::draw(self));
        let to = call.to_provider(found, &endpoints, (state, &nonce, &verifier));
        Ok(SignIn { to: to.into(), provider: provider.to_owned(), nonce, verifier })
    }

    /// Who came back with `query` from a sign-in that began with [`Self::begin_sign_in`].
    ///
    /// # Errors
    /// Why nobody did, for people.
    pub async fn finish_sign_in(self: &Arc<Self>, begun: &SignIn, query: &str) -> Result<SignedIn, String> {
        let live = self.live.load_full();
        let call = self.on_behalf(&live).ok_or("nobody can sign in here")?;
        let told = |fault: Fault| fault.why.to_string();
        let form = Form::parse(query.as_bytes()).map_err(told)?;
        let who = Box::pin(call.who(&form, &begun.provider, (&begun.nonce, &begun.verifier)));
        Ok(SignedIn { human: who.await.map_err(told)? })
    }

    /// The authorization server, asked by ourselves.
    fn on_behalf<'a>(self: &'a Arc<Self>, live: &'a Arc<Live>) -> Option<Call<'a>> {
        let authority = live.authority.as_ref()?;
        let (head, ()) = Request::new(()).into_parts();
        let here = (Ipv4Addr::LOCALHOST, 0).into();
        let peer = Arc::new(Peer { address: here, local: here, tls: false, certificates: None, process: None });
        Some(Call { gateway: self, live, authority, head, peer })
    }
}
