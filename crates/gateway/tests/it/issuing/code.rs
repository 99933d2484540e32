//! A human signs in, allows it, and a client gets tokens.

use super::scene::{BACK, Scene, VERIFIER, alice, answer, claims, error};
use crate::{
    client::{Client, until},
    identity::bearer,
};
use doorward_audit::{DelegationChange, Event};
use doorward_store::{Grants, SystemClock};
use doorward_testkit::peers::identity::{Browser, Landed, joserfc};
use doorward_vocab::{Assurance, Clock};
use http::{Request, header};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_stranger_finds_the_way_to_a_token_and_calls() {
    let Some(scene) = Scene::start("").await else { return };
    // Nothing but the address of the endpoint is known.
    let client = Client::modern(&scene.front, "/mcp/fixture");
    let refused = client.post(&client.text("1", "tools/list", ""), &[]).await;
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").to_owned();
    let place = challenge.split("resource_metadata=\"").nth(1).and_then(|r| r.split('"').next()).unwrap();
    let resource = scene.http.get(place).await.unwrap().json().unwrap();
    assert_eq!(resource["resource"], scene.url("/mcp/fixture"));
    assert_eq!(resource["authorization_servers"], json!([scene.issuer]));
    for name in ["oauth-authorization-server", "openid-configuration"] {
        let found = scene.http.get(&scene.url(&format!("/.well-known/{name}"))).await.unwrap().json().unwrap();
        assert_eq!(found["issuer"], json!(scene.issuer), "{name}");
    }
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp/fixture").await;
    assert_eq!(tokens["token_type"], "Bearer");
    let access = tokens["access_token"].as_str().unwrap();
    // Another library reads it by the published keys.
    let jwks = scene.http.get(&scene.url("/oauth/jwks")).await.unwrap().json().unwrap();
    let said = joserfc::claims(access, &jwks, Some(&scene.issuer), &scene.url("/mcp/fixture")).unwrap();
    assert_eq!(said["idp"], json!({ "iss": scene.op.issuer(), "sub": "alice" }), "{said}");
    assert_eq!((&said["client_id"], &said["act"]["sub"]), (&json!(id), &json!(id)));
    assert_eq!((&said["acr"], &said["amr"]), (&json!("urn:mfa"), &json!(["pwd", "otp"])));
    assert_eq!(said["att"]["lvl"], 0, "a client that registered itself proves nothing");
    assert_eq!(said["authorization_details"][0]["server"], "fixture");
    assert!(said["exp"].as_u64().unwrap() - said["iat"].as_u64().unwrap() <= 600);

    let client = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &bearer(access));
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    let ruling = scene.front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, ruling.assurance), (&*id, Assurance::Asserted));
    assert_eq!(ruling.human.map(|h| h.id.to_string()).as_deref(), Some("alice"));
    // It was asked for one endpoint.
    for (path, status) in [("/mcp/fixture", 200), ("/mcp", 401), ("/mcp/other", 401)] {
        assert_eq!(scene.status(path, access).await, status, "{path}");
    }
    let all = scene.tokens(&id, "/mcp").await;
    assert_eq!(scene.status("/mcp", all["access_token"].as_str().unwrap()).await, 200);
}

#[tokio::test]
async fn a_code_is_good_once_for_whom_it_was_given_to() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let other = scene.register().await;
    let code = scene.code(&id, "/mcp").await;
    assert_eq!(error(&scene.redeem(&other, &code, VERIFIER).await), "invalid_grant");
    assert_eq!(error(&scene.redeem(&id, &code, VERIFIER).await), "invalid_grant", "gone with the first try");
    let code = scene.code(&id, "/mcp").await;
    assert_eq!(error(&scene.redeem(&id, &code, &VERIFIER.replace('d', "e")).await), "invalid_grant");
    let code = scene.code(&id, "/mcp").await;
    let form = [("grant_type", "authorization_code"), ("client_id", &*id), ("code", &*code)];
    assert_eq!(error(&scene.token(&form).await), "invalid_request", "no verifier");
    let code = scene.code(&id, "/mcp/fixture").await;
    let other = scene.url("/mcp/other");
    let form = [&form[..2], &[("code", &*code), ("code_verifier", VERIFIER), ("resource", &*other)]].concat();
    assert_eq!(error(&scene.token(&form).await), "invalid_target");
    // Used twice: somebody has a copy, and what was made of it ends.
    let code = scene.code(&id, "/mcp").await;
    let tokens = scene.redeem(&id, &code, VERIFIER).await.json().unwrap();
    assert_eq!(error(&scene.redeem(&id, &code, VERIFIER).await), "invalid_grant");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(error(&scene.refresh(&id, refresh).await), "invalid_grant");
    assert_eq!(scene.status("/mcp", tokens["access_token"].as_str().unwrap()).await, 401);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_copy_ends_all() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let first = scene.tokens(&id, "/mcp").await;
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    let second = scene.refresh(&id, &text(&first["refresh_token"])).await.json().unwrap();
    let (a, b) = (claims(&text(&first["access_token"])), claims(&text(&second["access_token"])));
    assert_eq!((&a["dlg"], &a["txn"], &a["sub"]), (&b["dlg"], &b["txn"], &b["sub"]));
    assert_ne!(a["jti"], b["jti"]);
    let wide = [("grant_type", "refresh_token"), ("client_id", &*id), ("scope", "mcp:payroll")];
    let wide = [&wide[..], &[("refresh_token", second["refresh_token"].as_str().unwrap())]].concat();
    assert_eq!(error(&scene.token(&wide).await), "invalid_scope");
    let third = scene.refresh(&id, &text(&second["refresh_token"])).await.json().unwrap();
    // The first one again.
    assert_eq!(error(&scene.refresh(&id, &text(&second["refresh_token"])).await), "invalid_grant");
    assert_eq!(error(&scene.refresh(&id, &text(&third["refresh_token"])).await), "invalid_grant", "the family ended");
    for token in ["dwr_", "dwr_x.y", "x", "dwr_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"] {
        assert_eq!(error(&scene.refresh(&id, token).await), "invalid_grant", "{token}");
    }
}

#[tokio::test]
async fn of_fifty_that_refresh_at_once_one_does_at_most() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp").await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let all = futures_util::future::join_all((0..50).map(|_| scene.refresh(&id, refresh))).await;
    let good: Vec<_> = all.iter().filter(|reply| reply.status == 200).collect();
    // The one that was first may find that the second ended the grant before its token was made.
    assert!(good.len() <= 1, "{}", good.len());
    assert!(all.iter().filter(|reply| reply.status != 200).all(|reply| error(reply) == "invalid_grant"));
    // Which of the fifty was the thief, nobody knows: the human is asked again.
    let next = good.first().map(|reply| reply.json().unwrap()["refresh_token"].as_str().unwrap().to_owned());
    for token in [refresh].into_iter().chain(next.as_deref()) {
        assert_eq!(error(&scene.refresh(&id, token).await), "invalid_grant");
    }
    assert_eq!(scene.status("/mcp", tokens["access_token"].as_str().unwrap()).await, 401, "the grant is over");
}

#[tokio::test]
async fn what_is_asked_in_the_wrong_way_goes_nowhere() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let good = scene.ask(&id, "/mcp").to_string();
    // Nobody can be told: the human sees a page.
    for (from, to) in [
        ("127.0.0.1%3A1%2Fcallback", "127.0.0.1%3A1%2Fother"),
        ("127.0.0.1%3A1%2Fcallback", "evil.example.com%2Fcallback"),
        ("client_id=c_", "client_id=c_x"),
        ("state=st", "state=st&state=st"),
    ] {
        assert!(good.contains(from), "{from}");
        match alice().travel(&good.replacen(from, to, 1), "http://never").await.unwrap() {
            Landed::Page { reply, .. } => assert_eq!(reply.status, 400, "{to}"),
            Landed::Redirected(url) => panic!("sent to {url}"),
        }
    }
    // The client is told.
    for (from, to, error) in [
        ("code_challenge_method=S256", "code_challenge_method=plain", "invalid_request"),
        ("code_challenge_method=S256", "x=y", "invalid_request"),
        ("response_type=code", "response_type=token", "unsupported_response_type"),
        ("%2Fmcp", "%2Fmcp%2Fnothing", "invalid_target"),
        ("state=st", "state=st&prompt=none", "interaction_required"),
    ] {
        assert!(good.contains(from), "{from}");
        let back = alice().travel(&good.replacen(from, to, 1), BACK).await.unwrap().redirected().unwrap();
        assert_eq!(answer(&back, "error").as_deref(), Some(error), "{to}");
        assert_eq!(answer(&back, "iss").as_deref(), Some(&*scene.issuer));
        assert_eq!(answer(&back, "code"), None);
    }
}

#[tokio::test]
async fn a_human_can_say_no_and_another_browser_can_say_nothing() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let ask = scene.ask(&id, "/mcp").to_string();
    let back = alice().types("answer", "deny").travel(&ask, BACK).await.unwrap().redirected().unwrap();
    assert_eq!((answer(&back, "error").as_deref(), answer(&back, "code")), (Some("access_denied"), None));

    // Alice comes to the page that asks, and somebody else gets hold of its address.
    let consent = scene.url("/oauth/consent");
    let page = alice().travel(&ask, &consent).await.unwrap().redirected().unwrap();
    match Browser::default().travel(page.as_str(), BACK).await.unwrap() {
        Landed::Page { reply, .. } => {
            assert_eq!(reply.status, 403);
            assert!(!reply.body.contains("alice"), "{}", reply.body);
        }
        Landed::Redirected(url) => panic!("sent to {url}"),
    }
    let ticket = answer(&page, "ticket").unwrap();
    let body = format!("ticket={ticket}&answer=allow&hours=8&server=fixture&seen=sha256:{}", "0".repeat(64));
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let forged = Request::post(&consent).header(kind.0, kind.1).body(body.clone()).unwrap();
    assert_eq!(scene.http.send(forged).await.unwrap().status, 403);
    let cross = Request::post(&consent).header(kind.0, kind.1).header(header::ORIGIN, "https://evil.example.com");
    assert_eq!(scene.http.send(cross.body(body).unwrap()).await.unwrap().status, 403);
}

#[tokio::test]
async fn the_page_shows_what_is_granted_and_can_not_be_framed() {
    let Some(scene) = Scene::start("hand_overs = 1").await else { return };
    let id = scene.register().await;
    let consent = scene.url("/oauth/consent");
    let mut browser = alice();
    let at = browser.travel(scene.ask(&id, "/mcp").as_str(), &consent).await.unwrap().redirected().unwrap();
    // A button that is not there is not pressed: the journey ends on the page, after the last form came back.
    let Landed::Page { reply, .. } = Browser::default().travel(at.as_str(), BACK).await.unwrap() else { panic!() };
    assert_eq!(reply.header("x-frame-options"), Some("DENY"));
    assert!(reply.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    browser = browser.types("answer", "allow");
    let back = browser.travel(at.as_str(), BACK).await.unwrap().redirected().unwrap();
    assert!(answer(&back, "code").is_some());
    // It was answered.
    let Landed::Page { reply, .. } = browser.travel(at.as_str(), BACK).await.unwrap() else { panic!() };
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn tokens_are_taken_back() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let revoke = async |token: &str, client: &str| {
        let form = [("token", token), ("client_id", client)];
        scene.http.post_form(&scene.url("/oauth/revoke"), &[], &form).await.unwrap().status
    };
    for which in ["refresh_token", "access_token"] {
        let tokens = scene.tokens(&id, "/mcp").await;
        let other = scene.register().await;
        let (token, refresh) = (tokens[which].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
        assert_eq!(revoke(token, &other).await, 200, "says nothing, does nothing");
        let refreshed = scene.refresh(&id, refresh).await;
        assert_eq!(refreshed.status, 200, "{which}: {}", refreshed.body);
        let tokens = refreshed.json().unwrap();
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(scene.status("/mcp", access).await, 200);
        assert_eq!(revoke(tokens[which].as_str().unwrap(), &id).await, 200);
        assert_eq!(scene.status("/mcp", access).await, 401, "at once, although the token is not over");
        assert_eq!(error(&scene.refresh(&id, tokens["refresh_token"].as_str().unwrap()).await), "invalid_grant");
    }
    assert_eq!(revoke("nonsense", &id).await, 200);
}

/// What a person granted is taken back elsewhere, as `doorward delegation revoke` does.
#[tokio::test]
async fn what_was_granted_is_over_when_it_is_taken_back() {
    let Some(scene) = Scene::start("").await else { return };
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp").await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(scene.status("/mcp", token).await, 200);
    let said = claims(token);
    let delegation = said["dlg"].as_str().unwrap();
    assert_eq!(scene.front.grants().revoke(delegation, "ada", SystemClock.now()).unwrap(), [delegation.into()]);
    let began = Instant::now();
    until("the token to be refused", async || (scene.status("/mcp", token).await == 401).then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(error(&scene.refresh(&id, tokens["refresh_token"].as_str().unwrap()).await), "invalid_grant");
    let changes: Vec<_> = scene
        .front
        .records()
        .into_iter()
        .filter_map(|record| if let Event::Delegation(d) = record.event { Some(d) } else { None })
        .collect();
    let [granted, revoked] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((granted.change, &*granted.id), (DelegationChange::Granted, delegation));
    assert!(granted.consent.is_some() && granted.until.is_some());
    assert_eq!(granted.human.as_ref().map(|h| &*h.id), Some("alice"));
    assert_eq!(revoked.change, DelegationChange::Revoked);
    assert_eq!(revoked.by.as_ref().map(|by| &*by.name), Some("ada"));
    assert_eq!(revoked.human.as_ref().map(|h| &*h.id), Some("alice"));
}
