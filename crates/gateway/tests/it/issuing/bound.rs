//! Tokens that are bound to a key (RFC 9449 §5).

use super::scene::{BACK, Scene, VERIFIER, claims, error};
use crate::client::Client;
use doorward_testkit::peers::{http::Reply, identity::joserfc::DpopKey};
use serde_json::json;

async fn with_proof(scene: &Scene, proof: &str, form: &[(&str, &str)]) -> Reply {
    scene.http.post_form(&scene.url("/oauth/token"), &[("dpop", proof)], form).await.unwrap()
}

#[tokio::test]
async fn who_shows_a_key_gets_tokens_that_nobody_else_can_use() {
    let Some(scene) = Scene::start("").await else { return };
    let (key, other) = (DpopKey::fresh().unwrap(), DpopKey::fresh().unwrap());
    let id = scene.register().await;
    let endpoint = scene.url("/oauth/token");
    let proof = |key: &DpopKey| key.proof("POST", &endpoint, None, &json!({})).unwrap();
    let code = scene.code(&id, "/mcp/fixture").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &*id),
        ("code", &code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let elsewhere = key.proof("POST", &scene.url("/mcp"), None, &json!({})).unwrap();
    let get = key.proof("GET", &endpoint, None, &json!({})).unwrap();
    for bad in [&*elsewhere, &*get, "x.y.z", ""] {
        assert_eq!(error(&with_proof(&scene, bad, &form).await), "invalid_dpop_proof", "{bad}");
    }
    let once = proof(&key);
    let answer = with_proof(&scene, &once, &form).await.json().unwrap();
    assert_eq!(answer["token_type"], "DPoP", "{answer}");
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["cnf"]["jkt"], json!(key.jkt()));

    let refresh = answer["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", &*id), ("refresh_token", refresh)];
    assert_eq!(error(&with_proof(&scene, &once, &form).await), "invalid_dpop_proof", "the same proof again");
    assert_eq!(error(&scene.token(&form).await), "invalid_dpop_proof", "without the key");
    assert_eq!(error(&with_proof(&scene, &proof(&other), &form).await), "invalid_dpop_proof", "with another key");
    // Who has no key could not use it, so nothing ended.
    let renewed = with_proof(&scene, &proof(&key), &form).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);

    let place = scene.url("/mcp/fixture");
    let status = async |scheme: &str, proof: &str| {
        let client =
            Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &format!("{scheme} {token}"));
        let client = if proof.is_empty() { client } else { client.with_header("dpop", proof) };
        client.post(&client.text("1", "tools/list", ""), &[]).await.status
    };
    let of = |key: &DpopKey| key.proof("POST", &place, Some(token), &json!({})).unwrap();
    assert_eq!(status("DPoP", &of(&key)).await, 200);
    assert_eq!(status("DPoP", &of(&other)).await, 401, "another key");
    assert_eq!(status("Bearer", "").await, 401, "as if it were not bound");
}

#[tokio::test]
async fn where_nonces_are_asked_for_a_proof_without_one_gives_and_opens_nothing() {
    let Some(scene) = Scene::start("dpop_nonce = true").await else { return };
    let key = DpopKey::fresh().unwrap();
    let (id, endpoint) = (scene.register().await, scene.url("/oauth/token"));
    let code = scene.code(&id, "/mcp/fixture").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &*id),
        ("code", &code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let mut nonce = String::new();
    for claims in [json!({}), json!({ "nonce": "made-up" }), json!({ "nonce": "" })] {
        let refused = with_proof(&scene, &key.proof("POST", &endpoint, None, &claims).unwrap(), &form).await;
        assert_eq!((refused.status, &*error(&refused)), (400, "use_dpop_nonce"), "{claims}");
        nonce = refused.header("dpop-nonce").unwrap().to_owned();
    }
    // The code is still good: nothing was used up by asking.
    let proof = key.proof("POST", &endpoint, None, &json!({ "nonce": nonce })).unwrap();
    let reply = with_proof(&scene, &proof, &form).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let token = reply.json().unwrap()["access_token"].as_str().unwrap().to_owned();

    let place = scene.url("/mcp/fixture");
    let shown = async |claims: &serde_json::Value| {
        let proof = key.proof("POST", &place, Some(&token), claims).unwrap();
        let client =
            Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &format!("DPoP {token}"));
        let client = client.with_header("dpop", &proof);
        client.post(&client.text("1", "tools/list", ""), &[]).await.status
    };
    assert_eq!(shown(&json!({})).await, 401);
    assert_eq!(shown(&json!({ "nonce": nonce })).await, 200);
    // Who shows no key needs no nonce: the token is a bearer's then.
    let code = scene.code(&id, "/mcp/fixture").await;
    assert_eq!(scene.redeem(&id, &code, VERIFIER).await.status, 200);
}
