//! A client of any provider: authorization code with PKCE (RFC 7636), a resource (RFC 8707) and a check of `iss` (RFC 9207).

use std::io;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use url::Url;

use super::{
    super::http::{Http, basic},
    browser::Browser,
};

/// What a client asks for.
#[derive(Debug, Clone, Copy)]
pub struct CodeFlow<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// The client, as the provider knows it.
    pub client_id: &'a str,
    /// Sent by HTTP Basic; none for a public client.
    pub client_secret: Option<&'a str>,
    /// One of the client's redirect URIs; nothing needs to listen there.
    pub redirect_uri: &'a str,
    /// Separated by spaces.
    pub scope: &'a str,
    /// What the access token is for.
    pub resource: Option<&'a str>,
}

impl CodeFlow<'_> {
    /// Logs the human in and gives what the token endpoint answered.
    ///
    /// # Errors
    /// The login ends elsewhere, the provider says no, or `state` or `iss` is not what it must be.
    pub async fn tokens(&self, browser: &mut Browser) -> io::Result<Value> {
        let http = Http::default();
        let found =
            http.get(&format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'))).await?;
        let metadata = found.json()?;
        let endpoint = |name: &str| {
            let url = metadata.get(name).and_then(Value::as_str);
            url.ok_or_else(|| io::Error::other(format!("the provider names no {name}: {metadata}")))
        };
        let (state, verifier) = (random()?, random()?);
        let mut ask = Url::parse(endpoint("authorization_endpoint")?).map_err(io::Error::other)?;
        ask.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("scope", self.scope)
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(self.resource.map(|resource| ("resource", resource)));
        let back = browser.travel(ask.as_str(), self.redirect_uri).await?.redirected()?;
        let answer = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let issuer = metadata.get("issuer").and_then(Value::as_str).map(str::to_owned);
        let iss = answer("iss");
        if answer("state") != Some(state) || (iss.is_some() && iss != issuer) {
            return Err(io::Error::other(format!("an answer that was not asked for: {back}")));
        }
        let code = answer("code").ok_or_else(|| io::Error::other(format!("no code: {back}")))?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", self.redirect_uri),
            ("code_verifier", &verifier),
        ];
        form.extend(self.resource.map(|resource| ("resource", resource)));
        let secret = self.client_secret.map(|secret| basic(self.client_id, secret));
        let mut headers = Vec::new();
        match &secret {
            Some(secret) => headers.push(("authorization", secret.as_str())),
            None => form.push(("client_id", self.client_id)),
        }
        let reply = http.post_form(endpoint("token_endpoint")?, &headers, &form).await?;
        if reply.status != 200 {
            return Err(io::Error::other(format!("no token: {} {}", reply.status, reply.body)));
        }
        reply.json()
    }
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()))
}
