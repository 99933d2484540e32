//! Workloads that bring a statement of their platform as a grant (RFC 7523 §2.1).

use super::scene::{Scene, Signer, claims, error, now};
use crate::{
    client::Client,
    front::{Front, http_server},
    identity::bearer,
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::{
        free_port,
        http::{Http, Reply},
        identity::{WorkloadApi, go_installed, joserfc::DpopKey},
    },
};
use doorward_vocab::Assurance;
use serde_json::{Value, json};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TRIAGE: &str = "system:serviceaccount:prod:triage";

/// A cluster whose service accounts are agents, a field of agents, an issuer of people alone, and a client with a key.
async fn scene() -> Option<(Scene, Signer)> {
    let signer = Signer::new();
    let scene = Scene::with("access_token = \"5m\"", |op, folder| {
        let keys = folder.join("broker.json");
        std::fs::write(&keys, signer.keys(None)).unwrap();
        let trust = |name: &str, rest: &str| {
            format!("[[trust]]\nname = {name:?}\nissuer = {:?}\n{rest}\n", op.workload_issuer(name))
        };
        let entries = [
            trust("cluster", "kind = \"kubernetes\"\nrequire = { namespace = \"prod\" }"),
            trust("field", "kind = \"oidc\"\nsubject = \"agent\""),
            trust("people", "kind = \"oidc\"\nsubject = \"human\""),
            trust("usual", "kind = \"oidc\""),
        ];
        format!(
            "{}[[client]]\nname = \"broker\"\ngrants = [\"jwt-bearer\"]\njwks_file = {keys:?}\nservers = [\"fixture\"]\n\
             [[client]]\nname = \"other\"\ngrants = [\"token-exchange\"]\njwks_file = {keys:?}\n\
             [[agent]]\nname = \"nightly\"\ntrust = \"cluster\"\nsubject = \"{TRIAGE}\"\n\
             [[delegation]]\nname = \"nightly-work\"\nagent = \"nightly\"\nowner = \"ops@corp.example\"\nservers = [\"fixture\"]\n",
            entries.concat()
        )
    })
    .await?;
    Some((scene, signer))
}

/// A statement of the cluster about `triage`, with this changed.
async fn stated(scene: &Scene, jti: &str, change: Value, more: Value) -> String {
    let mut claims = json!({ "sub": TRIAGE, "aud": scene.issuer, "jti": jti,
        "kubernetes.io": { "namespace": "prod", "serviceaccount": { "name": "triage", "uid": "u" } } });
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let mut token = json!({ "issuer": "cluster", "claims": claims });
    token.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scene.op.mint(&token).await.unwrap()
}

async fn bring(scene: &Scene, assertion: &str, more: &[(&str, &str)]) -> Reply {
    scene.token(&[&[("grant_type", GRANT), ("assertion", assertion)], more].concat()).await
}

fn token(reply: &Reply) -> (String, Value) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let answer = reply.json().unwrap();
    assert!(answer.get("refresh_token").is_none(), "{answer}");
    let token = answer["access_token"].as_str().unwrap().to_owned();
    let said = claims(&token);
    (token, said)
}

#[tokio::test]
async fn a_workload_is_the_agent_that_its_platform_says() {
    let Some((scene, signer)) = scene().await else { return };
    let metadata = scene.http.get(&scene.url("/.well-known/oauth-authorization-server")).await.unwrap();
    assert!(metadata.json().unwrap()["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));

    let good = stated(&scene, "j-1", json!({}), json!({})).await;
    let (given, said) = token(&bring(&scene, &good, &[]).await);
    assert_eq!((&said["sub"], &said["att"]["m"], &said["att"]["lvl"]), (&json!(TRIAGE), &json!("oidc"), &json!(2)));
    assert_eq!(said["att"]["by"], scene.op.workload_issuer("cluster"));
    assert_eq!(said["att"]["posture"]["namespace"], "prod");
    assert_eq!(said["client_name"], "nightly");
    assert!(said.get("act").is_none() && said.get("idp").is_none(), "{said}");
    // It ends with what it was given for, and with the gateway's own patience.
    assert!(said["exp"].as_u64().unwrap() <= now() + 300, "{said}");

    let client = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &bearer(&given));
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    let ruling = scene.front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, &*ruling.agent.name), (TRIAGE, "nightly"));
    assert_eq!((ruling.assurance, ruling.human), (Assurance::PlatformToken, None));
    assert_eq!(ruling.delegations.iter().map(|d| &**d).collect::<Vec<_>>(), ["nightly-work"]);
    assert_eq!(json!(ruling.attestation.unwrap().evidence), said["att"]["ev"]);

    // The same agent as with the platform's own token: a session goes on, whichever it shows.
    let direct = stated(&scene, "j-2", json!({ "aud": scene.url("/mcp/fixture") }), json!({})).await;
    let session = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &bearer(&direct));
    let opened = session.open_session(json!({})).await;
    let mut renewed = client.open_session(json!({})).await;
    renewed.session = opened.session.clone();
    assert_eq!(renewed.call_text("echo", json!({ "text": "x" })).await, "x");

    // Ends with a statement that ends sooner; is for the resource that is asked for; a name beside it says nothing.
    let short = stated(&scene, "j-3", json!({ "exp": now() + 60 }), json!({})).await;
    let resource = scene.url("/mcp/fixture");
    let (_, said) = token(&bring(&scene, &short, &[("resource", &resource), ("client_id", "whoever")]).await);
    assert_eq!((&said["aud"], said["exp"].as_u64().unwrap() <= now() + 60), (&json!(resource), true));
    // For the token endpoint as its audience, and without a name of its own, as often as it is good.
    let endpoint = json!({ "aud": [scene.url("/oauth/token")], "jti": null });
    let unnamed = stated(&scene, "", endpoint, json!({})).await;
    for _ in 0..2 {
        token(&bring(&scene, &unnamed, &[]).await);
    }
    // A client may stand beside it, with a proof that holds, for the servers that it is limited to.
    let proof = signer.assertion("broker", &scene.issuer, |_| ());
    let beside = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &*proof),
        ("resource", &*resource),
    ];
    token(&bring(&scene, &unnamed, &beside).await);
}

#[tokio::test]
async fn what_is_no_statement_about_a_workload_for_us_here_and_now_gets_nothing() {
    let Some((scene, signer)) = scene().await else { return };
    let once = stated(&scene, "j-1", json!({}), json!({})).await;
    token(&bring(&scene, &once, &[]).await);
    assert_eq!(error(&bring(&scene, &once, &[]).await), "invalid_grant", "the same again");
    let renamed = stated(&scene, "j-1", json!({ "exp": now() + 200 }), json!({})).await;
    assert_eq!(error(&bring(&scene, &renamed, &[]).await), "invalid_grant", "the same name again");

    let elsewhere = "https://other.example";
    let bad = [
        ("for somebody else", json!({ "aud": elsewhere }), json!({})),
        ("for somebody else too", json!({ "aud": [scene.issuer, elsewhere] }), json!({})),
        ("for an endpoint that it would open itself", json!({ "aud": scene.url("/mcp/fixture") }), json!({})),
        ("for nobody", json!({ "aud": null }), json!({})),
        ("over", json!({ "exp": now() - 120 }), json!({})),
        ("without an end", json!({ "exp": null }), json!({})),
        ("for a day", json!({ "exp": now() + 86_400 }), json!({})),
        ("not yet", json!({ "nbf": now() + 300 }), json!({})),
        ("another namespace", json!({ "kubernetes.io": { "namespace": "prod-2" } }), json!({})),
        ("nobody", json!({ "sub": null }), json!({})),
        ("somebody else acts", json!({ "act": { "sub": "admin" } }), json!({})),
        ("somebody else may act", json!({ "may_act": { "sub": "admin" } }), json!({})),
        ("a name that is none", json!({ "jti": 7 }), json!({})),
        ("an access token", json!({}), json!({ "header": { "typ": "at+jwt" } })),
        ("with scopes, as access tokens have", json!({ "scope": "mcp:other" }), json!({})),
        ("a proof of a client", json!({}), json!({ "header": { "typ": "client-authentication+jwt" } })),
        ("another key", json!({}), json!({ "key": "stranger" })),
        ("no signature", json!({}), json!({ "key": "none" })),
        ("HS256 with the public key", json!({}), json!({ "key": "hmac-public" })),
        ("an issuer that nobody trusts", json!({}), json!({ "issuer": "nobody" })),
        ("an issuer of people alone", json!({ "sub": "alice" }), json!({ "issuer": "people" })),
        ("an application for a person", json!({ "sub": "alice", "azp": "app" }), json!({ "issuer": "people" })),
        ("a person, by default", json!({ "sub": "alice", "azp": "app" }), json!({ "issuer": "usual" })),
        ("bound to a key that is not shown", json!({ "cnf": { "jkt": "x".repeat(43) } }), json!({})),
    ];
    for (at, (why, change, more)) in bad.into_iter().enumerate() {
        let text = stated(&scene, &format!("bad-{at}"), change, more).await;
        assert_eq!(error(&bring(&scene, &text, &[]).await), "invalid_grant", "{why}");
    }
    let claims = json!({ "sub": "alice", "aud": scene.issuer, "client_id": "gateway" });
    let person = scene.op.mint(&json!({ "claims": claims })).await.unwrap();
    assert_eq!(error(&bring(&scene, &person, &[]).await), "invalid_grant", "a person at the provider");
    // One of our own tokens, whatever it says.
    let fresh = stated(&scene, "j-2", json!({}), json!({})).await;
    let (own, _) = token(&bring(&scene, &fresh, &[]).await);
    assert_eq!(error(&bring(&scene, &own, &[]).await), "invalid_grant", "our own token");
    for text in ["", "x", "x.y.z"] {
        assert!(["invalid_grant", "invalid_request"].contains(&&*error(&bring(&scene, text, &[]).await)), "{text}");
    }

    // What fails for another reason does not use it up.
    let fresh = stated(&scene, "j-3", json!({}), json!({})).await;
    let wide = [("scope", "mcp:fixture")];
    assert_eq!(error(&bring(&scene, &fresh, &wide).await), "invalid_scope");
    let nowhere = [("resource", "https://other.example/mcp")];
    assert_eq!(error(&bring(&scene, &fresh, &nowhere).await), "invalid_target");
    // A proof of a client that is shown must hold, be of one that may do this, and keep to its servers.
    let proof = |client: &str| signer.assertion(client, &scene.issuer, |_| ());
    let forged = Signer::new().assertion("broker", &scene.issuer, |_| ());
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    for (client, proof, expected) in [
        ("broker", forged, "invalid_client"),
        ("other", proof("other"), "unauthorized_client"),
        ("broker", proof("broker"), "invalid_target"),
    ] {
        let form = [kind, ("client_id", client), ("client_assertion", &*proof)];
        assert_eq!(error(&bring(&scene, &fresh, &form).await), expected, "{client}");
    }
    token(&bring(&scene, &fresh, &[]).await);
}

#[tokio::test]
async fn a_workload_that_shows_a_key_gets_a_token_that_nobody_else_can_use() {
    let Some((scene, _)) = scene().await else { return };
    let (key, other) = (DpopKey::fresh().unwrap(), DpopKey::fresh().unwrap());
    let endpoint = scene.url("/oauth/token");
    let bound = stated(&scene, "j-1", json!({ "cnf": { "jkt": key.jkt() } }), json!({})).await;
    let form = [("grant_type", GRANT), ("assertion", &*bound)];
    let with = async |key: &DpopKey, form: &[(&str, &str)]| {
        let proof = key.proof("POST", &endpoint, None, &json!({})).unwrap();
        scene.http.post_form(&endpoint, &[("dpop", &*proof)], form).await.unwrap()
    };
    assert_eq!(error(&with(&other, &form).await), "invalid_grant", "the proof of another key");
    let reply = with(&key, &form).await;
    let (given, said) = token(&reply);
    assert_eq!((&reply.json().unwrap()["token_type"], &said["cnf"]["jkt"]), (&json!("DPoP"), &json!(key.jkt())));
    assert_eq!(said["att"]["lvl"], 3);
    assert_eq!(scene.status("/mcp/fixture", &given).await, 401, "without the key");
}

#[tokio::test]
async fn a_spiffe_workload_brings_its_token() {
    const AGENT: &str = "spiffe://corp.example/agent/triage";
    if !go_installed("the Workload API").unwrap() {
        return;
    }
    let (server, port) = (Server::start(Options::default()).await.unwrap(), free_port().unwrap());
    let (api, strange) = (WorkloadApi::start(&[AGENT], "1h").unwrap(), WorkloadApi::start(&[AGENT], "1h").unwrap());
    let issuer = format!("http://127.0.0.1:{port}");
    let toml = format!(
        "level = \"watch\"\n[authorization]\n[[trust]]\nname = \"mesh\"\nkind = \"spiffe\"\ntrust_domain = \"corp.example\"\nworkload_api = {:?}\n{}",
        api.socket(),
        http_server("fixture", &server.url())
    );
    let front = Front::start_on(port, &toml).await;
    let bring = async |assertion: &str| {
        let form = [("grant_type", GRANT), ("assertion", assertion)];
        Http::default().post_form(&format!("{issuer}/oauth/token"), &[], &form).await.unwrap()
    };
    let (given, said) = token(&bring(&api.fetch(&issuer).unwrap().jwt).await);
    assert_eq!((&said["sub"], &said["att"]["m"]), (&json!(AGENT), &json!("jwt-svid")));
    let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(&given));
    assert!(client.call("wipe", json!({ "path": "/x" })).await.get("result").is_some());
    let ruling = front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, ruling.human), (AGENT, None));

    for (why, jwt) in [
        ("the same name by another authority", strange.fetch(&issuer).unwrap().jwt),
        ("for somebody else", api.fetch("https://other.example").unwrap().jwt),
    ] {
        assert_eq!(error(&bring(&jwt).await), "invalid_grant", "{why}");
    }
}
