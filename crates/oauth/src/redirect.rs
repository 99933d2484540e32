//! Where a browser may be sent back to (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1).

use url::{Host, Url};

const MAX: usize = 2048;

/// Schemes that are a web page, code or data wherever they are opened, and never an app of their own.
const NEVER: [&str; 26] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "filesystem",
    "about",
    "view-source",
    "ws",
    "wss",
    "ftp",
    "ftps",
    "gopher",
    "mailto",
    "tel",
    "sms",
    "intent",
    "chrome",
    "resource",
    "jar",
    "ldap",
    "smb",
    "ssh",
    "urn",
    "market",
    "ms-msdt",
];

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A site, over TLS.
    Site,
    /// A program on the machine of the browser: whatever listens there gets the code.
    Loopback,
    /// An app that registered a scheme of its own: any other app can, too.
    App,
}

/// Whether `uri` may be registered, and what kind of place it is.
///
/// # Errors
/// What is wrong with it.
pub fn place(uri: &str) -> Result<Place, &'static str> {
    if uri.len() > MAX || uri.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("a redirect address is too long or holds spaces");
    }
    let url = Url::parse(uri).map_err(|_| "a redirect address must be absolute")?;
    if url.fragment().is_some() {
        return Err("a redirect address has no fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a redirect address holds no user");
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(Place::Site),
        "http" if is_loopback(&url) => Ok(Place::Loopback),
        "http" | "https" => Err("a redirect address is `https`, or `http` on loopback"),
        scheme if NEVER.contains(&scheme) => Err("a redirect address cannot have this scheme"),
        // RFC 8252 §7.1: a reversed domain name; many apps have a plain word and an authority instead.
        scheme if scheme.contains('.') || url.has_host() => Ok(Place::App),
        _ => Err("a scheme of an app is a reversed domain name"),
    }
}

/// Whether `asked` is what was registered: byte for byte, but for the port on loopback (RFC 8252 §7.3).
pub fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    let (Ok(mut ours), Ok(mut theirs)) = (Url::parse(registered), Url::parse(asked)) else { return false };
    if !is_loopback(&ours) || !is_loopback(&theirs) || place(asked) != Ok(Place::Loopback) {
        return false;
    }
    // Both in the one form that the URL standard gives them, so `asked` has to be written in that form too.
    let canonical = theirs.as_str() == asked || theirs.as_str().strip_suffix('/') == Some(asked);
    canonical && ours.set_port(None).is_ok() && theirs.set_port(None).is_ok() && ours == theirs
}

/// The host, or the scheme of an app: what a person is shown of an address.
pub fn shown(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.host_str().unwrap_or_default().to_owned(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => String::new(),
    }
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (uri, expected) in [
            ("https://app.example.com/cb?x=1", Some(Place::Site)),
            ("http://127.0.0.1:5/cb", Some(Place::Loopback)),
            ("http://[::1]/cb", Some(Place::Loopback)),
            ("http://localhost:33418/", Some(Place::Loopback)),
            ("com.example.app:/oauth", Some(Place::App)),
            ("cursor://anysphere.cursor-retrieval/oauth/callback", Some(Place::App)),
            ("http://app.example.com/cb", None),
            ("http://localhost.example.com/cb", None),
            ("https://app.example.com/cb#x", None),
            ("https://user@app.example.com/cb", None),
            ("javascript:alert(1)", None),
            ("javascript://x.example.com/%0aalert(1)", None),
            ("data:text/html,x", None),
            ("file:///etc/passwd", None),
            ("intent://x", None),
            ("app:x", None),
            ("/cb", None),
            ("https://app.example.com/c b", None),
        ] {
            assert_eq!(place(uri).ok(), expected, "{uri}");
        }
    }

    #[test]
    fn only_the_port_of_loopback_may_differ() {
        let same = |a, b| matches(a, b);
        assert!(same("https://a.example.com/cb", "https://a.example.com/cb"));
        assert!(same("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"));
        assert!(same("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb"));
        assert!(same("http://localhost:1/cb", "http://localhost:2/cb"));
        for (ours, theirs) in [
            ("https://a.example.com/cb", "https://a.example.com:444/cb"),
            ("https://a.example.com/cb", "https://a.example.com/cb/"),
            ("https://a.example.com/cb", "https://a.example.com/cb?x"),
            ("https://a.example.com/cb", "https://a.example.com/x/../cb"),
            ("https://a.example.com/cb", "https://A.example.com/cb"),
            ("https://a.example.com/cb", "https://a.example.com.evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/other"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb?x=1"),
            ("http://127.0.0.1/cb", "http://127.0.0.2:1/cb"),
            ("http://127.0.0.1/cb", "http://localhost:1/cb"),
            ("http://127.0.0.1/cb", "http://user@127.0.0.1:1/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/x/../cb"),
            ("http://127.0.0.1/cb", "http://127.1:1/cb"),
            ("cursor://a/cb", "cursor://b/cb"),
        ] {
            assert!(!same(ours, theirs), "{ours} {theirs}");
        }
    }
}
