use super::Client;
use crate::{Failure, Named, Request, Step};
use doorward_identity::{discovery_urls, json};
use doorward_vocab::Timestamp;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use url::Url;

/// For how long a server is believed to be as it said.
const KNOWN: Duration = Duration::from_secs(600);

/// An authorization server, and who the gateway is there.
#[derive(Debug)]
pub struct Server {
    /// Where it is.
    pub at: Where,
    /// Who the gateway is.
    pub client: Client,
}

/// Where an authorization server is.
#[derive(Debug)]
pub struct Where {
    issuer: Option<Box<str>>,
    token: Option<Url>,
    known: Mutex<Option<(Timestamp, Arc<Metadata>)>>,
}

/// What is known of an authorization server (RFC 8414 §2).
#[derive(Clone, Debug)]
pub struct Metadata {
    /// Its `iss`, where it is known.
    pub issuer: Option<Box<str>>,
    /// The token endpoint.
    pub token: Url,
    /// Where people are sent.
    pub authorize: Option<Url>,
    /// Where clients register (RFC 7591).
    pub register: Option<Url>,
    /// What it says about people (OpenID Connect Core §5.3).
    pub about: Option<Url>,
    /// Whether its answers say whose they are (RFC 9207).
    pub says_iss: bool,
    /// Whether it takes secrets in forms alone.
    pub posts_secret: bool,
    /// Whether it reads documents of clients (draft-ietf-oauth-client-id-metadata-document).
    pub reads_documents: bool,
    /// Whether it says that it checks PKCE by S256.
    pub challenges: bool,
    /// Whether it has the scope for refresh tokens (OpenID Connect Core §11).
    pub offers_refresh: bool,
    /// Who named its endpoints.
    pub named: Named,
}

impl Where {
    /// Found by its issuer. A token endpoint that is given too is used instead of the one that is found.
    pub const fn issuer(issuer: Box<str>, token: Option<Url>) -> Self {
        Self { issuer: Some(issuer), token, known: Mutex::new(None) }
    }
    /// Known by its token endpoint alone.
    pub const fn endpoint(token: Url) -> Self {
        Self { issuer: None, token: Some(token), known: Mutex::new(None) }
    }

    /// Whether its issuer is known, and what that is.
    pub fn name(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Goes on with what is known of the server; where that is to be found first, as the next steps.
    ///
    /// # Errors
    /// [`Failure`]: where the issuer is no address, and what `then` says.
    pub fn found<'a>(
        &'a self,
        now: Timestamp,
        then: impl FnOnce(Arc<Metadata>) -> Result<Step<'a>, Failure> + Send + 'a,
    ) -> Result<Step<'a>, Failure> {
        if let Some(token) = &self.token {
            let issuer = self.issuer.clone();
            return then(Arc::new(Metadata::of(issuer, token.clone(), Named::Operator)));
        }
        let issuer = self.issuer.as_deref().unwrap_or_default();
        let known = self.known.lock().clone();
        if let Some((since, known)) = known
            && now.since(since) < KNOWN
        {
            return then(known);
        }
        discover(issuer, Named::Operator, move |found| {
            let found = Arc::new(found);
            *self.known.lock() = Some((now, found.clone()));
            then(found)
        })
    }
}

/// Finds an authorization server by its issuer: the documents of RFC 8414 §3.1 and OpenID Connect Discovery §4, the next one
/// where one is not there. `named`: who named the issuer.
///
/// # Errors
/// [`Failure::Misconfigured`] where the issuer is no address; later what `then` says.
pub fn discover<'a>(
    issuer: &str,
    named: Named,
    then: impl FnOnce(Metadata) -> Result<Step<'a>, Failure> + Send + 'a,
) -> Result<Step<'a>, Failure> {
    let bad = |why: String| Failure::Misconfigured(why.into());
    let mut urls = Vec::new();
    for url in discovery_urls(issuer).map_err(|e| bad(e.to_string()))? {
        urls.push(Url::parse(&url).map_err(|e| bad(e.to_string()))?);
    }
    next(urls.into_iter(), issuer.into(), named, then)
}

fn next<'a>(
    mut urls: std::vec::IntoIter<Url>,
    issuer: Box<str>,
    named: Named,
    then: impl FnOnce(Metadata) -> Result<Step<'a>, Failure> + Send + 'a,
) -> Result<Step<'a>, Failure> {
    let Some(url) = urls.next() else {
        return Err(Failure::Unavailable(format!("`{issuer}` has no document of an authorization server").into()));
    };
    Ok(Request::get(url).named(named).then(move |answer| match answer.status {
        status if status.is_success() => then(Metadata::read(&issuer, answer.body, named)?),
        // Some answer 400 or 401 for what they do not know.
        status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            next(urls, issuer, named, then)
        }
        status => Err(Failure::of_status(status, answer.body)),
    }))
}

/// Asks for a refresh token (OpenID Connect Core §11).
pub const OFFLINE: &str = "offline_access";

impl Metadata {
    /// A server of which its token endpoint is known.
    pub const fn of(issuer: Option<Box<str>>, token: Url, named: Named) -> Self {
        Self {
            issuer,
            token,
            authorize: None,
            register: None,
            about: None,
            says_iss: false,
            posts_secret: false,
            reads_documents: false,
            challenges: false,
            offers_refresh: false,
            named,
        }
    }

    /// What statements for it name as `aud`.
    pub fn name(&self) -> &str {
        self.issuer.as_deref().unwrap_or_else(|| self.token.as_str())
    }

    /// Reads the document of `issuer`.
    ///
    /// # Errors
    /// [`Failure::Unusable`]: it is of another issuer (RFC 8414 §3.3), or has no token endpoint to be asked.
    pub fn read(issuer: &str, document: &[u8], named: Named) -> Result<Self, Failure> {
        let bad = |why: &str| Failure::Unusable(format!("the document of `{issuer}`: {why}").into());
        let map = json::object(document).ok_or_else(|| bad("is no JSON object"))?;
        if map.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(bad("is of another issuer"));
        }
        let url = |name: &str| {
            let url = Url::parse(map.get(name)?.as_str()?).ok()?;
            let plain = url.scheme() == "http" && issuer.starts_with("http://");
            (url.scheme() == "https" || plain).then_some(url)
        };
        let has = |name: &str, value: &str| {
            map.get(name).and_then(Value::as_array).is_some_and(|all| all.iter().any(|v| v == value))
        };
        let is = |name: &str| map.get(name) == Some(&Value::Bool(true));
        let methods = |method| has("token_endpoint_auth_methods_supported", method);
        let token = url("token_endpoint").ok_or_else(|| bad("names no `token_endpoint`"))?;
        // What the operator wrote down is the issuer, and with it all of its host.
        let same = Url::parse(issuer).is_ok_and(|issuer| issuer.host() == token.host());
        Ok(Self {
            authorize: url("authorization_endpoint"),
            register: url("registration_endpoint"),
            about: url("userinfo_endpoint"),
            says_iss: is("authorization_response_iss_parameter_supported"),
            posts_secret: methods("client_secret_post") && !methods("client_secret_basic"),
            reads_documents: is("client_id_metadata_document_supported"),
            challenges: has("code_challenge_methods_supported", "S256"),
            offers_refresh: has("scopes_supported", OFFLINE),
            ..Self::of(Some(issuer.into()), token, if same { named } else { Named::Document })
        })
    }
}
