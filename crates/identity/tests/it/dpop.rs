//! Tokens that are bound to a key, and the proofs of it (RFC 9449).

use crate::forge::*;
use doorward_identity::{
    Asked, Flaw, IssuerSettings, KeyBinding, KeyRule, NonceRule, Presented, ProofFlaw, Refusal, Settings,
    SettingsError, proof_algorithms,
};
use doorward_vocab::{Assurance, Digest};
use serde_json::{Value, json};

#[test]
fn who_shows_the_key_is_bound_to_it() {
    let door = own_door(issuer());
    for key in [Key::es256(), Key::rs256(), Key::eddsa()] {
        let token = bound(&key);
        let who = show(&door, &token, Some(&proof(&key, &token, "1", json!({}))), now()).unwrap();
        assert_eq!((who.assurance, who.attestation.assurance), (Assurance::KeyBound, Assurance::KeyBound));
        let Some(KeyBinding::Jkt(jkt)) = who.attestation.key else { panic!("no key") };
        assert_eq!(b64(jkt.as_bytes()), thumbprint(&key));
        assert_eq!(who.delegation().unwrap().key, who.attestation.key);
        let again = show(&door, &token, Some(&proof(&key, &token, "2", json!({}))), at(20)).unwrap();
        assert_eq!(again.key, who.key, "another proof, the same principal");
    }
}

#[test]
fn a_proof_is_shown_once() {
    let (door, key) = (own_door(issuer()), Key::es256());
    let token = bound(&key);
    let one = proof(&key, &token, "1", json!({}));
    assert!(show(&door, &token, Some(&one), now()).is_ok());
    for later in [0, 1, 30, 60, 89] {
        assert_eq!(show(&door, &token, Some(&one), at(later)).unwrap_err(), Refusal::Proof(ProofFlaw::Replayed));
    }
    assert_eq!(show(&door, &token, Some(&one), at(90)).unwrap_err(), Refusal::Proof(ProofFlaw::Time));
    let other = bound(&keys().ec);
    assert_eq!(
        show(&door, &other, Some(&one), now()).unwrap_err(),
        Refusal::Proof(ProofFlaw::Token),
        "nor with another token"
    );
}

/// Each is refused for what it is, without and with the token known.
#[test]
fn proofs_that_must_not_do() {
    use ProofFlaw::{Algorithm, Form, Header, Method, OtherKey, Signature, Target, Time, Token};
    let (key, k) = (Key::es256(), keys());
    let bearing = bound(&key);
    let claims = |change| proof(&key, &bearing, "j", change);
    let heads = |change: Value| token(&key, &with(proof_header(&key), change), &proof_claims(&bearing, "j"));
    let good = claims(json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let private = with(public(&key), json!({"d":"AAAA"}));
    let rows: Vec<(&str, String, ProofFlaw)> = vec![
        ("not a token", "x".into(), Form),
        ("two parts", format!("{}.{}", parts[0], parts[1]), Form),
        ("no signature", format!("{}.{}.", parts[0], parts[1]), Form),
        ("a large one", claims(json!({"x":"x".repeat(9000)})), Form),
        (
            "a claim twice",
            raw(
                &key,
                &proof_header(&key).to_string(),
                &proof_claims(&bearing, "j").to_string().replacen('{', r#"{"htm":"GET","#, 1),
            ),
            Form,
        ),
        ("claims that are a list", raw(&key, &proof_header(&key).to_string(), "[]"), Form),
        ("no type", heads(json!({"typ":null})), Header),
        ("the type of a token", heads(json!({"typ":"at+jwt"})), Header),
        ("the type in another case", heads(json!({"typ":"DPOP+JWT"})), Header),
        ("a type that is a list", heads(json!({"typ":["dpop+jwt"]})), Form),
        ("crit", heads(json!({"crit":["x"],"x":1})), Header),
        ("alg none", heads(json!({"alg":"none"})), Algorithm),
        ("alg HS256", heads(json!({"alg":"HS256"})), Algorithm),
        ("alg of another key", heads(json!({"alg":"RS256"})), Signature),
        ("alg missing", heads(json!({"alg":null})), Algorithm),
        ("alg RS512", heads(json!({"alg":"RS512"})), Algorithm),
        ("no key", heads(json!({"jwk":null})), ProofFlaw::Key),
        ("a key that is a text", heads(json!({"jwk":"x"})), ProofFlaw::Key),
        ("a private key", heads(json!({"jwk":private})), ProofFlaw::Key),
        ("a symmetric key", heads(json!({"jwk":{"kty":"oct","k":"AAAA"}})), ProofFlaw::Key),
        ("a key by name", heads(json!({"jwk":null,"kid":"ec"})), ProofFlaw::Key),
        ("a key elsewhere", heads(json!({"jwk":null,"jku":"https://evil.example/k"})), ProofFlaw::Key),
        ("half a key", heads(json!({"jwk":{"kty":"EC","crv":"P-256","x":public(&key)["x"]}})), ProofFlaw::Key),
        ("a key that is no point", heads(json!({"jwk":{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}})), OtherKey),
        (
            "a key of another curve",
            heads(json!({"jwk":{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"}})),
            ProofFlaw::Key,
        ),
        ("a key with signs", heads(json!({"jwk":with(public(&key), json!({"x":"\",\"y\":\""}))})), ProofFlaw::Key),
        ("a stranger's key", token(&k.foreign, &proof_header(&k.foreign), &proof_claims(&bearing, "j")), OtherKey),
        (
            "our key, a stranger's signature",
            token(&k.foreign, &proof_header(&key), &proof_claims(&bearing, "j")),
            Signature,
        ),
        (
            "other claims under the signature",
            format!("{}.{}.{}", parts[0], b64(with(proof_claims(&bearing, "k"), json!({})).to_string()), parts[2]),
            Signature,
        ),
        ("another method", claims(json!({"htm":"GET"})), Method),
        ("the method in another case", claims(json!({"htm":"post"})), Method),
        ("no method", claims(json!({"htm":null})), Method),
        ("another path", claims(json!({"htu":format!("{OWN}/mcp/files")})), Target),
        ("another host", claims(json!({"htu":"https://gw.example.com.evil.example/mcp"})), Target),
        ("another scheme", claims(json!({"htu":"http://gw.example.com/mcp"})), Target),
        ("another port", claims(json!({"htu":"https://gw.example.com:8443/mcp"})), Target),
        ("a path alone", claims(json!({"htu":"/mcp"})), Target),
        ("no address", claims(json!({"htu":null})), Target),
        ("a list of addresses", claims(json!({"htu":[format!("{OWN}/mcp")]})), Target),
        ("no token", claims(json!({"ath":null})), Token),
        ("another token", claims(json!({"ath":b64(Digest::of(b"x").as_bytes())})), Token),
        ("half the token's digest", claims(json!({"ath":b64([0; 16])})), Token),
        ("the token itself", claims(json!({"ath":bearing})), Token),
        ("old", claims(json!({"iat":NOW - 91})), Time),
        ("of the future", claims(json!({"iat":NOW + 31})), Time),
        ("of no time", claims(json!({"iat":null})), Time),
        ("of a time that is a text", claims(json!({"iat":NOW.to_string()})), Time),
        ("without an id", claims(json!({"jti":null})), Form),
        ("with an empty id", claims(json!({"jti":""})), Form),
        ("with a very long id", claims(json!({"jti":"j".repeat(257)})), Form),
        ("with an id that is a number", claims(json!({"jti":7})), Form),
        ("with a nonce that is a number", claims(json!({"nonce":7})), Form),
    ];
    for known in [false, true] {
        let door = own_door(issuer());
        if known {
            assert!(show(&door, &bearing, Some(&proof(&key, &bearing, "first", json!({}))), now()).is_ok());
        }
        for (name, proof, flaw) in &rows {
            let refusal = show(&door, &bearing, Some(proof), now()).unwrap_err();
            assert_eq!(refusal, Refusal::Proof(*flaw), "{name}");
            let answer = refusal.answer(None, None);
            assert_eq!(answer.status, 401, "{name}");
            assert!(answer.www_authenticate.unwrap().starts_with("DPoP error=\"invalid_dpop_proof\""), "{name}");
        }
        assert!(show(&door, &bearing, Some(&good), now()).is_ok(), "the base is good, and was not used up");
    }
}

#[test]
fn a_bound_token_is_no_bearer_token_and_the_reverse() {
    let (door, key) = (own_door(issuer()), Key::es256());
    let (bound, free) = (bound(&key), claiming(json!({})));
    let missing = Refusal::Invalid(Flaw::ProofMissing);
    assert_eq!(ask(&door, &bound, now()).unwrap_err(), missing, "stolen");
    assert_eq!(show(&door, &bound, None, now()).unwrap_err(), Refusal::Proof(ProofFlaw::Missing));
    let one = proof(&key, &bound, "1", json!({}));
    let header = format!("Bearer {bound}");
    let request = Some(Asked { method: "POST", path: "/mcp", proof: Some(&one) });
    let beside = Presented { authorization: Some(&header), request, ..Presented::default() };
    assert_eq!(door.authenticate(beside, now()).unwrap_err(), missing, "as a bearer token, with a proof beside it");
    let challenge = missing.answer(None, None).www_authenticate.unwrap();
    assert!(challenge.contains("Bearer error=\"invalid_token\"") && challenge.contains("DPoP algs=\"ES256 "));
    assert_eq!(
        show(&door, &free, Some(&proof(&key, &free, "2", json!({}))), now()).unwrap_err(),
        Refusal::Invalid(Flaw::Unbound),
        "a proof binds nothing that is not bound"
    );
    assert!(ask(&door, &free, now()).is_ok());
    let strict = own_door(IssuerSettings { key_rule: KeyRule::Required, ..issuer() });
    assert_eq!(ask(&strict, &free, now()).unwrap_err(), Refusal::Invalid(Flaw::Unbound));
    assert!(show(&strict, &bound, Some(&proof(&key, &bound, "3", json!({}))), now()).is_ok());
}

#[test]
fn a_nonce_is_asked_for_and_taken() {
    let settings = || IssuerSettings { nonces: NonceRule::Required, ..issuer() };
    let (door, key) = (own_door(settings()), Key::es256());
    let token = bound(&key);
    let refusal = show(&door, &token, Some(&proof(&key, &token, "1", json!({}))), now()).unwrap_err();
    let answer = refusal.answer(Some("https://gw/m"), None);
    let nonce = answer.dpop_nonce.expect("a nonce");
    assert_eq!(answer.status, 401);
    assert!(answer.www_authenticate.unwrap().starts_with("DPoP error=\"use_dpop_nonce\""));
    let with_nonce = |jti, nonce: &str| proof(&key, &token, jti, json!({"nonce":nonce}));
    assert!(
        show(&door, &token, Some(&with_nonce("1", &nonce)), now()).is_ok(),
        "the same id, since nothing came of it"
    );
    assert_eq!(
        show(&door, &token, Some(&with_nonce("2", "made up")), now()).unwrap_err(),
        Refusal::NonceNeeded { nonce: nonce.clone() }
    );
    let later = proof(&key, &token, "3", json!({"nonce":&*nonce,"iat":NOW + 700}));
    let long = claiming(json!({"cnf":{"jkt":thumbprint(&key)},"exp":NOW + 3600}));
    let ath = proof_claims(&long, "x")["ath"].clone();
    let later_long = proof(&key, &token, "3", json!({"nonce":&*nonce,"iat":NOW + 700,"ath":ath}));
    assert!(matches!(show(&door, &long, Some(&later_long), at(700)), Err(Refusal::NonceNeeded { .. })), "an old nonce");
    assert_eq!(show(&door, &token, Some(&later), at(700)).unwrap_err(), Refusal::Expired);
    let without_secret = Settings { issuers: vec![settings()], ..Settings::default() };
    assert_eq!(
        doorward_identity::Authenticator::new(without_secret).err().unwrap(),
        SettingsError::Nonces(ISSUER.into())
    );
}

#[test]
fn a_crowd_of_proofs_is_refused_not_forgotten() {
    let settings =
        Settings { issuers: vec![issuer()], own: Box::new([OWN.into()]), remembered_proofs: 32, ..Settings::default() };
    let (door, key, other) = (doorward_identity::Authenticator::new(settings).unwrap(), Key::es256(), Key::es256());
    let (token, others) = (bound(&key), bound(&other));
    let shown = |n: u32| show(&door, &token, Some(&proof(&key, &token, &n.to_string(), json!({}))), now());
    assert!((0..4).all(|n| shown(n).is_ok()));
    assert_eq!(shown(4).unwrap_err(), Refusal::Crowded);
    assert_eq!(Refusal::Crowded.answer(None, None).status, 503);
    assert_eq!(shown(0).unwrap_err(), Refusal::Proof(ProofFlaw::Replayed));
    assert!(show(&door, &others, Some(&proof(&other, &others, "1", json!({}))), now()).is_ok(), "others go on");
}

#[test]
fn metadata_and_challenges_name_the_same_algorithms() {
    assert_eq!(proof_algorithms(), ["ES256", "ES384", "EdDSA", "PS256", "RS256"]);
}
