//! The gateway as a client of the provider at which a human signs in (OpenID Connect Core §3.1).

use super::Call;
use crate::{
    fetching::{self, Whence},
    live::Provider,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_identity::{
    Human, Refusal,
    assertion::{Expected, KeyIds, Opened},
    discovery_urls, json,
};
use doorward_transport::upstream::Payload;
use doorward_vocab::Secret;
use http::{HeaderName, header::AUTHORIZATION};
use serde_json::{Map, Value};
use std::{borrow::Cow, sync::Arc};
use url::{Url, form_urlencoded};

/// The largest document of a provider, in bytes.
const MAX: usize = 256 << 10;

/// What a provider says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    pub(super) authorize: Url,
    token: Url,
    about: Option<Url>,
    /// Whether it says with each answer whose answer it is (RFC 9207).
    pub(super) says_iss: bool,
    posts_secret: bool,
}

/// Claims about a person that a provider may keep for its userinfo endpoint.
const ABOUT: [&str; 5] = ["name", "preferred_username", "email", "email_verified", "groups"];

type Headers = Vec<(HeaderName, Secret<String>)>;

/// What went wrong with a provider; for the log.
pub(super) type Failed = String;

impl Call<'_> {
    /// Where the endpoints of a provider are.
    pub(super) async fn endpoints(&self, provider: &Provider) -> Result<Arc<Endpoints>, Failed> {
        if let Some(known) = self.gateway.issuing.providers.get(&provider.issuer) {
            return Ok(known);
        }
        let mut last = "no address".to_owned();
        for url in discovery_urls(&provider.issuer).map_err(|e| e.to_string())? {
            let url = Url::parse(&url).map_err(|e| e.to_string())?;
            let found = fetching::get(self.live, &url, Whence::Operator, MAX).await;
            match found.and_then(|body| read(&provider.issuer, &body)) {
                Ok(endpoints) => {
                    let endpoints = Arc::new(endpoints);
                    self.gateway.issuing.providers.insert(provider.issuer.clone(), endpoints.clone());
                    return Ok(endpoints);
                }
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    /// Who an authorization code of a provider is about. `nonce` and `verifier` are those of the request that it answers.
    pub(super) async fn human(
        &self,
        provider: &Provider,
        code: &str,
        nonce: &str,
        verifier: &str,
    ) -> Result<Human, Failed> {
        let endpoints = self.endpoints(provider).await?;
        let answer = self.redeem(provider, &endpoints, code, verifier).await?;
        let text = answer.get("id_token").and_then(Value::as_str).ok_or("there is no identity token")?;
        let expected = Expected {
            issuer: &provider.issuer,
            audiences: &[&provider.client],
            types: &["jwt"],
            longest: None,
            kids: KeyIds::Required,
        };
        let mut opened = self.opened(text, &expected).await.map_err(|e| format!("the identity token: {e}"))?;
        if opened.text("nonce") != Some(nonce) {
            return Err("the identity token is not for this login".to_owned());
        }
        if opened.text("azp").is_some_and(|azp| azp != provider.client) {
            return Err("the identity token is for another client".to_owned());
        }
        if !opened.claims.contains_key("name")
            && let (Some(url), Some(token)) = (&endpoints.about, answer.get("access_token").and_then(Value::as_str))
        {
            self.fill(&mut opened, provider, url, token).await;
        }
        let human = opened.human().map_err(|e| e.to_string())?;
        self.gateway.keep_login(self.live, provider, &human.id, &answer).await;
        Ok(human)
    }

    /// What a statement of a trusted issuer says. Keys that are missing are fetched once.
    pub(super) async fn opened(&self, text: &str, expected: &Expected<'_>) -> Result<Opened, Refusal> {
        let now = self.gateway.clock.now();
        match self.live.authenticator.open(text, expected, now) {
            Err(Refusal::KeysNeeded { issuer }) => {
                Box::pin(crate::keys::fetch(self.gateway, self.live, &issuer, now)).await;
                self.live.authenticator.open(text, expected, now)
            }
            other => other,
        }
    }

    async fn redeem(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
        code: &str,
        verifier: &str,
    ) -> Result<Map<String, Value>, Failed> {
        let (payload, headers) = self.request(provider, endpoints, code, verifier)?;
        let whence = whence(&endpoints.token, provider);
        let fetched = fetching::ask(self.live, &endpoints.token, whence, Some(payload), &headers, MAX).await?;
        let answer = json::object(&fetched.body).ok_or("the token endpoint gives no JSON")?;
        match fetched.status.is_success() {
            true => Ok(answer),
            false => Err(format!("the token endpoint says {} {:?}", fetched.status, answer.get("error"))),
        }
    }

    /// What the token endpoint of a provider is sent (OpenID Connect Core §3.1.3.1).
    fn request(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
        code: &str,
        verifier: &str,
    ) -> Result<(Payload, Headers), Failed> {
        let secret = provider.secret.as_ref().map(doorward_config::SecretRef::read).transpose();
        let secret = secret.map_err(|e| e.to_string())?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", &self.callback_address()).append_pair("code_verifier", verifier);
        let mut headers = Vec::new();
        match &secret {
            None => {
                form.append_pair("client_id", &provider.client);
            }
            Some(secret) if endpoints.posts_secret => {
                form.append_pair("client_id", &provider.client);
                secret.reveal(|s| {
                    form.append_pair("client_secret", s);
                });
            }
            Some(secret) => {
                let basic = secret.reveal(|s| STANDARD.encode(format!("{}:{}", encoded(&provider.client), encoded(s))));
                headers.push((AUTHORIZATION, Secret::new(format!("Basic {basic}"))));
            }
        }
        Ok((Payload::Form(Secret::new(form.finish())), headers))
    }

    /// Adds what the provider says of the person elsewhere (OpenID Connect Core §5.3). Without it the login goes on.
    async fn fill(&self, opened: &mut Opened, provider: &Provider, url: &Url, token: &str) {
        let headers = [(AUTHORIZATION, Secret::new(format!("Bearer {token}")))];
        let fetched = fetching::ask(self.live, url, whence(url, provider), None, &headers, MAX).await;
        let about = fetched.ok().filter(|f| f.status.is_success()).and_then(|f| json::object(&f.body));
        // OpenID Connect Core §5.3.2: of somebody else it would be a way to pass one person off as another.
        let Some(about) = about.filter(|about| about.get("sub") == opened.claims.get("sub")) else { return };
        for (claim, value) in about.into_iter().filter(|(claim, _)| ABOUT.contains(&claim.as_str())) {
            opened.claims.entry(claim).or_insert(value);
        }
    }

    /// Where providers send browsers back to.
    pub(super) fn callback_address(&self) -> String {
        format!("{}{}", self.authority.realm.issuer, doorward_oauth::metadata::path::CALLBACK)
    }
}

/// The operator wrote the issuer down, and with it what has the same origin.
fn whence(url: &Url, provider: &Provider) -> Whence {
    match Url::parse(&provider.issuer).is_ok_and(|issuer| issuer.origin() == url.origin()) {
        true => Whence::Operator,
        false => Whence::Stranger,
    }
}

fn encoded(text: &str) -> Cow<'_, str> {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().into()
}

fn read(issuer: &str, body: &[u8]) -> Result<Endpoints, Failed> {
    let map = json::object(body).ok_or("not a discovery document")?;
    if map.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err("the document is of another issuer".to_owned());
    }
    let url = |name: &str| {
        let url = Url::parse(map.get(name)?.as_str()?).ok()?;
        let fits = url.scheme() == "https" || (url.scheme() == "http" && issuer.starts_with("http://"));
        fits.then_some(url)
    };
    let methods = map.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
    let has = |method: &str| methods.is_some_and(|m| m.iter().any(|v| v == method));
    Ok(Endpoints {
        authorize: url("authorization_endpoint").ok_or("there is no `authorization_endpoint`")?,
        token: url("token_endpoint").ok_or("there is no `token_endpoint`")?,
        about: url("userinfo_endpoint"),
        says_iss: map.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
        posts_secret: has("client_secret_post") && !has("client_secret_basic"),
    })
}
