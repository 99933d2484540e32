//! What a server says of who authorizes its clients: in its refusals, and in its metadata (RFC 9728).

use super::{
    fetch,
    granting::{bad, unusable},
};
use crate::{Live, fetching, server::Server};
use doorward_credential::{Failure, Named, Request, wire::Resource};
use doorward_identity::json;
use doorward_transport::upstream::{Fetched, Payload};
use doorward_vocab::Secret;
use http::{HeaderValue, header};
use serde_json::Value;
use url::Url;

/// The largest document, in bytes.
const MAX: usize = 256 << 10;

/// What a server says of who authorizes its clients (RFC 9728).
pub(super) struct Protected {
    pub(super) issuer: String,
    pub(super) resource: Resource,
    pub(super) scopes: Vec<Box<str>>,
}

/// Asks the server without a credential, and reads the document that its refusal names; else the ones at well-known places
/// (RFC 9728 §3.1 and §5.1).
pub(super) async fn protected(live: &Live, server: &Server) -> Result<Protected, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
