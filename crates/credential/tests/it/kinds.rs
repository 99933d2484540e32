//! Each kind on the wire.

use crate::play::{NOW, SERVER, With, claims, jwt, play, text};
use doorward_credential::{
    Failure, Granted, Material, Named, Provider, Source,
    providers::{Actor, AuthorizationCode, ClientCredentials, IdJag, JwtBearer, Speaks, TokenExchange},
    wire::{Accepts, Client, Metadata, Proof, Resource, SecretIn, Server, Target, Where, token_type},
};
use doorward_vocab::Secret;
use serde_json::{Value, json};
use std::time::Duration;

fn client(proof: Proof) -> Client {
    Client { id: "gw:1".into(), proof }
}

fn secret(place: SecretIn) -> Proof {
    Proof::Secret(Box::new(Secret::new("p&w d".to_owned())), place)
}

fn at(issuer: &str, proof: Proof) -> Server {
    Server { at: Where::issuer(issuer.into(), None), client: client(proof) }
}

fn known(proof: Proof) -> Server {
    Server { at: Where::endpoint("https://as.example/token".parse().unwrap()), client: client(proof) }
}

fn target() -> Target {
    Target { resource: Resource::Server, audience: None, accepts: Accepts::Asked, life: Duration::from_secs(300) }
}

fn document(issuer: &str) -> Value {
    json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"] })
}

fn bearer(token: &str) -> Value {
    json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 })
}

fn credentials(server: Server) -> ClientCredentials {
    ClientCredentials { server, target: target() }
}

#[test]
fn a_client_asks_for_itself() {
    let kind = credentials(known(secret(SecretIn::Header)));
    let (asked, issued) = play(&kind, With::default(), &[(200, bearer("opaque"))]);
    let form = [("grant_type", "client_credentials"), ("resource", SERVER), ("scope", "read write")];
    assert_eq!(asked[0].form, form.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    // RFC 6749 §2.3.1: both halves are form-encoded first.
    assert_eq!(asked[0].authorization.as_deref(), Some("Basic Z3clM0ExOnAlMjZ3K2Q="));
    let issued = issued.unwrap();
    assert_eq!(issued.expires.unwrap().secs(), NOW + 600);
    assert!(matches!(&issued.material, Material::Token(token) if text(token) == "opaque"));
}

#[test]
fn a_server_is_found_where_it_says_it_is() {
    let kind = credentials(at("https://as.example/t1", secret(SecretIn::Either)));
    let answers = [(404, json!({})), (401, json!({})), (200, document("https://as.example/t1")), (200, bearer("x"))];
    let (asked, issued) = play(&kind, With::default(), &answers);
    issued.unwrap();
    assert_eq!(
        asked.iter().map(|a| a.url.as_str()).collect::<Vec<_>>(),
        [
            "https://as.example/t1/.well-known/openid-configuration",
            "https://as.example/.well-known/oauth-authorization-server/t1",
            "https://as.example/.well-known/openid-configuration/t1",
            "https://as.example/t1/token",
        ]
    );
    // It says that it takes secrets in forms alone.
    assert_eq!((asked[3].form["client_secret"].as_str(), &asked[3].authorization), ("p&w d", &None));
    // It is believed for a while.
    let (asked, _) = play(&kind, With::default(), &[(200, bearer("x"))]);
    assert_eq!(asked.len(), 1);
}

#[test]
fn what_is_found_must_be_of_whom_it_was_asked() {
    for (why, answers) in [
        ("another issuer", vec![(200, document("https://evil.example"))]),
        ("almost the issuer", vec![(200, document("https://as.example/"))]),
        ("no endpoint", vec![(200, json!({ "issuer": "https://as.example" }))]),
        ("no TLS", vec![(200, json!({ "issuer": "https://as.example", "token_endpoint": "http://as.example/token" }))]),
        ("no object", vec![(200, json!([]))]),
        ("nowhere", vec![(404, json!({})), (404, json!({}))]),
        ("down", vec![(503, json!({}))]),
    ] {
        let (asked, issued) = play(&credentials(at("https://as.example", Proof::Nothing)), With::default(), &answers);
        let failure = issued.unwrap_err();
        let passes = matches!(why, "down" | "nowhere");
        assert_eq!(failure.is_passing(), passes, "{why}: {failure}");
        assert_eq!(asked.len(), answers.len(), "{why}");
    }
}

#[test]
fn a_token_is_for_the_server_or_not_used() {
    let token = |aud: Value| jwt("at+jwt", &json!({ "aud": aud, "sub": "x" }));
    let kind = |accepts, resource| ClientCredentials {
        server: known(Proof::Nothing),
        target: Target { accepts, resource, ..target() },
    };
    let these = || Accepts::These(["crm-api".into()].into());
    for (aud, accepts, resource, good) in [
        (json!(SERVER), Accepts::Asked, Resource::Server, true),
        (json!([SERVER, "other"]), Accepts::Asked, Resource::Server, true),
        (json!("https://mcp.example"), Accepts::Asked, Resource::Server, false),
        (json!("https://mcp.example/mcp/"), Accepts::Asked, Resource::Server, false),
        (json!(["other"]), Accepts::Asked, Resource::Server, false),
        (Value::Null, Accepts::Asked, Resource::Server, false),
        (json!("crm-api"), these(), Resource::Server, true),
        (json!(SERVER), these(), Resource::Server, false),
        (json!("whatever"), Accepts::Any, Resource::Server, true),
        (json!("urn:crm"), Accepts::Asked, Resource::Other("urn:crm".into()), true),
    ] {
        let kind = kind(accepts, resource);
        let (_, issued) = play(&kind, With::default(), &[(200, bearer(&token(aud.clone())))]);
        assert_eq!(issued.is_ok(), good, "{aud} {:?}", kind.target);
    }
}

#[test]
fn what_the_answer_leaves_out_is_said() {
    let kind = credentials(known(Proof::Nothing));
    let answer = |more: Value| {
        let mut all = json!({ "access_token": "x", "token_type": "Bearer" });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        play(&kind, With::default(), &[(200, all)]).1.unwrap()
    };
    let issued = answer(json!({ "scope": "read" }));
    assert_eq!(issued.expires.unwrap().secs(), NOW + 300, "as configured");
    assert_eq!(issued.remark.as_deref(), Some("the provider left out the scopes `write`"));
    assert_eq!(issued.scopes.as_deref(), Some(["read".into()].as_slice()));
    assert_eq!(answer(json!({ "expires_in": 30 })).remark, None);
    // A JWT may say that it ends sooner.
    let short = jwt("at+jwt", &json!({ "aud": SERVER, "exp": NOW + 60 }));
    let (_, issued) = play(&kind, With::default(), &[(200, bearer(&short))]);
    assert_eq!(issued.unwrap().expires.unwrap().secs(), NOW + 60);
}

#[test]
fn a_client_proves_itself_to_this_server_alone() {
    for (subject, iss, sub) in [(None, "gw:1", "gw:1"), (Some("wl-7"), "https://gw.example", "wl-7")] {
        let proof = Proof::Gateway { subject: subject.map(Into::into) };
        let kind = credentials(at("https://as.example", proof));
        let (asked, _) = play(&kind, With::default(), &[(200, document("https://as.example")), (200, bearer("x"))]);
        let form = &asked[1].form;
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let claims = claims(&form["client_assertion"]);
        assert_eq!(claims["aud"], "https://as.example", "its issuer, and nothing else");
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!(iss), &json!(sub)));
        assert_eq!(claims["exp"], NOW + 120);
        assert!(kind.needs().signature);
    }
    let kind = credentials(known(Proof::Certificate("c.pem".into(), "k.pem".into())));
    let (asked, _) = play(&kind, With::default(), &[(200, bearer("x"))]);
    assert_eq!(asked[0].form["client_id"], "gw:1");
}

fn exchange(subject: Option<Source>, actor: Actor) -> TokenExchange {
    TokenExchange {
        server: known(secret(SecretIn::Header)),
        target: target(),
        subject,
        subject_type: token_type::ACCESS,
        actor,
        requested: token_type::ACCESS,
    }
}

fn exchanged(claims: &Value) -> Value {
    json!({ "access_token": jwt("at+jwt", claims), "token_type": "Bearer", "issued_token_type": token_type::ACCESS,
        "expires_in": 600 })
}

#[test]
fn an_exchange_names_the_person_and_the_agent() {
    let shown = Secret::new(jwt("at+jwt", &json!({ "iss": "https://idp.example", "sub": "u1" })));
    let kind = exchange(Some(Source::Presented), Actor::Agent);
    let good = json!({ "iss": "https://as.example", "sub": "other-name", "aud": SERVER, "act": { "sub": "agent-7" } });
    let (asked, issued) = play(&kind, With { subject: Some(&shown), ..With::default() }, &[(200, exchanged(&good))]);
    assert_eq!(issued.unwrap().remark, None);
    let form = &asked[0].form;
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(
        (form["subject_token"].as_str(), form["subject_token_type"].as_str()),
        (&*text(&shown), token_type::ACCESS)
    );
    assert_eq!(form["actor_token_type"], token_type::JWT);
    assert_eq!(form["requested_token_type"], token_type::ACCESS);
    assert_eq!((form["resource"].as_str(), form["scope"].as_str()), (SERVER, "read write"));
    let actor = claims(&form["actor_token"]);
    assert_eq!((&actor["iss"], &actor["sub"]), (&json!("https://gw.example"), &json!("agent-7")));
    assert_eq!(actor["act"]["sub"], "planner", "who handed over stands within");
    assert_eq!(actor["aud"], "https://as.example/token");
}

#[test]
fn an_exchange_gives_what_was_asked_for_or_nothing() {
    let shown = Secret::new(jwt("at+jwt", &json!({ "iss": "https://idp.example", "sub": "u1" })));
    let kind = exchange(Some(Source::Presented), Actor::Agent);
    let of =
        |claims: Value| play(&kind, With { subject: Some(&shown), ..With::default() }, &[(200, exchanged(&claims))]).1;
    let left_out = of(json!({ "aud": SERVER, "sub": "u1", "iss": "https://idp.example" })).unwrap();
    assert_eq!(left_out.remark.as_deref(), Some("the provider left out who acts"));
    for (why, claims) in [
        ("another actor", json!({ "aud": SERVER, "act": { "sub": "agent-8" } })),
        ("an actor without a name", json!({ "aud": SERVER, "act": {} })),
        (
            "the agent only as who acted before",
            json!({ "aud": SERVER, "act": { "sub": "x", "act": { "sub": "agent-7" } } }),
        ),
        ("another person", json!({ "aud": SERVER, "iss": "https://idp.example", "sub": "u2" })),
        ("nobody", json!({ "aud": SERVER, "iss": "https://idp.example" })),
        ("another server", json!({ "aud": "https://other.example", "act": { "sub": "agent-7" } })),
        ("over", json!({ "aud": SERVER, "act": { "sub": "agent-7" }, "exp": NOW - 1 })),
    ] {
        let failure = of(claims).unwrap_err();
        assert!(matches!(failure, Failure::Unusable(_)), "{why}: {failure}");
    }
    for (why, change) in [
        ("no type", ("issued_token_type", Value::Null)),
        ("another type", ("issued_token_type", json!(token_type::REFRESH))),
        ("no token that opens anything", ("token_type", json!("N_A"))),
        ("bound to a key", ("token_type", json!("DPoP"))),
    ] {
        let mut answer = exchanged(&json!({ "aud": SERVER, "act": { "sub": "agent-7" } }));
        answer[change.0] = change.1;
        let with = With { subject: Some(&shown), ..With::default() };
        assert!(matches!(play(&kind, with, &[(200, answer)]).1, Err(Failure::Unusable(_))), "{why}");
    }
    let (asked, failure) = play(&kind, With::default(), &[]);
    assert!(asked.is_empty() && matches!(failure, Err(Failure::NoSubject(_))), "nobody presented one");
    let (_, failure) = play(&kind, With { nobody: true, ..With::default() }, &[]);
    assert_eq!(failure.unwrap_err(), Failure::NoHuman);
}

#[test]
fn the_gateway_speaks_for_a_person_or_itself() {
    let kind = |speaks| JwtBearer { server: known(secret(SecretIn::Form)), target: target(), speaks, audience: None };
    for (speaks, sub, act) in [
        (Speaks::Human, "u1", json!("agent-7")),
        (Speaks::Address, "alice@corp.example", json!("agent-7")),
        (Speaks::Itself("svc".into()), "svc", Value::Null),
    ] {
        let kind = kind(speaks);
        let (asked, issued) = play(&kind, With::default(), &[(200, bearer("x"))]);
        issued.unwrap();
        let form = &asked[0].form;
        assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let said = claims(&form["assertion"]);
        assert_eq!((&said["sub"], &said["iss"]), (&json!(sub), &json!("https://gw.example")));
        assert_eq!(said["act"]["sub"], act);
        assert_eq!(said["exp"], NOW + 120);
    }
    let (_, failure) = play(&kind(Speaks::Human), With { nobody: true, ..With::default() }, &[]);
    assert_eq!(failure.unwrap_err(), Failure::NoHuman);

    // What its platform signed goes as it is, and needs no key of the gateway.
    let stated = jwt("JWT", &json!({ "sub": "system:serviceaccount:prod:gateway" }));
    let platform = kind(Speaks::Platform(Box::new(Secret::new(stated.clone()))));
    assert!(!platform.needs().signature && kind(Speaks::Human).needs().signature);
    let (asked, issued) = play(&platform, With { nobody: true, ..With::default() }, &[(200, bearer("x"))]);
    issued.unwrap();
    assert_eq!(asked[0].form["assertion"], stated);
    let failed = play(&platform, With::default(), &[(400, json!({ "error": "invalid_grant" }))]);
    assert_eq!((failed.0.len(), matches!(failed.1, Err(Failure::Refused(_)))), (1, true), "it is not tried again");
}

#[test]
fn a_grant_of_the_identity_provider_is_for_the_other_server() {
    let shown = Secret::new(jwt("JWT", &json!({ "sub": "u1" })));
    let kind = || IdJag {
        provider: Server {
            at: Where::endpoint("https://idp.example/token".parse().unwrap()),
            client: client(Proof::Nothing),
        },
        server: at("https://as.example", secret(SecretIn::Header)),
        target: target(),
        subject_type: token_type::ID,
    };
    let jag = |aud: &str| jwt("oauth-id-jag+jwt", &json!({ "aud": aud }));
    let gives = |token: &str, kind: &str| json!({ "access_token": token, "token_type": kind, "issued_token_type": token_type::ID_JAG, "expires_in": 300 });
    let (first, last) = ((200, document("https://as.example")), (200, bearer("opaque")));
    let good = jag("https://as.example");
    let with = || With { subject: Some(&shown), ..With::default() };
    let (asked, issued) = play(&kind(), with(), &[first.clone(), (200, gives(&good, "N_A")), last]);
    issued.unwrap();
    let form = &asked[1].form;
    assert_eq!(form["requested_token_type"], token_type::ID_JAG);
    assert_eq!((form["audience"].as_str(), form["resource"].as_str()), ("https://as.example", SERVER));
    assert_eq!((form["subject_token_type"].as_str(), form["client_id"].as_str()), (token_type::ID, "gw:1"));
    let form = &asked[2].form;
    assert_eq!(
        (form["grant_type"].as_str(), form["assertion"].as_str()),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", &*good)
    );
    assert_eq!(asked[2].url, "https://as.example/token");
    for (why, answer) in [
        ("for another server", gives(&jag("https://evil.example"), "N_A")),
        ("for two servers", gives(&jwt("x", &json!({ "aud": ["https://as.example", "https://b"] })), "N_A")),
        ("a token that opens something", gives(&good, "Bearer")),
        ("no JWT", gives("opaque", "N_A")),
    ] {
        let (asked, failure) = play(&kind(), with(), &[first.clone(), (200, answer)]);
        assert!(matches!(failure, Err(Failure::Unusable(_))), "{why}");
        assert_eq!(asked.len(), 2, "{why}: it is not passed on");
    }
}

#[test]
fn what_a_person_granted_is_refreshed() {
    let kind = AuthorizationCode { client: None, target: target() };
    let server =
        Metadata::of(Some("https://as.example".into()), "https://as.example/token".parse().unwrap(), Named::Document);
    let (registered, refresh, resource) = (client(Proof::Nothing), Secret::new("r1".to_owned()), Resource::Server);
    let granted = Granted { refresh: &refresh, server: &server, client: Some(&registered), resource: &resource };
    let with = || With { grant: Some(granted), ..With::default() };
    let mut answer = bearer("opaque");
    answer["refresh_token"] = "r2".into();
    let (asked, issued) = play(&kind, with(), &[(200, answer)]);
    let form = [("client_id", "gw:1"), ("grant_type", "refresh_token"), ("refresh_token", "r1"), ("resource", SERVER)];
    assert_eq!(asked[0].form, form.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    assert_eq!(issued.unwrap().grant.map(|g| text(&g)).as_deref(), Some("r2"));
    for (status, error, consent) in
        [(400, "invalid_grant", true), (400, "invalid_scope", false), (401, "invalid_client", false), (503, "x", false)]
    {
        let failure = play(&kind, with(), &[(status, json!({ "error": error }))]).1.unwrap_err();
        assert_eq!(failure == Failure::Consent, consent, "{error}: {failure}");
    }
    assert_eq!(play(&kind, With::default(), &[]).1.unwrap_err(), Failure::Consent);
    assert!(kind.needs().grant && !kind.narrows());
}
