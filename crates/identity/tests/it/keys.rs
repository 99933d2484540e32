use crate::forge::*;
use doorward_identity::{
    Authenticator, Flaw, IssuerSettings, KeySetError, KeySource, Refusal, Settings, SettingsError,
};
use serde_json::json;

fn fetching() -> Authenticator {
    door(IssuerSettings::new(ISSUER, AUDIENCE))
}

fn needed() -> Refusal {
    Refusal::KeysNeeded { issuer: ISSUER.into() }
}

fn unavailable() -> Refusal {
    Refusal::KeysUnavailable { issuer: ISSUER.into() }
}

#[test]
fn keys_are_asked_for_once_and_then_learned() {
    let (door, token) = (fetching(), claiming(json!({"exp":NOW + 100_000})));
    assert_eq!(ask(&door, &token, at(0)).unwrap_err(), needed());
    assert_eq!(ask(&door, &token, at(1)).unwrap_err(), unavailable(), "one caller fetches");
    assert_eq!(
        ask(&door, &token, at(11)).unwrap_err(),
        unavailable(),
        "a fetch that never ends does not start a storm"
    );
    assert_eq!(ask(&door, &token, at(31)).unwrap_err(), needed(), "and does not block for ever");
    door.learn(ISSUER, &jwks(), at(31)).unwrap();
    assert!(ask(&door, &token, at(31)).is_ok());
}

#[test]
fn unknown_keys_cannot_flood_the_issuer() {
    let door = fetching();
    door.learn(ISSUER, &jwks(), at(0)).unwrap();
    let made_up = |n: u64| heading(json!({"kid":format!("k{n}")}));
    let mut fetches = 0;
    for n in 0..300 {
        match ask(&door, &made_up(n), at(n / 10)).unwrap_err() {
            Refusal::KeysNeeded { .. } => {
                fetches += 1;
                door.learn(ISSUER, &jwks(), at(n / 10)).unwrap();
            }
            other => assert_eq!(other, Refusal::Invalid(Flaw::KeyUnknown)),
        }
    }
    assert_eq!(fetches, 1, "in thirty seconds");
    assert!(ask(&door, &claiming(json!({})), at(29)).is_ok(), "known keys go on");
}

#[test]
fn a_rotation_ends_what_the_old_keys_verified() {
    let (door, token) = (fetching(), claiming(json!({})));
    door.learn(ISSUER, &jwks(), at(0)).unwrap();
    assert!(ask(&door, &token, at(1)).is_ok());
    let other = serde_json::to_vec(&json!({"keys":[keys().foreign.jwk("new")]})).unwrap();
    door.learn(ISSUER, &other, at(2)).unwrap();
    assert_eq!(ask(&door, &token, at(3)).unwrap_err(), needed());
}

#[test]
fn old_keys_are_renewed_and_then_not_believed() {
    let (door, token) = (fetching(), claiming(json!({"exp":NOW + 100_000})));
    assert_eq!(door.due(at(0)), [(ISSUER.into(), KeySource::Discovery)]);
    assert_eq!(door.due(at(1)), [], "said once");
    door.learn(ISSUER, &jwks(), at(1)).unwrap();
    assert_eq!(door.due(at(500)), []);
    assert_eq!(door.due(at(601)).len(), 1);
    door.missed(ISSUER);
    assert!(ask(&door, &token, at(602)).is_ok(), "the issuer may be away for a while");
    assert!(ask(&door, &token, at(4200)).is_ok());
    assert_eq!(ask(&door, &token, at(4202)).unwrap_err(), needed(), "but not longer, remembered or not");
    door.missed(ISSUER);
    assert_eq!(ask(&door, &token, at(4203)).unwrap_err(), unavailable());
}

#[test]
fn bad_key_sets_change_nothing() {
    let (door, token) = (fetching(), claiming(json!({})));
    door.learn(ISSUER, &jwks(), at(0)).unwrap();
    let twice = serde_json::to_vec(&json!({"keys":[keys().ec.jwk("a"), keys().foreign.jwk("a")]})).unwrap();
    let many = serde_json::to_vec(&json!({"keys":vec![json!({}); 257]})).unwrap();
    let private = serde_json::to_vec(
        &json!({"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"},{"kty":"EC","crv":"P-256","kid":"b","x":"!","y":"!"}]}),
    )
    .unwrap();
    let table = [
        (&b"<html>"[..], KeySetError::Form),
        (br#"{"keys":{}}"#, KeySetError::Form),
        (br#"{"keys":[],"keys":[]}"#, KeySetError::Form),
        (br#"{"keys":[]}"#, KeySetError::Empty),
        (&private, KeySetError::Empty),
        (&twice, KeySetError::Ambiguous("a".to_owned())),
        (&many, KeySetError::TooLarge),
    ];
    for (bytes, error) in table {
        assert_eq!(door.learn(ISSUER, bytes, at(1)), Err(error));
    }
    assert_eq!(door.learn(ISSUER, &vec![b' '; 600_000], at(1)), Err(KeySetError::TooLarge));
    assert_eq!(door.learn("https://other", &jwks(), at(1)), Err(KeySetError::UnknownIssuer));
    assert!(ask(&door, &token, at(2)).is_ok());
}

#[test]
fn settings_that_cannot_be_used() {
    let of = |issuers| Authenticator::new(Settings { issuers, ..Settings::default() }).err().unwrap();
    let base = || IssuerSettings::new(ISSUER, AUDIENCE);
    assert_eq!(of(vec![base(), base()]), SettingsError::DuplicateIssuer(ISSUER.into()));
    assert_eq!(of(vec![IssuerSettings::new(ISSUER, "")]), SettingsError::NoAudience(ISSUER.into()));
    assert_eq!(
        of(vec![IssuerSettings { algorithms: Box::default(), ..base() }]),
        SettingsError::NoAlgorithm(ISSUER.into())
    );
    let pinned = IssuerSettings { keys: KeySource::Pinned(b"{}"[..].into()), ..base() };
    assert!(matches!(of(vec![pinned]), SettingsError::Keys { error: KeySetError::Form, .. }));
}
