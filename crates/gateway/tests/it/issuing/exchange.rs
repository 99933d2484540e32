//! A human's token and an agent's become one; a client of the operator gets one for itself.

use super::scene::{Scene, Signer, alice, claims, error, now};
use crate::{client::Client, identity::bearer};
use doorward_testkit::peers::{
    http::Reply,
    identity::{CodeFlow, OidcProvider},
};
use serde_json::{Value, json};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A platform that vouches for agents, a broker with a key, and one without.
async fn scene(more: &str) -> Option<(Scene, Signer)> {
    let signer = Signer::new();
    let scene = Scene::with(more, |op, folder| {
        let keys = folder.join("broker.json");
        std::fs::write(&keys, signer.keys(None)).unwrap();
        let platform = op.workload_issuer("platform");
        format!(
            "[[trust]]\nname = \"platform\"\nkind = \"oidc\"\nissuer = {platform:?}\n\
             [[client]]\nname = \"broker\"\ngrants = [\"token-exchange\", \"client-credentials\", \"jwt-bearer\"]\n\
             jwks_file = {keys:?}\nowner = \"ops@corp.example\"\nservers = [\"fixture\"]\n\
             [[client]]\nname = \"plain\"\ngrants = [\"token-exchange\"]\n"
        )
    })
    .await?;
    Some((scene, signer))
}

/// A human's identity token, made for the gateway.
async fn identity(scene: &Scene) -> String {
    let callback = scene.url("/oauth/callback");
    let flow = CodeFlow {
        issuer: scene.op.issuer(),
        client_id: "gateway",
        client_secret: Some("gateway-secret"),
        redirect_uri: &callback,
        scope: "openid email groups",
        resource: None,
    };
    flow.tokens(&mut alice()).await.unwrap()["id_token"].as_str().unwrap().to_owned()
}

async fn mint(op: &OidcProvider, issuer: &str, claims: Value) -> String {
    op.mint(&json!({ "issuer": issuer, "claims": claims })).await.unwrap()
}

async fn exchange(scene: &Scene, signer: &Signer, more: &[(&str, &str)]) -> Reply {
    let assertion = signer.assertion("broker", &scene.issuer, |_| ());
    let form = [
        ("grant_type", EXCHANGE),
        ("client_id", "broker"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    scene.token(&[&form, more].concat()).await
}

#[tokio::test]
async fn a_human_and_an_agent_become_one_token() {
    let Some((scene, signer)) = scene("").await else { return };
    let human = identity(&scene).await;
    let agent = mint(&scene.op, "platform", json!({ "sub": "agent-7", "aud": scene.issuer })).await;
    let both = [
        ("subject_token", &*human),
        ("subject_token_type", ID_TOKEN),
        ("actor_token", &agent),
        ("actor_token_type", JWT),
    ];
    let reply = exchange(&scene, &signer, &both).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json().unwrap();
    assert_eq!(answer["issued_token_type"], ACCESS);
    assert!(answer.get("refresh_token").is_none());
    let token = answer["access_token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!(said["idp"]["sub"], "alice");
    assert_eq!(
        (&said["act"]["sub"], &said["act"]["iss"]),
        (&json!("agent-7"), &json!(scene.op.workload_issuer("platform")))
    );
    // The broker is limited to one of two servers.
    let servers: Vec<_> = said["authorization_details"].as_array().unwrap().iter().map(|d| &d["server"]).collect();
    assert_eq!(servers, ["fixture"]);
    let client = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &bearer(token));
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    let ruling = scene.front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, ruling.human.map(|h| h.id.to_string()).as_deref()), ("agent-7", Some("alice")));

    // Nothing is handed on that may not be.
    let second = mint(&scene.op, "platform", json!({ "sub": "agent-8", "aud": scene.issuer })).await;
    let on = [
        ("subject_token", token),
        ("subject_token_type", ACCESS),
        ("actor_token", &*second),
        ("actor_token_type", JWT),
    ];
    assert_eq!(error(&exchange(&scene, &signer, &on).await), "invalid_grant");
}

#[tokio::test]
async fn what_is_missing_foreign_or_made_for_others_is_refused() {
    let Some((scene, signer)) = scene("").await else { return };
    let human = identity(&scene).await;
    let op = &scene.op;
    let ours = |sub: &str| json!({ "sub": sub, "aud": scene.issuer });
    let agent = mint(op, "platform", ours("agent-7")).await;
    let subject = [("subject_token", &*human), ("subject_token_type", ID_TOKEN)];
    // The broker proves itself, so it can act itself; who proves nothing needs an actor.
    let itself = exchange(&scene, &signer, &subject).await.json().unwrap();
    assert_eq!(claims(itself["access_token"].as_str().unwrap())["act"]["sub"], "broker");
    let plain = [&[("grant_type", EXCHANGE), ("client_id", "plain")], &subject[..]].concat();
    assert_eq!(error(&scene.token(&plain).await), "invalid_request");

    let actor = async |token: &str| {
        let form = [&subject[..], &[("actor_token", token), ("actor_token_type", JWT)]].concat();
        error(&exchange(&scene, &signer, &form).await)
    };
    let foreign =
        op.mint(&json!({ "issuer": "platform", "key": "stranger", "claims": ours("agent-7") })).await.unwrap();
    let none = op.mint(&json!({ "issuer": "platform", "key": "none", "claims": ours("agent-7") })).await.unwrap();
    let hmac =
        op.mint(&json!({ "issuer": "platform", "key": "hmac-public", "claims": ours("agent-7") })).await.unwrap();
    let unknown = mint(op, "nobody", ours("agent-7")).await;
    let elsewhere = mint(op, "platform", json!({ "sub": "agent-7", "aud": "https://other.example" })).await;
    let both = mint(op, "platform", json!({ "sub": "agent-7", "aud": [scene.issuer, "https://other.example"] })).await;
    let old = mint(op, "platform", json!({ "sub": "agent-7", "aud": scene.issuer, "exp": now() - 120 })).await;
    let login = mint(op, "platform", json!({ "sub": "agent-7", "aud": scene.issuer, "nonce": "n" })).await;
    for (why, token) in [
        ("another key", &foreign),
        ("no signature", &none),
        ("HS256 with the public key", &hmac),
        ("an unknown issuer", &unknown),
        ("another audience", &elsewhere),
        ("two audiences", &both),
        ("over", &old),
        ("the login of a human", &login),
        ("the human", &human),
    ] {
        assert_eq!(actor(token).await, "invalid_grant", "{why}");
    }

    let from = async |token: &str, kind: &str| {
        let form = [
            ("subject_token", token),
            ("subject_token_type", kind),
            ("actor_token", &*agent),
            ("actor_token_type", JWT),
        ];
        exchange(&scene, &signer, &form).await
    };
    let human_of = async |claims: Value| op.mint(&json!({ "claims": claims })).await.unwrap();
    let other = human_of(json!({ "sub": "alice", "aud": "other-client" })).await;
    assert_eq!(error(&from(&other, ID_TOKEN).await), "invalid_grant", "made for another client");
    let issuer = scene.op.workload_issuer("platform");
    let may =
        human_of(json!({ "sub": "alice", "aud": "gateway", "may_act": { "sub": "agent-7", "iss": issuer } })).await;
    assert_eq!(from(&may, ID_TOKEN).await.status, 200);
    for may in [json!({ "sub": "agent-8" }), json!({ "sub": "agent-7", "iss": "https://other.example" }), json!({})] {
        let token = human_of(json!({ "sub": "alice", "aud": "gateway", "may_act": may })).await;
        assert_eq!(error(&from(&token, ID_TOKEN).await), "invalid_grant", "{may}");
    }
    let target = [&subject[..], &[("resource", "https://other.example/mcp")]].concat();
    assert_eq!(error(&exchange(&scene, &signer, &target).await), "invalid_target");
    let other = scene.url("/mcp/other");
    let limited = [&subject[..], &[("resource", &*other)]].concat();
    assert_eq!(error(&exchange(&scene, &signer, &limited).await), "invalid_target", "the broker is for one server");
}

/// The risk that a provider sees in a sign-in is in the gateway's own token too, and policies see it.
#[tokio::test]
async fn what_a_provider_thinks_of_a_sign_in_decides_here() {
    let signer = Signer::new();
    let scene = Scene::with("", |_, folder| {
        let (keys, rules) = (folder.join("broker.json"), folder.join("risk.cedar"));
        std::fs::write(&keys, signer.keys(None)).unwrap();
        let rule = "forbid (principal is Human, action, resource) when { principal has risk && principal.risk > 60 };";
        std::fs::write(&rules, rule).unwrap();
        format!(
            "claims = {{ risk = \"how_risky\" }}\n[policy]\nfiles = [{rules:?}]\n\
             [[client]]\nname = \"broker\"\ngrants = [\"token-exchange\"]\njwks_file = {keys:?}\n"
        )
    });
    let Some(scene) = scene.await else { return };
    for (risk, seen, passes) in [(json!("medium"), json!(50), true), (json!("high"), json!(100), false)] {
        let said = json!({ "sub": "alice", "aud": "gateway", "name": "Alice", "how_risky": risk });
        let human = scene.op.mint(&json!({ "claims": said })).await.unwrap();
        let subject = [("subject_token", &*human), ("subject_token_type", ID_TOKEN)];
        let answer = exchange(&scene, &signer, &subject).await.json().unwrap();
        let token = answer["access_token"].as_str().unwrap();
        assert_eq!(claims(token)["risk"], seen);
        let client = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &bearer(token));
        let answer = client.call("echo", json!({ "text": "x" })).await;
        assert_eq!(crate::client::is_refused(&answer), !passes, "{risk}: {answer}");
    }
}

#[tokio::test]
async fn agents_hand_on_less_and_less_and_not_forever() {
    let Some((scene, signer)) = scene("hand_overs = 1").await else { return };
    let human = identity(&scene).await;
    let op = &scene.op;
    let mut subject = (human, ID_TOKEN);
    let mut said = Value::Null;
    for (at, scope) in [(1, ""), (2, "mcp:fixture")] {
        let agent = mint(op, "platform", json!({ "sub": format!("agent-{at}"), "aud": scene.issuer })).await;
        let form = [
            ("subject_token", &*subject.0),
            ("subject_token_type", subject.1),
            ("actor_token", &agent),
            ("actor_token_type", JWT),
            ("scope", scope),
        ];
        let reply = exchange(&scene, &signer, &form).await;
        assert_eq!(reply.status, 200, "{at}: {}", reply.body);
        let token = reply.json().unwrap()["access_token"].as_str().unwrap().to_owned();
        let before = std::mem::replace(&mut said, claims(&token));
        if at == 2 {
            // The outermost acts; the one before stands within. The work stays the same, the delegation does not.
            assert_eq!((&said["act"]["sub"], &said["act"]["act"]["sub"]), (&json!("agent-2"), &json!("agent-1")));
            assert_eq!((&said["txn"], &said["idp"]["sub"]), (&before["txn"], &json!("alice")));
            assert_ne!(said["dlg"], before["dlg"]);
        }
        subject = (token, ACCESS);
    }
    let third = mint(op, "platform", json!({ "sub": "agent-3", "aud": scene.issuer })).await;
    let form = [
        ("subject_token", &*subject.0),
        ("subject_token_type", ACCESS),
        ("actor_token", &third),
        ("actor_token_type", JWT),
    ];
    assert_eq!(error(&exchange(&scene, &signer, &form).await), "invalid_grant", "too deep");
}

#[tokio::test]
async fn a_client_of_the_operator_runs_alone_with_somebody_who_answers_for_it() {
    let Some((scene, signer)) = scene("").await else { return };
    let alone = async |assertion: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        scene.token(&form).await
    };
    let good = signer.assertion("broker", &scene.issuer, |_| ());
    let reply = alone(&good).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json().unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!(
        (&said["sub"], &said["client_id"], &said["att"]["lvl"]),
        (&json!("broker"), &json!("broker"), &json!(2))
    );
    assert!(said.get("act").is_none() && said.get("idp").is_none() && answer.get("refresh_token").is_none());
    let client = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &bearer(token));
    assert_eq!(client.call_text("echo", json!({ "text": "x" })).await, "x");
    let ruling = scene.front.rulings("echo", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, ruling.human), ("broker", None));

    assert_eq!(error(&alone(&good).await), "invalid_client", "the same assertion again");
    let stranger = Signer::new();
    for (why, bad) in [
        ("another key", stranger.assertion("broker", &scene.issuer, |_| ())),
        ("for somebody else", signer.assertion("broker", "https://other.example", |_| ())),
        ("over", signer.assertion("broker", &scene.issuer, |c| c["exp"] = json!(now() - 60))),
        ("for a year", signer.assertion("broker", &scene.issuer, |c| c["exp"] = json!(now() + 31_536_000))),
        ("about another", signer.assertion("broker", &scene.issuer, |c| c["sub"] = json!("plain"))),
        ("by another", signer.assertion("broker", &scene.issuer, |c| c["iss"] = json!("plain"))),
        ("without a name", signer.assertion("broker", &scene.issuer, |c| c["jti"] = Value::Null)),
        ("of nobody", signer.assertion("nobody", &scene.issuer, |_| ())),
        (
            "an access token",
            signer.sign(
                &json!({ "alg": "EdDSA", "typ": "at+jwt" }),
                &json!({ "iss": "broker", "sub": "broker", "aud": scene.issuer, "jti": "x", "exp": now() + 60 }),
            ),
        ),
        ("none", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJicm9rZXIifQ.".to_owned()),
    ] {
        assert_eq!(error(&alone(&bad).await), "invalid_client", "{why}");
    }
    let form = [("grant_type", "client_credentials"), ("client_id", "broker")];
    assert_eq!(error(&scene.token(&form).await), "invalid_client", "no proof");
    let form = [("grant_type", "client_credentials"), ("client_id", "plain")];
    assert_eq!(error(&scene.token(&form).await), "unauthorized_client");
    let id = scene.register().await;
    let form = [("grant_type", "client_credentials"), ("client_id", &*id)];
    assert_eq!(error(&scene.token(&form).await), "unauthorized_client", "registered itself");
}

#[tokio::test]
async fn a_provider_says_yes_for_its_human() {
    let Some((scene, signer)) = scene("").await else { return };
    let bearer_of = async |assertion: &str| {
        let proof = signer.assertion("broker", &scene.issuer, |_| ());
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion),
            ("client_id", "broker"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &proof),
        ];
        scene.token(&form).await
    };
    let made = async |typ: &str, change: &dyn Fn(&mut Value)| {
        let mut claims = json!({ "sub": "alice", "aud": scene.issuer, "client_id": "broker", "resource": scene.url("/mcp"), "scope": "mcp:fixture",
            "jti": NEXT.with(|n| { n.set(n.get() + 1); format!("j-{}", n.get()) }), "name": "Alice" });
        change(&mut claims);
        scene.op.mint(&json!({ "header": { "typ": typ }, "claims": claims })).await.unwrap()
    };
    let typ = "oauth-id-jag+jwt";
    let good = made(typ, &|_| ()).await;
    let reply = bearer_of(&good).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json().unwrap();
    let said = claims(answer["access_token"].as_str().unwrap());
    assert_eq!(
        (&said["idp"]["sub"], &said["act"]["sub"], &said["aud"]),
        (&json!("alice"), &json!("broker"), &json!(scene.url("/mcp")))
    );
    assert!(answer.get("refresh_token").is_none());
    assert_eq!(error(&bearer_of(&good).await), "invalid_grant", "the same again");
    type Change<'a> = &'a dyn Fn(&mut Value);
    let bad: [(&str, &str, Change<'_>, &str); 9] = [
        ("no assertion grant", "JWT", &|_| (), "invalid_grant"),
        ("an access token", "at+jwt", &|_| (), "invalid_grant"),
        ("another client", typ, &|c| c["client_id"] = json!("plain"), "invalid_grant"),
        ("another server", typ, &|c| c["aud"] = json!("https://other.example"), "invalid_grant"),
        ("over", typ, &|c| c["exp"] = json!(now() - 120), "invalid_grant"),
        ("for a day", typ, &|c| c["exp"] = json!(now() + 86_400), "invalid_grant"),
        ("no name", typ, &|c| c["jti"] = Value::Null, "invalid_grant"),
        ("another resource", typ, &|c| c["resource"] = json!("https://other.example/mcp"), "invalid_target"),
        ("no resource", typ, &|c| c["resource"] = Value::Null, "invalid_target"),
    ];
    for (why, typ, change, expected) in bad {
        let token = made(typ, change).await;
        assert_eq!(error(&bearer_of(&token).await), expected, "{why}");
    }
    let claims = json!({ "sub": "alice", "aud": scene.issuer, "client_id": "broker", "jti": "x", "resource": scene.url("/mcp") });
    let foreign = json!({ "key": "stranger", "header": { "typ": typ }, "claims": claims });
    let foreign = scene.op.mint(&foreign).await.unwrap();
    assert_eq!(error(&bearer_of(&foreign).await), "invalid_grant", "another key");
}

thread_local! {
    static NEXT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}
