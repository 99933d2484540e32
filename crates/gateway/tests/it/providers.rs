//! Tokens and proofs that others made: a certified provider, and a library that signs proofs.

use crate::{
    client::{Client, Exchange},
    front::{Front, http_server},
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::{
        identity::{OidcProvider, joserfc::DpopKey},
        installed,
    },
};
use doorward_vocab::Assurance;
use http::Method;
use serde_json::{Value, json};

const PUBLIC: &str = "https://gw.example.com";

/// At level `watch`, where a run without a person needs no owner.
fn trust(kind: &str, issuer: &str, more: &str) -> String {
    format!(
        "level = \"watch\"\npublic_url = \"{PUBLIC}\"\n[[trust]]\nname = \"it\"\nkind = \"{kind}\"\nissuer = \"{issuer}\"\naudience = \"{PUBLIC}/mcp\"\n{more}\n"
    )
}

async fn status(front: &Front, headers: &[(&str, &str)]) -> u16 {
    let mut all = vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    all.extend(headers);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    Exchange::open(front.address, Method::POST, "/mcp/fixture", &all, ping).await.status
}

#[tokio::test]
async fn a_platforms_token_is_an_agent() {
    if !installed("tokens of a platform").unwrap() {
        return;
    }
    let (server, provider) =
        (Server::start(Options::default()).await.unwrap(), OidcProvider::start(&json!({})).unwrap());
    let issuer = provider.workload_issuer("cluster");
    let toml =
        trust("kubernetes", &issuer, "require = { namespace = \"prod\" }") + &http_server("fixture", &server.url());
    let front = Front::start_for_strangers(&toml).await;
    let mint = async |namespace: &str, key: &str| {
        let claims = json!({ "sub": format!("system:serviceaccount:{namespace}:triage"), "aud": format!("{PUBLIC}/mcp"),
            "kubernetes.io": { "namespace": namespace, "serviceaccount": { "name": "triage", "uid": "u" } } });
        provider.mint(&json!({ "issuer": "cluster", "claims": claims, "key": key })).await.unwrap()
    };
    let with = async |token: &str| status(&front, &[("authorization", &format!("Bearer {token}"))]).await;
    let token = mint("prod", "ES256").await;
    let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &format!("Bearer {token}"));
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    let ruling = front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, &*ruling.agent.name), ("system:serviceaccount:prod:triage", "prod/triage"));
    assert_eq!((ruling.assurance, ruling.human), (Assurance::PlatformToken, None));
    assert_ne!(with(&mint("prod", "RS256").await).await, 401);
    for (why, token) in [
        ("another namespace", mint("prod-2", "ES256").await),
        ("a stranger's key", mint("prod", "stranger").await),
        ("no signature", mint("prod", "none").await),
        ("the public key as a secret", mint("prod", "hmac-public").await),
    ] {
        assert_eq!(with(&token).await, 401, "{why}");
    }
    assert_eq!(front.rulings("wipe", 1).await.len(), 1);
}

#[tokio::test]
async fn a_proof_by_another_library_shows_the_key_and_only_once() {
    if !installed("proofs by another library").unwrap() {
        return;
    }
    let (server, provider) =
        (Server::start(Options::default()).await.unwrap(), OidcProvider::start(&json!({})).unwrap());
    let issuer = provider.workload_issuer("idp");
    let toml = trust("oidc", &issuer, "dpop_nonce = true") + &http_server("fixture", &server.url());
    let front = Front::start_for_strangers(&toml).await;
    let (key, thief) = (DpopKey::fresh().unwrap(), DpopKey::fresh().unwrap());
    let claims =
        json!({ "sub": "u-1", "client_id": "agent-7", "aud": format!("{PUBLIC}/mcp"), "cnf": { "jkt": key.jkt() } });
    let token = provider.mint(&json!({ "issuer": "idp", "claims": claims })).await.unwrap();
    let url = format!("{PUBLIC}/mcp/fixture");
    let authorization = format!("DPoP {token}");
    let first = key.proof("POST", &url, Some(&token), &json!({})).unwrap();
    let headers = [("authorization", &*authorization), ("dpop", &*first), ("content-type", "application/json")];
    let asked = Exchange::open(front.address, Method::POST, "/mcp/fixture", &headers, "{}").await;
    assert_eq!(asked.status, 401);
    assert!(asked.header("www-authenticate").contains("use_dpop_nonce"));
    let nonce = asked.header("dpop-nonce").to_owned();
    let proof = |key: &DpopKey, more: Value| {
        let mut all = json!({ "nonce": nonce });
        all.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        key.proof("POST", &url, Some(&token), &all).unwrap()
    };
    let show = async |proof: &str| status(&front, &[("authorization", &*authorization), ("dpop", proof)]).await;
    let good = proof(&key, json!({}));
    assert_ne!(show(&good).await, 401);
    assert_eq!(show(&good).await, 401, "again");
    for (why, proof) in [
        ("another key", proof(&thief, json!({}))),
        ("another method", proof(&key, json!({ "htm": "GET" }))),
        ("another address", proof(&key, json!({ "htu": format!("{PUBLIC}/mcp") }))),
        ("another token", proof(&key, json!({ "ath": "AAAA" }))),
        ("long ago", proof(&key, json!({ "iat": 1_700_000_000 }))),
        ("another nonce", proof(&key, json!({ "nonce": "x" }))),
    ] {
        assert_eq!(show(&proof).await, 401, "{why}");
    }
    assert_eq!(status(&front, &[("authorization", &format!("Bearer {token}"))]).await, 401, "stolen");
}
