use crate::{Failure, Issued};
use doorward_vocab::Secret;
use http::{HeaderName, StatusCode};
use serde_json::{Map, Value};
use std::{fmt, path::PathBuf};
use url::Url;

/// What to do next.
pub enum Step<'a> {
    /// There it is.
    Have(Issued),
    /// Ask this, and go on with the answer.
    Ask(Box<Request>, Then<'a>),
    /// Ask the SPIFFE Workload API of this machine, and go on with the JWT-SVID that it gives.
    Svid(Box<Svid>, Then<'a>),
}

/// A JWT-SVID of the gateway (SPIFFE Workload API §6.2.1).
#[derive(Debug)]
pub struct Svid {
    /// The socket of the Workload API.
    pub socket: PathBuf,
    /// For whom.
    pub audience: Box<str>,
    /// Of which SPIFFE id; none: the first that the gateway has.
    pub id: Option<Box<str>>,
}

/// What follows an answer.
pub type Then<'a> = Box<dyn FnOnce(&Answer<'_>) -> Result<Step<'a>, Failure> + Send + 'a>;

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Have(issued) => f.debug_tuple("Have").field(issued).finish(),
            Self::Ask(request, _) => f.debug_tuple("Ask").field(request).finish_non_exhaustive(),
            Self::Svid(svid, _) => f.debug_tuple("Svid").field(svid).finish_non_exhaustive(),
        }
    }
}

/// A request to a provider. It goes to an address of the configuration, or of a document that came from one.
#[derive(Debug)]
pub struct Request {
    /// Where.
    pub url: Url,
    /// What is sent.
    pub body: Body,
    /// Further headers.
    pub headers: Vec<(HeaderName, Secret<String>)>,
    /// The files with which the gateway proves itself in TLS (RFC 8705): certificates, and their key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Who named the address.
    pub named: Named,
}

/// Who named an address: it may lead where they may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The operator.
    Operator,
    /// A document that was fetched: public addresses over TLS only.
    Document,
}

/// What a request sends.
#[derive(Debug)]
pub enum Body {
    /// Nothing: a GET.
    Nothing,
    /// `application/x-www-form-urlencoded`, by POST.
    Form(Secret<String>),
    /// `application/json`, by POST.
    Json(Secret<String>),
}

impl Request {
    /// A GET.
    pub const fn get(url: Url) -> Self {
        Self { url, body: Body::Nothing, headers: Vec::new(), certificate: None, named: Named::Operator }
    }
    /// A POST of a form.
    pub const fn form(url: Url, form: Secret<String>) -> Self {
        Self { url, body: Body::Form(form), headers: Vec::new(), certificate: None, named: Named::Operator }
    }
    /// A POST of JSON.
    pub const fn json(url: Url, json: Secret<String>) -> Self {
        Self { url, body: Body::Json(json), headers: Vec::new(), certificate: None, named: Named::Operator }
    }
    /// With a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: Secret<String>) -> Self {
        self.headers.push((name, value));
        self
    }
    /// With who named the address.
    #[must_use]
    pub const fn named(mut self, named: Named) -> Self {
        self.named = named;
        self
    }
    /// As a step.
    pub fn then<'a>(self, then: impl FnOnce(&Answer<'_>) -> Result<Step<'a>, Failure> + Send + 'a) -> Step<'a> {
        Step::Ask(Box::new(self), Box::new(then))
    }
}

/// What a provider answered: untrusted.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body. It may hold secrets.
    pub body: &'a [u8],
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

impl Answer<'_> {
    /// The JSON object of a success.
    ///
    /// # Errors
    /// What [`Failure::of_status`] makes of another status, [`Failure::Unusable`] for what is no object.
    pub fn object(&self) -> Result<Map<String, Value>, Failure> {
        if !self.status.is_success() {
            return Err(Failure::of_status(self.status, self.body));
        }
        let unusable = || Failure::Unusable("the answer is no JSON object".into());
        serde_json::from_slice(self.body).map_err(|_| unusable())
    }
}
