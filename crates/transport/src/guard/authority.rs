use url::{Host, Url};

/// A host that is allowed, with the port it must have; `None` for any port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    host: Box<str>,
    port: Option<u16>,
}

impl Authority {
    pub(super) fn exact(host: &str, port: u16) -> Self {
        Self { host: host.to_ascii_lowercase().into(), port: Some(port) }
    }

    /// `name`, `name:port`, `1.2.3.4`, `[::1]:port`.
    pub(super) fn parse_setting(text: &str) -> Option<Self> {
        let (host, port) = split(text.as_bytes())?;
        let host = std::str::from_utf8(host).ok()?;
        // The URL parser knows what a host may look like, and writes addresses in their one canonical form.
        let host = Host::parse(host).ok()?.to_string();
        Some(Self { host: host.into(), port })
    }

    /// Whether a `Host` header names this.
    pub(super) fn matches(&self, given: &[u8], secure: bool) -> bool {
        let Some((host, port)) = split(given) else { return false };
        if !host.eq_ignore_ascii_case(self.host.as_bytes()) {
            return false;
        }
        match (self.port, port) {
            (None, _) => true,
            (Some(want), Some(have)) => want == have,
            (Some(443), None) => true,
            (Some(want), None) => !secure && want == 80,
        }
    }

    /// The origin that a browser sends for it.
    pub(super) fn origin(&self, scheme: &str) -> String {
        match self.port {
            Some(80) if scheme == "http" => format!("{scheme}://{}", self.host),
            Some(443) if scheme == "https" => format!("{scheme}://{}", self.host),
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }
}

/// Splits `host[:port]`, with IPv6 in brackets. `None` where it is neither, or carries user information.
pub(super) fn split(authority: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let end = match authority.first()? {
        b'[' => authority.iter().position(|b| *b == b']')? + 1,
        _ => authority.iter().position(|b| *b == b':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at_checked(end)?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':' | b'[' | b']');
    if host.is_empty() || !host.iter().all(plain) {
        return None;
    }
    match rest {
        [] => Some((host, None)),
        [b':', digits @ ..] if !digits.is_empty() && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit) => {
            Some((host, Some(std::str::from_utf8(digits).ok()?.parse().ok()?)))
        }
        _ => None,
    }
}

/// `https://name[:port]`, or `scheme://name` of an application that shows web pages; `None` for anything else.
pub(super) fn origin_setting(text: &str) -> Option<Box<str>> {
    let url = Url::parse(text).ok()?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || text.ends_with('/') {
        return None;
    }
    match url.scheme() {
        "http" | "https" => (url.path() == "/").then(|| url.origin().ascii_serialization().into()),
        _ => (url.has_host() && url.path().is_empty()).then(|| text.to_ascii_lowercase().into()),
    }
}
