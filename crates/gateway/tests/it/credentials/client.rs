//! The gateway's own account.

use super::scene::{Scene, agent, refused, whoami};
use crate::{client::until, front::Front};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_token_is_for_the_server_and_serves_until_it_is_nearly_over() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let front = Front::start(&scene.toml("client-credentials", &(scene.client() + "scopes = [\"files:read\"]"))).await;
    let agent = agent(&front);
    let claims = whoami(&agent).await;
    assert_eq!(claims["aud"], json!(scene.server), "{claims}");
    assert_eq!((&claims["client_id"], &claims["scope"]), (&json!("doorward"), &json!("files:read")));
    whoami(&agent).await;
    assert_eq!(scene.grants("client_credentials").await, (1, 0));
    assert_eq!(scene.seen().await["tokens"], 1);
}

#[tokio::test]
async fn it_is_renewed_before_it_ends_and_nobody_waits_for_that() {
    let Some(scene) = Scene::start(4, &json!({})).await else { return };
    let front = Front::start(&scene.toml("client-credentials", &scene.client())).await;
    let agent = agent(&front);
    whoami(&agent).await;
    until("another token", async || {
        whoami(&agent).await;
        (scene.seen().await["tokens"].as_u64()? > 1).then_some(())
    })
    .await;
    assert_eq!(scene.seen().await["refused"], 0);
}

#[tokio::test]
async fn many_calls_at_two_gateways_make_one_request() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let toml = scene.toml("client-credentials", &scene.client());
    let front = Front::start(&toml).await;
    let beside = front.beside(&toml, Duration::ZERO).await;
    // Their lists are read first, which needs the same token.
    let agents: Vec<_> = [&front, &beside].map(agent).into();
    let calls = (0..50).map(|n| whoami(&agents[n % 2]));
    for claims in join_all(calls).await {
        assert_eq!(claims["client_id"], "doorward");
    }
    assert_eq!(scene.grants("client_credentials").await, (1, 0));
    assert_eq!(scene.seen().await["tokens"], 1);
}

#[tokio::test]
async fn a_client_that_is_not_known_is_not_tried_again() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    std::fs::write(scene.folder.path().join("secret"), "another secret").unwrap();
    let front = Front::start(&scene.toml("client-credentials", &scene.client())).await;
    let agent = agent(&front);
    for _ in 0..3 {
        let told = refused(&agent).await;
        assert!(told.contains("There is no credential") && !told.contains("invalid_client"), "{told}");
    }
    assert_eq!(scene.asked().await, 1);
}

#[tokio::test]
async fn a_provider_that_fails_is_left_alone_and_asked_again_later() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let front = Front::start(&scene.toml("client-credentials", &scene.client())).await;
    let agent = agent(&front);
    scene.trouble(1, 503, &json!({})).await;
    let told = refused(&agent).await;
    assert!(told.contains("Try again in a moment"), "{told}");
    until("it answers again", async || {
        let answer = agent.call("whoami", json!({})).await;
        answer.get("result").map(drop)
    })
    .await;
    // One failed, one succeeded: the calls between were not passed on.
    assert_eq!(scene.asked().await, 2);
}

#[tokio::test]
async fn a_provider_that_is_slow_ends_the_call() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let front = Front::start(&scene.toml("client-credentials", &scene.client())).await;
    scene.op.trouble(&json!({ "path": "/token", "times": 1, "delay": 20_000 })).await.unwrap();
    let began = std::time::Instant::now();
    let told = refused(&agent(&front)).await;
    assert!(told.contains("Try again in a moment"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_must_not_be_used_is_not_used() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let token = async |aud: &str| scene.op.mint(&json!({ "claims": { "sub": "x", "aud": aud } })).await.unwrap();
    let answer = |token: &str, kind: &str| json!({ "access_token": token, "token_type": kind, "expires_in": 60 });
    let (ours, theirs) = (token(&scene.server).await, token("https://other.example/mcp").await);
    for (why, body) in [
        ("for another server", answer(&theirs, "Bearer")),
        ("bound to a key", answer(&ours, "DPoP")),
        ("no token type", json!({ "access_token": ours })),
        ("over", json!({ "access_token": ours, "token_type": "Bearer", "expires_in": 0 })),
        ("no token", json!({ "token_type": "Bearer" })),
    ] {
        let front = Front::start(&scene.toml("client-credentials", &scene.client())).await;
        scene.trouble(1, 200, &body).await;
        let told = refused(&agent(&front)).await;
        assert!(told.contains("There is no credential"), "{why}: {told}");
    }
    assert_eq!(scene.seen().await["requests"], 0);
}

#[tokio::test]
async fn a_server_that_takes_a_token_no_more_gets_one_other() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let front = Front::start(&scene.toml("client-credentials", &scene.client())).await;
    let agent = agent(&front);
    whoami(&agent).await;
    scene.refuse(1, 401, "").await;
    whoami(&agent).await;
    assert_eq!(scene.grants("client_credentials").await, (2, 0));
    scene.refuse(2, 401, "").await;
    let told = refused(&agent).await;
    assert!(told.contains("There is no credential"), "{told}");
    assert_eq!(scene.grants("client_credentials").await, (3, 0));
}

#[tokio::test]
async fn a_key_of_the_operator_proves_who_the_gateway_is() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (point, b64) = (key.public_key().as_ref(), |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "k1", "x": b64(&point[1..33]), "y": b64(&point[33..]), "use": "sig" });
    let client = json!({
        "client_id": "keyed", "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
        "jwks": { "keys": [jwk] }, "grant_types": ["client_credentials"], "redirect_uris": [], "response_types": [],
    });
    let Some(scene) = Scene::start(300, &json!({ "clients": [client] })).await else { return };
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(key.to_pkcs8v1().unwrap().as_ref())
    );
    let path = scene.folder.path().join("key.pem");
    std::fs::write(&path, pem).unwrap();
    let keys = format!("client_id = \"keyed\"\nclient_key = {{ file = {path:?} }}\nclient_key_id = \"k1\"\n");
    let front = Front::start(&scene.toml("client-credentials", &keys)).await;
    assert_eq!(whoami(&agent(&front)).await["client_id"], "keyed");
}
