//! `oidc-provider`, judged by `joserfc`.

use std::io;

use doorward_testkit::peers::{
    http::{Http, Reply, basic},
    identity::{
        Browser, CodeFlow, Landed, OidcProvider, OldKeys,
        joserfc::{self, DpopKey},
    },
    installed,
};
use serde_json::{Value, json};

const MCP: &str = "https://mcp.example/mcp";
const CALLBACK: &str = "http://127.0.0.1:1/callback";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A provider with one client that may do everything.
fn provider(more: Value) -> Option<OidcProvider> {
    if !installed("an OpenID provider").unwrap() {
        return None;
    }
    let grants = ["authorization_code", "refresh_token", "client_credentials", EXCHANGE, BEARER];
    let mut options = json!({
        "clients": [{ "client_id": "gw", "client_secret": "s3cret", "redirect_uris": [CALLBACK], "grant_types": grants }],
    });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Some(OidcProvider::start(&options).unwrap())
}

fn flow(provider: &OidcProvider) -> CodeFlow<'_> {
    CodeFlow {
        issuer: provider.issuer(),
        client_id: "gw",
        client_secret: Some("s3cret"),
        redirect_uri: CALLBACK,
        scope: "openid email groups files:read",
        resource: Some(MCP),
    }
}

async fn token(provider: &OidcProvider, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Reply {
    let secret = basic("gw", "s3cret");
    let headers = [&[("authorization", secret.as_str())], headers].concat();
    Http::default().post_form(&provider.url("/token"), &headers, form).await.unwrap()
}

async fn jwks(issuer: &str) -> Value {
    Http::default().get(&format!("{issuer}/jwks")).await.unwrap().json().unwrap()
}

async fn read(provider: &OidcProvider, token: &Value, audience: &str) -> io::Result<Value> {
    joserfc::claims(token.as_str().unwrap(), &jwks(provider.issuer()).await, Some(provider.issuer()), audience)
}

#[tokio::test]
async fn a_human_logs_in_and_the_tokens_say_who_and_how() {
    let Some(op) = provider(json!({})) else { return };
    let tokens = flow(&op).tokens(&mut Browser::of("alice", "correct horse")).await.unwrap();
    let id = read(&op, &tokens["id_token"], "gw").await.unwrap();
    assert_eq!((&id["sub"], &id["email"]), (&json!("alice"), &json!("alice@corp.example")), "{id}");
    assert_eq!((&id["groups"], &id["amr"]), (&json!(["eng", "finance"]), &json!(["pwd", "otp"])), "{id}");
    assert_eq!(id["acr"], "urn:mfa", "{id}");
    assert!(id["auth_time"].is_number(), "{id}");
    let access = read(&op, &tokens["access_token"], MCP).await.unwrap();
    assert_eq!((&access["sub"], &access["scope"]), (&json!("alice"), &json!("files:read")), "{access}");
    assert!(read(&op, &tokens["access_token"], "https://other.example").await.is_err());
}

#[tokio::test]
async fn a_wrong_password_a_refusal_and_a_foreign_resource_end_without_a_code() {
    let Some(op) = provider(json!({})) else { return };
    let ask = |resource: &str| {
        op.url(&format!(
            "/auth?response_type=code&client_id=gw&redirect_uri={CALLBACK}&scope=openid%20files:read&state=s\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&resource={resource}"
        ))
    };
    let ends = async |mut browser: Browser, resource: &str| browser.travel(&ask(resource), CALLBACK).await.unwrap();
    match ends(Browser::of("alice", "wrong"), MCP).await {
        Landed::Page { reply, .. } => assert_eq!(reply.status, 401),
        Landed::Redirected(url) => panic!("let in: {url}"),
    }
    let refused =
        ends(Browser::of("alice", "correct horse").types("decision", "deny"), MCP).await.redirected().unwrap();
    assert!(refused.query().unwrap().contains("error=access_denied"), "{refused}");
    let foreign = ends(Browser::of("alice", "correct horse"), "https://other.example").await.redirected().unwrap();
    assert!(foreign.query().unwrap().contains("error=invalid_target"), "{foreign}");
}

#[tokio::test]
async fn a_refresh_token_works_once() {
    let Some(op) = provider(json!({})) else { return };
    let tokens = flow(&op).tokens(&mut Browser::of("bob", "correct horse")).await.unwrap();
    let refresh = async |token: &Value| {
        self::token(&op, &[], &[("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())]).await
    };
    let second = refresh(&tokens["refresh_token"]).await.json().unwrap();
    assert_eq!(read(&op, &second["access_token"], MCP).await.unwrap()["sub"], "bob");
    assert_ne!(second["refresh_token"], tokens["refresh_token"]);
    assert_eq!(refresh(&tokens["refresh_token"]).await.json().unwrap()["error"], "invalid_grant");
    let counts = op.counts().await.unwrap();
    assert_eq!(counts["granted"]["refresh_token"], 1, "{counts}");
    assert_eq!(counts["refused"]["refresh_token"], 1, "{counts}");
}

#[tokio::test]
async fn an_exchange_names_the_actor_and_refuses_a_foreign_one() {
    let Some(agents) = provider(json!({})) else { return };
    let issuer = agents.workload_issuer("agents");
    let trust = json!([{ "issuer": issuer, "jwks": jwks(&issuer).await }]);
    let Some(op) = provider(json!({ "trusted": trust })) else { return };
    let human = flow(&op).tokens(&mut Browser::of("alice", "correct horse")).await.unwrap();
    let human = human["id_token"].as_str().unwrap();
    let exchange = async |subject: &str, actor: &str, headers: &[(&str, &str)]| {
        let kind = |name: &str| format!("urn:ietf:params:oauth:token-type:{name}");
        let form = [
            ("grant_type", EXCHANGE),
            ("subject_token", subject),
            ("subject_token_type", &kind("id_token")),
            ("actor_token", actor),
            ("actor_token_type", &kind("jwt")),
            ("resource", MCP),
            ("scope", "files:read"),
        ];
        token(&op, headers, &form).await.json().unwrap()
    };
    let actor = async |key: &str, audience: &str| {
        let claims = json!({ "sub": "agent-7", "aud": audience });
        agents.mint(&json!({ "issuer": "agents", "key": key, "claims": claims })).await.unwrap()
    };
    let good = actor("ES256", op.issuer()).await;
    let key = DpopKey::fresh().unwrap();
    let proof = key.proof("POST", &op.url("/token"), None, &json!({})).unwrap();
    let given = exchange(human, &good, &[("dpop", &proof)]).await;
    let claims = read(&op, &given["access_token"], MCP).await.unwrap();
    assert_eq!((&claims["sub"], &claims["cnf"]["jkt"]), (&json!("alice"), &json!(key.jkt())));
    assert_eq!(claims["act"], json!({ "sub": "agent-7", "iss": issuer }));

    // Who acted before stays inside, and only for an actor whom the subject allows.
    let earlier = |may: &str| json!({ "claims": { "sub": "alice", "aud": "gw", "act": { "sub": "agent-1" }, "may_act": { "sub": may } } });
    let given = exchange(&op.mint(&earlier("agent-7")).await.unwrap(), &good, &[]).await;
    let claims = read(&op, &given["access_token"], MCP).await.unwrap();
    assert_eq!(claims["act"]["act"], json!({ "sub": "agent-1" }), "{claims}");

    let elsewhere = op.mint(&json!({ "claims": { "sub": "alice", "aud": "another client" } })).await.unwrap();
    let not_allowed = op.mint(&earlier("agent-8")).await.unwrap();
    for (subject, actor) in [
        (human, &actor("stranger", op.issuer()).await),
        (human, &actor("ES256", "https://other.example").await),
        (&elsewhere, &good),
        (&not_allowed, &good),
    ] {
        let refused = exchange(subject, actor, &[]).await;
        assert_eq!(refused["error"], "invalid_grant", "{refused}");
    }
}

#[tokio::test]
async fn an_identity_assertion_crosses_from_one_provider_to_another_once() {
    let Some(home) = provider(json!({})) else { return };
    let trust = json!([{ "issuer": home.issuer(), "jwks_uri": home.url("/jwks") }]);
    let Some(away) = provider(json!({ "trusted": trust })) else { return };
    let human = flow(&home).tokens(&mut Browser::of("alice", "correct horse")).await.unwrap();
    let form = [
        ("grant_type", EXCHANGE),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"),
        ("subject_token", human["id_token"].as_str().unwrap()),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("audience", away.issuer()),
        ("resource", MCP),
        ("scope", "files:read"),
    ];
    let grant = token(&home, &[], &form).await.json().unwrap();
    assert_eq!(grant["token_type"], "N_A", "{grant}");
    let assertion = grant["access_token"].as_str().unwrap();
    let redeem = async || token(&away, &[], &[("grant_type", BEARER), ("assertion", assertion)]).await.json().unwrap();
    let given = redeem().await;
    let claims = read(&away, &given["access_token"], MCP).await.unwrap();
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!("alice"), &json!("files:read")));
    assert_eq!(redeem().await["error"], "invalid_grant");
}

#[tokio::test]
async fn a_proof_binds_a_token_and_works_once() {
    let Some(op) = provider(json!({})) else { return };
    let key = DpopKey::fresh().unwrap();
    let proof = key.proof("POST", &op.url("/token"), None, &json!({})).unwrap();
    let form = [("grant_type", "client_credentials"), ("resource", MCP), ("scope", "files:read")];
    let given = token(&op, &[("dpop", &proof)], &form).await.json().unwrap();
    assert_eq!(given["token_type"], "DPoP", "{given}");
    let claims = read(&op, &given["access_token"], MCP).await.unwrap();
    assert_eq!(claims["cnf"]["jkt"], key.jkt());
    let again = token(&op, &[("dpop", &proof)], &form).await.json().unwrap();
    assert_eq!(again["error"], "invalid_grant", "{again}");
    let elsewhere = key.proof("POST", &op.url("/other"), None, &json!({})).unwrap();
    let wrong = token(&op, &[("dpop", &elsewhere)], &form).await.json().unwrap();
    assert_eq!(wrong["error"], "invalid_dpop_proof", "{wrong}");
}

#[tokio::test]
async fn keys_rotate_and_minted_tokens_are_as_bad_as_asked() {
    let Some(op) = provider(json!({})) else { return };
    let minted =
        async |key: &str| json!(op.mint(&json!({ "key": key, "claims": { "sub": "x", "aud": "me" } })).await.unwrap());
    for key in ["ES256", "RS256"] {
        assert_eq!(read(&op, &minted(key).await, "me").await.unwrap()["sub"], "x");
    }
    for key in ["stranger", "none", "hmac-public"] {
        assert!(read(&op, &minted(key).await, "me").await.is_err(), "{key}");
    }
    let old = minted("ES256").await;
    op.rotate(OldKeys::Keep).await.unwrap();
    assert!(read(&op, &old, "me").await.is_ok());
    op.rotate(OldKeys::Forget).await.unwrap();
    assert!(read(&op, &old, "me").await.is_err());
    let tokens = flow(&op).tokens(&mut Browser::of("alice", "correct horse")).await.unwrap();
    assert_eq!(read(&op, &tokens["id_token"], "gw").await.unwrap()["sub"], "alice");
}

#[tokio::test]
async fn a_workload_issuer_has_keys_of_its_own_and_trouble_comes_as_ordered() {
    let Some(op) = provider(json!({})) else { return };
    let (cluster, other) = (op.workload_issuer("cluster"), op.workload_issuer("other"));
    let claims = json!({ "sub": "system:serviceaccount:ns:agent", "aud": ["gw"], "exp": null });
    let token = op.mint(&json!({ "issuer": "cluster", "claims": claims })).await.unwrap();
    let lifeless = joserfc::claims(&token, &jwks(&cluster).await, Some(&cluster), "gw").unwrap_err();
    assert!(lifeless.to_string().contains("exp"), "{lifeless}");
    let token = op.mint(&json!({ "issuer": "cluster", "claims": { "sub": "s", "aud": "gw" } })).await.unwrap();
    assert_eq!(joserfc::claims(&token, &jwks(&cluster).await, Some(&cluster), "gw").unwrap()["sub"], "s");
    assert!(joserfc::claims(&token, &jwks(&other).await, Some(&cluster), "gw").is_err());
    op.trouble(&json!({ "path": "/jwks", "status": 503, "times": 2 })).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(Http::default().get(&op.url("/jwks")).await.unwrap().status);
    }
    assert_eq!(seen, [503, 503, 200]);
    assert_eq!(op.counts().await.unwrap()["requests"]["GET /jwks"], 3);
}
