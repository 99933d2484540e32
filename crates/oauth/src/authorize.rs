//! A request for a code: RFC 6749 §4.1, RFC 7636, RFC 8707, RFC 9207.

use crate::{Client, Code, Fault, Form, Realm, metadata::grant};
use doorward_vocab::ServerName;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};
use url::Url;

/// What a client asks of a human, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The client.
    pub client: Arc<str>,
    /// Where the browser goes back to: one of the client's own addresses.
    pub redirect: String,
    /// What the client wants back beside it.
    pub state: Option<String>,
    /// The digest of the secret with which the code will be redeemed (RFC 7636 §4.2), by S256.
    pub challenge: String,
    /// What the token will be good for (RFC 8707).
    pub resource: Arc<str>,
    /// The scopes.
    pub scopes: BTreeSet<Arc<str>>,
    /// The servers behind resource and scopes.
    pub servers: BTreeSet<ServerName>,
}

/// Where the answer to a request of `client` goes. As long as this is not known, a browser is sent nowhere: what is wrong is
/// told to the human (RFC 6749 §4.1.2.1).
///
/// # Errors
/// `invalid_redirect_uri`, `invalid_request`.
pub fn redirect(form: &Form, client: &Client) -> Result<String, Fault> {
    // RFC 9700 §4.1: exact, also where the client has a single one.
    let asked = form.need("redirect_uri")?;
    let why = "the address to go back to is not one that this client registered";
    client.redirect(asked).map(str::to_owned).ok_or_else(|| Fault::new(Code::InvalidRedirectUri, why))
}

/// The rest of the request; `redirect` is what [`redirect`] gave.
///
/// # Errors
/// What the client is told at its redirect address.
pub fn check(form: &Form, client: &Client, redirect: String, realm: &Realm) -> Result<Asked, Fault> {
    let invalid = |why: &'static str| Err(Fault::new(Code::InvalidRequest, why));
    match form.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(Fault::new(Code::UnsupportedResponseType, "the only response type here is `code`")),
        None => return invalid("`response_type` is missing"),
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return invalid("the only response mode here is `query`");
    }
    if form.get("request").is_some() || form.get("request_uri").is_some() {
        return invalid("request objects are not used here");
    }
    client.may(grant::CODE)?;
    // OAuth 2.1 §4.1.1 and MCP: for every client, and not `plain`.
    if form.get("code_challenge_method") != Some("S256") {
        return invalid("PKCE is required: send `code_challenge` and `code_challenge_method=S256`");
    }
    let challenge = form.need("code_challenge")?;
    if !is_challenge(challenge) {
        return invalid("`code_challenge` is not a SHA-256 digest in base64url");
    }
    if form.get("prompt").is_some_and(|p| p.split(' ').any(|word| word == "none")) {
        return Err(Fault::new(Code::InteractionRequired, "the human is always asked"));
    }
    let state = form.get("state").map(str::to_owned);
    if state.as_ref().is_some_and(|s| s.len() > 4096) {
        return invalid("`state` is too long");
    }
    let resource = realm.resource(form.at_most_one("resource")?)?;
    let (scopes, mut servers) = realm.scope(form.get("scope"), &resource);
    if let Some(limit) = &client.servers {
        servers.retain(|server| limit.contains(server));
        if servers.is_empty() {
            return Err(Fault::new(Code::InvalidTarget, "this client is for other servers"));
        }
    }
    let (client, challenge) = (client.id.clone(), challenge.to_owned());
    Ok(Asked { client, redirect, state, challenge, resource, scopes, servers })
}

/// Where the browser is sent with a code.
pub fn granted(asked: &Asked, code: &str, issuer: &str) -> String {
    back(&asked.redirect, asked.state.as_deref(), issuer, &[("code", code)])
}

/// Where the browser is sent with a refusal.
pub fn refused(redirect: &str, state: Option<&str>, issuer: &str, fault: &Fault) -> String {
    back(redirect, state, issuer, &[("error", fault.code.as_str()), ("error_description", &fault.why)])
}

/// `redirect` with the answer in its query; `iss` says whose answer it is (RFC 9207 §2).
fn back(redirect: &str, state: Option<&str>, issuer: &str, answer: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(redirect) else { return String::new() };
    url.query_pairs_mut().extend_pairs(answer).extend_pairs(state.map(|s| ("state", s))).append_pair("iss", issuer);
    url.into()
}

/// 32 bytes in base64url without padding.
fn is_challenge(text: &str) -> bool {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::testing::realm;

    const GOOD: &str = "response_type=code&client_id=dyn&redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcb&state=s%20t\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
        &resource=https%3A%2F%2Fgw.example.com%2Fmcp%2Ffiles";

    fn client() -> Client {
        Client::register("dyn", br#"{"redirect_uris":["http://127.0.0.1:1/cb"]}"#).unwrap()
    }

    fn ask(query: &str) -> Result<Asked, Fault> {
        let form = Form::parse(query.as_bytes())?;
        let redirect = redirect(&form, &client())?;
        check(&form, &client(), redirect, &realm())
    }

    #[test]
    fn a_good_request_and_its_answers() {
        let asked = ask(GOOD).unwrap();
        assert_eq!(asked.redirect, "http://127.0.0.1:7/cb");
        assert_eq!(asked.servers.iter().map(ServerName::as_str).collect::<Vec<_>>(), ["files"]);
        let to = granted(&asked, "c&d", "https://gw.example.com");
        assert_eq!(to, "http://127.0.0.1:7/cb?code=c%26d&state=s+t&iss=https%3A%2F%2Fgw.example.com");
        let fault = Fault::new(Code::AccessDenied, "no");
        let to = refused("https://a.example.com/cb?x=1", None, "https://gw.example.com", &fault);
        assert_eq!(
            to,
            "https://a.example.com/cb?x=1&error=access_denied&error_description=no&iss=https%3A%2F%2Fgw.example.com"
        );
    }

    #[test]
    fn what_is_missing_or_odd_is_refused() {
        for (from, to, code) in [
            ("response_type=code", "response_type=token", Code::UnsupportedResponseType),
            ("response_type=code&", "", Code::InvalidRequest),
            ("&code_challenge_method=S256", "", Code::InvalidRequest),
            ("_method=S256", "_method=plain", Code::InvalidRequest),
            ("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "", Code::InvalidRequest),
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "short", Code::InvalidRequest),
            ("%2Fmcp%2Ffiles", "%2Fmcp%2Fnothing", Code::InvalidTarget),
            ("gw.example.com", "evil.example.com", Code::InvalidTarget),
            ("%2Fcb", "%2Fother", Code::InvalidRedirectUri),
            ("127.0.0.1", "evil.example.com", Code::InvalidRedirectUri),
            ("&state=s%20t", "&state=a&state=b", Code::InvalidRequest),
            ("&state=s%20t", "&prompt=none", Code::InteractionRequired),
            ("&state=s%20t", "&request_uri=https%3A%2F%2Fx", Code::InvalidRequest),
            ("&state=s%20t", "&response_mode=fragment", Code::InvalidRequest),
            ("&state=s%20t", "&resource=https%3A%2F%2Fgw.example.com%2Fmcp", Code::InvalidTarget),
        ] {
            assert!(GOOD.contains(from), "{from}");
            assert_eq!(ask(&GOOD.replacen(from, to, 1)).unwrap_err().code, code, "{from} → {to}");
        }
    }
}
