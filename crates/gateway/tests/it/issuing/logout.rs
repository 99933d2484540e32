//! A person signs out at their provider (OpenID Connect Back-Channel Logout 1.0).

use super::scene::{BACK, Scene, VERIFIER, alice, answer, error, now};
use crate::client::{Client, soon, until};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

#[tokio::test]
async fn who_signs_out_at_the_provider_takes_everything_back() {
    let Some(scene) = Scene::at(&json!({ "loopback": true }), "", |_, _| String::new()).await else { return };
    let id = scene.register().await;
    let mut browser = alice().types("answer", "allow");
    let back = browser.travel(scene.ask(&id, "/mcp/fixture").as_str(), BACK).await.unwrap().redirected().unwrap();
    let tokens = scene.redeem(&id, &answer(&back, "code").unwrap(), VERIFIER).await.json().unwrap();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(scene.status("/mcp/fixture", token).await, 200);
    let client = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &format!("Bearer {token}"));
    let params = json!({ "name": "slow", "arguments": { "ms": 600_000 }, "_meta": { "progressToken": 1 } });
    let mut slow = client.open("tools/call", params).await;
    soon("progress", slow.message()).await.unwrap();

    // The provider's own page, and its own word to the gateway.
    let mut browser = browser.types("logout", "yes");
    let began = Instant::now();
    browser.travel(&scene.op.url("/session/end"), "http://never").await.unwrap();
    while soon("the end of the call's stream", slow.chunk()).await.is_some() {}
    until("the token to be refused", async || (scene.status("/mcp/fixture", token).await == 401).then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(error(&scene.refresh(&id, tokens["refresh_token"].as_str().unwrap()).await), "invalid_grant");
}

#[tokio::test]
async fn what_is_no_word_of_the_provider_about_a_sign_out_ends_nothing() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp").await;
    let token = tokens["access_token"].as_str().unwrap();
    let told = async |token: &str| {
        scene.http.post_form(&scene.url("/oauth/logout"), &[], &[("logout_token", token)]).await.unwrap().status
    };
    let made = async |change: Value, more: Value| {
        let mut claims = json!({ "sub": "alice", "aud": "gateway", "jti": "l-1", "events": { EVENT: {} } });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let mut all = json!({ "header": { "typ": "logout+jwt" }, "claims": claims });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        scene.op.mint(&all).await.unwrap()
    };
    for (why, change, more) in [
        ("about nothing", json!({ "events": null }), json!({})),
        ("about something else", json!({ "events": { "https://other.example": {} } }), json!({})),
        ("an identity token", json!({ "nonce": "n" }), json!({})),
        ("an access token", json!({}), json!({ "header": { "typ": "at+jwt" } })),
        ("for another client", json!({ "aud": "other" }), json!({})),
        ("of nobody", json!({ "sub": null }), json!({})),
        ("without a name", json!({ "jti": null }), json!({})),
        ("over", json!({ "exp": now() - 120 }), json!({})),
        ("for a day", json!({ "exp": now() + 86_400 }), json!({})),
        ("another key", json!({}), json!({ "key": "stranger" })),
        ("no signature", json!({}), json!({ "key": "none" })),
        ("another issuer", json!({}), json!({ "issuer": "other" })),
    ] {
        assert_eq!(told(&made(change, more).await).await, 400, "{why}");
    }
    assert_eq!(told("x").await, 400);
    let somebody = made(json!({ "sub": "bob" }), json!({})).await;
    assert_eq!(told(&somebody).await, 200, "who granted nothing has nothing taken back");
    assert_eq!(told(&somebody).await, 400, "again");
    assert_eq!(scene.status("/mcp", token).await, 200);
    assert_eq!(told(&made(json!({ "jti": "l-2" }), json!({})).await).await, 200);
    assert_eq!(scene.status("/mcp", token).await, 401, "at once");
}
