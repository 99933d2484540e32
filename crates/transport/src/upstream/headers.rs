use super::http1::Outgoing;
use crate::LinkError;
use doorward_engine::Outbound;
use doorward_seal::Shielded;
use doorward_vocab::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, Method, uri::PathAndQuery};
use std::{fmt, sync::Arc};
use url::{Url, form_urlencoded};

/// What opens a server, and where it goes. It lives for one hop.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Into a header, such as `Authorization: Bearer …`.
    Header {
        /// The header.
        header: HeaderName,
        /// Its whole value.
        value: Arc<Shielded>,
    },
    /// Into the query, for servers that take it nowhere else.
    Query {
        /// The parameter.
        name: Box<str>,
        /// Its value, not yet encoded.
        value: Arc<Shielded>,
    },
    /// Into headers that sign the request.
    Signature(Arc<dyn Sign>),
}

/// Signs requests.
pub trait Sign: fmt::Debug + Send + Sync {
    /// The headers that sign `request`, in the place of those of the same names.
    ///
    /// # Errors
    /// Why it cannot be signed.
    fn sign(&self, request: &Unsigned<'_>) -> Result<Vec<(HeaderName, Secret<String>)>, Box<str>>;
}

/// A request that is complete but for its signature.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// The method.
    pub method: &'a Method,
    /// The address, with its query.
    pub url: &'a Url,
    /// The headers, `Host` among them.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// What a request carries besides its message.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionHeaders<'a> {
    /// `Mcp-Session-Id`, for servers of the 2025 era that gave one.
    pub session_id: Option<&'a str>,
    /// `MCP-Protocol-Version`; a message that carries its own wins.
    pub protocol_version: Option<&'a str>,
    /// The credential for this server.
    pub credential: Option<&'a Credential>,
}

pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Headers that frame a message or belong to one hop: nobody but the transport sets them.
const OURS: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-connection",
    "expect",
    "accept-encoding",
    "keep-alive",
    "mcp-session-id",
];

impl SessionHeaders<'_> {
    pub(super) fn write(&self, headers: &mut HeaderMap) -> Result<(), LinkError> {
        if let Some(id) = self.session_id {
            headers.insert(SESSION_ID, value(SESSION_ID.as_str(), id)?);
        }
        if let Some(version) = self.protocol_version {
            headers.insert(PROTOCOL_VERSION, value(PROTOCOL_VERSION.as_str(), version)?);
        }
        Ok(())
    }
}

impl Credential {
    /// Puts it into a request to `url` that is complete but for it.
    pub(super) fn put(&self, url: &Url, request: &mut Outgoing) -> Result<(), LinkError> {
        match self {
            Self::Header { header, value } => {
                request.headers.insert(allowed(header)?.clone(), shown(header.as_str(), value)?);
            }
            Self::Query { name, value } => {
                let bad = || LinkError::Header(name.clone());
                let joint = if request.path.query().is_some() { '&' } else { '?' };
                let encoded = |value: &[u8]| form_urlencoded::byte_serialize(value).collect::<String>();
                let key = form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
                let pair = format!("{key}={}", value.reveal(encoded).map_err(|_| bad())?);
                request.path = PathAndQuery::try_from(format!("{}{joint}{pair}", request.path)).map_err(|_| bad())?;
            }
            Self::Signature(signs) => {
                let Outgoing { method, headers, body, .. } = &*request;
                let signed = signs.sign(&Unsigned { method, url, headers, body }).map_err(LinkError::Header)?;
                for (name, value) in signed {
                    request.headers.insert(allowed(&name)?.clone(), secret(name.as_str(), &value)?);
                }
            }
        }
        Ok(())
    }
}

/// The headers that mirror a message. Only `Mcp-*` ones may come from there: a schema that names a parameter
/// `authorization` must not set one.
pub(super) fn mirror(message: &Outbound, headers: &mut HeaderMap) -> Result<(), LinkError> {
    for (name, text) in &*message.headers {
        let bad = || LinkError::Header(name.clone());
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        if !key.as_str().starts_with("mcp-") || key == SESSION_ID {
            return Err(bad());
        }
        headers.insert(key, value(name, text)?);
    }
    Ok(())
}

/// A header that the operator configured. It may be a secret, and lives as long as its server.
pub(super) struct Configured {
    pub(super) name: HeaderName,
    value: Shielded,
}

impl Configured {
    pub(super) fn new(name: &str, text: &Secret<String>) -> Result<Self, LinkError> {
        let bad = || LinkError::Header(name.into());
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        // What cannot be a value is told now, and not with every request.
        secret(name, text)?;
        Ok(Self { name: allowed(&key)?.clone(), value: Shielded::text(text).map_err(|_| bad())? })
    }

    /// Puts it into `headers`, for one request. What a message says itself wins.
    pub(super) fn put(&self, headers: &mut HeaderMap) -> Result<(), LinkError> {
        if headers.contains_key(&self.name) {
            return Ok(());
        }
        headers.insert(self.name.clone(), shown(self.name.as_str(), &self.value)?);
        Ok(())
    }
}

pub(super) fn allowed(name: &HeaderName) -> Result<&HeaderName, LinkError> {
    if OURS.contains(&name.as_str()) { Err(LinkError::Header(name.as_str().into())) } else { Ok(name) }
}

pub(super) fn value(name: &str, text: &str) -> Result<HeaderValue, LinkError> {
    HeaderValue::from_str(text).map_err(|_| LinkError::Header(name.into()))
}

/// The value of a header, for one request.
fn shown(name: &str, value: &Shielded) -> Result<HeaderValue, LinkError> {
    let bad = || LinkError::Header(name.into());
    let mut value = value.reveal(HeaderValue::from_bytes).map_err(|_| bad())?.map_err(|_| bad())?;
    value.set_sensitive(true);
    Ok(value)
}

pub(super) fn secret(name: &str, text: &Secret<String>) -> Result<HeaderValue, LinkError> {
    let mut value = text.reveal(|t| value(name, t))?;
    value.set_sensitive(true);
    Ok(value)
}
