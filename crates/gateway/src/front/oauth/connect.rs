//! A person connects their own account at a server: from an address that a call was answered with, over the sign-in here, to the
//! server's authorization server and back. The address alone connects nothing: who opens it must be whom it was made for.

use super::{Call, Silence, browser, go, page, page::notice};
use crate::{
    Gateway, Live,
    credentials::consent::Ticket,
    credentials::granting::AtServer,
    front::plain::{json, plain},
    live::Provider,
};
use doorward_identity::Human;
use doorward_oauth::{Code, Fault, Form, code};
use doorward_store::KeptKind;
use doorward_transport::serve::{Body, Peer};
use doorward_vocab::Digest;
use http::{Method, Response, StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What begins the `state` of a sign-in that is for connecting.
pub(super) const MARK: &str = "connect-";
/// Who vouches for the user of this machine.
const LOCAL: &str = "local";

/// A person who signs in to connect an account.
#[derive(Serialize, Deserialize)]
pub(super) struct SigningIn {
    ticket: Ticket,
    provider: String,
    nonce: String,
    verifier: String,
    browser: Digest,
}

/// A browser that comes for it.
pub(super) struct Visit<'a> {
    pub(super) gateway: &'a Arc<Gateway>,
    pub(super) live: &'a Arc<Live>,
    pub(super) head: &'a Parts,
    pub(super) peer: &'a Arc<Peer>,
}

impl Visit<'_> {
    pub(super) async fn answer(&self, page: super::Page) -> Response<Body> {
        match (page, &self.head.method) {
            (super::Page::Connect, &Method::GET) => Box::pin(self.begin()).await,
            (super::Page::Connected, &Method::GET) => Box::pin(self.back()).await,
            (super::Page::Document, &Method::GET) => {
                json(200, self.gateway.client_document(self.live, true).to_string().into())
            }
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, "this is not done here in this way"),
        }
    }

    fn query(&self) -> Result<Form, Fault> {
        Form::parse(self.head.uri.query().unwrap_or_default().as_bytes())
    }

    fn is_local(&self) -> bool {
        self.gateway.public(self.live).starts_with("http://")
    }

    fn draw(&self) -> String {
        browser::draw(self.gateway)
    }

    /// Somebody opens the address.
    async fn begin(&self) -> Response<Body> {
        let form = match self.query() {
            Ok(form) => form,
            Err(fault) => return page::wrong(&fault),
        };
        let ticket = match self.gateway.find::<Ticket>(KeptKind::Login, form.get("ticket").unwrap_or_default()).await {
            Ok(Some(ticket)) => ticket,
            Ok(None) => return page::over(),
            Err(Silence) => return page::broken(),
        };
        let providers = self.live.authority.as_ref().map_or(&[][..], |authority| &authority.providers);
        if let Some(provider) = providers.iter().find(|p| *p.issuer == *ticket.issuer) {
            return self.sign_in(provider, ticket).await;
        }
        // The user of this machine is whoever is on it, for calls and for this.
        let here =
            self.peer.address.ip().to_canonical().is_loopback() && self.live.settings.listen.mcp.ip().is_loopback();
        match *ticket.issuer == *LOCAL && here {
            true => self.send(&ticket).await,
            false => notice(
                StatusCode::FORBIDDEN,
                "<h1>Nobody can sign in here</h1><p>An account is connected by whom it belongs to, and this gateway \
                 has no way to find out who you are. Its operator can let people sign in.</p>",
            ),
        }
    }

    /// First it is found out who it is: an address may have been sent to somebody else.
    async fn sign_in(&self, provider: &Provider, ticket: Ticket) -> Response<Body> {
        let Some(call) = self.call() else { return page::broken() };
        let Ok(endpoints) = call.endpoints(provider).await else { return page::broken() };
        let browser = self.browser();
        let (state, nonce, verifier) = (format!("{MARK}{}", self.draw()), self.draw(), self.draw());
        let to = call.to_provider(provider, &endpoints, (&state, &nonce, &verifier));
        let kept = SigningIn { ticket, provider: provider.name.clone(), nonce, verifier, browser: browser.digest() };
        let until = self.gateway.clock.now().plus(crate::credentials::consent::PATIENCE);
        match self.gateway.hold(KeptKind::Login, &state, until, &kept).await {
            Ok(()) => browser::marked(&browser, self.is_local(), go(to.as_str())),
            Err(Silence) => page::broken(),
        }
    }

    /// The sign-in here is over.
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
        let Some(call) = self.call() else { return page::broken() };
        match Box::pin(call.who(form, &kept.provider, (&kept.nonce, &kept.verifier))).await {
            Ok(human) if is(&kept.ticket, &human) => self.send(&kept.ticket).await,
            Ok(human) => {
                tracing::warn!(person = %human.id, "somebody else opened an address to connect an account");
                notice(
                    StatusCode::FORBIDDEN,
                    "<h1>This is for somebody else</h1><p>You signed in as another person than the one who is to connect \
                     an account here. Nothing was connected.</p>",
                )
            }
            Err(fault) => page::wrong(&fault),
        }
    }

    /// Off to the authorization server of the server.
    async fn send(&self, ticket: &Ticket) -> Response<Body> {
        let browser = self.browser();
        let (state, verifier) = (self.draw(), self.draw());
        let challenge = code::challenge_of(&verifier);
        let sent = self.gateway.send_to_server(self.live, ticket, (&state, verifier, &challenge, browser.digest()));
        let (to, kept) = match Box::pin(sent).await {
            Ok(sent) => sent,
            Err(why) => return failed(&ticket.server, &why.to_string()),
        };
        let until = self.gateway.clock.now().plus(crate::credentials::consent::PATIENCE);
        match self.gateway.hold(KeptKind::Login, &state, until, &kept).await {
            Ok(()) => browser::marked(&browser, self.is_local(), go(to.as_str())),
            Err(Silence) => page::broken(),
        }
    }

    /// The authorization server sends the browser back.
    async fn back(&self) -> Response<Body> {
        let form = match self.query() {
            Ok(form) => form,
            Err(fault) => return page::wrong(&fault),
        };
        let kept = match self.gateway.take::<AtServer>(KeptKind::Login, form.get("state").unwrap_or_default()).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return page::over(),
            Err(Silence) => return page::broken(),
        };
        if !browser::is(&self.head.headers, self.is_local(), &kept.browser) {
            return page::elsewhere();
        }
        let server = kept.ticket.server.clone();
        // RFC 9207 §2.4: an answer of one server passed off as that of another.
        let answers = match form.get("iss") {
            Some(iss) => kept.issuer() == Some(iss),
            None => !kept.says_iss,
        };
        if !answers {
            tracing::warn!(server = %server, "an answer of another authorization server");
            return failed(&server, "the answer is not of the server that was asked");
        }
        if let Some(error) = form.get("error") {
            tracing::info!(server = %server, "a person did not connect an account: {error}");
            return failed(&server, "it was not allowed there");
        }
        let Ok(code) = form.need("code") else { return failed(&server, "the answer has no code") };
        match Box::pin(self.gateway.redeem_grant(self.live, &kept, code)).await {
            Ok(account) => page::connected(&server, account.as_deref()),
            Err(why) => failed(&server, &why.to_string()),
        }
    }

    fn browser(&self) -> browser::Browser {
        browser::of(self.gateway, &self.head.headers, self.is_local())
    }

    fn call(&self) -> Option<Call<'_>> {
        let authority = self.live.authority.as_ref()?;
        let (head, peer) = (self.head.clone(), self.peer.clone());
        Some(Call { gateway: self.gateway, live: self.live, authority, head, peer })
    }
}

fn is(ticket: &Ticket, human: &Human) -> bool {
    *ticket.issuer == *human.issuer && *ticket.person == *human.id
}

fn failed(server: &str, why: &str) -> Response<Body> {
    tracing::warn!(server, "an account was not connected: {why}");
    page::unconnected(server, why)
}

/// The query of a sign-in's end is for connecting.
pub(super) fn is_for_connecting(form: &Form) -> bool {
    form.get("state").is_some_and(|state| state.starts_with(MARK))
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
