//! Who is acting: a request of this machine without a credential, with a token that is known, with one that is not, and with
//! one that is bound to a key.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_benches::Suite;
use doorward_identity::{Asked, Authenticator, IssuerSettings, KeySource, Presented, Settings};
use doorward_vocab::Digest;
use serde_json::{Value, json};

use crate::scene::{HERE, NOW, door};

const ISSUER: &str = "https://idp.example.com";
const OWN: &str = "https://gw.example.com";
/// As many proofs as are shown before one is shown again, which costs the same.
const PROOFS: usize = 512;

pub(crate) fn benches(suite: &mut Suite) {
    let local = door();
    suite.bench("the local user", || local.authenticate(HERE, NOW).is_ok());

    let (issuer, agent) = (key(), key());
    let free = sign(&issuer, &json!({"typ":"at+jwt","alg":"ES256","kid":"k"}), &claims(json!({})));
    let header = format!("Bearer {free}");
    let bearer = Presented { authorization: Some(&header), loopback: false, ..HERE };
    let known = trusting(&issuer, 10_000);
    assert!(known.authenticate(bearer, NOW).is_ok(), "a refusal costs something else than what is measured");
    suite.bench("a known token", || known.authenticate(bearer, NOW).is_ok());
    let forgetful = trusting(&issuer, 0);
    suite.bench("a token seen first, ES256", || forgetful.authenticate(bearer, NOW).is_ok());

    let (x, y) = point(&agent);
    let jwk = json!({"kty":"EC","crv":"P-256","x":x,"y":y});
    let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let thumbprint = b64(Digest::of(text.as_bytes()).as_bytes());
    let bound = claims(json!({"cnf":{"jkt":thumbprint}}));
    let bound = sign(&issuer, &json!({"typ":"at+jwt","alg":"ES256","kid":"k"}), &bound);
    let proofs: Vec<String> = (0..PROOFS).map(|n| proof(&agent, &jwk, &bound, n)).collect();
    let header = format!("DPoP {bound}");
    let show = |n: usize| {
        let request = Some(Asked { method: "POST", path: "/mcp", proof: proofs.get(n % PROOFS).map(String::as_str) });
        known.authenticate(Presented { authorization: Some(&header), loopback: false, request, ..HERE }, NOW)
    };
    assert!(show(0).is_ok(), "a refusal costs something else than what is measured");
    let mut turn = 1;
    suite.bench("a known token and a proof of its key, ES256", || {
        turn += 1;
        show(turn).is_ok()
    });
}

fn trusting(issuer: &EcdsaKeyPair, cached_tokens: u64) -> Authenticator {
    let (x, y) = point(issuer);
    let jwk = json!({"kty":"EC","crv":"P-256","kid":"k","x":x,"y":y});
    let keys = KeySource::Pinned(json!({ "keys": [jwk] }).to_string().into_bytes().into());
    let issuer = IssuerSettings { keys, ..IssuerSettings::new(ISSUER, format!("{OWN}/mcp")) };
    let own = Box::new([OWN.into()]);
    let settings = Settings { issuers: vec![issuer], cached_tokens, own, ..Settings::default() };
    Authenticator::new(settings).expect("settings with one issuer")
}

fn claims(more: Value) -> Value {
    let now = NOW.secs();
    let mut claims = json!({"iss":ISSUER,"aud":format!("{OWN}/mcp"),"sub":"u-1","client_id":"agent-1","iat":now,"exp":now + 300,
        "jti":"j-1","name":"Ada","groups":["engineering","on-call"],"scope":"mcp:read mcp:write"});
    if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
        claims.extend(more);
    }
    claims
}

fn proof(agent: &EcdsaKeyPair, jwk: &Value, token: &str, n: usize) -> String {
    let ath = b64(Digest::of(token.as_bytes()).as_bytes());
    let claims = json!({"htm":"POST","htu":format!("{OWN}/mcp"),"iat":NOW.secs(),"jti":format!("proof-{n}"),"ath":ath});
    sign(agent, &json!({"typ":"dpop+jwt","alg":"ES256","jwk":jwk}), &claims)
}

fn sign(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).expect("a signature");
    format!("{text}.{}", b64(signature))
}

fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

/// The public point, as a key of JSON writes it.
fn point(key: &EcdsaKeyPair) -> (String, String) {
    let (_, point) = key.public_key().as_ref().split_at(1);
    let (x, y) = point.split_at(32);
    (b64(x), b64(y))
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
