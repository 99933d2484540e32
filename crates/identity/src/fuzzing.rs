//! Entry points for fuzzers: anything may come in, nothing may panic.

use crate::{
    Algorithm, Asked, Authenticator, Chain, Glob, IssuerSettings, KeySource, NameKind, Presented, Settings, SpiffeId,
    attest::{self, Proof, ProofFor, Shown},
    bundle, claims, discovery, json,
    token::Token,
};
use doorward_vocab::{Digest, Timestamp};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

const ISSUER: &str = "https://idp.example.com";
/// The example key of RFC 7517 appendix A.1.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}]}"#;

/// Feeds `data` to the header, the token, the claims, a key set and a discovery document.
pub fn fuzz_token(data: &[u8]) {
    static DOOR: OnceLock<Option<Authenticator>> = OnceLock::new();
    let now = Timestamp::from_micros(1_000_000_000_000_000);
    let settings = || IssuerSettings {
        keys: KeySource::Pinned(KEYS.as_bytes().into()),
        ..IssuerSettings::new(ISSUER, "https://gw.example.com/mcp")
    };
    let door =
        DOOR.get_or_init(|| Authenticator::new(Settings { issuers: vec![settings()], ..Settings::default() }).ok());
    if let (Some(door), Ok(text)) = (door, std::str::from_utf8(data)) {
        for header in [text.to_owned(), format!("Bearer {text}")] {
            let presented = Presented { authorization: Some(&header), ..Presented::default() };
            if let Err(refusal) = door.authenticate(presented, now) {
                refusal.answer(Some(text), Some(text));
            }
        }
        if let Ok(token) = Token::parse(text) {
            let _ = claims::judge(&token, text, &settings(), Duration::from_secs(30), now);
        }
        let _ = discovery::discovery_urls(text);
    }
    let _ = discovery::jwks_uri(ISSUER, data);
    let _ = json::object(data);
    if let Some(door) = door {
        let _ = door.learn(ISSUER, data, now);
    }
}

/// Feeds `data` to what reads proofs of keys, certificates, bundles, SPIFFE IDs and shapes of claims.
pub fn fuzz_proof(data: &[u8]) {
    let now = Timestamp::from_micros(1_000_000_000_000_000);
    let digest = Digest::of(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let own: [Arc<str>; 1] = ["https://gw.example.com".into()];
        let asked = Asked { method: "POST", path: "/mcp", proof: Some(text) };
        let token = Digest::of(b"token");
        if let Ok(proof) =
            Proof::read(&ProofFor { asked, own: &own, token: Some(&token), skew: Duration::from_secs(30), now })
        {
            let _ = proof.check_signature();
        }
        if let Some(id) = SpiffeId::parse(text) {
            assert_eq!(format!("{}{}", id.trust_domain(), id.path()), text, "an id is its domain and its path");
        }
        if let Ok(glob) = text.parse::<Glob>() {
            assert!(text.contains('*') || glob.fits(text), "a shape without stars is its text");
        }
    }
    let certificates = [data.to_vec().into()];
    if let Ok(shown) = Shown::read(Chain { certificates: &certificates, leaf: &digest, whole: &digest }) {
        for kind in [NameKind::Spiffe, NameKind::Uri, NameKind::Dns, NameKind::Email] {
            let _ = shown.claims(kind);
        }
        assert!(shown.check(&[], now).is_err(), "nobody vouches");
    }
    if let Ok(bundle) = bundle::parse(data, &Algorithm::ALL) {
        assert!(!bundle.anchors.is_empty() || !bundle.keys.is_empty(), "a bundle holds something");
    }
}

/// Feeds `data` to what reads evidence: structures of a TPM, the answer of AWS, first lines and records of packages.
pub fn fuzz_evidence(data: &[u8]) {
    let _ = attest::tpm::Quote::read(data);
    let _ = attest::tpm::AttestationKey::read(data);
    let _ = attest::aws::Caller::read(data);
    let _ = attest::package::shebang(data);
    if let Ok(text) = std::str::from_utf8(data) {
        attest::package::record(text).for_each(drop);
        let rules = attest::aws::AwsRules { audience: "gw".into(), roles: Vec::new() };
        let _ = rules.check(&[("authorization".to_owned(), text.to_owned())]);
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if let [program, rest @ ..] = words.as_slice() {
            attest::package::Launch::read(program, rest);
        }
    }
}
