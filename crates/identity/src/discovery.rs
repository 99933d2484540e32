use crate::json;
use url::{Host, Url};

/// Why a discovery document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The issuer is not an address.
    #[error("the issuer `{0}` is not an `https` address without query and fragment")]
    Issuer(String),
    /// Not a JSON object, or larger than 256 KiB.
    #[error("not a discovery document")]
    Form,
    /// The document speaks of another issuer (RFC 8414 §3.3).
    #[error("the document is of another issuer")]
    OtherIssuer,
    /// `jwks_uri` is missing or not `https`.
    #[error("`jwks_uri` is missing or not an `https` address")]
    KeysAddress,
}

/// Where the discovery document of `issuer` may stand, in the order to try: OpenID Connect Discovery §4, then
/// RFC 8414 §3.1. For an issuer without a path these are two addresses.
///
/// # Errors
/// [`DiscoveryError::Issuer`] when the issuer is not an address to fetch from.
pub fn discovery_urls(issuer: &str) -> Result<Vec<String>, DiscoveryError> {
    let bad = || DiscoveryError::Issuer(issuer.to_owned());
    let url = Url::parse(issuer).map_err(|_| bad())?;
    if !fetchable(&url) || url.query().is_some() || url.fragment().is_some() {
        return Err(bad());
    }
    let (origin, path) = (url.origin().ascii_serialization(), url.path().trim_end_matches('/'));
    let mut urls = vec![format!("{origin}{path}/.well-known/openid-configuration")];
    urls.push(format!("{origin}/.well-known/oauth-authorization-server{path}"));
    if !path.is_empty() {
        urls.push(format!("{origin}/.well-known/openid-configuration{path}"));
    }
    Ok(urls)
}

/// The address of the keys in the discovery document of `issuer`.
///
/// # Errors
/// [`DiscoveryError`] when the document is not one, is of another issuer, or names no address that may be fetched.
pub fn jwks_uri(issuer: &str, document: &[u8]) -> Result<String, DiscoveryError> {
    let document =
        Some(document).filter(|d| d.len() <= 256 * 1024).and_then(json::object).ok_or(DiscoveryError::Form)?;
    // Byte for byte: a near match is how one tenant's document is passed off as another's.
    if document.get("issuer").and_then(|i| i.as_str()) != Some(issuer) {
        return Err(DiscoveryError::OtherIssuer);
    }
    let uri = document.get("jwks_uri").and_then(|u| u.as_str()).ok_or(DiscoveryError::KeysAddress)?;
    let url = Url::parse(uri).map_err(|_| DiscoveryError::KeysAddress)?;
    // Plain HTTP only where the issuer itself is a development server on this machine.
    let fetchable = url.scheme() == "https" || (fetchable(&url) && issuer.starts_with("http://"));
    if fetchable { Ok(url.into()) } else { Err(DiscoveryError::KeysAddress) }
}

/// `https`, or `http` on this machine.
fn fetchable(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(d)) => d == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return false,
    };
    url.username().is_empty()
        && url.password().is_none()
        && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(
            discovery_urls("https://idp.example.com/t/1").unwrap(),
            [
                "https://idp.example.com/t/1/.well-known/openid-configuration",
                "https://idp.example.com/.well-known/oauth-authorization-server/t/1",
                "https://idp.example.com/.well-known/openid-configuration/t/1",
            ]
        );
        assert_eq!(discovery_urls("http://127.0.0.1:9/").unwrap().len(), 2);
        for bad in
            ["idp", "http://idp.example.com", "https://a?b", "https://a#b", "file:///etc/passwd", "https://u:p@a"]
        {
            assert!(discovery_urls(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn documents() {
        let iss = "https://idp.example.com";
        let of = |doc: &str| jwks_uri(iss, doc.as_bytes());
        let doc = |i: &str, u: &str| format!(r#"{{"issuer":"{i}","jwks_uri":"{u}"}}"#);
        assert_eq!(of(&doc(iss, "https://keys.example.com/k")), Ok("https://keys.example.com/k".to_owned()));
        assert_eq!(of(&doc("https://idp.example.com/", "https://k/")), Err(DiscoveryError::OtherIssuer));
        for uri in ["http://127.0.0.1/k", "file:///etc/passwd", "", "k"] {
            assert_eq!(of(&doc(iss, uri)), Err(DiscoveryError::KeysAddress), "{uri}");
        }
        assert_eq!(of("[]"), Err(DiscoveryError::Form));
        assert_eq!(of(&format!(r#"{{"issuer":"{iss}","issuer":"{iss}"}}"#)), Err(DiscoveryError::Form));
    }
}
