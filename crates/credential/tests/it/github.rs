//! The wire shape of GitHub's API, which is not the service: it reads the app's token with `joserfc`.

use crate::drive::{Own, run};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{KeyPair, RsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use doorward_credential::{Failure, Material, providers::GithubApp, wire::PrivateKey};
use doorward_testkit::peers::{installed, wire_shape};
use doorward_vocab::{ByName, Secret};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

#[tokio::test]
async fn wire_shape_of_github_an_app_proves_itself_with_its_key() {
    if !installed("GitHub's wire shape").unwrap() {
        return;
    }
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
    let jwk = json!({ "kty": "RSA", "n": b64(n), "e": b64(e) }).to_string();
    let (_github, url) = wire_shape(&["--github-key", &jwk, "--app", "Iv23liABC"]).unwrap();
    let app = |app: &str, installation, pem: &str| GithubApp {
        endpoint: url.parse().unwrap(),
        app: app.into(),
        installation,
        key: PrivateKey::read(&Secret::new(pem.to_owned()), None).unwrap(),
        repositories: ByName::default(),
        permissions: ByName::all(BTreeMap::from([("contents".into(), "read".into())])),
    };
    let mut own = Own::new();
    let issued = run(&app("Iv23liABC", 42, &pem), &own.order(None)).await.unwrap();
    assert!(matches!(&issued.material, Material::Token(token) if token.reveal(|t| t == "ghs_1_Iv23liABC")));
    assert_eq!(issued.scopes.as_deref(), Some(&["contents:read".into(), "metadata:read".into()][..]));
    // Another app, another key, another installation.
    let other = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = other.as_der().unwrap();
    let foreign =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    for app in [app("Iv23liXYZ", 42, &pem), app("Iv23liABC", 42, &foreign), app("Iv23liABC", 7, &pem)] {
        let failure = run(&app, &own.order(None)).await.unwrap_err();
        assert!(matches!(failure, Failure::Misconfigured(_)), "{failure}");
    }
    // A clock that is a little ahead is forgiven, one that is far ahead is not.
    let now = own.now;
    own.now = now.plus(Duration::from_secs(30));
    assert!(run(&app("Iv23liABC", 42, &pem), &own.order(None)).await.is_ok());
    own.now = now.plus(Duration::from_secs(20 * 60));
    assert!(run(&app("Iv23liABC", 42, &pem), &own.order(None)).await.is_err());
}
