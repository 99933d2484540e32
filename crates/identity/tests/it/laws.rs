use crate::forge::*;
use doorward_identity::fuzzing::{fuzz_proof, fuzz_token};
use proptest::prelude::*;

proptest! {
    #[test]
    fn nothing_that_comes_in_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[A-Za-z0-9._=-]{0,80}") {
        fuzz_token(&bytes);
        fuzz_proof(&bytes);
        fuzz_proof(text.as_bytes());
        fuzz_token(text.as_bytes());
    }

    #[test]
    fn no_change_of_a_good_token_is_good(at in 0_usize..400, with in "[A-Za-z0-9_.-]") {
        let good = token(&keys().ec, &header(), &claims());
        let at = at % good.len();
        let mut other = good.clone();
        other.replace_range(at..=at, &with);
        prop_assert_eq!(ask(&door(issuer()), &other, now()).is_ok(), other == good);
    }

    #[test]
    fn claims_of_any_shape_are_judged(name in prop::sample::select(vec!["aud", "exp", "nbf", "sub", "act", "scope", "groups", "azp", "email", "txn", "cnf"]), json in prop::sample::select(vec!["null", "1", "-1e9", "\"\"", "\"x\"", "[]", "[[]]", "{}", "{\"sub\":\"a\"}", "true", "[1,\"a\"]"])) {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let mut changed = claims();
        changed[name] = value;
        if let Ok(p) = ask(&door(issuer()), &token(&keys().ec, &header(), &changed), now()) {
            prop_assert!(!p.agent.id.is_empty() && p.expires > Some(now()));
        }
    }

    #[test]
    fn no_change_of_a_good_proof_is_good(at in 0_usize..700, with in "[A-Za-z0-9_.-]") {
        let (door, key) = (own_door(issuer()), Key::eddsa());
        let token = bound(&key);
        let good = proof(&key, &token, "1", serde_json::json!({}));
        let at = at % good.len();
        let mut other = good.clone();
        other.replace_range(at..=at, &with);
        prop_assert_eq!(show(&door, &token, Some(&other), now()).is_ok(), other == good);
    }
}
