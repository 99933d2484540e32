//! The counterparts that are built from Go sources, judged by `joserfc`, by rustls, and by each other.

use std::fs;

use doorward_testkit::peers::{
    http::{Http, basic},
    identity::{Browser, CodeFlow, OidcProvider, StepCa, StepCaOptions, WorkloadApi, ZitadelOp, go_installed, joserfc},
    installed,
};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use serde_json::{Value, json};
use tokio_rustls::rustls::{RootCertStore, server::WebPkiClientVerifier};

const CALLBACK: &str = "http://127.0.0.1:1/callback";

#[tokio::test]
async fn a_second_provider_logs_a_human_in_names_an_actor_and_rotates() {
    if !go_installed("the second provider").unwrap() || !installed("the second provider").unwrap() {
        return;
    }
    let op = ZitadelOp::start(&[CALLBACK]).unwrap();
    let flow = CodeFlow {
        issuer: op.issuer(),
        client_id: "jwt",
        client_secret: Some("secret"),
        redirect_uri: CALLBACK,
        scope: "openid email offline_access",
        resource: None,
    };
    let human = flow.tokens(&mut Browser::of("test-user2", "verysecure")).await.unwrap();
    let keys = Http::default().get(&format!("{}/keys", op.issuer())).await.unwrap().json().unwrap();
    let read = |token: &Value| joserfc::claims(token.as_str().unwrap(), &keys, Some(op.issuer()), "jwt");
    let id = read(&human["id_token"]).unwrap();
    assert_eq!((&id["sub"], &id["email"]), (&json!("id2"), &json!("test-user2@zitadel.ch")), "{id}");
    assert!(flow.tokens(&mut Browser::of("test-user2", "wrong")).await.is_err());

    let secret = basic("jwt", "secret");
    let post = async |form: &[(&str, &str)]| {
        let url = format!("{}/oauth/token", op.issuer());
        Http::default().post_form(&url, &[("authorization", &secret)], form).await.unwrap().json().unwrap()
    };
    let actor = flow.tokens(&mut Browser::of("test-user@127.0.0.1", "verysecure")).await.unwrap();
    let kind = |name: &str| format!("urn:ietf:params:oauth:token-type:{name}");
    let exchanged = post(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", &kind("access_token")),
        ("subject_token", human["access_token"].as_str().unwrap()),
        ("subject_token_type", &kind("access_token")),
        ("actor_token", actor["id_token"].as_str().unwrap()),
        ("actor_token_type", &kind("id_token")),
        ("scope", "openid"),
        ("audience", "jwt"),
    ])
    .await;
    let delegated = read(&exchanged["access_token"]).unwrap();
    assert_eq!((&delegated["sub"], &delegated["act"]["sub"]), (&json!("id2"), &json!("id1")), "{delegated}");

    let refresh = async |token: &Value| {
        post(&[("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())]).await
    };
    let second = refresh(&human["refresh_token"]).await;
    assert!(read(&second["access_token"]).is_ok(), "{second}");
    assert_eq!(refresh(&human["refresh_token"]).await["error"], "invalid_grant");
}

#[tokio::test]
async fn an_authority_gives_a_certificate_for_an_id_token_once() {
    if !go_installed("step-ca").unwrap() || !installed("step-ca").unwrap() {
        return;
    }
    let op = OidcProvider::start(&json!({})).unwrap();
    let options = StepCaOptions { issuer: op.issuer(), client: "step", template: None, lifetime: None };
    let authority = StepCa::start(&options).unwrap();
    let token = async |key: &str| {
        let claims =
            json!({ "sub": "alice", "aud": "step", "nonce": format!("n-{key}"), "email": "alice@corp.example" });
        op.mint(&json!({ "key": key, "claims": claims })).await.unwrap()
    };
    let key = KeyPair::generate().unwrap();
    let csr = CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap().pem().unwrap();
    let good = token("ES256").await;
    let reply = authority.sign(&csr, &good).await.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let given = reply.json().unwrap();
    let pem = |field: &str| CertificateDer::from_pem_slice(given[field].as_str().unwrap().as_bytes()).unwrap();
    let san = b"spiffe://corp.example/human/alice";
    assert!(pem("crt").windows(san.len()).any(|window| window == san));
    trusted(&fs::read(authority.root()).unwrap(), &[pem("crt"), pem("ca")]).unwrap();
    for (refused, why) in [(good, "used before"), (token("stranger").await, "a foreign key")] {
        assert_eq!(authority.sign(&csr, &refused).await.unwrap().status, 401, "{why}");
    }
}

#[test]
fn a_workload_gets_its_identities_and_hears_of_new_keys() {
    if !go_installed("the Workload API").unwrap() || !installed("the Workload API").unwrap() {
        return;
    }
    let api = WorkloadApi::start(&["spiffe://corp.example/agent/7"], "1h").unwrap();
    let svids = api.fetch("gw").unwrap();
    assert_eq!(svids.id, "spiffe://corp.example/agent/7");
    let chain = |pem: &str| CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect::<Vec<_>>();
    let before = fs::read(api.roots()).unwrap();
    trusted(&before, &chain(&svids.chain)).unwrap();
    // JWT-SVIDs need no issuer.
    assert_eq!(joserfc::claims(&svids.jwt, &svids.jwks, None, "gw").unwrap()["sub"], svids.id);
    assert!(joserfc::claims(&svids.jwt, &svids.jwks, None, "other").is_err());

    api.rotate().unwrap();
    let next = api.fetch("gw").unwrap();
    assert!(trusted(&before, &chain(&next.chain)).is_err());
    let after = fs::read(api.roots()).unwrap();
    trusted(&after, &chain(&next.chain)).unwrap();
    trusted(&after, &chain(&svids.chain)).unwrap();
    assert_eq!(api.bundle().unwrap()["keys"].as_array().unwrap().len(), 4);
}

/// rustls takes the chain as a client certificate below these roots (PEM).
fn trusted(roots: &[u8], chain: &[CertificateDer<'static>]) -> Result<(), tokio_rustls::rustls::Error> {
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots) {
        store.add(root.unwrap()).unwrap();
    }
    let provider = std::sync::Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(store.into(), provider).build().unwrap();
    verifier.verify_client_cert(&chain[0], &chain[1..], UnixTime::now()).map(drop)
}
