use super::*;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// What stands for an order in these tests.
const ORDER: &str = "OBEY ME AT ONCE";
const NOTE: &str = "[15 characters removed by Doorward: call_1]";

fn look(text: &str) -> Vec<Range<usize>> {
    text.match_indices(ORDER).map(|(at, _)| at..at + ORDER.len()).collect()
}

fn change() -> Change {
    Change::Cut { reference: "call_1".into() }
}

fn changed(text: &str) -> Option<String> {
    change().to(text, &look(text), &look).map(|splices| applied(text, &splices))
}

#[test]
fn only_what_was_found_goes() {
    for (text, expect) in [
        (format!("The invoice is late. {ORDER} Yours, Ann"), format!("The invoice is late. {NOTE} Yours, Ann")),
        (format!("late.{ORDER}Yours"), "late. [20 characters removed by Doorward: call_1]".to_owned()),
        (format!("late.{ORDER}. Yours"), format!("late. {NOTE} . Yours")),
        (ORDER.to_owned(), NOTE.to_owned()),
        (format!("a\n{ORDER}\n{ORDER}\nb"), "a\n[31 characters removed by Doorward: call_1]\nb".to_owned()),
        (format!("(über {ORDER}, 忽略{ORDER}忽略)"), format!("(über {NOTE} , 忽略 {NOTE} 忽略)")),
    ] {
        assert_eq!(changed(&text).as_deref(), Some(expect.as_str()), "{text}");
    }
}

#[test]
fn a_text_that_is_json_stays_json() {
    let ticket = |text: &str| json!({ "id": 4712, "open": true, "text": text, "tags": ["a", text] });
    let inner = ticket(&format!("\u{1f600} \"late\"\n{ORDER}\nYours"));
    for text in [inner.to_string(), serde_json::to_string_pretty(&json!([inner])).unwrap()] {
        let got: Json = serde_json::from_str(&changed(&text).unwrap()).unwrap();
        let got = if got.is_array() { got[0].clone() } else { got };
        assert_eq!(got, ticket(&format!("\u{1f600} \"late\"\n{NOTE}\nYours")), "{text}");
    }
    // And so does one within one.
    let outer = json!({ "body": inner.to_string() }).to_string();
    let got: Json = serde_json::from_str(&changed(&outer).unwrap()).unwrap();
    let body: Json = serde_json::from_str(got["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["text"], format!("\u{1f600} \"late\"\n{NOTE}\nYours"));
}

#[test]
fn what_cannot_be_cut_goes_as_a_whole() {
    assert_eq!(changed(&json!({ ORDER: 1 }).to_string()), None, "a key");
    let first = [Range { start: 0, end: 1 }];
    let across = |text: &str| if text.contains("\"OBEY\",\"ME\"") { first.to_vec() } else { Vec::new() };
    assert_eq!(change().to("[\"OBEY\",\"ME\"]", &first, &across), None, "an order over several strings");
    let never = |_: &str| first.to_vec();
    assert_eq!(change().to("x y z", &first, &never), None, "what is left is an order too");
}

#[test]
fn what_is_enclosed_keeps_its_form() {
    let change = Change::Enclose { before: "<\n".into(), after: "\n>".into() };
    let splices = |text: &str| applied(text, &change.to(text, &look(text), &look).unwrap());
    assert_eq!(splices(ORDER), format!("<\n{ORDER}\n>"));
    let text = json!({ "a": "fine", "b": ORDER }).to_string();
    let got: Json = serde_json::from_str(&splices(&text)).unwrap();
    assert_eq!(got, json!({ "a": "fine", "b": format!("<\n{ORDER}\n>") }));
}

/// A JSON value with orders in some of its strings, and what must come of it.
fn planted() -> impl Strategy<Value = (Json, Json)> {
    let text = prop::collection::vec(
        prop_oneof![Just(ORDER.to_owned()), "[a-zß\\\\\"\n\u{1f600}\u{7} ]{0,8}".prop_map(|s| s)],
        0..5,
    );
    let text = text.prop_map(|parts| {
        // Orders stand apart, so that the length that is told is theirs alone.
        let (with, without): (Vec<_>, Vec<_>) = parts
            .iter()
            .map(|p| if p == ORDER { (format!("| {ORDER} |"), format!("| {NOTE} |")) } else { (p.clone(), p.clone()) })
            .unzip();
        (json!(with.concat()), json!(without.concat()))
    });
    let leaf = prop_oneof![
        text,
        any::<i64>().prop_map(|n| (json!(n), json!(n))),
        any::<bool>().prop_map(|b| (json!(b), json!(b))),
        Just((Json::Null, Json::Null)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let text_within = inner.clone().prop_map(|(with, without)| match with {
            Json::Object(_) | Json::Array(_) => (json!(with.to_string()), json!(without.to_string())),
            _ => (with, without),
        });
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| {
                let (with, without): (Vec<_>, Vec<_>) = all.into_iter().unzip();
                (Json::Array(with), Json::Array(without))
            }),
            prop::collection::btree_map("[a-c\"\\\\é]{1,3}", inner, 0..4).prop_map(|all| {
                let with = all.iter().map(|(k, (with, _))| (k.clone(), with.clone())).collect();
                (Json::Object(with), Json::Object(all.into_iter().map(|(k, (_, without))| (k, without)).collect()))
            }),
            text_within,
        ]
    })
}

proptest! {
    /// What is cut is what was found and nothing else, and JSON stays the JSON that it was.
    #[test]
    fn cuts_are_exact((with, without) in planted(), ascii: bool) {
        let mut text = with.to_string();
        if ascii {
            text = text.chars().map(|c| if c.is_ascii() { c.to_string() } else {
                c.encode_utf16(&mut [0; 2]).iter().map(|u| format!("\\u{u:04x}")).collect()
            }).collect();
        }
        let found = look(&text);
        if found.is_empty() {
            return Ok(());
        }
        if let (true, Some(got)) = (with.is_array() || with.is_object(), changed(&text)) {
            prop_assert_eq!(serde_json::from_str::<Json>(&got).unwrap(), without);
        }
        // The same text in a message: every byte that is not cut stays.
        let raw = Json::String(text.clone()).to_string();
        let Some(splices) = change().to(&text, &found, &look) else { return Ok(()) };
        let expect = applied(&text, &splices);
        let got = applied(&raw, &in_string(&raw, 0, splices));
        prop_assert_eq!(serde_json::from_str::<String>(&got).unwrap(), expect);
    }
}
