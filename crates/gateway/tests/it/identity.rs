//! Bearer tokens: who is let in with which, and what the trail says of them.

use crate::{
    client::{Client, Exchange},
    front::{Front, http_server},
};
use aws_lc_rs::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_testkit::fixture::{Options, Server};
use doorward_vocab::Assurance;
use http::Method;
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

const ISSUER: &str = "https://idp.example.com";
const PUBLIC: &str = "https://gw.example.com";

/// An identity provider whose keys are in a file.
pub(crate) struct Provider {
    key: Ed25519KeyPair,
    folder: TempDir,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    pub(crate) fn new() -> Self {
        let (key, folder) = (Ed25519KeyPair::generate().unwrap(), tempfile::tempdir().unwrap());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "alg": "EdDSA", "x": b64(key.public_key()) });
        std::fs::write(folder.path().join("jwks.json"), json!({ "keys": [jwk] }).to_string()).unwrap();
        Self { key, folder }
    }

    pub(crate) fn trust(&self, more: &str) -> String {
        let file = self.folder.path().join("jwks.json");
        format!(
            "public_url = \"{PUBLIC}\"\n[[trust]]\nname = \"idp\"\nkind = \"oidc\"\nissuer = \"{ISSUER}\"\njwks_file = {file:?}\n{more}\n"
        )
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let mut token = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let signature = b64(self.key.sign(token.as_bytes()));
        let _ = write!(token, ".{signature}");
        token
    }

    pub(crate) fn token(&self, change: impl Fn(&mut Value)) -> String {
        let mut claims = json!({ "iss": ISSUER, "sub": "u-1", "name": "Ada", "aud": format!("{PUBLIC}/mcp"),
            "client_id": "agent-7", "jti": "t-1", "iat": now(), "exp": now() + 600 });
        change(&mut claims);
        self.sign(&json!({ "alg": "EdDSA", "kid": "k1", "typ": "at+jwt" }), &claims)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn a_good_token_is_an_agent_and_its_human_in_the_trail() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let front = Front::start_for_strangers(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    for audience in ["", "/", "/mcp", "/mcp/fixture"] {
        let token = provider.token(|claims| claims["aud"] = json!(format!("{PUBLIC}{audience}")));
        let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(&token));
        let answer = client.call("wipe", json!({ "path": "/x" })).await;
        assert!(answer.get("result").is_some(), "{audience}: {answer}");
        let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(&token));
        let client = client.open_session(json!({})).await;
        assert_eq!(client.call_text("echo", json!({ "text": "x" })).await, "x");
        // The token ends here.
        let seen = client.call_text("echo_request", json!({})).await;
        assert!(!seen.contains("authorization") && !seen.contains(&token), "{seen}");
    }
    let ruling = front.rulings("wipe", 4).await.remove(0);
    assert_eq!((&*ruling.agent.id, ruling.assurance), ("agent-7", Assurance::PlatformToken));
    assert_eq!(ruling.human.map(|h| (h.id.to_string(), h.name.to_string())), Some(("u-1".into(), "Ada".into())));
    let trail = format!("{:?}", front.stop().await);
    assert!(!trail.contains(&b64("{\"alg\"")[..8]), "a token is in the trail");
}

#[tokio::test]
async fn any_other_token_is_turned_away_with_the_way_to_a_good_one() {
    let (server, provider, stranger) =
        (Server::start(Options::default()).await.unwrap(), Provider::new(), Provider::new());
    let front = Front::start_for_strangers(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claims = json!({ "iss": ISSUER, "sub": "u-1", "aud": format!("{PUBLIC}/mcp"), "exp": now() + 600 });
        change(&mut claims);
        claims
    };
    let none = format!("{}.{}.", b64(json!({ "alg": "none" }).to_string()), b64(claims(&|_| ()).to_string()));
    let confused = {
        let key = hmac::Key::new(hmac::HMAC_SHA256, provider.key.public_key().as_ref());
        let text =
            format!("{}.{}", b64(json!({ "alg": "HS256", "kid": "k1" }).to_string()), b64(claims(&|_| ()).to_string()));
        let tag = b64(hmac::sign(&key, text.as_bytes()));
        format!("{text}.{tag}")
    };
    let good = provider.token(|_| ());
    let bad = [
        ("expired", bearer(&provider.token(|c| c["exp"] = json!(now() - 3600)))),
        ("not yet", bearer(&provider.token(|c| c["nbf"] = json!(now() + 3600)))),
        ("no end", bearer(&provider.token(|c| c["exp"] = Value::Null))),
        ("elsewhere", bearer(&provider.token(|c| c["aud"] = json!("https://other.example.com/mcp")))),
        ("no audience", bearer(&provider.token(|c| c["aud"] = Value::Null))),
        (
            "and elsewhere",
            bearer(&provider.token(|c| c["aud"] = json!([format!("{PUBLIC}/mcp"), "https://other.example.com"]))),
        ),
        ("unknown server", bearer(&provider.token(|c| c["aud"] = json!(format!("{PUBLIC}/mcp/nothing"))))),
        ("other issuer", bearer(&provider.token(|c| c["iss"] = json!("https://evil.example.com")))),
        ("almost the issuer", bearer(&provider.token(|c| c["iss"] = json!(format!("{ISSUER}/"))))),
        ("other key", bearer(&stranger.token(|_| ()))),
        ("no signature", bearer(&none)),
        ("confused", bearer(&confused)),
        ("changed", bearer(&good.replacen('.', ".e", 1))),
        ("cut", bearer(&good[..good.len() - 4])),
        ("garbage", bearer("x.y.z")),
        ("empty", "Bearer ".to_owned()),
        ("basic", "Basic YTpi".to_owned()),
        ("bare", good.clone()),
    ];
    for (path, resource) in [("/mcp/fixture", "/mcp/fixture"), ("/mcp", "/mcp"), ("/mcp/nothing", "/mcp/nothing")] {
        let place = format!("resource_metadata=\"{PUBLIC}/.well-known/oauth-protected-resource{resource}\"");
        for method in [Method::POST, Method::GET, Method::DELETE, Method::PUT] {
            let none = Exchange::open(front.address, method.clone(), path, &[], "{}").await;
            assert_eq!(none.status, 401, "{method} {path}");
            assert!(none.header("www-authenticate").contains(&place), "{}", none.header("www-authenticate"));
            for (why, credential) in &bad {
                let headers = [("authorization", &**credential), ("content-type", "application/json")];
                let exchange = Exchange::open(front.address, method.clone(), path, &headers, "{}").await;
                assert!(matches!(exchange.status, 400 | 401), "{why}: {method} {path}: {}", exchange.status);
                assert!(exchange.header("www-authenticate").contains(&place), "{why}");
            }
        }
    }
    // Not in the address either.
    let query = format!("/mcp/fixture?access_token={good}");
    assert_eq!(Exchange::open(front.address, Method::POST, &query, &[], "{}").await.status, 401);
    let metadata = "/.well-known/oauth-protected-resource/mcp/fixture";
    let document = Exchange::open(front.address, Method::GET, metadata, &[], "").await;
    assert_eq!(document.status, 200);
    let document: Value = serde_json::from_str(&document.body().await).unwrap();
    assert_eq!(document["resource"], format!("{PUBLIC}/mcp/fixture"));
    assert_eq!(document["authorization_servers"], json!([ISSUER]));
    let counts = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(&good)).counts("").await;
    assert_eq!(counts, json!({ "count_calls": 1 }));
}

#[tokio::test]
async fn nobody_is_trusted_for_being_near_once_tokens_are_used() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let front = Front::start(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    for path in ["/mcp", "/mcp/fixture"] {
        let client = Client::modern(&front, path);
        assert_eq!(client.post(&client.text("1", "tools/list", ""), &[]).await.status, 401);
    }
}

#[tokio::test]
async fn a_session_is_its_principals_alone() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let front = Front::start_for_strangers(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    let others = [
        provider.token(|c| c["sub"] = json!("u-2")),
        provider.token(|c| c["client_id"] = json!("agent-8")),
        provider.token(|c| c["sub"] = json!("agent-7")),
    ];
    for (path, prefix) in [("/mcp/fixture", ""), ("/mcp", "fixture__")] {
        let mine = Client::modern(&front, path).with_header("authorization", &bearer(&provider.token(|_| ())));
        let mine = mine.open_session(json!({ "sampling": {} })).await;
        let mut call = mine.open_call(&format!("{prefix}test_sampling"), json!({ "prompt": "?" })).await;
        let asked = call.message().await.unwrap();
        for other in &others {
            let mut thief = Client::modern(&front, path).with_header("authorization", &bearer(other));
            thief.session = mine.session.clone();
            assert_eq!(thief.open("tools/list", json!({})).await.status, 404, "{path}");
            assert_eq!(thief.get(None).await.status, 404);
            assert_eq!(thief.get(Some("fixture:0/0")).await.status, 404);
            assert_eq!(
                thief.tell(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#).await,
                404
            );
            assert_eq!(
                thief
                    .reply(
                        &asked["id"],
                        json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "forged" } })
                    )
                    .await,
                404
            );
            let headers = [("mcp-session-id", mine.session.as_deref().unwrap()), ("authorization", &*bearer(other))];
            assert_eq!(Exchange::open(front.address, Method::DELETE, path, &headers, "").await.status, 404);
        }
        // A new token of the same two goes on with it.
        let mut renewed = Client::modern(&front, path)
            .with_header("authorization", &bearer(&provider.token(|c| c["exp"] = json!(now() + 900))));
        renewed.session = mine.session.clone();
        let said = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "mine" } });
        assert_eq!(renewed.reply(&asked["id"], said).await, 202);
        assert_eq!(crate::client::text_of(&call.answer().await).as_deref(), Some("LLM response: mine"));
    }
}

#[tokio::test]
async fn a_task_is_its_principals_alone_at_the_endpoint_of_all() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let front = Front::start_for_strangers(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    let capable = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let client = |token: &str| {
        Client::modern(&front, "/mcp").capable(capable.clone()).with_header("authorization", &bearer(token))
    };
    let (mine, thief) = (client(&provider.token(|_| ())), client(&provider.token(|c| c["sub"] = json!("u-2"))));
    let made = mine.call("fixture__slow_compute", json!({ "seconds": 600 })).await;
    let task = json!({ "taskId": made["result"]["taskId"] });
    for method in ["tasks/get", "tasks/cancel"] {
        assert!(thief.ask(method, task.clone()).await.get("error").is_some(), "{method}");
    }
    assert_eq!(mine.ask("tasks/get", task.clone()).await["result"]["status"], "working");
    assert!(mine.ask("tasks/cancel", task).await.get("result").is_some());
}

#[tokio::test]
async fn conversations_of_two_principals_never_meet() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let front = Front::start_for_strangers(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    for sub in ["u-1", "u-2"] {
        let token = provider.token(|c| c["sub"] = json!(sub));
        let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(&token));
        let params = json!({ "name": "wipe", "arguments": { "path": "/x" }, "_meta": { "dev.doorward/conversation": "shared" } });
        assert!(client.ask("tools/call", params).await.get("result").is_some());
    }
    let rulings = front.rulings("wipe", 2).await;
    assert_eq!((rulings[0].parent, rulings[1].parent), (None, None), "the second follows from the first");
}

#[tokio::test]
async fn settings_of_a_provider_are_heeded() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let more = "audience = \"urn:doorward\"\nclock_skew = \"1s\"\nclaims = { name = \"profile.display\" }";
    let front = Front::start_for_strangers(&(provider.trust(more) + &http_server("fixture", &server.url()))).await;
    let client = |token: &str| Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(token));
    let ours = |c: &mut Value| {
        c["aud"] = json!("urn:doorward");
        c["profile"] = json!({ "display": "Countess" });
    };
    client(&provider.token(ours)).call("wipe", json!({ "path": "/x" })).await;
    assert_eq!(
        front.rulings("wipe", 1).await[0].human.as_ref().map(|h| h.name.to_string()).as_deref(),
        Some("Countess")
    );
    let late = provider.token(|c| {
        ours(c);
        c["exp"] = json!(now() - 5);
    });
    for token in [late, provider.token(|_| ())] {
        let client = client(&token);
        assert_eq!(client.post(&client.text("1", "tools/list", ""), &[]).await.status, 401);
    }
}
