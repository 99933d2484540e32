//! What a person's own provider gave when they signed in here is exchanged for what opens a server.

use super::scene::whoami;
use crate::{
    client::{Client, until},
    identity::bearer,
    issuing::scene::{Scene, claims},
};
use doorward_store::{Grants as _, SystemClock};
use doorward_testkit::peers::{Running, free_port, guarded_fixture, identity::OidcProvider};
use doorward_vocab::Clock as _;
use serde_json::{Value, json};
use std::cell::RefCell;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The client that a person lets act, and its delegation.
async fn signed_in(scene: &Scene) -> (Client, String) {
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp").await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let delegation = claims(&token)["dlg"].as_str().unwrap().to_owned();
    (Client::modern(&scene.front, "/mcp/files").with_header("authorization", &bearer(&token)), delegation)
}

fn resources(url: &str) -> Value {
    json!({ url: { "scope": "files:read files:write" }, "https://mcp.example/mcp": { "scope": "files:read" } })
}

/// A server whose credential is exchanged for the ID token of the sign-in.
async fn exchanging(ttl: &Value) -> Option<(Scene, Running, String)> {
    let (port, running) = (free_port().unwrap(), RefCell::new(None::<Running>));
    let url = format!("http://127.0.0.1:{port}/mcp");
    let options = json!({ "resources": resources(&url), "ttl": ttl });
    let scene = Scene::at(&options, "", |op, folder| {
        let (process, url) = guarded_fixture(port, op.issuer(), &[]).unwrap();
        *running.borrow_mut() = Some(process);
        format!(
            "[[server]]\nname = \"files\"\npolling = \"*\"\nurl = {url:?}\ncredential = \"files\"\n\
             [[credential]]\nname = \"files\"\nkind = \"token-exchange\"\nissuer = {:?}\nclient_id = \"gateway\"\n\
             client_secret = {{ file = {:?} }}\nsubject = \"login\"\nactor = \"none\"\nscopes = [\"files:read\"]\n",
            op.issuer(),
            folder.join("secret"),
        )
    })
    .await?;
    Some((scene, running.into_inner().unwrap(), url))
}

#[tokio::test]
async fn an_id_token_becomes_a_token_for_the_server_and_is_renewed() {
    // Over at once by the margin of a minute, so it is renewed before it is exchanged.
    let Some((scene, _running, url)) = exchanging(&json!({ "IdToken": 45 })).await else { return };
    let (client, _) = signed_in(&scene).await;
    let claims = whoami(&client).await;
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("alice"), &json!(url)));
    let counts = scene.op.counts().await.unwrap();
    assert_eq!((&counts["granted"]["refresh_token"], &counts["granted"][EXCHANGE]), (&json!(1), &json!(1)), "{counts}");
}

#[tokio::test]
async fn what_was_fetched_under_a_delegation_ends_with_it() {
    let Some((scene, _running, url)) = exchanging(&json!({})).await else { return };
    let (client, delegation) = signed_in(&scene).await;
    whoami(&client).await;
    scene.front.grants().revoke(&delegation, "ada", SystemClock.now()).unwrap();
    until("the agent to be refused", async || {
        let list = client.post(&client.text("1", "tools/list", ""), &[]).await;
        (list.status == 401).then_some(())
    })
    .await;
    let seen = scene.http.get(&url.replace("/mcp", "/test-control/seen")).await.unwrap().json().unwrap();
    // What the same person grants anew begins anew.
    let (client, _) = signed_in(&scene).await;
    whoami(&client).await;
    assert_eq!(scene.op.counts().await.unwrap()["granted"][EXCHANGE], 2);
    let after = scene.http.get(&url.replace("/mcp", "/test-control/seen")).await.unwrap().json().unwrap();
    assert_eq!((&seen["tokens"], &after["tokens"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn the_identity_provider_lets_people_in_at_another_authorization_server() {
    let (port, kept) = (free_port().unwrap(), RefCell::new(None::<(Running, OidcProvider)>));
    let url = format!("http://127.0.0.1:{port}/mcp");
    let scene = Scene::at(&json!({}), "", |op, folder| {
        let there = json!({
            "resources": resources(&url),
            "trusted": [{ "issuer": op.issuer(), "jwks_uri": op.url("/jwks") }],
            "clients": [{ "client_id": "gateway", "client_secret": "gateway-secret", "redirect_uris": [], "response_types": [],
                "grant_types": [BEARER] }],
        });
        let there = OidcProvider::start(&there).unwrap();
        let (process, url) = guarded_fixture(port, there.issuer(), &[]).unwrap();
        let secret = folder.join("secret");
        let toml = format!(
            "[[server]]\nname = \"files\"\npolling = \"*\"\nurl = {url:?}\ncredential = \"files\"\n\
             [[credential]]\nname = \"files\"\nkind = \"id-jag\"\nissuer = {:?}\nclient_id = \"gateway\"\n\
             client_secret = {{ file = {secret:?} }}\nscopes = [\"files:read\"]\n\
             [credential.identity]\nissuer = {:?}\nclient_id = \"gateway\"\nclient_secret = {{ file = {secret:?} }}\n",
            there.issuer(),
            op.issuer(),
        );
        *kept.borrow_mut() = Some((process, there));
        toml
    })
    .await;
    let Some(scene) = scene else { return };
    let (client, _) = signed_in(&scene).await;
    let claims = whoami(&client).await;
    let kept = kept.into_inner();
    let (_, there) = kept.as_ref().unwrap();
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("alice"), &json!(url)));
    assert_eq!((&claims["iss"], &claims["scope"]), (&json!(there.issuer()), &json!("files:read")));
    whoami(&client).await;
    assert_eq!(scene.op.counts().await.unwrap()["granted"][EXCHANGE], 1);
    assert_eq!(there.counts().await.unwrap()["granted"][BEARER], 1);
}

#[tokio::test]
async fn a_grant_that_is_none_is_not_passed_on() {
    let (port, kept) = (free_port().unwrap(), RefCell::new(None::<Running>));
    let url = format!("http://127.0.0.1:{port}/mcp");
    let scene = Scene::at(&json!({ "resources": resources(&url) }), "", |op, folder| {
        let (process, url) = guarded_fixture(port, op.issuer(), &[]).unwrap();
        *kept.borrow_mut() = Some(process);
        let secret = folder.join("secret");
        format!(
            "[[server]]\nname = \"files\"\npolling = \"*\"\nurl = {url:?}\ncredential = \"files\"\n\
             [[credential]]\nname = \"files\"\nkind = \"id-jag\"\nissuer = {:?}\nclient_id = \"gateway\"\n\
             client_secret = {{ file = {secret:?} }}\n\
             [credential.identity]\nissuer = {:?}\nclient_id = \"gateway\"\nclient_secret = {{ file = {secret:?} }}\n",
            op.issuer(),
            op.issuer(),
        )
    })
    .await;
    let Some(scene) = scene else { return };
    let (client, _) = signed_in(&scene).await;
    let jag = "urn:ietf:params:oauth:token-type:id-jag";
    let claims = json!({ "sub": "alice", "aud": "https://evil.example" });
    let elsewhere = scene.op.mint(&json!({ "claims": claims })).await.unwrap();
    let body = json!({ "access_token": elsewhere, "token_type": "N_A", "issued_token_type": jag, "expires_in": 60 });
    scene.op.trouble(&json!({ "path": "/token", "status": 200, "body": body, "times": 9 })).await.unwrap();
    let answer = client.call("whoami", json!({})).await;
    assert_eq!(answer["error"]["data"], "credential", "{answer}");
    assert_eq!(scene.op.counts().await.unwrap()["granted"].get(BEARER), None);
}
