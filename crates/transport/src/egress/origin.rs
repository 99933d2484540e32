use std::{fmt, net::IpAddr};
use url::{Host, Url};

/// The schemes that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
}

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host<String>,
    text: Box<str>,
    port: u16,
}

/// Why a URL names no origin that can be contacted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Neither `http` nor `https`.
    #[error("`{0}` is not an http or https URL")]
    Scheme(Box<str>),
    /// Credentials in a URL end up in logs.
    #[error("the URL of `{0}` carries a user name or password; use a `[[credential]]`")]
    UserInfo(Box<str>),
}

impl Origin {
    /// The origin of `url`.
    pub fn of(url: &Url) -> Result<Self, OriginError> {
        let bad = || OriginError::Scheme(url.as_str().into());
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(bad()),
        };
        let host = url.host().ok_or_else(bad)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::UserInfo(host.to_string().into()));
        }
        let port = url.port_or_known_default().ok_or_else(bad)?;
        let text = match &host {
            Host::Domain(name) => name.trim_end_matches('.').into(),
            Host::Ipv4(address) => address.to_string().into(),
            Host::Ipv6(address) => address.to_string().into(),
        };
        Ok(Self { scheme, host, text, port })
    }
    /// Its scheme.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }
    /// Its host, without brackets.
    pub const fn host(&self) -> &str {
        &self.text
    }
    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }
    /// The address, where the host is one.
    pub const fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        }
    }
    /// Whether the host is an address, or `localhost`: what it means does not depend on anybody's name server.
    pub fn is_literal(&self) -> bool {
        self.address().is_some() || self.is_localhost()
    }
    /// Whether the host is a loopback address, or `localhost`.
    pub fn is_loopback_literal(&self) -> bool {
        self.is_localhost() || self.address().is_some_and(|a| super::reach(a) == super::Reach::Loopback)
    }
    pub(super) fn is_localhost(&self) -> bool {
        // RFC 6761 §6.3: `localhost` and names below it are loopback.
        matches!(&self.host, Host::Domain(_) if &*self.text == "localhost" || self.text.ends_with(".localhost"))
    }
    /// `host[:port]`, as the `Host` header wants it.
    pub fn authority(&self) -> String {
        let host = match &self.host {
            Host::Ipv6(address) => format!("[{address}]"),
            _ => self.text.to_string(),
        };
        match (self.scheme, self.port) {
            (Scheme::Http, 80) | (Scheme::Https, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// As in a URL, without a path.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}
