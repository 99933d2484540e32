//! Clients that are named by the address of a document, and more than one provider.

use super::scene::{BACK, Scene, VERIFIER, alice, answer, claims, error};
use doorward_testkit::peers::identity::{Browser, Landed, OidcProvider};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A site of a client's maker: the document at its own address, others elsewhere. Counts what it is asked.
async fn site() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (own, asked) = (base.clone(), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut head = [0; 4096];
            let n = socket.read(&mut head).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&head[..n]).into_owned();
            let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
            let document = |id: &str, back: &str| {
                json!({ "client_id": format!("{own}{id}"), "client_name": "Documented", "redirect_uris": [back] })
                    .to_string()
            };
            let (status, body) = match path.as_str() {
                "/client.json" => ("200 OK", document("/client.json", BACK)),
                "/stolen.json" => ("200 OK", document("/client.json", BACK)),
                "/elsewhere.json" => ("200 OK", document("/elsewhere.json", "https://app.example.com/cb")),
                "/secret.json" => ("200 OK", document("/secret.json", BACK).replace("client_name", "client_secret")),
                "/large.json" => ("200 OK", " ".repeat(80_000)),
                "/moved.json" => ("302 Found\r\nLocation: /client.json", String::new()),
                _ => ("404 Not Found", String::new()),
            };
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (base, asked)
}

#[tokio::test]
async fn a_document_names_its_client_and_nobody_else() {
    let Some(scene) = Scene::start("").await else { return };
    let (base, asked) = site().await;
    let id = format!("{base}/client.json");
    let tokens = scene.tokens(&id, "/mcp").await;
    assert_eq!(claims(tokens["access_token"].as_str().unwrap())["client_id"], json!(id));
    assert_eq!(asked.load(Ordering::Relaxed), 1, "fetched once for all of it");
    for bad in ["/stolen.json", "/elsewhere.json", "/secret.json", "/large.json", "/moved.json", "/nothing.json"] {
        let ask = scene.ask(&format!("{base}{bad}"), "/mcp");
        match alice().travel(ask.as_str(), BACK).await.unwrap() {
            Landed::Page { reply, .. } => assert_eq!(reply.status, 400, "{bad}"),
            Landed::Redirected(url) => panic!("{bad} was sent to {url}"),
        }
    }
    // Addresses inside: nobody is asked.
    for inside in ["https://169.254.169.254/latest/meta-data/client.json", "https://10.0.0.1/client.json"] {
        match alice().travel(scene.ask(inside, "/mcp").as_str(), BACK).await.unwrap() {
            Landed::Page { reply, .. } => assert_eq!(reply.status, 400, "{inside}"),
            Landed::Redirected(url) => panic!("{inside} was sent to {url}"),
        }
    }
}

#[tokio::test]
async fn the_operator_says_how_clients_come_to_be_known() {
    let Some(scene) = Scene::start("registration = [\"document\"]\ndocument_hosts = [\"app.example.com\"]").await
    else {
        return;
    };
    let metadata = scene.http.get(&scene.url("/.well-known/oauth-authorization-server")).await.unwrap().json().unwrap();
    assert_eq!(metadata.get("registration_endpoint"), None);
    let body = json!({ "redirect_uris": [BACK] });
    assert_eq!(error(&scene.http.post_json(&scene.url("/oauth/register"), &body).await.unwrap()), "invalid_request");
    let (base, asked) = site().await;
    let ask = scene.ask(&format!("{base}/client.json"), "/mcp");
    assert!(matches!(alice().travel(ask.as_str(), BACK).await.unwrap(), Landed::Page { .. }));
    assert_eq!(asked.load(Ordering::Relaxed), 0, "this host is not read");
}

/// A gateway with a second provider.
async fn two() -> Option<(Scene, OidcProvider)> {
    let other = std::sync::OnceLock::new();
    let scene = Scene::with("", |_, _| {
        let second = OidcProvider::start(&json!({
            "users": [{ "id": "alice", "email": "alice@other.example", "name": "Another Alice" }],
            "clients": [{ "client_id": "gateway", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1:1/never"] }],
        }))
        .unwrap();
        let table = format!(
            "[[trust]]\nname = \"partner\"\nkind = \"oidc\"\nissuer = {:?}\nclient_id = \"gateway\"\n",
            second.issuer()
        );
        let _ = other.set(second);
        table
    })
    .await?;
    Some((scene, other.into_inner()?))
}

#[tokio::test]
async fn of_two_providers_the_human_chooses_and_neither_speaks_for_the_other() {
    let Some((scene, other)) = two().await else { return };
    let id = scene.register().await;
    let ask = scene.ask(&id, "/mcp");
    let Landed::Page { reply, .. } = Browser::default().travel(ask.as_str(), BACK).await.unwrap() else { panic!() };
    assert!(reply.body.contains("provider=corp") && reply.body.contains("provider=partner"), "{}", reply.body);
    assert!(reply.header("content-security-policy").unwrap().contains("default-src 'none'"));

    // The way to each, as the browser would go.
    let to = async |browser: &mut Browser, provider: &str, issuer: &str| {
        let mut ask = ask.clone();
        ask.query_pairs_mut().append_pair("provider", provider);
        browser.travel(ask.as_str(), issuer).await.unwrap().redirected().unwrap()
    };
    let mut browser = alice().types("answer", "allow");
    let at = to(&mut browser, "corp", scene.op.issuer()).await;
    assert_eq!(answer(&at, "client_id").as_deref(), Some("gateway"));
    assert!(answer(&at, "nonce").is_some() && answer(&at, "code_challenge_method").as_deref() == Some("S256"));
    // An answer of the other provider, for the request to this one (RFC 9207).
    let callback = scene.url("/oauth/callback");
    let honest = browser.travel(at.as_str(), &callback).await.unwrap().redirected().unwrap();
    let mixed = honest.as_str().replace(
        &url::form_urlencoded::byte_serialize(scene.op.issuer().as_bytes()).collect::<String>(),
        &url::form_urlencoded::byte_serialize(other.issuer().as_bytes()).collect::<String>(),
    );
    assert_ne!(mixed, honest.as_str());
    let back = browser.travel(&mixed, BACK).await.unwrap().redirected().unwrap();
    assert_eq!((answer(&back, "error").as_deref(), answer(&back, "code")), (Some("access_denied"), None));
    // The login is used up: the honest answer comes too late.
    let Landed::Page { reply, .. } = browser.travel(honest.as_str(), BACK).await.unwrap() else { panic!() };
    assert_eq!(reply.status, 400);

    // In another browser it is not taken either, and without an `iss` from a provider that always says it, neither.
    let at = to(&mut browser, "corp", scene.op.issuer()).await;
    let honest = browser.travel(at.as_str(), &callback).await.unwrap().redirected().unwrap();
    let Landed::Page { reply, .. } = alice().travel(honest.as_str(), BACK).await.unwrap() else { panic!() };
    assert_eq!(reply.status, 403);
    let at = to(&mut browser, "corp", scene.op.issuer()).await;
    let honest = browser.travel(at.as_str(), &callback).await.unwrap().redirected().unwrap();
    let without: String = honest.as_str().split("&iss=").next().unwrap().to_owned();
    let back = browser.travel(&without, BACK).await.unwrap().redirected().unwrap();
    assert_eq!(answer(&back, "error").as_deref(), Some("access_denied"));

    let mut honest = ask.clone();
    honest.query_pairs_mut().append_pair("provider", "corp");
    let back = browser.travel(honest.as_str(), BACK).await.unwrap().redirected().unwrap();
    let code = answer(&back, "code").unwrap();
    let tokens: Value = scene.redeem(&id, &code, VERIFIER).await.json().unwrap();
    assert_eq!(claims(tokens["access_token"].as_str().unwrap())["idp"]["iss"], json!(scene.op.issuer()));
}

#[tokio::test]
async fn sse_has_metadata_of_its_own() {
    let Some(scene) = Scene::start("").await else { return };
    for path in ["/sse", "/sse/fixture"] {
        let refused = scene.http.get(&scene.url(path)).await.unwrap();
        assert_eq!(refused.status, 401);
        let place = scene.url(&format!("/.well-known/oauth-protected-resource{path}"));
        assert!(refused.header("www-authenticate").unwrap().contains(&place));
        let document = scene.http.get(&place).await.unwrap().json().unwrap();
        assert_eq!(document["resource"], json!(scene.url(path)));
    }
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/sse/fixture").await;
    let token = tokens["access_token"].as_str().unwrap();
    // It is the same endpoint, spoken to in another way.
    assert_eq!((scene.status("/mcp/fixture", token).await, scene.status("/mcp/other", token).await), (200, 401));
}
