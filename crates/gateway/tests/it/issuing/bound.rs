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
