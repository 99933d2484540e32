//! A person signs in at another house's provider: only the configuration is another one.

use super::scene::{BACK, VERIFIER, answer, challenge, claims, error};
use crate::{
    client::Client,
    front::{Front, http_server},
    identity::bearer,
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::{
        free_port,
        http::Http,
        identity::{Browser, Landed, ZitadelOp, go_installed},
    },
};
use serde_json::json;
use url::Url;

#[tokio::test]
async fn a_person_of_a_second_provider_lets_an_agent_call() {
    if !go_installed("a login at a second provider").unwrap() {
        return;
    }
    let (port, folder) = (free_port().unwrap(), tempfile::tempdir().unwrap());
    let issuer = format!("http://127.0.0.1:{port}");
    let op = ZitadelOp::start(&[&format!("{issuer}/oauth/callback")]).unwrap();
    let server = Server::start(Options::default()).await.unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let toml = format!(
        "[authorization]\n[assurance]\ndelete = 2\n[[trust]]\nname = \"second\"\nkind = \"oidc\"\nissuer = {:?}\n\
         client_id = \"web\"\nclient_secret = {{ file = {secret:?} }}\nlogin_scopes = [\"email\", \"profile\"]\n{}",
        op.issuer(),
        http_server("fixture", &server.url()),
    );
    let front = Front::start_on(port, &toml).await;
    let http = Http::default();
    let registered = json!({ "client_name": "agent", "redirect_uris": [BACK] });
    let reply = http.post_json(&format!("{issuer}/oauth/register"), &registered).await.unwrap();
    let id = reply.json().unwrap()["client_id"].as_str().unwrap().to_owned();
    let mut ask = Url::parse(&format!("{issuer}/oauth/authorize")).unwrap();
    ask.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &id)
        .append_pair("redirect_uri", BACK)
        .append_pair("state", "st")
        .append_pair("code_challenge", &challenge())
        .append_pair("code_challenge_method", "S256");
    // Somebody who does not know the password gets nowhere.
    let mut stranger = Browser::of("test-user@127.0.0.1", "guessed").types("answer", "allow");
    let landed = stranger.travel(ask.as_str(), BACK).await.unwrap();
    assert!(matches!(&landed, Landed::Page { url, .. } if url.as_str().starts_with(op.issuer())), "{landed:?}");

    let person = || Browser::of("test-user@127.0.0.1", "verysecure");
    let back = person().types("answer", "allow").travel(ask.as_str(), BACK).await.unwrap().redirected().unwrap();
    let code = answer(&back, "code").unwrap_or_else(|| panic!("{back}"));
    let form = |code: &str| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", &*id),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let redeem = async |code: &str| {
        let form = form(code);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        http.post_form(&format!("{issuer}/oauth/token"), &[], &form).await.unwrap()
    };
    let tokens = redeem(&code).await.json().unwrap();
    let token = tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}"));
    let said = claims(token);
    assert_eq!(said["idp"]["iss"], op.issuer(), "{said}");
    let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(token));
    assert_eq!(client.call_text("echo", json!({ "text": "hello" })).await, "hello");
    let ruling = front.rulings("echo", 1).await.remove(0);
    assert_eq!(ruling.human.map(|h| h.id.to_string()), said["idp"]["sub"].as_str().map(str::to_owned));
    assert_eq!(error(&redeem(&code).await), "invalid_grant", "a code is good once");

    // This provider says when somebody signed in, and that is enough for what one factor may do.
    let tokens = {
        let back = person().types("answer", "allow").travel(ask.as_str(), BACK).await.unwrap().redirected().unwrap();
        redeem(&answer(&back, "code").unwrap()).await.json().unwrap()
    };
    let token = tokens["access_token"].as_str().unwrap();
    let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(token));
    let client = client.capable(json!({ "elicitation": { "url": {} } }));
    let asked = client.call("wipe", json!({ "path": "/x" })).await;
    let page = crate::approval::question(&asked)["url"].as_str().unwrap().to_owned();
    let landed = person().types("answer", "approve").travel(&page, "http://nowhere.example/").await.unwrap();
    let Landed::Page { reply, .. } = landed else { panic!("{landed:?}") };
    assert!(reply.status == 200 && reply.body.contains("Approved"), "{}", reply.body);
    let retry = crate::approval::retried("wipe", json!({ "path": "/x" }), &asked, "accept");
    let done = client.ask("tools/call", retry).await;
    assert_eq!(crate::client::text_of(&done).as_deref(), Some("wiped /x"), "{done}");
}
