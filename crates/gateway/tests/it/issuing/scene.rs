//! A gateway that issues tokens, a provider where people sign in, and a client that knows the standards and nothing else.

use crate::{
    client::Client,
    front::{Front, http_server},
    identity::bearer,
};
use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::{
        free_port,
        http::{Http, Reply},
        identity::{Browser, OidcProvider},
        installed,
    },
};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use url::Url;

/// Where the client would listen.
pub(crate) const BACK: &str = "http://127.0.0.1:1/callback";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(crate) struct Scene {
    pub(crate) front: Front,
    pub(crate) op: OidcProvider,
    pub(crate) issuer: String,
    toml: String,
    pub(crate) http: Http,
    _server: Server,
    _folder: TempDir,
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
}

pub(crate) fn alice() -> Browser {
    Browser::of("alice", "correct horse")
}

/// A client with a key.
pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(Ed25519KeyPair::generate().unwrap())
    }

    /// Its key set, with or without a name for the key.
    pub(crate) fn keys(&self, kid: Option<&str>) -> String {
        let mut jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(self.0.public_key()) });
        if let Some(kid) = kid {
            jwk["kid"] = kid.into();
        }
        json!({ "keys": [jwk] }).to_string()
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let b64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let text = format!("{}.{}", b64(&header.to_string()), b64(&claims.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(text.as_bytes()));
        format!("{text}.{signature}")
    }

    /// An assertion of client `id` for `audience`; `change` makes it another.
    pub(crate) fn assertion(&self, id: &str, audience: &str, change: impl Fn(&mut Value)) -> String {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).unwrap();
        let jti = URL_SAFE_NO_PAD.encode(bytes);
        let mut claims = json!({ "iss": id, "sub": id, "aud": audience, "jti": jti, "iat": now(), "exp": now() + 120 });
        change(&mut claims);
        self.sign(&json!({ "alg": "EdDSA", "typ": "JWT" }), &claims)
    }
}

pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

impl Scene {
    /// Two servers, `fixture` and `other`; `more` goes into `[authorization]`.
    pub(crate) async fn start(more: &str) -> Option<Self> {
        Self::with(more, |_, _| String::new()).await
    }

    /// The same with further tables.
    pub(crate) async fn with(more: &str, tables: impl Fn(&OidcProvider, &Path) -> String) -> Option<Self> {
        Self::at(&json!({}), more, tables).await
    }

    /// The same with further options of the provider.
    pub(crate) async fn at(
        options: &Value,
        more: &str,
        tables: impl Fn(&OidcProvider, &Path) -> String,
    ) -> Option<Self> {
        if !installed("a login at a provider").unwrap() {
            return None;
        }
        let (port, folder) = (free_port().unwrap(), tempfile::tempdir().unwrap());
        let issuer = format!("http://127.0.0.1:{port}");
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        let mut all = json!({
            "clients": [{ "client_id": "gateway", "client_secret": "gateway-secret", "redirect_uris": [format!("{issuer}/oauth/callback")],
                "backchannel_logout_uri": format!("{issuer}/oauth/logout"), "grant_types": ["authorization_code", "refresh_token", exchange] }],
        });
        all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let options = all;
        let op = OidcProvider::start(&options).unwrap();
        let server = Server::start(Options::default()).await.unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "gateway-secret").unwrap();
        let toml = format!(
            "[authorization]\n{more}\n[[trust]]\nname = \"corp\"\nkind = \"oidc\"\nissuer = {:?}\nclient_id = \"gateway\"\n\
             client_secret = {{ file = {secret:?} }}\nlogin_scopes = [\"email\", \"groups\"]\n{}\n{}{}",
            op.issuer(),
            tables(&op, folder.path()),
            http_server("fixture", &server.url()),
            http_server("other", &server.url()),
        );
        let front = Front::start_on(port, &toml).await;
        Some(Self { front, op, issuer, toml, http: Http::default(), _server: server, _folder: folder })
    }

    /// Ends the gateway in good order and starts one with its state, at the same address.
    pub(crate) async fn restart(self) -> Self {
        let port = self.front.address.port();
        let front = self.front.restart_on(port, &self.toml).await;
        Self { front, ..self }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// Registers a client; its id.
    pub(crate) async fn register(&self) -> String {
        let body = json!({ "client_name": "Test <agent>", "redirect_uris": [BACK] });
        let reply = self.http.post_json(&self.url("/oauth/register"), &body).await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.json().unwrap()["client_id"].as_str().unwrap().to_owned()
    }

    /// The address that a client opens.
    pub(crate) fn ask(&self, client: &str, resource: &str) -> Url {
        let mut url = Url::parse(&self.url("/oauth/authorize")).unwrap();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client)
            .append_pair("redirect_uri", BACK)
            .append_pair("state", "st")
            .append_pair("code_challenge", &challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("resource", &self.url(resource));
        url
    }

    /// A human signs in and allows it; the code.
    pub(crate) async fn code(&self, client: &str, resource: &str) -> String {
        let back = alice().types("answer", "allow").travel(self.ask(client, resource).as_str(), BACK).await.unwrap();
        let back = back.redirected().unwrap();
        assert_eq!(answer(&back, "iss").as_deref(), Some(&*self.issuer), "{back}");
        assert_eq!(answer(&back, "state").as_deref(), Some("st"));
        answer(&back, "code").unwrap_or_else(|| panic!("no code: {back}"))
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Reply {
        self.http.post_form(&self.url("/oauth/token"), &[], form).await.unwrap()
    }

    pub(crate) async fn redeem(&self, client: &str, code: &str, verifier: &str) -> Reply {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ];
        self.token(&form).await
    }

    pub(crate) async fn refresh(&self, client: &str, token: &str) -> Reply {
        self.token(&[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)]).await
    }

    /// Everything up to the tokens.
    pub(crate) async fn tokens(&self, client: &str, resource: &str) -> Value {
        let code = self.code(client, resource).await;
        let reply = self.redeem(client, &code, VERIFIER).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json().unwrap()
    }

    /// The status of a call with a token.
    pub(crate) async fn status(&self, path: &str, token: &str) -> u16 {
        let client = Client::modern(&self.front, path).with_header("authorization", &bearer(token));
        client.post(&client.text("1", "tools/list", ""), &[]).await.status
    }
}

pub(crate) fn answer(back: &Url, name: &str) -> Option<String> {
    back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub(crate) fn error(reply: &Reply) -> String {
    assert_ne!(reply.status, 200, "{}", reply.body);
    reply.json().unwrap()["error"].as_str().unwrap().to_owned()
}

/// What a token says, unproved.
pub(crate) fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}
