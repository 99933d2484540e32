//! What holds of every index.

use crate::{DecodeError, Index, Settings, Source, SourceId};
use doorward_vocab::{CallId, Confidentiality, Endorsement, Integrity, Label, ServerName, Standing, TurnId};
use proptest::prelude::*;

fn settings(memory: usize) -> Settings {
    Settings { memory, ..Settings::new([9; 16]) }
}

fn server() -> ServerName {
    "notes".parse().unwrap()
}

fn hear(index: &mut Index, call: u128, label: Label, text: &str) -> SourceId {
    index.result(&Source::result(CallId::from_bits(call), &server(), "list", Standing::of(label)), [("", text)])
}

/// A text of words and values as results have them.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z]{1,9}",
        "[A-Z]{2}[0-9]{18}",
        "[0-9]{1,8}",
        "[a-z]{3,7}@[a-z]{4,8}\\.example",
        "[A-Z][a-z]{4,9} [A-Z][a-z]{4,9}",
        "\\PC{1,12}",
        "20[0-9]{2}-0[1-9]-[12][0-9]",
        "\"|\\{|\\[|\n|- |: "
    ];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_indexed_is_found(before in proptest::collection::vec(text(), 0..6), value in "[A-Za-z0-9]{6}[0-9][A-Za-z][0-9]{4}", after in proptest::collection::vec(text(), 0..6)) {
        let mut index = Index::new(settings(1 << 20));
        before.iter().enumerate().for_each(|(n, t)| { hear(&mut index, n as u128, Label::OUTSIDE, t); });
        let source = hear(&mut index, 100, Label::OUTSIDE, &format!("{{\"items\":[{{\"id\":1}},{{\"key\":\"{value}\"}}]}}"));
        after.iter().enumerate().for_each(|(n, t)| { hear(&mut index, 200 + n as u128, Label::OUTSIDE, t); });
        let origin = index.trace(&format!("x {value} y"));
        let part = origin.from(source).next().expect("it stood there");
        let place = part.places.iter().find(|p| p.source() == source).unwrap();
        prop_assert_eq!(place.record(), 2);
        prop_assert_eq!(&**index.field(place).unwrap(), "/items/*/key");
        prop_assert!(origin.forgotten.is_none());
    }

    #[test]
    fn what_was_never_indexed_is_unknown(texts in proptest::collection::vec(text(), 0..8), value in "[QXZ][0-9]{5}[qxz]{3}[0-9]{5}") {
        let mut index = Index::new(settings(64 << 10));
        texts.iter().enumerate().for_each(|(n, t)| { hear(&mut index, n as u128, Label::OUTSIDE, t); });
        prop_assume!(!texts.iter().any(|t| t.contains(&value)));
        let origin = index.trace(&value);
        prop_assert!(origin.parts.is_empty());
        prop_assert!(matches!(origin.unknown.as_slice(), [all] if *all == (0..value.len())));
        prop_assert_eq!(origin.label().integrity, Integrity::Untrusted);
    }

    #[test]
    fn memory_is_kept(memory in 8_usize << 10..32 << 10, texts in proptest::collection::vec((text(), 1_usize..40), 0..24)) {
        let mut index = Index::new(settings(memory));
        for (n, (text, times)) in texts.iter().enumerate() {
            let text: String = (0..*times).map(|i| format!("{text} {i}{n} ")).collect();
            hear(&mut index, n as u128, Label::OUTSIDE, &text);
            prop_assert!(index.memory() <= memory, "{} of {memory}", index.memory());
            let leaves = [("/a", text.as_str())];
            let origins = index.trace_call(&server(), "send", &leaves);
            index.left(&server(), &format!("send{n}"), &leaves, &origins);
            prop_assert!(index.memory() <= memory, "{} of {memory} after leaving", index.memory());
        }
    }

    #[test]
    fn it_comes_back_from_bytes(texts in proptest::collection::vec(text(), 0..12), memory in 8_usize << 10..64 << 10, flip in any::<(usize, u8)>()) {
        let mut index = Index::new(settings(memory));
        index.turn(TurnId::from_bits(7), "pay ann.miller@example.org");
        for (n, text) in texts.iter().enumerate() {
            hear(&mut index, n as u128, Label::OUTSIDE, text);
            let leaves = [("/a", text.as_str())];
            let origins = index.trace_call(&server(), "send", &leaves);
            index.left(&server(), "send", &leaves, &origins);
        }
        let encoded = index.encode();
        let back = Index::decode(&encoded, settings(memory)).unwrap();
        prop_assert!(back.encode() == encoded);
        for text in &texts {
            prop_assert_eq!(back.trace_call(&server(), "send", &[("/a", text)]), index.trace_call(&server(), "send", &[("/a", text)]));
        }
        let mut damaged = encoded.clone();
        let at = flip.0 % damaged.len();
        damaged[at] ^= flip.1.max(1);
        prop_assert!(Index::decode(&damaged, settings(memory)).is_err());
        prop_assert!(Index::decode(&encoded[..at], settings(memory)).is_err());
        let other = Settings::new([1; 16]);
        prop_assert_eq!(Index::decode(&encoded, other).err(), Some(DecodeError::OtherKey));
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,200}", leaf in "\\PC{0,200}") {
        crate::fuzzing::fuzz_flow(text.as_bytes());
        crate::fuzzing::fuzz_flow(leaf.as_bytes());
    }
}

#[test]
fn a_human_is_believed_and_named_acts_lower() {
    let mut index = Index::new(settings(64 << 10));
    let heard = hear(
        &mut index,
        1,
        Label::new(Integrity::Untrusted, Confidentiality::Secret),
        "Pay DE89370400440532013000 now",
    );
    let iban = "DE89 3704 0044 0532 0130 00";
    let label = |index: &Index| index.trace(iban).label();
    assert_eq!(label(&index), Label::new(Integrity::Untrusted, Confidentiality::Secret));
    let by = Endorsement { by: "a human".into(), reason: "it is on the bill".into() };
    let act = index.endorse(heard, &by).unwrap();
    assert_eq!((act.from.integrity, act.to.integrity), (Integrity::Untrusted, Integrity::Trusted));
    assert_eq!(label(&index), Label::new(Integrity::Trusted, Confidentiality::Secret));
    assert!(index.endorse(heard, &by).is_none());
    hear(&mut index, 2, Label::OUTSIDE, "Pay DE89370400440532013000 now");
    assert_eq!(index.trace(iban).parts[0].places.len(), 2);
    assert_eq!(label(&index), Label::new(Integrity::Trusted, Confidentiality::Secret));
}

#[test]
fn what_is_forgotten_is_said_to_be() {
    let mut index = Index::new(settings(16 << 10));
    let said = index.turn(TurnId::from_bits(1), "Write to ann.miller@example.org");
    hear(
        &mut index,
        1,
        Label::new(Integrity::Untrusted, Confidentiality::Confidential),
        "The first: walter.brandt@other.example",
    );
    for n in 0..2_000 {
        hear(
            &mut index,
            n + 2,
            Label::new(Integrity::Trusted, Confidentiality::Public),
            &format!("key-{n:05}-{:08}", n * 7919 + 10_000_019),
        );
    }
    let first = index.trace("walter.brandt@other.example");
    assert!(first.parts.is_empty());
    assert_eq!(first.label(), Label::new(Integrity::Untrusted, Confidentiality::Confidential));
    assert!(index.trace("ann.miller@example.org").from(said).next().is_some());
    assert!(index.memory() <= 16 << 10);
}
