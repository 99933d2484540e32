//! The gateway as a client of the authorization server of a server: found as MCP says (2025-11-25, basic/authorization),
//! known there by configuration, by a document, or by registration.

use super::{
    consent::{CONNECTED, DOCUMENT, Ticket},
    fetch, oauth,
    shared::{Grant, GrantOf, Passing, Place},
    signer,
};
use crate::{Gateway, Live, fetching, server::Server};
use doorward_config::{CredentialKind, PersonOAuth};
use doorward_credential::{
    Agent, Answer, Call, Failure, Issued, Named, Order, Request, Step,
    wire::{self, Client, Form, Metadata, Proof, Resource, SecretIn, Token, grant, jwt},
};
use doorward_identity::json;
use doorward_store::KeptKind;
use doorward_transport::upstream::{Fetched, Payload};
use doorward_vocab::{Digest, Secret};
use http::{HeaderValue, header};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Duration};
use url::Url;
use zeroize::Zeroize;

/// How long a registration is kept that does not say when it ends.
const REGISTERED: Duration = Duration::from_secs(300 * 24 * 3600);
/// The largest document, in bytes.
const MAX: usize = 256 << 10;

/// As whom the gateway registered itself.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    post: bool,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Registered {
    pub(super) fn client(&self) -> Client {
        let place = if self.post { SecretIn::Form } else { SecretIn::Header };
        let proof =
            self.secret.clone().map_or(Proof::Nothing, |secret| Proof::Secret(Box::new(Secret::new(secret)), place));
        Client { id: self.id.as_str().into(), proof }
    }
}

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

fn unusable(why: impl Into<Box<str>>) -> Failure {
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
        let resource = super::shared::resource(at.resource.as_deref());
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
        let kept = self.hold(KeptKind::Grant, &name, now.plus(super::shared::GRANT), &grant).await;
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

    /// Who the gateway is at a server that nobody configured: described by a document where it reads them, else registered.
    async fn known_there(&self, live: &Arc<Live>, metadata: &Metadata) -> Result<Registered, Failure> {
        let public = self.public(live);
        if metadata.reads_documents && public.starts_with("https://") {
            return Ok(Registered { id: format!("{public}{DOCUMENT}"), secret: None, post: false });
        }
        let silent = |_| Failure::Unavailable("the store does not answer".into());
        let name = format!("registration\n{}\n{public}", metadata.name());
        if let Some(known) = self.find::<Registered>(KeptKind::Registration, &name).await.map_err(silent)? {
            return Ok(known);
        }
        let at = metadata.register.clone();
        let at = at.ok_or_else(|| bad("its authorization server registers nobody: write `client_id`".to_owned()))?;
        let body = Secret::new(self.client_document(live, false).to_string());
        let named = match Url::parse(metadata.name()).is_ok_and(|issuer| issuer.host() == at.host()) {
            true => metadata.named,
            false => Named::Document,
        };
        let answered = fetch::ask(live, Request::json(at, body).named(named)).await?;
        let map = Answer { status: answered.status, body: &answered.body }.object()?;
        let text = |name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = text("client_id").ok_or_else(|| unusable("the registration gave no `client_id`"))?;
        let post = text("token_endpoint_auth_method").as_deref() == Some("client_secret_post");
        let public_client = text("token_endpoint_auth_method").as_deref() == Some("none");
        let registered = Registered { id, secret: text("client_secret").filter(|_| !public_client), post };
        let now = self.clock.now();
        // RFC 7591 §3.2.1: in seconds, 0 for never.
        let ends = map.get("client_secret_expires_at").and_then(Value::as_u64).filter(|at| *at > 0);
        let until = ends.map_or_else(
            || now.plus(REGISTERED),
            |s| doorward_vocab::Timestamp::from_micros(s.saturating_mul(1_000_000)),
        );
        self.hold(KeptKind::Registration, &name, until, &registered).await.map_err(silent)?;
        tracing::info!(issuer = metadata.name(), "the gateway registered itself");
        Ok(registered)
    }

    /// What the gateway says of itself as a client (RFC 7591 §2).
    pub(crate) fn client_document(&self, live: &Live, with_id: bool) -> Value {
        let public = self.public(live);
        let mut document = json!({
            "client_name": "Doorward",
            "client_uri": public,
            "redirect_uris": [format!("{public}{CONNECTED}")],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": if public.starts_with("https://") { "web" } else { "native" },
        });
        if let (true, Value::Object(map)) = (with_id, &mut document) {
            map.insert("client_id".to_owned(), format!("{public}{DOCUMENT}").into());
        }
        document
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

fn bad(why: String) -> Failure {
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

/// What a server says of who authorizes its clients (RFC 9728).
struct Protected {
    issuer: String,
    resource: Resource,
    scopes: Vec<Box<str>>,
}

/// Asks the server without a credential, and reads the document that its refusal names; else the ones at well-known places
/// (RFC 9728 §3.1 and §5.1).
async fn protected(live: &Live, server: &Server) -> Result<Protected, Failure> {
    let url = Url::parse(&server.resource).map_err(|_| bad("the server has no address: write `issuer`".to_owned()))?;
    let mut places = Vec::new();
    let refused = fetching::ask(live, &url, fetching::Whence::Operator, None, &[], MAX).await;
    let challenge_in = |answer: Result<Fetched, String>| answer.ok()?.headers.get(header::WWW_AUTHENTICATE).cloned();
    let mut challenge = challenge_in(refused);
    if challenge.is_none() {
        // Some refuse only what could be a message. This is none, and says nothing.
        let nothing = Payload::Json(Secret::new("{}".to_owned()));
        let whence = fetching::Whence::Operator;
        challenge = challenge_in(fetching::ask(live, &url, whence, Some(nothing), &[], MAX).await);
    }
    // What it wants for now goes before all that there is (2025-11-25, basic/authorization: scope selection).
    let wanted = challenge.as_ref().and_then(|c| parameter(c.to_str().ok()?, "scope")).map(|scope| scopes_in(&scope));
    if let Some(named) = challenge.as_ref().and_then(metadata_in) {
        places.push(named);
    }
    let origin = url.origin().ascii_serialization();
    let path = url.path().trim_end_matches('/');
    for path in [path, ""] {
        places.extend(Url::parse(&format!("{origin}/.well-known/oauth-protected-resource{path}")).ok());
    }
    for place in places {
        let named = if place.host() == url.host() { Named::Operator } else { Named::Document };
        let Ok(answered) = fetch::ask(live, Request::get(place).named(named)).await else { continue };
        if !answered.status.is_success() {
            continue;
        }
        let mut found = read_protected(&answered.body, &server.resource)?;
        found.scopes = wanted.filter(|wanted| !wanted.is_empty()).unwrap_or(found.scopes);
        return Ok(found);
    }
    Err(unusable("it does not say who authorizes its clients: write `issuer`"))
}

fn read_protected(body: &[u8], server: &str) -> Result<Protected, Failure> {
    let map = json::object(body).ok_or_else(|| unusable("its metadata is no JSON object"))?;
    let resource = map.get("resource").and_then(Value::as_str).unwrap_or_default();
    // RFC 9728 §3.3: metadata of another resource must not be used. Servers name themselves without their path too.
    let below = server.strip_prefix(resource.trim_end_matches('/'));
    if resource.is_empty() || !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return Err(unusable("its metadata is of another resource"));
    }
    let first = |name: &str| map.get(name).and_then(Value::as_array).and_then(|all| all.first()?.as_str());
    let issuer =
        first("authorization_servers").ok_or_else(|| unusable("its metadata names no authorization server"))?;
    let scopes = map.get("scopes_supported").and_then(Value::as_array);
    let scopes = scopes.into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect();
    let resource = if resource == server { Resource::Server } else { Resource::Other(resource.into()) };
    Ok(Protected { issuer: issuer.to_owned(), resource, scopes })
}

/// The `resource_metadata` of a challenge (RFC 9728 §5.1).
fn metadata_in(challenge: &HeaderValue) -> Option<Url> {
    Url::parse(&parameter(challenge.to_str().ok()?, "resource_metadata")?).ok()
}

/// The scopes that a server wants beyond those that there are (RFC 6750 §3.1).
pub(super) fn more_scopes(status: u16, challenge: Option<&str>) -> Option<Vec<Box<str>>> {
    let challenge = challenge.filter(|_| status == 403)?;
    parameter(challenge, "error").filter(|error| error == "insufficient_scope")?;
    let scopes = scopes_in(&parameter(challenge, "scope")?);
    (!scopes.is_empty()).then_some(scopes)
}

/// The scopes in a text (RFC 6749 §3.3), as many as anybody can be asked for.
fn scopes_in(text: &str) -> Vec<Box<str>> {
    let token = |scope: &&str| scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    text.split_ascii_whitespace().filter(token).take(32).map(Into::into).collect()
}

/// A quoted parameter of a challenge (RFC 9110 §11.6.1).
pub(super) fn parameter(challenge: &str, name: &str) -> Option<String> {
    let at = challenge.match_indices(name).find(|(at, _)| {
        let before = challenge.get(..*at).and_then(|b| b.chars().next_back());
        before.is_none_or(|c| c == ' ' || c == ',')
            && challenge.get(at + name.len()..).is_some_and(|r| r.starts_with("=\""))
    })?;
    let rest = challenge.get(at.0 + name.len() + 2..)?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let of = |text: &str| parameter(text, "resource_metadata");
        let url = "https://x/.well-known/oauth-protected-resource";
        assert_eq!(of(&format!("Bearer resource_metadata=\"{url}\"")).as_deref(), Some(url));
        assert_eq!(of(&format!("Bearer realm=\"a\", resource_metadata=\"{url}\", scope=\"x\"")).as_deref(), Some(url));
        assert_eq!(of("Bearer my_resource_metadata=\"x\""), None);
        assert_eq!(of("Bearer resource_metadata=x"), None);
        assert_eq!(parameter("Bearer error=\"insufficient_scope\", scope=\"a b\"", "scope").as_deref(), Some("a b"));
    }

    #[test]
    fn metadata_is_of_the_server_that_was_asked() {
        let read = |resource: &str, server: &str| {
            let body = json!({ "resource": resource, "authorization_servers": ["https://as.example"], "scopes_supported": ["a"] });
            read_protected(body.to_string().as_bytes(), server).map(|p| (p.resource, p.scopes.len()))
        };
        let server = "https://mcp.example/v1/mcp";
        assert_eq!(read(server, server).unwrap(), (Resource::Server, 1));
        assert_eq!(read("https://mcp.example", server).unwrap().0, Resource::Other("https://mcp.example".into()));
        assert_eq!(
            read("https://mcp.example/v1/", server).unwrap().0,
            Resource::Other("https://mcp.example/v1/".into())
        );
        for other in [
            "",
            "https://mcp.example.evil",
            "https://mcp.example/v2",
            "https://mcp.example/v1/mc",
            "http://mcp.example",
        ] {
            assert!(read(other, server).is_err(), "{other}");
        }
        assert!(read_protected(b"[]", server).is_err());
        assert!(read_protected(br#"{"resource":"https://mcp.example/v1/mcp"}"#, server).is_err());
    }
}
