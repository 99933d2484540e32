//! People's own accounts: connected in a browser, by whom they belong to, and used for them alone.

use super::scene::{Scene, agent, whoami};
use crate::{
    client::{Client, until},
    front::Front,
    identity::bearer,
};
use doorward_store::{Keep as _, KeptKind};
use doorward_testkit::peers::{
    free_port,
    identity::{Browser, Landed},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

/// Nothing of the authorization server is configured: the server says who that is.
fn toml(scene: &Scene, keys: &str) -> String {
    format!(
        "[[server]]\nname = \"files\"\npolling = \"*\"\nurl = {:?}\ncredential = \"files\"\n\
         [[credential]]\nname = \"files\"\nkind = \"oauth\"\n{keys}\n",
        scene.server
    )
}

/// The address that a call is answered with.
pub(crate) async fn invitation(client: &Client) -> String {
    let answer = client.call("whoami", json!({})).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    let text = crate::client::text_of(&answer).unwrap();
    let address = text.split(' ').find(|word| word.starts_with("http")).unwrap_or_else(|| panic!("{text}"));
    address.to_owned()
}

fn alice() -> Browser {
    Browser::of("alice", "correct horse")
}

/// Opens an address; where that ends. The provider asks twice in the same words: for the gateway where people sign in, and for
/// the gateway at the server.
async fn travel(browser: &mut Browser, address: &str, end: &str) -> Landed {
    let mut landed = browser.travel(address, end).await.unwrap();
    for _ in 0..3 {
        match &landed {
            Landed::Page { url, reply } if reply.body.contains("<title>provider</title>") => {
                landed = browser.travel(url.as_str(), end).await.unwrap();
            }
            _ => break,
        }
    }
    landed
}

/// Opens an address; the page at the end.
pub(crate) async fn open(browser: &mut Browser, address: &str) -> (u16, String) {
    match travel(browser, address, "http://nowhere.example/").await {
        Landed::Page { reply, .. } => (reply.status, reply.body),
        Landed::Redirected(url) => panic!("{url}"),
    }
}

async fn connect(browser: &mut Browser, client: &Client) {
    let (status, page) = open(browser, &invitation(client).await).await;
    assert!(status == 200 && page.contains("Connected"), "{status}: {page}");
}

#[tokio::test]
async fn an_account_is_connected_once_and_used_until_it_is_taken_back() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let toml = toml(&scene, "");
    let front = Front::start(&toml).await;
    let beside = front.beside(&toml, Duration::ZERO).await;
    let client = agent(&front);
    let address = invitation(&client).await;
    assert_eq!(invitation(&client).await, address, "asked twice, invited once");
    connect(&mut alice(), &client).await;
    // Two gateways share what she granted, and fifty calls need one token.
    let agents: Vec<_> = [&front, &beside].map(agent).into();
    let calls = (0..50).map(|n| whoami(&agents[n % 2]));
    for claims in join_all(calls).await {
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!("alice"), &json!(scene.server)));
    }
    assert_eq!(scene.grants("refresh_token").await, (1, 0));
    assert_eq!(scene.seen().await["tokens"], 1);
    // Taken back at the provider: she is asked again, and the provider is not asked in vain.
    scene.refuse(1, 401, "").await;
    scene.trouble(1, 400, &json!({ "error": "invalid_grant" })).await;
    let again = invitation(&client).await;
    let asked = scene.asked().await;
    assert!(!again.is_empty());
    invitation(&client).await;
    assert_eq!(scene.asked().await, asked);
    connect(&mut alice(), &client).await;
    until("it works again", async || {
        let answer = client.call("whoami", json!({})).await;
        (answer["result"]["isError"] != true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_opens_addresses_is_asked_to() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let front = Front::start(&toml(&scene, "")).await;
    let client = agent(&front).capable(json!({ "elicitation": { "url": {} } }));
    let answer = client.call("whoami", json!({})).await;
    let asked = &answer["result"]["inputRequests"]["dev.doorward/connect"];
    assert_eq!(
        (&answer["result"]["resultType"], &asked["method"]),
        (&json!("input_required"), &json!("elicitation/create"))
    );
    assert_eq!(asked["params"]["mode"], "url", "{answer}");
    let (status, page) = open(&mut alice(), asked["params"]["url"].as_str().unwrap()).await;
    assert!(status == 200, "{status}: {page}");
    until("it goes on", async || {
        let answered = json!({ "dev.doorward/connect": { "action": "accept" } });
        let again =
            client.ask("tools/call", json!({ "name": "whoami", "arguments": {}, "inputResponses": answered })).await;
        (again["result"]["isError"] != true && again["result"]["content"].is_array()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_that_was_used_is_refused_and_leads_to_a_question() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let front = Front::start(&toml(&scene, "")).await;
    let client = agent(&front);
    connect(&mut alice(), &client).await;
    let old = front.kept().all(KeptKind::Grant).unwrap().remove(0);
    until("it works", async || {
        let answer = client.call("whoami", json!({})).await;
        (answer["result"]["isError"] != true).then_some(())
    })
    .await;
    // As if what took its place had been lost.
    front.kept().put(&old).unwrap();
    scene.refuse(1, 401, "").await;
    let address = invitation(&client).await;
    assert_eq!(scene.grants("refresh_token").await, (1, 1));
    assert!(front.kept().all(KeptKind::Grant).unwrap().is_empty());
    let (status, _) = open(&mut alice(), &address).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_refresh_token_is_turned_over_each_time() {
    let Some(scene) = Scene::start(4, &json!({})).await else { return };
    let front = Front::start(&toml(&scene, "")).await;
    let client = agent(&front);
    connect(&mut alice(), &client).await;
    until("three tokens", async || {
        client.call("whoami", json!({})).await;
        (scene.seen().await["tokens"].as_u64()? >= 3).then_some(())
    })
    .await;
    // This provider refuses a refresh token that was used, and all that came of it.
    let (granted, refused) = scene.grants("refresh_token").await;
    assert!(granted >= 3 && refused == 0, "{granted} {refused}");
}

#[tokio::test]
async fn what_cannot_be_had_for_a_moment_takes_nothing_back() {
    let Some(scene) = Scene::start(300, &json!({})).await else { return };
    let front = Front::start(&toml(&scene, "")).await;
    let client = agent(&front);
    connect(&mut alice(), &client).await;
    scene.trouble(1, 503, &json!({})).await;
    until("it works", async || {
        let answer = client.call("whoami", json!({})).await;
        (answer.get("result").is_some() && answer["result"]["isError"] != true).then_some(())
    })
    .await;
    assert_eq!(scene.grants("refresh_token").await, (1, 0));
}

/// A gateway at which people sign in, whose callers show tokens of the provider.
struct Many {
    scene: Scene,
    front: Front,
    issuer: String,
}

impl Many {
    async fn start() -> Option<Self> {
        let port = free_port().unwrap();
        let issuer = format!("http://127.0.0.1:{port}");
        let gateway = json!({
            "client_id": "gateway", "client_secret": super::scene::SECRET, "redirect_uris": [format!("{issuer}/oauth/callback")],
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let scene = Scene::start(300, &json!({ "clients": [gateway] })).await?;
        let all = format!(
            "level = \"watch\"\n[authorization]\n[[trust]]\nname = \"corp\"\nkind = \"oidc\"\nissuer = {:?}\n\
             client_id = \"gateway\"\nclient_secret = {{ file = {:?} }}\naudience = \"{issuer}/mcp\"\n{}",
            scene.op.issuer(),
            scene.folder.path().join("secret"),
            toml(&scene, "scopes = [\"openid\", \"email\", \"files:read\"]\n"),
        );
        let front = Front::start_on(port, &all).await;
        Some(Self { scene, front, issuer })
    }

    async fn agent(&self, human: &str) -> Client {
        let claims =
            json!({ "sub": human, "client_id": "agent-7", "aud": format!("{}/mcp", self.issuer), "scope": "mcp" });
        let token = self.scene.op.mint(&json!({ "claims": claims, "header": { "typ": "at+jwt" } })).await.unwrap();
        Client::modern(&self.front, "/mcp/files").with_header("authorization", &bearer(&token))
    }
}

#[tokio::test]
async fn an_address_connects_nobody_else() {
    let Some(many) = Many::start().await else { return };
    let (alices, bobs) = (many.agent("alice").await, many.agent("bob").await);
    let address = invitation(&alices).await;
    // Bob opens what was meant for Alice: her agent would act with his account.
    let mut bob = Browser::of("bob", "correct horse");
    let (status, page) = open(&mut bob, &address).await;
    assert!(status == 403 && page.contains("This is for somebody else"), "{status}: {page}");
    invitation(&alices).await;
    // Alice opens it herself.
    let (status, page) = open(&mut alice(), &address).await;
    assert!(status == 200 && page.contains("alice@corp.example"), "{status}: {page}");
    until("her account serves", async || {
        let answer = alices.call("whoami", json!({})).await;
        (answer["result"]["isError"] != true).then_some(())
    })
    .await;
    assert_eq!(whoami(&alices).await["sub"], "alice");
    // What she granted serves nobody else.
    let his = invitation(&bobs).await;
    assert_ne!(his, address);
    let (status, page) = open(&mut bob, &his).await;
    assert!(status == 200, "{status}: {page}");
    until("his account serves", async || {
        let answer = bobs.call("whoami", json!({})).await;
        (answer["result"]["isError"] != true).then_some(())
    })
    .await;
    assert_eq!((&whoami(&bobs).await["sub"], &whoami(&alices).await["sub"]), (&json!("bob"), &json!("alice")));
}

#[tokio::test]
async fn an_answer_ends_in_the_browser_that_asked_and_of_the_server_that_was_asked() {
    let Some(many) = Many::start().await else { return };
    let alices = many.agent("alice").await;
    let back = format!("{}/oauth/connected", many.issuer);
    let reach = async |browser: &mut Browser| {
        travel(browser, &invitation(&alices).await, &back).await.redirected().unwrap().to_string()
    };
    // The end of her way opened elsewhere.
    let end = reach(&mut alice()).await;
    let (status, page) = open(&mut Browser::of("bob", "correct horse"), &end).await;
    assert!(status == 403 && page.contains("another browser"), "{status}: {page}");
    for (why, change) in [
        ("another server", ("iss=", "iss=https%3A%2F%2Fevil.example&x=")),
        ("no server", ("iss=", "x=")),
        ("another code", ("code=", "code=x")),
        ("an error", ("code=", "error=access_denied&x=")),
    ] {
        let mut browser = alice();
        let end = reach(&mut browser).await;
        assert!(end.contains(change.0), "{end}");
        let (status, page) = open(&mut browser, &end.replace(change.0, change.1)).await;
        assert!(status == 502 && page.contains("Not connected"), "{why}: {status}: {page}");
        // Each answer counts once.
        let (status, _) = open(&mut browser, &end).await;
        assert_eq!(status, 400, "{why}");
    }
    let (status, _) = open(&mut alice(), &format!("{}/oauth/connect?ticket=x", many.issuer)).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_server_that_wants_more_leads_to_a_question() {
    let Some(many) = Many::start().await else { return };
    let alices = many.agent("alice").await;
    let mut browser = alice();
    connect(&mut browser, &alices).await;
    until("her account serves", async || {
        let answer = alices.call("whoami", json!({})).await;
        (answer["result"]["isError"] != true).then_some(())
    })
    .await;
    let answer = alices.call("write", json!({})).await;
    let text = crate::client::text_of(&answer).unwrap();
    assert!(text.contains("allow more"), "{answer}");
    let address = text.split(' ').find(|word| word.starts_with("http")).unwrap();
    let (status, page) = open(&mut browser, address).await;
    assert!(status == 200, "{status}: {page}");
    until("it may write", async || {
        let answer: Value = alices.call("write", json!({})).await;
        (crate::client::text_of(&answer).as_deref() == Some("written")).then_some(())
    })
    .await;
}
