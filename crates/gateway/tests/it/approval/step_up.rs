//! Calls under a floor of assurance: their person signs in anew for just this.

use super::{approvals, asked_on, question, refusal, retried};
use crate::{
    client::{Client, soon, text_of},
    identity::bearer,
    issuing::scene::{Scene, alice, answer},
};
use doorward_audit::{
    ApprovalChange::{Asked, Used},
    Party,
};
use doorward_testkit::peers::{
    http::Reply,
    identity::{Browser, Landed},
};
use doorward_vocab::Assurance;
use serde_json::{Value, json};
use url::Url;

const TOOL: &str = "fixture__wipe";

/// Agents that registered themselves have assurance 0, and what deletes needs `floor`.
async fn scene(floor: u8) -> Option<Scene> {
    Scene::with("", |_, _| format!("[assurance]\ndelete = {floor}\n")).await
}

fn pages() -> Value {
    json!({ "elicitation": { "url": {} } })
}

async fn agent(scene: &Scene, browser: Browser) -> String {
    let id = scene.register().await;
    let ask = scene.ask(&id, "/mcp");
    let mut browser = browser.types("answer", "allow");
    let back = browser.travel(ask.as_str(), crate::issuing::scene::BACK).await.unwrap().redirected().unwrap();
    let code = answer(&back, "code").unwrap();
    let tokens = scene.redeem(&id, &code, crate::issuing::scene::VERIFIER).await.json().unwrap();
    bearer(tokens["access_token"].as_str().unwrap())
}

fn bob() -> Browser {
    Browser::of("bob", "correct horse")
}

async fn visit(browser: &mut Browser, page: &str) -> Reply {
    match browser.travel(page, "http://nowhere.example/").await.unwrap() {
        Landed::Page { reply, .. } => reply,
        Landed::Redirected(url) => panic!("{url}"),
    }
}

#[tokio::test]
async fn who_signs_in_anew_and_well_enough_lets_just_this_call_go_on() {
    let Some(scene) = scene(3).await else { return };
    let token = agent(&scene, alice()).await;
    let client = Client::modern(&scene.front, "/mcp").with_header("authorization", &token).capable(pages());
    let arguments = json!({ "path": "/tmp/x" });
    let asked = client.call(TOOL, arguments.clone()).await;
    let params = question(&asked);
    assert_eq!(params["mode"], "url", "{asked}");
    let page = params["url"].as_str().unwrap().to_owned();
    let retry = retried(TOOL, arguments.clone(), &asked, "accept");
    // The client's word is nothing, and so is an operator's: it is not theirs to answer.
    question(&client.ask("tools/call", retry.clone()).await);
    let desk = doorward_gateway::Questions::new(scene.front.kept(), crate::front::keys(scene.front.state_dir()));
    assert!(desk.open(doorward_vocab::Timestamp::default()).unwrap().is_empty());
    let gateway = &scene.front.gateway;
    assert!(gateway.open_questions().is_empty());
    let told = approvals(&scene.front.records());
    assert!(!told.is_empty() && !told.iter().any(|a| gateway.answer_question(&a.id, true, Party::new("op", "Op"))));
    // A browser that is signed in at the provider already is asked again.
    let mut browser = alice().types("answer", "approve");
    browser.travel(&page, &scene.url("/oauth/callback")).await.unwrap().redirected().unwrap();
    let at = browser.travel(&page, scene.op.issuer()).await.unwrap().redirected().unwrap();
    assert_eq!((answer(&at, "prompt").as_deref(), answer(&at, "max_age").as_deref()), (Some("login"), Some("0")));
    let reply = visit(&mut browser, &page).await;
    assert!(reply.status == 200 && reply.body.contains("Approved"), "{}", reply.body);
    let done = client.ask("tools/call", retry.clone()).await;
    assert_eq!(text_of(&done).as_deref(), Some("wiped /tmp/x"), "{done}");
    // Once: the next call of the same is another question, and another call was never meant.
    for again in [arguments, json!({ "path": "/tmp/y" })] {
        question(&client.call(TOOL, again).await);
    }
    let ruling =
        scene.front.rulings("wipe", 3).await.into_iter().find(|r| r.decision == doorward_vocab::Decision::Allow);
    let ruling = ruling.unwrap();
    assert_eq!(ruling.assurance, Assurance::Asserted, "the agent is no better proven than before");
    assert!(ruling.reasons[0].text.contains("signed in for just this"), "{:?}", ruling.reasons);
    let told = approvals(&scene.front.stop().await);
    assert_eq!((&*told[0].way, &*told[1].way, told[2].change), ("url", "sign-in", Used));
    assert_eq!(&*told[1].by.as_ref().unwrap().id, "alice");
}

#[tokio::test]
async fn a_call_in_a_session_waits_for_the_sign_in() {
    let Some(scene) = scene(3).await else { return };
    let token = agent(&scene, alice()).await;
    let client = Client::modern(&scene.front, "/mcp").with_header("authorization", &token);
    let client = client.open_session(pages()).await;
    let mut stream = client.open_call(TOOL, json!({ "path": "/tmp/x" })).await;
    let asked = asked_on(&mut stream).await;
    assert_eq!(asked["params"]["mode"], "url", "{asked}");
    let page = asked["params"]["url"].as_str().unwrap();
    client.reply(&asked["id"], json!({ "action": "accept" })).await;
    let reply = visit(&mut alice().types("answer", "approve"), page).await;
    assert!(reply.body.contains("Approved"), "{}", reply.body);
    assert_eq!(text_of(&soon("the answer", stream.answer()).await).as_deref(), Some("wiped /tmp/x"));
}

#[tokio::test]
async fn a_sign_in_that_is_old_weak_or_somebody_elses_lifts_nothing() {
    // Bob has a password and nothing else.
    let Some(scene) = scene(3).await else { return };
    let token = agent(&scene, bob()).await;
    let client = Client::modern(&scene.front, "/mcp").with_header("authorization", &token).capable(pages());
    let arguments = json!({ "path": "/tmp/x" });
    let asked = client.call(TOOL, arguments.clone()).await;
    let page = question(&asked)["url"].as_str().unwrap().to_owned();
    let reply = visit(&mut bob().types("answer", "approve"), &page).await;
    assert!(reply.status == 403 && reply.body.contains("stronger sign-in"), "{}", reply.body);
    let reply = visit(&mut alice().types("answer", "approve"), &page).await;
    assert!(reply.status == 403 && reply.body.contains("for somebody else"), "{}", reply.body);
    // A provider that says of an earlier sign-in, or of none, that it is the one that was asked for.
    for claims in [json!({ "auth_time": crate::issuing::scene::now() - 600 }), json!({})] {
        let mut browser = bob().types("answer", "approve");
        let at: Url = browser.travel(&page, scene.op.issuer()).await.unwrap().redirected().unwrap();
        let back = browser.travel(at.as_str(), &scene.url("/oauth/callback")).await.unwrap().redirected().unwrap();
        let mut said =
            json!({ "sub": "bob", "name": "Bob", "aud": "gateway", "nonce": answer(&at, "nonce"), "amr": ["mfa"] });
        said.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let minted = scene.op.mint(&json!({ "claims": said })).await.unwrap();
        let body = json!({ "access_token": "x", "token_type": "Bearer", "id_token": minted });
        scene.op.trouble(&json!({ "path": "/token", "status": 200, "body": body })).await.unwrap();
        let reply = visit(&mut browser, back.as_str()).await;
        assert!(reply.status == 403 && reply.body.contains("Sign in anew"), "{}", reply.body);
    }
    question(&client.ask("tools/call", retried(TOOL, arguments.clone(), &asked, "accept")).await);
    assert_eq!(approvals(&scene.front.records()).iter().map(|a| a.change).collect::<Vec<_>>(), [Asked]);
    // Who is not asked on a page is told what is missing, and nobody is asked.
    for capabilities in [json!({}), json!({ "elicitation": {} }), json!({ "elicitation": { "form": {} } })] {
        let client = Client::modern(&scene.front, "/mcp").with_header("authorization", &token).capable(capabilities);
        let told = refusal(&client.call(TOOL, json!({ "path": "/tmp/z" })).await);
        assert!(told.contains("A stronger sign-in is needed") && !told.contains("http"), "{told}");
    }
    assert_eq!(approvals(&scene.front.stop().await).len(), 1);
}

#[tokio::test]
async fn two_factors_are_no_hardware() {
    let Some(scene) = scene(4).await else { return };
    let token = agent(&scene, alice()).await;
    let client = Client::modern(&scene.front, "/mcp").with_header("authorization", &token).capable(pages());
    let asked = client.call(TOOL, json!({ "path": "/tmp/x" })).await;
    let page = question(&asked)["url"].as_str().unwrap().to_owned();
    let reply = visit(&mut alice().types("answer", "approve"), &page).await;
    assert!(reply.status == 403 && reply.body.contains("stronger sign-in"), "{}", reply.body);
}
