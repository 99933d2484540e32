//! Who may ask for tokens: clients of the operator, of a published document, and those that register themselves.

use crate::{
    Code, Fault,
    metadata::grant,
    redirect::{self, Place},
};
use doorward_identity::json;
use doorward_vocab::{Digest, ServerName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};
use url::Url;

/// A program that may ask for tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id: what the operator wrote, the address of its document, or what was given to it.
    pub id: Arc<str>,
    /// How it came to be known.
    pub origin: Origin,
    /// The name that it gives itself. Nothing is proved by it.
    pub name: Option<String>,
    /// Where it may be sent back to.
    pub redirects: Vec<String>,
    /// The grants that it may use.
    pub grants: BTreeSet<String>,
    /// How it proves itself.
    pub proof: Proof,
    /// Who answers for it when no human does.
    pub owner: Option<Arc<str>>,
    /// What kind of agent it is, where the operator says so.
    pub class: Option<Arc<str>>,
    /// The servers that it is limited to; absent: those of the resource.
    pub servers: Option<BTreeSet<ServerName>>,
}

/// How a client came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The operator wrote it down.
    Configured,
    /// Its id is the address of a document that its maker publishes (draft-ietf-oauth-client-id-metadata-document).
    Document,
    /// It registered itself (RFC 7591): all that it says of itself is a claim.
    Dynamic,
}

/// How a client proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Not at all: a public client (RFC 6749 §2.1).
    Nothing,
    /// By a secret, kept as its digest.
    Secret(Digest),
    /// By a signature with one of these keys, a key set (RFC 7523 §2.2).
    Keys(String),
    /// The same with the keys at this address.
    KeysAt(String),
}

const MAX_REDIRECTS: usize = 16;
const MAX_NAME: usize = 120;
/// The largest document about a client, in bytes (draft-ietf-oauth-client-id-metadata-document §6.6 advises 5 KB; keys
/// take more).
pub const MAX_DOCUMENT: usize = 32 * 1024;

impl Client {
    /// The client that registers itself with `body`, as `id` (RFC 7591 §2). It is public: a secret that anybody gets for the
    /// asking proves nothing.
    ///
    /// # Errors
    /// `invalid_redirect_uri`, `invalid_client_metadata`.
    pub fn register(id: impl Into<Arc<str>>, body: &[u8]) -> Result<Self, Fault> {
        let map = object(body)?;
        Ok(Self { proof: Proof::Nothing, ..Self::read(id.into(), Origin::Dynamic, &map)? })
    }

    /// The client that the document at `address` describes.
    ///
    /// # Errors
    /// `invalid_client_metadata` where the document is of another client or names a secret.
    pub fn document(address: &str, body: &[u8]) -> Result<Self, Fault> {
        let map = object(body)?;
        if map.get("client_id").and_then(Value::as_str) != Some(address) {
            return Err(metadata("`client_id` of the document is not its own address"));
        }
        if map.contains_key("client_secret") || map.contains_key("client_secret_expires_at") {
            return Err(metadata("a document that everybody can read holds no secret"));
        }
        let mut client = Self::read(address.into(), Origin::Document, &map)?;
        client.proof = match map.get("token_endpoint_auth_method").and_then(Value::as_str) {
            None | Some("none") => Proof::Nothing,
            Some("private_key_jwt") => match (map.get("jwks"), map.get("jwks_uri").and_then(Value::as_str)) {
                (Some(keys @ Value::Object(_)), None) => Proof::Keys(keys.to_string()),
                (None, Some(at)) => Proof::KeysAt(at.to_owned()),
                _ => return Err(metadata("`private_key_jwt` asks for `jwks` or `jwks_uri`")),
            },
            Some(_) => return Err(metadata("`token_endpoint_auth_method` is `none` or `private_key_jwt` here")),
        };
        Ok(client)
    }

    fn read(id: Arc<str>, origin: Origin, map: &Map<String, Value>) -> Result<Self, Fault> {
        let texts = |name: &str| match map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(all)) => all
                .iter()
                .map(|v| v.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map(Some)
                .ok_or(name.to_owned()),
            Some(_) => Err(name.to_owned()),
        };
        let texts = |name: &str| texts(name).map_err(|name| metadata(format!("`{name}` is a list of texts")));
        let redirects = texts("redirect_uris")?.unwrap_or_default();
        if redirects.is_empty() || redirects.len() > MAX_REDIRECTS {
            return Err(Fault::new(Code::InvalidRedirectUri, "name 1 to 16 `redirect_uris`"));
        }
        for uri in &redirects {
            redirect::place(uri).map_err(|why| Fault::new(Code::InvalidRedirectUri, why))?;
        }
        if let Some(types) = texts("response_types")?
            && !types.is_empty()
            && !types.iter().any(|t| t == "code")
        {
            return Err(metadata("the only response type here is `code`"));
        }
        let known = [grant::CODE, grant::REFRESH];
        let asked = texts("grant_types")?.unwrap_or_default();
        let grants: BTreeSet<String> = match asked.is_empty() {
            true => known.map(str::to_owned).into(),
            false => asked.into_iter().filter(|g| known.contains(&g.as_str())).collect(),
        };
        if !grants.contains(grant::CODE) {
            return Err(metadata("a client that is not written down by the operator uses `authorization_code`"));
        }
        let name = map.get("client_name").and_then(Value::as_str).map(plain).filter(|n| !n.is_empty());
        let (owner, class, servers) = (None, None, None);
        Ok(Self { id, origin, name, redirects, grants, proof: Proof::Nothing, owner, class, servers })
    }

    /// The answer to a registration (RFC 7591 §3.2.1).
    pub fn registered(&self, now_secs: u64) -> String {
        let mut answer = serde_json::json!({
            "client_id": self.id,
            "client_id_issued_at": now_secs,
            "redirect_uris": self.redirects,
            "grant_types": self.grants,
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        if let (Some(name), Value::Object(map)) = (&self.name, &mut answer) {
            map.insert("client_name".to_owned(), name.as_str().into());
        }
        answer.to_string()
    }

    /// The registered address that `asked` is.
    pub fn redirect<'a>(&self, asked: &'a str) -> Option<&'a str> {
        self.redirects.iter().any(|ours| redirect::matches(ours, asked)).then_some(asked)
    }

    /// Whether it may use a grant.
    ///
    /// # Errors
    /// `unauthorized_client`.
    pub fn may(&self, grant: &str) -> Result<(), Fault> {
        match self.grants.contains(grant) {
            true => Ok(()),
            false => Err(Fault::new(Code::UnauthorizedClient, "this client may not use this grant")),
        }
    }

    /// Whether whoever gets the code at `redirect` is known to be this client: where the address is a site of its own or the
    /// operator wrote it down. A program on the same machine can claim loopback and schemes of apps (RFC 8252 §8.6).
    pub fn is_known_at(&self, redirect: &str) -> bool {
        self.origin != Origin::Dynamic && redirect::place(redirect) == Ok(Place::Site)
    }
}

/// Whether `id` is an address at which a client describes itself: `https` with a path, nothing hidden in it. On a gateway
/// that is for this machine alone, loopback too.
pub fn document_address(id: &str, local: bool) -> Option<Url> {
    let url = Url::parse(id).ok()?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let scheme = url.scheme() == "https" || (local && loopback && url.scheme() == "http");
    let plain =
        url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.query().is_none();
    // Written in the one form that there is, so that what is compared and what is fetched are the same.
    (scheme && plain && url.path().len() > 1 && url.as_str() == id && id.len() <= 512).then_some(url)
}

/// A name as it can be shown: one line, no characters that turn text around or hide it.
pub fn plain(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(MAX_NAME) {
        let hidden = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        let _ = match c {
            _ if hidden || c.is_control() => write!(out, "\u{fffd}"),
            c => write!(out, "{c}"),
        };
    }
    out.trim().to_owned()
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    Some(body)
        .filter(|b| b.len() <= MAX_DOCUMENT)
        .and_then(json::object)
        .ok_or_else(|| metadata("not a JSON object, or a key stands there twice"))
}

fn metadata(why: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(Code::InvalidClientMetadata, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "https://app.example.com/client.json";

    fn doc(change: impl Fn(&mut Value)) -> Result<Client, Fault> {
        let mut doc = serde_json::json!({ "client_id": AT, "client_name": "App", "redirect_uris": ["https://app.example.com/cb", "http://127.0.0.1/cb"] });
        change(&mut doc);
        Client::document(AT, doc.to_string().as_bytes())
    }

    #[test]
    fn a_document_speaks_for_its_own_address_alone() {
        let client = doc(|_| ()).unwrap();
        assert_eq!((client.origin, client.proof.clone()), (Origin::Document, Proof::Nothing));
        assert!(client.is_known_at("https://app.example.com/cb") && !client.is_known_at("http://127.0.0.1:9/cb"));
        assert_eq!(client.redirect("http://127.0.0.1:99/cb"), Some("http://127.0.0.1:99/cb"));
        assert_eq!(client.redirect("https://evil.example.com/cb"), None);
        type Change<'a> = &'a dyn Fn(&mut Value);
        let bad: [(&str, Change<'_>); 7] = [
            ("another address", &|d| d["client_id"] = "https://app.example.com/other.json".into()),
            ("no address", &|d| d["client_id"] = Value::Null),
            ("a secret", &|d| d["client_secret"] = "x".into()),
            ("a shared secret", &|d| d["token_endpoint_auth_method"] = "client_secret_post".into()),
            ("no keys", &|d| d["token_endpoint_auth_method"] = "private_key_jwt".into()),
            ("script", &|d| d["redirect_uris"] = serde_json::json!(["javascript:alert(1)"])),
            ("nowhere", &|d| d["redirect_uris"] = serde_json::json!([])),
        ];
        for (why, change) in bad {
            assert!(doc(change).is_err(), "{why}");
        }
        assert!(Client::document(AT, br#"{"client_id":"a","client_id":"b"}"#).is_err());
    }

    #[test]
    fn addresses_of_documents() {
        assert!(document_address(AT, false).is_some());
        assert!(document_address("http://127.0.0.1:5/c.json", true).is_some());
        for bad in [
            "https://app.example.com",
            "https://app.example.com/",
            "http://app.example.com/c.json",
            "http://127.0.0.1:5/c.json",
            "https://u@app.example.com/c",
            "https://app.example.com/c#f",
            "https://app.example.com/c?d",
            "https://app.example.com/a/../c",
            "https://APP.example.com/c",
            "nightly",
        ] {
            assert!(document_address(bad, false).is_none(), "{bad}");
        }
    }

    #[test]
    fn who_registers_gets_no_more_than_a_code() {
        let of = |text: &str| Client::register("dyn", text.as_bytes());
        let client = of(r#"{"redirect_uris":["http://localhost:1/cb"],"client_name":"A\u202eB\n","grant_types":["authorization_code","client_credentials"],"token_endpoint_auth_method":"client_secret_basic"}"#).unwrap();
        assert_eq!(client.name.as_deref(), Some("A\u{fffd}B\u{fffd}"));
        assert_eq!((client.may(grant::CODE), client.proof.clone()), (Ok(()), Proof::Nothing));
        assert!(client.may(grant::CLIENT).is_err() && client.may(grant::REFRESH).is_err());
        assert!(client.registered(1).contains(r#""token_endpoint_auth_method":"none""#));
        for bad in [
            r#"{"redirect_uris":["http://evil.example.com/cb"]}"#,
            r#"{"redirect_uris":"http://localhost/cb"}"#,
            r#"{"redirect_uris":["https://a.example.com/"],"grant_types":["client_credentials"]}"#,
            r#"{"redirect_uris":["https://a.example.com/"],"response_types":["token"]}"#,
            "[]",
            "",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
