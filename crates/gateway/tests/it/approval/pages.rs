//! Clients that can show their person nothing: pages, and the operator's answer.

use super::{POLICY, Scene, capable, question, refusal, retried};
use crate::{
    client::{Client, soon, text_of, until},
    front::keys,
    identity::bearer,
    issuing::scene::{Scene as Issuing, alice},
};
use doorward_audit::ApprovalChange::{Approved, Asked, Declined, Used};
use doorward_gateway::{OpenQuestion, Questions};
use doorward_store::SystemClock;
use doorward_testkit::peers::{
    http::Http,
    identity::{Browser, Landed},
};
use doorward_vocab::Clock as _;
use serde_json::{Value, json};

fn desk(front: &crate::front::Front) -> Questions {
    Questions::new(front.kept(), keys(front.state_dir()))
}

async fn waiting(front: &crate::front::Front) -> OpenQuestion {
    let desk = desk(front);
    until("the question", async || desk.open(SystemClock.now()).unwrap().pop()).await
}

/// Calls again until it is not told to wait.
async fn again(client: &Client, tool: &str, arguments: &Value) -> Value {
    until("an answer that counts", async || {
        let answer = client.call(tool, arguments.clone()).await;
        (!text_of(&answer).is_some_and(|text| text.contains("must approve"))).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn an_operator_answers_for_a_client_that_shows_nothing() {
    let scene = Scene::start("").await;
    let arguments = json!({ "text": "hello" });
    for (client, yes) in [
        (Client::modern(&scene.front, "/mcp/fixture"), true),
        (Client::legacy(&scene.front, "/mcp").await, true),
        (Client::modern(&scene.front, "/mcp/fixture"), false),
    ] {
        let tool = if client.is_modern() { "echo" } else { "fixture__echo" };
        let told = refusal(&client.call(tool, arguments.clone()).await);
        let waits = waiting(&scene.front).await;
        assert!(told.contains("call again") && waits.shown.contains("│   \"text\": “hello”"), "{told} {waits:?}");
        // Nothing that the agent is told opens anything.
        let key = waits.page.as_deref().and_then(|page| page.split_once("?key=")).unwrap().1;
        assert!(!told.contains(key) && !told.contains("http"), "{told}");
        // It is still one question.
        refusal(&client.call(tool, arguments.clone()).await);
        assert_eq!(desk(&scene.front).open(SystemClock.now()).unwrap().len(), 1);
        assert!(desk(&scene.front).answer(&waits, yes, "olga").unwrap());
        assert!(!desk(&scene.front).answer(&waits, !yes, "mallory").unwrap(), "answered once");
        let answer = again(&client, tool, &arguments).await;
        match yes {
            true => assert_eq!(text_of(&answer).as_deref(), Some("hello"), "{answer}"),
            false => assert!(refusal(&answer).contains("declined"), "{answer}"),
        }
        assert!(desk(&scene.front).open(SystemClock.now()).unwrap().is_empty());
    }
    assert_eq!(scene.ran("echo").await, 2);
    let told = scene.told(&[Asked, Approved, Used, Asked, Approved, Used, Asked, Declined]).await;
    assert_eq!(told[1].by.as_ref().map(|by| &*by.name), Some("olga"));
    assert_eq!((&*told[0].way, &*told[1].way), ("page", "verb"));
}

#[tokio::test]
async fn a_call_that_waits_goes_on_when_an_operator_answers() {
    let scene = Scene::start("").await;
    let client = Client::legacy_with(&scene.front, "/mcp/fixture", capable()).await;
    let mut stream = client.open_call("echo", json!({ "text": "go" })).await;
    super::asked_on(&mut stream).await;
    let waits = waiting(&scene.front).await;
    desk(&scene.front).answer(&waits, true, "olga").unwrap();
    assert_eq!(text_of(&soon("the answer", stream.answer()).await).as_deref(), Some("go"));
}

#[tokio::test]
async fn an_address_on_this_machine_is_good_once_and_only_as_it_was_given() {
    let scene = Scene::start("").await;
    let client = Client::modern(&scene.front, "/mcp/fixture");
    let arguments = json!({ "text": "<b>bold</b>" });
    refusal(&client.call("echo", arguments.clone()).await);
    let waits = waiting(&scene.front).await;
    let page = waits.page.clone().unwrap().into_string();
    let (bare, key) = page.split_once("?key=").unwrap();
    let http = Http::default();
    let status = async |url: &str| http.get(url).await.unwrap().status;
    assert_eq!(status(bare).await, 403);
    assert_eq!(status(&format!("{bare}?key={}", key.replace(key.chars().next().unwrap(), "_"))).await, 403);
    assert_eq!(status(&format!("{bare}0?key={key}")).await, 400);
    let shown = http.get(&page).await.unwrap();
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("&lt;b&gt;bold&lt;/b&gt;") && !shown.body.contains("<b>"), "{}", shown.body);
    assert!(shown.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    // Not without the key, not for something else than what was shown, and not from another site.
    let post = async |form: &[(&str, &str)]| http.post_form(bare, &[], form).await.unwrap().status;
    let seen = doorward_vocab::Digest::of(waits.shown.as_bytes()).to_string();
    assert_eq!(post(&[("seen", &seen), ("answer", "approve")]).await, 403);
    assert_eq!(post(&[("key", key), ("answer", "approve")]).await, 400);
    let foreign = [("origin", "https://evil.example")];
    let form = [("key", key), ("seen", &*seen), ("answer", "approve")];
    assert_eq!(http.post_form(bare, &foreign, &form).await.unwrap().status, 403);
    assert_eq!(scene.ran("echo").await, 0);
    let landed = Browser::default().types("answer", "approve").travel(&page, "http://nowhere.example/").await.unwrap();
    let Landed::Page { reply, .. } = landed else { panic!("{landed:?}") };
    assert!(reply.status == 200 && reply.body.contains("Approved"), "{}", reply.body);
    assert_eq!(post(&form).await, 400, "answered once");
    assert_eq!(text_of(&client.call("echo", arguments.clone()).await).as_deref(), Some("<b>bold</b>"));
    refusal(&client.call("echo", arguments).await);
    assert_eq!(scene.ran("echo").await, 1);
    let told = scene.told(&[Asked, Approved, Used, Asked]).await;
    assert_eq!((&*told[1].way, told[1].by.as_ref().map(|by| &*by.name)), ("page", Some("ada")));
}

/// A gateway where people sign in, with calls that need approvals.
async fn with_logins() -> Option<Issuing> {
    let policy = |_: &_, folder: &std::path::Path| {
        let file = folder.join("own.cedar");
        std::fs::write(&file, POLICY).unwrap();
        format!("[policy]\nfiles = [{file:?}]\n")
    };
    Issuing::with("", policy).await
}

async fn agent_of_alice(scene: &Issuing) -> Client {
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp").await;
    Client::modern(&scene.front, "/mcp").with_header("authorization", &bearer(tokens["access_token"].as_str().unwrap()))
}

async fn visit(browser: &mut Browser, page: &str) -> (u16, String) {
    match browser.travel(page, "http://nowhere.example/").await.unwrap() {
        Landed::Page { reply, .. } => (reply.status, reply.body),
        Landed::Redirected(url) => panic!("{url}"),
    }
}

#[tokio::test]
async fn what_cannot_be_undone_is_approved_by_who_signed_in_as_the_person() {
    let Some(scene) = with_logins().await else { return };
    let client = agent_of_alice(&scene).await.capable(json!({ "elicitation": { "form": {}, "url": {} } }));
    let arguments = json!({ "path": "/tmp/x" });
    let asked = client.call("fixture__wipe", arguments.clone()).await;
    let params = question(&asked);
    assert_eq!(params["mode"], "url", "{asked}");
    let page = params["url"].as_str().unwrap().to_owned();
    assert!(page.starts_with(&scene.url("/approve/")) && !page.contains('?'), "{page}");
    // A client that says yes by itself is asked again.
    let retry = retried("fixture__wipe", arguments.clone(), &asked, "accept");
    question(&client.ask("tools/call", retry.clone()).await);
    // Somebody else approves nothing.
    let (status, body) = visit(&mut Browser::of("bob", "correct horse").types("answer", "approve"), &page).await;
    assert!(status == 403 && body.contains("for somebody else"), "{status}: {body}");
    question(&client.ask("tools/call", retry.clone()).await);
    // A session that cannot open pages is told where.
    let (status, body) = visit(&mut alice().types("answer", "approve"), &page).await;
    assert!(status == 200 && body.contains("Approved"), "{status}: {body}");
    let done = client.ask("tools/call", retry).await;
    assert_eq!(text_of(&done).as_deref(), Some("wiped /tmp/x"), "{done}");
    let told = super::approvals(&scene.front.stop().await);
    assert_eq!(told.iter().map(|a| a.change).collect::<Vec<_>>(), [Asked, Approved, Used]);
    assert_eq!((&*told[0].way, &*told[1].way, &*told[1].by.as_ref().unwrap().id), ("url", "page", "alice"));
}

#[tokio::test]
async fn a_client_that_opens_no_pages_is_told_the_address_and_a_form_is_for_what_can_be_undone() {
    let Some(scene) = with_logins().await else { return };
    let client = agent_of_alice(&scene).await.capable(json!({ "elicitation": {} }));
    // What only reads is asked about in a form.
    assert_eq!(question(&client.call("fixture__echo", json!({ "text": "x" })).await)["mode"], "form");
    let arguments = json!({ "path": "/tmp/y" });
    let told = refusal(&client.call("fixture__wipe", arguments.clone()).await);
    let page = told.split(' ').find(|word| word.starts_with("http")).unwrap_or_else(|| panic!("{told}")).to_owned();
    let (status, body) = visit(&mut alice().types("answer", "decline"), &page).await;
    assert!(status == 200 && body.contains("Not approved"), "{status}: {body}");
    let declined = client.call("fixture__wipe", arguments).await;
    assert!(refusal(&declined).contains("declined"), "{declined}");
}

#[tokio::test]
async fn an_address_of_the_operators_is_told_what_no_client_asks() {
    use crate::upstream::{Play, Upstream};
    use aws_lc_rs::hmac;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static TIMES: AtomicU32 = AtomicU32::new(0);
    // The first attempt fails.
    let desk = Upstream::start(|_| Play::Status(if TIMES.fetch_add(1, Relaxed) == 0 { 500 } else { 204 })).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "a secret of the desk that nobody knows").unwrap();
    let more = format!("[approval]\nwebhook = \"{}\"\nwebhook_secret = {{ file = {file:?} }}\n", desk.url());
    let scene = Scene::start(&more).await;
    let client = Client::modern(&scene.front, "/mcp/fixture");
    refusal(&client.call("echo", json!({ "text": "hello" })).await);
    let seen = until("two attempts", async || Some(desk.seen()).filter(|seen| seen.len() == 2)).await;
    let waits = waiting(&scene.front).await;
    for told in &seen {
        let body = told.body.clone();
        let signed = format!("{}.{}.{body}", told.header("webhook-id"), told.header("webhook-timestamp"));
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a secret of the desk that nobody knows");
        let tag = STANDARD.decode(told.header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&key, signed.as_bytes(), &tag).unwrap();
        let said = told.json();
        assert_eq!((&said["type"], &said["data"]["id"]), (&json!("approval.asked"), &json!(waits.id)), "{said}");
        // Nothing that answers is in it.
        assert_eq!(said["data"]["page"], Value::Null, "{said}");
        assert!(!body.contains(waits.page.as_deref().unwrap().split_once("?key=").unwrap().1), "{body}");
    }
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
    // What a client asks is not told.
    let client = Client::modern(&scene.front, "/mcp/fixture").capable(capable());
    question(&client.call("echo", json!({ "text": "form" })).await);
    assert_eq!(desk.seen().len(), 2);
}

#[tokio::test]
async fn nobody_is_asked_where_the_operator_says_so() {
    let scene = Scene::start("[approval]\nask = \"never\"\n").await;
    let client = Client::modern(&scene.front, "/mcp/fixture").capable(capable());
    assert!(refusal(&client.call("echo", json!({ "text": "x" })).await).contains("must approve"));
    assert!(desk(&scene.front).open(SystemClock.now()).unwrap().is_empty());
    scene.told(&[]).await;
    let scene = Scene::start("[approval]\nask = \"page\"\n").await;
    let client = Client::legacy_with(&scene.front, "/mcp/fixture", capable()).await;
    assert!(refusal(&client.call("echo", json!({ "text": "x" })).await).contains("call again"));
    waiting(&scene.front).await;
}
