use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Document, JsonError> {
    Document::parse(text.as_bytes().to_vec().into(), &Limits { depth: 32, nodes: 100_000 }, Strictness::Request)
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Into::into),
        "\\PC{0,12}|[\\x00-\\x1f\"\\\\]{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("[a-z]{0,6}", inner, 0..20)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_another_parser(value in json()) {
        let text = serde_json::to_string(&value).unwrap();
        let doc = parse(&text).unwrap();
        prop_assert_eq!(doc.root().raw(), &text);
        fn same(ours: Value<'_>, theirs: &serde_json::Value) -> bool {
            match theirs {
                serde_json::Value::Object(o) => ours.members().count() == o.len() && o.iter().all(|(k, v)| ours.get(k).is_some_and(|x| same(x, v))),
                serde_json::Value::Array(a) => ours.items().count() == a.len() && ours.items().zip(a).all(|(x, v)| same(x, v)),
                serde_json::Value::String(s) => ours.as_str().as_deref() == Some(s),
                scalar => {
                    let text = scalar.to_string();
                    ours.raw() == text
                }
            }
        }
        prop_assert!(same(doc.root(), &value));
    }

    #[test]
    fn never_panics_and_never_accepts_more(data in prop::collection::vec(any::<u8>(), 0..60)) {
        crate::fuzzing::fuzz_document(&data);
    }

    #[test]
    fn never_accepts_more_near_json(text in "[\\[\\]{}:,\"a1.e\\\\u0-]{0,24}") {
        if parse(&text).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    #[test]
    fn removing_items_keeps_the_others(keep in prop::collection::vec(any::<bool>(), 0..12)) {
        let text = format!("[{}]", (0..keep.len()).map(|i| i.to_string()).collect::<Vec<_>>().join(" , "));
        let doc = parse(&text).unwrap();
        let mut edits = Edits::new();
        let gone: Vec<_> = keep.iter().enumerate().filter(|(_, k)| !**k).map(|(i, _)| i).collect();
        edits.remove_items(doc.root(), &gone);
        let left: Vec<usize> = serde_json::from_slice(&edits.apply(&doc)).unwrap();
        let expected: Vec<usize> = keep.iter().enumerate().filter(|(_, k)| **k).map(|(i, _)| i).collect();
        prop_assert_eq!(left, expected);
    }

    #[test]
    fn reshaping_is_what_a_map_does(
        old in prop::collection::btree_map("[a-f]", json(), 0..5),
        new in prop::collection::btree_map("[A-Cc-h]", 0..9_u8, 0..4),
        gone in prop::collection::btree_set("[a-f]", 0..4),
        space in "[ \n]{0,2}",
    ) {
        let members: Vec<_> = old.iter().map(|(k, v)| format!("{space}{}{space}:{v}{space}", quote(k))).collect();
        let doc = parse(&format!("[{{{}{space}}}]", members.join(","))).unwrap();
        let set: Vec<_> = new.iter().map(|(k, v)| (k.as_str(), v.to_string())).collect();
        let fits = |key: &str| set.iter().all(|(k, _)| *k == key || !k.eq_ignore_ascii_case(key));
        prop_assume!(set.iter().all(|(k, _)| fits(k)));
        let mut edits = Edits::new();
        edits.reshape(doc.root().items().next().unwrap(), &set, |key| gone.contains(key));

        let mut expected: serde_json::Map<_, _> =
            old.into_iter().filter(|(key, _)| !gone.contains(key) && fits(key)).collect();
        expected.extend(new.iter().map(|(key, value)| (key.clone(), (*value).into())));
        let changed = edits.apply(&doc);
        prop_assert!(parse(std::str::from_utf8(&changed).unwrap()).is_ok());
        let changed: serde_json::Value = serde_json::from_slice(&changed).unwrap();
        // Both read from a text: not every number comes back from its own as it was.
        let expected: serde_json::Value = serde_json::from_str(&serde_json::json!([expected]).to_string()).unwrap();
        prop_assert_eq!(changed, expected);
    }

    #[test]
    fn strings_stop_at_the_first_byte_that_stops_them(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(0x1f), Just(0x20)], 0..40),
        plain in "[ -!#-\\[\\]-~\u{80}-\u{2ff}]{0,30}",
    ) {
        let bytes = [plain.as_bytes(), &bytes].concat();
        let stop = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20));
        prop_assert_eq!(super::scan::plain(&bytes), stop);
    }

    #[test]
    fn quoting_is_json(text in "\\PC*|[\\x00-\\x7f]{0,20}") {
        prop_assert_eq!(serde_json::from_str::<String>(&quote(&text)).unwrap(), text);
    }
}

#[test]
fn what_parsers_disagree_about_is_refused() {
    for (text, what) in [
        (r#"{"a":1,"a":2}"#, "duplicate"),
        (r#"{"a":1,"\u0061":2}"#, "duplicate"),
        (r#"{"name":1,"Name":2}"#, "only in case"),
        (r#"{"params":1,"param\u017f":2}"#, "only in case"),
        (r#"["\ud800"]"#, "surrogate"),
        (r#"["\udc00\ud800"]"#, "surrogate"),
        ("[1] x", "the end"),
        ("[01]", "`,`"),
        ("[1,]", "a value"),
        ("[\"a\nb\"]", "control"),
        ("[+1]", "a value"),
        ("[1e999]", "double"),
        ("[-1e99932602]", "double"),
        ("[NaN]", "a value"),
        ("\u{feff}[]", "a value"),
        ("", "a value"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(what), "{text}: {error}");
    }
    let many: Vec<String> = (0..40).map(|i| format!("\"k{i}\":0")).collect();
    let twice = format!("{{{},\"k7\":1}}", many.join(","));
    assert!(matches!(parse(&twice), Err(JsonError::DuplicateKey { .. })));
    let cased = format!("{{{},\"K7\":1}}", many.join(","));
    assert!(matches!(parse(&cased), Err(JsonError::CaseVariant { .. })));
    assert!(matches!(parse(&"[".repeat(40)), Err(JsonError::Depth { limit: 32 })));
    assert!(matches!(
        Document::parse(vec![b'"', 0xff, b'"'].into(), &Limits::default(), Strictness::Result),
        Err(JsonError::Utf8 { at: 1 })
    ));
}

#[test]
fn edits_change_only_what_they_name() {
    let doc = parse(r#"{ "a" : 1.10 , "b":{"x":[1,2]}, "c":"\u00e9" }"#).unwrap();
    let root = doc.root();
    let mut edits = Edits::new();
    edits.replace(root.get("b").unwrap().get("x").unwrap(), "[]");
    edits.remove(root, "c");
    edits.set(root, "a", "2");
    assert_eq!(edits.apply(&doc), r#"{ "a" : 2 , "b":{"x":[]} }"#);
    let mut inside = Edits::new();
    inside.replace(root.get("b").unwrap().get("x").unwrap(), "[]");
    inside.reshape(root.get("b").unwrap(), &[("y", "0".to_owned())], |_| false);
    assert_eq!(inside.within(root.get("b").unwrap()), r#"{"x":[],"y":0}"#);
    let mut add = Edits::new();
    add.set(root, "z", "true");
    assert!(add.apply(&doc).starts_with(br#"{"z":true, "a" : 1.10"#));
}
