//! The authorization server: what a client that knows nothing of this gateway needs to get a token for it.
//!
//! | file | story |
//! |---|---|
//! | `authorize` | a client sends a browser: the human goes to a provider |
//! | `callback` | the provider sends the browser back: who the human is |
//! | `consent`, `page` | the human is asked |
//! | `token` | codes and refresh tokens become access tokens |
//! | `exchange` | tokens of others become access tokens, and clients of the operator get their own |
//! | `evidence` | a role of AWS, or a machine, becomes an access token |
//! | `workload` | a statement of a platform about what runs there becomes an access token |
//! | `register`, `clients` | clients become known |
//! | `revoke` | tokens are taken back |
//! | `logout` | a provider says that a person signed out there |
//! | `sign_in` | a person signs in for something else than a token: |
//! | `approve` | to approve a call |
//! | `connect` | to connect their own account at a server |
//! | `console` | a person signs in to the console |
//! | `provider` | the gateway as a client of the human's provider |
//! | `ring`, `grants` | keys and grants, kept sealed |
//! | `browser`, `limit` | whose browser it is; how much strangers may ask |
//!
//! Without an authorization server, the two documents that providers need who trust the gateway's own tokens are here too,
//! where a credential is obtained with one.
//!
//! What is decided is decided in the crate `oauth`; here are sockets, the store and the clock.

mod approve;
mod authorize;
mod browser;
mod callback;
mod clients;
mod connect;
mod consent;
mod console;
mod evidence;
mod exchange;
mod grants;
mod limit;
mod logout;
mod page;
mod provider;
mod register;
mod revoke;
mod ring;
mod sign_in;
mod token;
mod workload;

use crate::{
    Gateway, Live,
    credentials::consent::{CONNECT, CONNECTED, DOCUMENT},
    front::plain::{json, plain},
    live::Authority,
};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use doorward_oauth::{Client, Fault, Form, metadata, metadata::path};
use doorward_transport::serve::{Body, Peer, read_body};
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};

pub(crate) use crate::travel::Silence;

/// What the authorization server remembers of what it fetched and read: all of it can be had again.
pub(crate) struct Issuing {
    ring: ArcSwapOption<ring::Known>,
    /// Documents of clients, by address (draft-ietf-oauth-client-id-metadata-document §4.2).
    documents: Cache<String, Arc<Client>>,
    /// Addresses of documents that could not be fetched a moment ago.
    unreadable: Cache<String, ()>,
    /// Key sets of clients, by address.
    key_sets: Cache<String, Arc<str>>,
    /// Providers, by issuer.
    providers: Cache<String, Arc<provider::Endpoints>>,
    limits: limit::Limits,
}

impl Default for Issuing {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self {
            ring: ArcSwapOption::empty(),
            documents: Cache::builder().max_capacity(2000).time_to_live(minutes(15)).build(),
            unreadable: Cache::builder().max_capacity(2000).time_to_live(Duration::from_secs(30)).build(),
            key_sets: Cache::builder().max_capacity(2000).time_to_live(minutes(10)).build(),
            providers: Cache::builder().max_capacity(100).time_to_live(minutes(10)).build(),
            limits: limit::Limits::default(),
        }
    }
}

/// What stands at a path of the authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// RFC 8414, and for those that look there OpenID Connect Discovery.
    Metadata,
    /// RFC 6749 §3.1.
    Authorize,
    /// Where providers send browsers back to.
    Callback,
    /// The page that asks.
    Consent,
    /// RFC 6749 §3.2.
    Token,
    /// What evidence must be about.
    Challenge,
    /// RFC 7591.
    Register,
    /// RFC 7517.
    Keys,
    /// RFC 7009.
    Revoke,
    /// OpenID Connect Back-Channel Logout 1.0.
    Logout,
    /// Where a person begins to connect an account.
    Connect,
    /// Where authorization servers of servers send browsers back to.
    Connected,
    /// What the gateway says of itself as a client.
    Document,
    /// Where a person approves a call.
    Approve,
}

pub(crate) use approve::APPROVE;
pub use console::{SignIn, SignedIn};

const WELL_KNOWN: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

impl Page {
    pub(crate) fn of(place: &str) -> Option<Self> {
        Some(match place {
            path::AUTHORIZE => Self::Authorize,
            path::CALLBACK => Self::Callback,
            path::CONSENT => Self::Consent,
            path::TOKEN => Self::Token,
            path::CHALLENGE => Self::Challenge,
            path::REGISTER => Self::Register,
            path::JWKS => Self::Keys,
            path::REVOKE => Self::Revoke,
            path::LOGOUT => Self::Logout,
            CONNECT => Self::Connect,
            CONNECTED => Self::Connected,
            DOCUMENT => Self::Document,
            place if place.starts_with(APPROVE) => Self::Approve,
            // RFC 8414 §3.1: a path of the issuer stands behind, where a proxy adds one.
            place
                if WELL_KNOWN
                    .iter()
                    .any(|w| place.strip_prefix(w).is_some_and(|r| r.is_empty() || r.starts_with('/'))) =>
            {
                Self::Metadata
            }
            _ => return None,
        })
    }
}

/// A request at the authorization server.
struct Call<'a> {
    gateway: &'a Arc<Gateway>,
    live: &'a Arc<Live>,
    authority: &'a Arc<Authority>,
    head: Parts,
    peer: Arc<Peer>,
}

/// What a client that sends forms may send, in bytes.
const MAX_FORM: usize = 64 << 10;

pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    live: &Arc<Live>,
    page: Page,
    request: Request<Incoming>,
    peer: Arc<Peer>,
) -> Response<Body> {
    let from = peer.address.ip().to_canonical();
    let admits = || gateway.issuing.limits.admits(page, from, gateway.clock.now());
    if matches!(page, Page::Connect | Page::Connected | Page::Document) {
        if !admits() {
            return slow_down();
        }
        let (head, _) = request.into_parts();
        return sign_in::Visit { gateway, live, head: &head, peer: &peer }.connect(page).await;
    }
    if page == Page::Approve {
        if !admits() {
            return slow_down();
        }
        let (head, body) = request.into_parts();
        let bytes = match head.method {
            Method::GET => Bytes::new(),
            Method::POST => match read_body(body, MAX_FORM, live.settings.limits.body_timeout).await {
                Ok(bytes) => bytes,
                Err(error) => return plain(error.status(), &error.to_string()),
            },
            _ => return plain(StatusCode::METHOD_NOT_ALLOWED, "this is not done here in this way"),
        };
        return Box::pin(sign_in::Visit { gateway, live, head: &head, peer: &peer }.approve(bytes)).await;
    }
    let Some(authority) = &live.authority else {
        return match live.federates() {
            true if !admits() => slow_down(),
            true => federation(gateway, live, page, request.method(), request.uri().path()).await,
            false => plain(StatusCode::NOT_FOUND, "no tokens are issued here"),
        };
    };
    let (head, body) = request.into_parts();
    let call = Call { gateway, live, authority, head, peer };
    if !admits() {
        return slow_down();
    }
    match (page, &call.head.method) {
        (Page::Metadata, &Method::GET) => match call.head.uri.path().split_once("/.well-known/") {
            Some((_, name)) if is_ours(name, &authority.realm.issuer) => {
                json(200, metadata::document(&authority.realm).into())
            }
            _ => plain(StatusCode::NOT_FOUND, "there is no such issuer here"),
        },
        (Page::Keys, &Method::GET) => keys(gateway).await,
        (Page::Authorize, &Method::GET) => Box::pin(call.authorize()).await,
        (Page::Callback, &Method::GET) => Box::pin(call.callback()).await,
        (Page::Consent, &Method::GET) => call.show_consent().await,
        (Page::Challenge, _) if !authority.realm.attests => plain(StatusCode::NOT_FOUND, "no evidence is taken here"),
        (
            Page::Consent | Page::Token | Page::Challenge | Page::Register | Page::Revoke | Page::Logout,
            &Method::POST,
        ) => {
            let bytes = match read_body(body, MAX_FORM, live.settings.limits.body_timeout).await {
                Ok(bytes) => bytes,
                Err(error) => return plain(error.status(), &error.to_string()),
            };
            match page {
                Page::Register => call.register(&bytes).await,
                Page::Token => Box::pin(call.token(bytes)).await,
                Page::Challenge => call.challenge(&bytes).await,
                Page::Revoke => Box::pin(call.revoke(bytes)).await,
                Page::Logout => Box::pin(call.logout(&bytes)).await,
                _ => Box::pin(call.decide(bytes)).await,
            }
        }
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "this is not done here in this way"),
    }
}

/// What is there for providers that trust the gateway's own tokens, where it issues none to clients: its name and its keys.
async fn federation(
    gateway: &Arc<Gateway>,
    live: &Arc<Live>,
    page: Page,
    method: &Method,
    path: &str,
) -> Response<Body> {
    match (page, method) {
        (Page::Metadata, &Method::GET) => {
            let issuer = crate::live::public(&live.settings, &gateway.surroundings);
            match path.split_once("/.well-known/") {
                Some((_, name)) if name.starts_with("openid-configuration") && is_ours(name, &issuer) => {
                    json(200, metadata::federation(&issuer).into())
                }
                _ => plain(StatusCode::NOT_FOUND, "there is no such issuer here"),
            }
        }
        (Page::Keys, &Method::GET) => keys(gateway).await,
        _ => plain(StatusCode::NOT_FOUND, "no tokens are issued here"),
    }
}

async fn keys(gateway: &Gateway) -> Response<Body> {
    match gateway.ring().await {
        Ok(ring) => json(200, ring.jwks().into()),
        Err(Silence) => page::broken(),
    }
}

/// Whether the path behind the well-known name is that of our issuer.
fn is_ours(name: &str, issuer: &str) -> bool {
    let path = name.split_once('/').map_or("", |(_, path)| path);
    let own = url::Url::parse(issuer).ok();
    own.is_some_and(|own| own.path().trim_matches('/') == path.trim_end_matches('/'))
}

impl Call<'_> {
    fn query(&self) -> Result<Form, Fault> {
        Form::parse(self.head.uri.query().unwrap_or_default().as_bytes())
    }

    /// The parameters of a body, which is a form (RFC 6749 §4.1.3).
    fn form(&self, body: &Bytes) -> Result<Form, Fault> {
        let kind = self.head.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let essence = kind.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
        if !essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            let why = "send `Content-Type: application/x-www-form-urlencoded`";
            return Err(Fault::new(doorward_oauth::Code::InvalidRequest, why));
        }
        Form::parse(body)
    }
}

/// A refusal as JSON (RFC 6749 §5.2).
fn refuse(fault: &Fault) -> Response<Body> {
    let mut response = private(json(fault.code.status(), fault.body().into()));
    if fault.code == doorward_oauth::Code::InvalidClient {
        let challenge = HeaderValue::from_static("Basic realm=\"doorward\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(nonce) = fault.nonce.as_deref().and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
        response.headers_mut().insert("dpop-nonce", nonce);
    }
    response
}

/// Kept by nobody on the way (RFC 6749 §5.1).
fn private(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

fn slow_down() -> Response<Body> {
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "too many requests; try again in a minute");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// Sends a browser elsewhere. The address it comes from is told to nobody.
fn go(to: &str) -> Response<Body> {
    let Ok(location) = HeaderValue::from_str(to) else { return page::broken() };
    let mut response = private(Response::new(Body::empty()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
