//! A person connects their own account at a server: from an address that a call was answered with, over the sign-in here, to the
//! server's authorization server and back. The address alone connects nothing: who opens it must be whom it was made for.

use super::{
    Silence, browser, go, page,
    page::notice,
    sign_in::{Freshness, Purpose, Visit},
};
use crate::{
    credentials::consent::Ticket,
    credentials::granting::AtServer,
    front::plain::{json, plain},
};
use doorward_identity::Human;
use doorward_oauth::{Fault, Form, code};
use doorward_store::KeptKind;
use doorward_transport::serve::Body;
use http::{Method, Response, StatusCode};

/// Who vouches for the user of this machine.
const LOCAL: &str = "local";

impl Visit<'_> {
    pub(super) async fn connect(&self, page: super::Page) -> Response<Body> {
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
        // First it is found out who it is: an address may have been sent to somebody else.
        if let Some(provider) = self.provider_of(&ticket.issuer) {
            let until = self.gateway.clock.now().plus(crate::credentials::consent::PATIENCE);
            return self.sign_in(provider, Purpose::Connect(ticket), Freshness::Any, until).await;
        }
        // The user of this machine is whoever is on it, for calls and for this.
        match *ticket.issuer == *LOCAL && self.is_here() {
            true => self.send(&ticket).await,
            false => notice(
                StatusCode::FORBIDDEN,
                "<h1>Nobody can sign in here</h1><p>An account is connected by whom it belongs to, and this gateway \
                 has no way to find out who you are. Its operator can let people sign in.</p>",
            ),
        }
    }

    /// The sign-in here is over.
    pub(super) async fn may_connect(&self, ticket: &Ticket, human: &Human) -> Response<Body> {
        if is(ticket, human) {
            return self.send(ticket).await;
        }
        tracing::warn!(person = %human.id, "somebody else opened an address to connect an account");
        notice(
            StatusCode::FORBIDDEN,
            "<h1>This is for somebody else</h1><p>You signed in as another person than the one who is to connect an account \
             here. Nothing was connected.</p>",
        )
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
        if !self.is_browser(&kept.browser) {
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
}

fn is(ticket: &Ticket, human: &Human) -> bool {
    *ticket.issuer == *human.issuer && *ticket.person == *human.id
}

fn failed(server: &str, why: &str) -> Response<Body> {
    tracing::warn!(server, "an account was not connected: {why}");
    page::unconnected(server, why)
}
