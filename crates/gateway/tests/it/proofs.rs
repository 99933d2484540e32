//! Tokens that are bound to a key, over HTTP: a proof with each request (RFC 9449).

use crate::{
    client::{Client, Exchange},
    front::{Front, http_server},
    identity::Provider,
};
use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_testkit::fixture::{Options, Server};
use doorward_vocab::Assurance;
use http::Method;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const PUBLIC: &str = "https://gw.example.com";
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn sha(text: &str) -> String {
    b64(digest(&SHA256, text.as_bytes()))
}

/// An agent with a key.
struct Agent {
    key: Ed25519KeyPair,
    token: String,
}

impl Agent {
    fn new(provider: &Provider) -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let jkt = sha(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(key.public_key())));
        Self { token: provider.token(|claims| claims["cnf"] = json!({ "jkt": jkt })), key }
    }

    fn proof(&self, path: &str, jti: &str, nonce: Option<&str>) -> String {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(self.key.public_key()) });
        let header = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut claims =
            json!({ "htm": "POST", "htu": format!("{PUBLIC}{path}"), "iat": now, "jti": jti, "ath": sha(&self.token) });
        if let Some(nonce) = nonce {
            claims["nonce"] = Value::from(nonce);
        }
        let text = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        format!("{text}.{}", b64(self.key.sign(text.as_bytes())))
    }

    async fn ping(&self, front: &Front, scheme: &str, proof: Option<&str>) -> Exchange {
        let authorization = format!("{scheme} {}", self.token);
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        headers.extend(proof.map(|proof| ("dpop", proof)));
        Exchange::open(front.address, Method::POST, "/mcp/fixture", &headers, PING).await
    }
}

#[tokio::test]
async fn who_has_the_key_is_let_in_and_who_has_the_token_alone_is_not() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let front = Front::start_for_strangers(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    let agent = Agent::new(&provider);
    let proof = agent.proof("/mcp/fixture", "1", None);
    let client = Client::modern(&front, "/mcp/fixture")
        .with_header("authorization", &format!("DPoP {}", agent.token))
        .with_header("dpop", &proof);
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    assert_eq!(front.rulings("wipe", 1).await.remove(0).assurance, Assurance::KeyBound);

    let replayed = agent.ping(&front, "DPoP", Some(&proof)).await;
    let challenge = replayed.header("www-authenticate");
    assert_eq!(replayed.status, 401);
    assert!(
        challenge.starts_with("DPoP error=\"invalid_dpop_proof\"") && challenge.contains("algs=\"ES256"),
        "{challenge}"
    );
    let other = Agent::new(&provider);
    for (why, scheme, proof) in [
        ("stolen", "Bearer", None),
        ("stolen, without a proof", "DPoP", None),
        ("stolen, with another key's proof", "DPoP", Some(other.proof("/mcp/fixture", "2", None))),
        ("for another server", "DPoP", Some(agent.proof("/mcp", "3", None))),
        ("as a bearer token, with a proof", "Bearer", Some(agent.proof("/mcp/fixture", "4", None))),
    ] {
        let exchange = agent.ping(&front, scheme, proof.as_deref()).await;
        assert_eq!(exchange.status, 401, "{why}");
        assert!(exchange.header("www-authenticate").contains("DPoP "), "{why}");
    }
    let metadata = "/.well-known/oauth-protected-resource/mcp/fixture";
    let metadata = Exchange::open(front.address, Method::GET, metadata, &[], "").await.body().await;
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["dpop_signing_alg_values_supported"][0], "ES256");
}

#[tokio::test]
async fn a_nonce_is_given_and_asked_for() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let trust = provider.trust("dpop_nonce = true\nkey_bound = true\n");
    let front = Front::start_for_strangers(&(trust + &http_server("fixture", &server.url()))).await;
    let agent = Agent::new(&provider);
    let first = agent.ping(&front, "DPoP", Some(&agent.proof("/mcp/fixture", "1", None))).await;
    assert_eq!(first.status, 401);
    assert!(first.header("www-authenticate").starts_with("DPoP error=\"use_dpop_nonce\""));
    let nonce = first.header("dpop-nonce").to_owned();
    let proof = agent.proof("/mcp/fixture", "1", Some(&nonce));
    assert_ne!(agent.ping(&front, "DPoP", Some(&proof)).await.status, 401);
    let free = provider.token(|_| ());
    let exchange = Client::modern(&front, "/mcp/fixture").with_header("authorization", &format!("Bearer {free}"));
    assert_eq!(exchange.open("ping", json!({})).await.status, 401, "a token that is not bound");
}
