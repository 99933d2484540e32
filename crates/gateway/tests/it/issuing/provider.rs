//! What the provider of a human may say, and what must not be believed.

use super::scene::{BACK, Scene, VERIFIER, alice, answer, claims, error, now};
use serde_json::{Value, json};

/// A login in which the provider's token endpoint answers with a token that is minted for the occasion.
async fn login(scene: &Scene, client: &str, token: &Value) -> (Option<String>, Option<String>) {
    let mut browser = alice().types("answer", "allow");
    let ask = scene.ask(client, "/mcp");
    let at = browser.travel(ask.as_str(), scene.op.issuer()).await.unwrap().redirected().unwrap();
    let nonce = answer(&at, "nonce").unwrap();
    let back = browser.travel(at.as_str(), &scene.url("/oauth/callback")).await.unwrap().redirected().unwrap();
    let mut token = token.clone();
    if token["claims"]["nonce"] == "right" {
        token["claims"]["nonce"] = nonce.into();
    }
    let token = scene.op.mint(&token).await.unwrap();
    let body = json!({ "access_token": "x", "token_type": "Bearer", "id_token": token });
    scene.op.trouble(&json!({ "path": "/token", "status": 200, "body": body })).await.unwrap();
    let end = browser.travel(back.as_str(), BACK).await.unwrap().redirected().unwrap();
    (answer(&end, "code"), answer(&end, "error"))
}

#[tokio::test]
async fn an_identity_token_is_for_this_login_by_this_provider_or_for_nothing() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let with = |change: Value, more: Value| {
        let mut all = json!({ "claims": { "sub": "alice", "name": "Alice", "aud": "gateway", "nonce": "right" } });
        all["claims"].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let none = || json!({});
    let (code, error) = login(&scene, &id, &with(none(), none())).await;
    assert!(code.is_some(), "{error:?}");
    for (why, token) in [
        ("another login", with(json!({ "nonce": "other" }), none())),
        ("no nonce", with(json!({ "nonce": null }), none())),
        ("another client", with(json!({ "aud": "other" }), none())),
        ("two clients", with(json!({ "aud": ["gateway", "other"] }), none())),
        ("for another client", with(json!({ "azp": "other" }), none())),
        ("another issuer", with(json!({ "iss": "https://idp.example.com" }), none())),
        ("almost the issuer", with(json!({ "iss": format!("{}/", scene.op.issuer()) }), none())),
        ("over", with(json!({ "exp": now() - 120 }), none())),
        ("of nobody", with(json!({ "sub": null }), none())),
        ("another key", with(none(), json!({ "key": "stranger" }))),
        ("no signature", with(none(), json!({ "key": "none" }))),
        ("HS256 with the public key", with(none(), json!({ "key": "hmac-public" }))),
        ("an access token", with(none(), json!({ "header": { "typ": "at+jwt" } }))),
        ("a logout token", with(none(), json!({ "header": { "typ": "logout+jwt" } }))),
    ] {
        let (code, error) = login(&scene, &id, &token).await;
        assert_eq!((code, error.as_deref()), (None, Some("access_denied")), "{why}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_ends_one_login() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    scene.op.trouble(&json!({ "path": "/token", "status": 503 })).await.unwrap();
    let mut browser = alice().types("answer", "allow");
    let back = browser.travel(scene.ask(&id, "/mcp").as_str(), BACK).await.unwrap().redirected().unwrap();
    assert_eq!(answer(&back, "error").as_deref(), Some("access_denied"));
    scene.code(&id, "/mcp").await;
}

#[tokio::test]
async fn a_restart_ends_neither_keys_nor_grants() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp").await;
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let (first, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    let jwks = async || scene.http.get(&scene.url("/oauth/jwks")).await.unwrap().json().unwrap();
    let before = jwks().await;
    assert_eq!(before["keys"].as_array().unwrap().len(), 2, "a pair");
    let renewed = scene.refresh(&id, &refresh).await.json().unwrap();
    assert_ne!(claims(&text(&renewed["access_token"]))["jti"], claims(&first)["jti"]);
    let scene = scene.restart().await;
    let after = scene.http.get(&scene.url("/oauth/jwks")).await.unwrap().json().unwrap();
    assert_eq!(after, before);
    assert_eq!(scene.status("/mcp", &first).await, 200);
    let renewed = scene.refresh(&id, &text(&renewed["refresh_token"])).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    assert_eq!(error(&scene.refresh(&id, &refresh).await), "invalid_grant");
    let code = scene.code(&id, "/mcp").await;
    assert_eq!(scene.redeem(&id, &code, VERIFIER).await.status, 200);
}

#[tokio::test]
async fn strangers_are_slowed_down() {
    let Some(scene) = Scene::start("").await else { return };
    let body = json!({ "redirect_uris": [BACK] });
    let mut said = Vec::new();
    for _ in 0..80 {
        said.push(scene.http.post_json(&scene.url("/oauth/register"), &body).await.unwrap().status);
    }
    assert!(said.iter().take(60).all(|status| *status == 201) && said.contains(&429), "{said:?}");
    // What needs no store goes on.
    assert_eq!(scene.http.get(&scene.url("/oauth/jwks")).await.unwrap().status, 200);
}
