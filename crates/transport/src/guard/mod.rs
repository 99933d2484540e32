//! Who may be named as host and origin. Checked on every method of every listener, before anything else is believed.
//!
//! A browser that was lured to a hostile page can reach a gateway on loopback, under a name that the attacker controls
//! (DNS rebinding). It cannot forge `Host` and `Origin`. Doubled headers are refused because two readers of one message
//! could each believe another of them.

mod authority;
mod headers;

use authority::Authority;
use http::{HeaderMap, StatusCode, Uri, Version, header};
use std::net::SocketAddr;
use url::Url;

/// What a listener may be called.
#[derive(Clone, Debug)]
pub struct GuardSettings {
    /// The address it listens on. Loopback names with this port are always allowed.
    pub listen: SocketAddr,
    /// The URL that clients use, where one is configured: its host and origin are allowed.
    pub public_url: Option<Url>,
    /// Further hosts: `name` for any port, or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// Further origins, as browsers send them: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// The longest request target, in bytes.
    pub max_target: usize,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// Not a host.
    #[error("`{0}` is not a host; write `name`, `name:port`, `1.2.3.4` or `[::1]`")]
    Host(String),
    /// Not an origin.
    #[error("`{0}` is not an origin; write `https://name` or `http://name:port`, without a path")]
    Origin(String),
}

/// Why a request head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No host, or one that is no host, or two that differ.
    #[error("the request does not name its host")]
    NoHost,
    /// The host is not ours.
    #[error("the request is for another host")]
    ForeignHost,
    /// The origin may not call us.
    #[error("this origin may not call")]
    ForeignOrigin,
    /// A header that decides about security is there twice.
    #[error("header `{0}` may stand only once")]
    Doubled(&'static str),
    /// The request target is too long.
    #[error("the request target is too long")]
    TargetTooLong,
}

impl Refusal {
    /// The HTTP status that fits.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NoHost | Self::Doubled(_) => StatusCode::BAD_REQUEST,
            // MCP 2026-07-28, Streamable HTTP: an origin that is not allowed MUST be answered 403.
            Self::ForeignHost | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
        }
    }
    /// A short stable code for metrics and the trail.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoHost => "no-host",
            Self::ForeignHost => "foreign-host",
            Self::ForeignOrigin => "foreign-origin",
            Self::Doubled(_) => "doubled-header",
            Self::TargetTooLong => "target-too-long",
        }
    }
}

/// The check, made once per listener.
#[derive(Clone, Debug)]
pub struct Guard {
    hosts: Box<[Authority]>,
    origins: Box<[Box<str>]>,
    max_target: usize,
}

impl Guard {
    /// Compiles the settings.
    pub fn new(settings: &GuardSettings) -> Result<Self, GuardError> {
        let port = settings.listen.port();
        let mut hosts: Vec<Authority> =
            ["localhost", "127.0.0.1", "[::1]"].iter().map(|h| Authority::exact(h, port)).collect();
        if !settings.listen.ip().is_unspecified() {
            hosts.push(Authority::exact(&url_host(settings.listen), port));
        }
        let mut origins: Vec<Box<str>> = Vec::new();
        for scheme in ["http", "https"] {
            origins.extend(hosts.iter().map(|h| h.origin(scheme).into_boxed_str()));
        }
        if let Some(public) = &settings.public_url {
            let host = public.host_str().ok_or_else(|| GuardError::Host(public.to_string()))?;
            match public.port() {
                Some(port) => hosts.push(Authority::exact(host, port)),
                // A TLS terminator in front may or may not repeat the default port.
                None => hosts.extend([Authority::exact(host, 443), Authority::exact(host, 80)]),
            }
            origins.push(public.origin().ascii_serialization().into_boxed_str());
        }
        for host in &settings.allowed_hosts {
            hosts.push(Authority::parse_setting(host).ok_or_else(|| GuardError::Host(host.clone()))?);
        }
        for origin in &settings.allowed_origins {
            origins.push(authority::origin_setting(origin).ok_or_else(|| GuardError::Origin(origin.clone()))?);
        }
        Ok(Self { hosts: hosts.into(), origins: origins.into(), max_target: settings.max_target })
    }

    /// Checks a request head.
    pub fn check(&self, uri: &Uri, version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
        headers::once(headers)?;
        if uri.path_and_query().map_or(0, |t| t.as_str().len()) > self.max_target {
            return Err(Refusal::TargetTooLong);
        }
        self.check_host(uri, version, headers)?;
        match headers.get(header::ORIGIN) {
            None => Ok(()),
            Some(origin) => {
                let origin = origin.as_bytes();
                let allowed = self.origins.iter().any(|o| o.as_bytes().eq_ignore_ascii_case(origin));
                if allowed { Ok(()) } else { Err(Refusal::ForeignOrigin) }
            }
        }
    }

    /// RFC 9112 §3.2.2, RFC 9113 §8.3.1: the authority of the target and the `Host` field must agree.
    fn check_host(&self, uri: &Uri, version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
        let field = headers.get(header::HOST).map(|h| h.as_bytes());
        let target = uri.authority().map(|a| a.as_str().as_bytes());
        let host = match (field, target) {
            (Some(field), Some(target)) if !field.eq_ignore_ascii_case(target) => return Err(Refusal::NoHost),
            (Some(host), _) => host,
            (None, Some(target)) if version == Version::HTTP_2 => target,
            (None, _) => return Err(Refusal::NoHost),
        };
        let secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        if self.hosts.iter().any(|allowed| allowed.matches(host, secure)) {
            return Ok(());
        }
        Err(if authority::split(host).is_some() { Refusal::ForeignHost } else { Refusal::NoHost })
    }
}

fn url_host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(a) => a.ip().to_string(),
        SocketAddr::V6(a) => format!("[{}]", a.ip()),
    }
}

#[cfg(test)]
mod tests;
