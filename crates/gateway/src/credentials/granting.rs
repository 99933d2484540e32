//! The gateway as a client of the authorization server of a server: found as MCP says (2025-11-25, basic/authorization),
//! known there by configuration, by a document, or by registration.

use super::{
    consent::{CONNECTED, Ticket},
    fetch,
    grant::{GRANT, Grant, GrantOf, Passing, Place, resource},
    oauth,
    protected::protected,
    registered::Registered,
    signer,
};
use crate::{Gateway, Live, server::Server};
use doorward_config::{CredentialKind, PersonOAuth};
use doorward_credential::{
    Agent, Answer, Call, Failure, Issued, Named, Order, Request, Step,
    wire::{self, Client, Form, Metadata, Resource, Token, grant, jwt},
};
use doorward_identity::json;
use doorward_store::KeptKind;
use doorward_vocab::{Digest, Secret};
use http::header;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use url::Url;

/// An authorization server that a person is sent to.
pub(crate) struct Granting {
    pub(crate) metadata: Metadata,
    /// What is named as `resource`.
    pub(crate) resource: Resource,
    /// What is worth asking for, as the server says.
    scopes: Vec<Box<str>>,
    /// Who the gateway is there.
    client: Client,
    /// The same, where it is not as configured.
    registered: Option<Registered>,
    kind: PersonOAuth,
}

/// A person who is there.
#[derive(Serialize, Deserialize)]
pub(crate) struct AtServer {
    pub(crate) ticket: Ticket,
    at: Place,
    about: Option<String>,
    /// Whether its answers say whose they are (RFC 9207).
    pub(crate) says_iss: bool,
    registered: Option<Registered>,
    resource: Option<String>,
    /// What was asked for.
    scopes: Vec<Box<str>>,
    verifier: String,
    pub(crate) browser: Digest,
}

impl AtServer {
    /// The issuer that was asked.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.at.issuer.as_deref()
    }
}

pub(super) fn unusable(why: impl Into<Box<str>>) -> Failure {
    Failure::Unusable(why.into())
}

impl Gateway {
    /// Where the person of a ticket is sent, and what is to be remembered of it.
    pub(crate) async fn send_to_server(
        &self,
        live: &Arc<Live>,
        ticket: &Ticket,
        (state, verifier, challenge, browser): (&str, String, &str, Digest),
    ) -> Result<(Url, AtServer), Failure> {
        let granting = self.granting(live, ticket).await?;
        let Granting { metadata, resource, client, .. } = &granting;
        let mut to = metadata.authorize.clone().ok_or_else(|| unusable("it sends nobody to sign in"))?;
        let mut scopes = if ticket.scopes.is_empty() { granting.scopes.clone() } else { ticket.scopes.clone() };
        // A grant that can be renewed spares the person the next question.
        if metadata.offers_refresh && !scopes.iter().any(|scope| **scope == *wire::OFFLINE) {
            scopes.push(wire::OFFLINE.into());
        }
        let target = oauth::target(&granting.kind.target);
        let named = named(resource, live, ticket);
        {
            let mut pairs = to.query_pairs_mut();
            pairs
                .append_pair("response_type", "code")
                .append_pair("client_id", &client.id)
                .append_pair("redirect_uri", &format!("{}{CONNECTED}", self.public(live)))
                .append_pair("state", state)
                .append_pair("code_challenge", challenge)
                .append_pair("code_challenge_method", "S256")
                .extend_pairs(named.as_deref().map(|resource| ("resource", resource)))
                .extend_pairs(target.audience.as_deref().map(|audience| ("audience", audience)));
            if !scopes.is_empty() {
                pairs.append_pair("scope", &scopes.join(" "));
            }
        }
        let at = AtServer {
            ticket: ticket.clone(),
            at: Place::of(metadata),
            about: metadata.about.as_ref().map(ToString::to_string),
            says_iss: metadata.says_iss,
            resource: match resource {
                Resource::Server => None,
                Resource::Other(other) => Some(other.to_string()),
                Resource::Nothing => Some(String::new()),
            },
            registered: granting.registered,
            scopes,
            verifier,
            browser,
        };
        Ok((to, at))
    }

    /// The person came back with a code: what they granted is kept. Whose account it is, where somebody says.
    pub(crate) async fn redeem_grant(
        &self,
        live: &Arc<Live>,
        at: &AtServer,
        code: &str,
    ) -> Result<Option<Box<str>>, Failure> {
        let (kind, server) = kind(live, &at.ticket)?;
        let client = match (&at.registered, &kind.client) {
            (Some(registered), _) => registered.client(),
            (None, Some((id, proof))) => Client { id: id.as_str().into(), proof: oauth::proof(proof).map_err(bad)? },
            (None, None) => return Err(bad("the configuration changed meanwhile".to_owned())),
        };
        let metadata = at.at.metadata()?;
        let resource = resource(at.resource.as_deref());
        let target = wire::Target { resource, ..oauth::target(&kind.target) };
        let mut form = Form::of(grant::CODE);
        form.add("code", code).add("redirect_uri", &format!("{}{CONNECTED}", self.public(live)));
        form.add("code_verifier", &at.verifier);
        let needs = client.needs_signature();
        let ring = if needs { self.ring().await.ok() } else { None };
        let now = self.clock.now();
        let signer = signer::OwnSigner { issuer: self.public(live), ring, now };
        let fresh = Digest::of(&self.entropy.draw()).short();
        let call = Call {
            server: &at.ticket.server,
            resource: &server.resource,
            tool: None,
            scopes: &at.ticket.scopes,
            agent: Agent { id: "", issuer: None },
            before: &[],
            human: None,
            delegation: None,
            conversation: None,
        };
        let order = Order { call, subject: None, grant: None, signer: &signer, now, fresh: &fresh };
        form.maybe("resource", target.resource(&order.call));
        let answered = fetch::ask(live, client.request(form, &metadata, &order)?).await?;
        let token = Token::read(&Answer { status: answered.status, body: &answered.body }, now)?;
        target.check(&token, &order.call)?;
        let account = self.account(live, at, &token).await;
        let of = GrantOf {
            credential: at.ticket.credential.clone(),
            issuer: at.ticket.issuer.clone(),
            person: at.ticket.person.clone(),
        };
        let name = of.name();
        // RFC 6749 §5.1: what it does not say is what was asked for.
        let scopes = token.scopes.as_deref().unwrap_or(&at.scopes).to_vec();
        let refresh = token.refresh.as_ref().map(|refresh| refresh.reveal(String::clone));
        // Without a refresh token the grant lasts as long as the token that came with it.
        let access = match refresh {
            Some(_) => None,
            None => Some(Passing::of(target.issued(token, &order)?.0)?),
        };
        let grant = Grant {
            refresh: refresh.unwrap_or_default(),
            access,
            scopes,
            of,
            account: account.clone(),
            since: now,
            at: at.at.clone(),
            registered: at.registered.clone(),
            resource: at.resource.clone(),
        };
        let kept = self.hold(KeptKind::Grant, &name, now.plus(GRANT), &grant).await;
        kept.map_err(|_| Failure::Unavailable("the store does not answer".into()))?;
        self.desk.granted(&at.ticket);
        tracing::info!(credential = %at.ticket.credential, person = %at.ticket.person, "a person connected an account");
        Ok(account)
    }

    async fn granting(&self, live: &Arc<Live>, ticket: &Ticket) -> Result<Granting, Failure> {
        let (kind, server) = kind(live, ticket)?;
        let configured = oauth::target(&kind.target).resource;
        let (issuer, named, resource, scopes) = match &kind.issuer {
            Some(issuer) => (issuer.clone(), Named::Operator, configured, Vec::new()),
            None => {
                let found = protected(live, &server).await?;
                let resource = if configured == Resource::Server { found.resource } else { configured };
                (found.issuer, Named::Document, resource, found.scopes)
            }
        };
        let metadata = metadata(live, &issuer, named).await?;
        // 2025-11-25, basic/authorization: without PKCE nobody is sent there, unless the operator says so.
        if !metadata.challenges && named == Named::Document {
            return Err(unusable("its authorization server does not say that it checks PKCE"));
        }
        let (client, registered) = match &kind.client {
            Some((id, proof)) => (Client { id: id.as_str().into(), proof: oauth::proof(proof).map_err(bad)? }, None),
            None => {
                let registered = self.known_there(live, &metadata).await?;
                (registered.client(), Some(registered))
            }
        };
        Ok(Granting { metadata, resource, scopes, client, registered, kind })
    }

    /// Whose account it is: what the ID token says, else what the server says elsewhere (OpenID Connect Core §5.3).
    async fn account(&self, live: &Arc<Live>, at: &AtServer, token: &Token) -> Option<Box<str>> {
        let claims = token.id.as_ref().and_then(jwt::claims).unwrap_or_default();
        if let Some(name) = called(&claims) {
            return Some(name);
        }
        let about = Url::parse(at.about.as_deref()?).ok()?;
        let bearer = token.access.reveal(|t| Secret::new(format!("Bearer {t}")));
        let request = Request::get(about).named(at.at.named()).header(header::AUTHORIZATION, bearer);
        let answered = fetch::ask(live, request).await.ok().filter(|a| a.status.is_success())?;
        called(&json::object(&answered.body)?)
    }
}

pub(super) fn bad(why: String) -> Failure {
    Failure::Misconfigured(why.into())
}

/// What a person is called at the server.
fn called(claims: &Map<String, Value>) -> Option<Box<str>> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|t| !t.is_empty() && t.len() <= 200);
    let name =
        text("email").or_else(|| text("preferred_username")).or_else(|| text("login")).or_else(|| text("sub"))?;
    (!name.chars().any(char::is_control)).then(|| name.into())
}

fn named(resource: &Resource, live: &Live, ticket: &Ticket) -> Option<String> {
    match resource {
        Resource::Server => kind(live, ticket).ok().map(|(_, server)| server.resource.to_string()),
        Resource::Other(other) => Some(other.to_string()),
        Resource::Nothing => None,
    }
}

/// What is configured of the credential of a ticket, and its server.
fn kind(live: &Live, ticket: &Ticket) -> Result<(PersonOAuth, Arc<Server>), Failure> {
    let gone = || bad("the configuration changed meanwhile".to_owned());
    let credential = live.settings.credentials.iter().find(|c| *c.name == *ticket.credential).ok_or_else(gone)?;
    let CredentialKind::OAuth(kind) = &credential.kind else { return Err(gone()) };
    let server = live.servers.values().find(|s| s.profile.name.as_str() == &*ticket.server).ok_or_else(gone)?;
    Ok((kind.as_ref().clone(), server.clone()))
}

async fn metadata(live: &Live, issuer: &str, named: Named) -> Result<Metadata, Failure> {
    let found = Arc::new(Mutex::new(None));
    let keep = found.clone();
    let step = wire::discover(issuer, named, move |metadata| {
        *keep.lock() = Some(metadata);
        Ok(Step::Have(Issued::token(Secret::new(String::new()))))
    })?;
    fetch::follow(live, step).await?;
    let metadata = found.lock().take();
    metadata.ok_or_else(|| unusable("it has no document"))
}
