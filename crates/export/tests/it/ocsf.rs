use crate::kit;
use doorward_export::{Calls, Format as _, format};
use doorward_testkit::peers::{self, readers};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn every_event_validates_against_the_schema_that_it_names() {
    if !peers::installed("OCSF events against the schema").unwrap() {
        return;
    }
    let items = kit::every_kind();
    let kinds: BTreeSet<&str> = items.iter().map(|item| item.record.event.kind()).collect();
    assert_eq!(kinds.len(), 13, "a kind of record is missing: {kinds:?}");
    let mut lines = Vec::new();
    format::ocsf().write(&items, &mut lines).unwrap();
    let told = readers::read_ocsf(&lines).unwrap();
    let count: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(count["wrong"], 0, "{told}");
    let classes: Vec<&String> = count["classes"].as_object().unwrap().keys().collect();
    assert_eq!(classes.len(), 6, "{count}");
    let events: u64 = count["classes"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(usize::try_from(events).unwrap(), lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count());
    assert!(events > 120, "{count}");

    // The reader can say no.
    let first = String::from_utf8(lines).unwrap().lines().next().unwrap().to_owned();
    let told = readers::read_ocsf(first.replacen("\"severity_id\":", "\"severity\":", 1).as_bytes()).unwrap();
    assert!(told.contains("'severity_id' is a required property"), "{told}");
}

#[test]
fn an_ending_names_who_did_what() {
    let items = kit::every_kind();
    let mut calls = Calls::default();
    let events: Vec<Value> = items.iter().flat_map(|item| format::ocsf::events(item, &mut calls)).collect();
    let ended = |uid: &str| {
        let is = |e: &&Value| e["activity_name"] == "Outcome" && e["api"]["request"]["uid"] == uid;
        events.iter().find(is).unwrap_or_else(|| panic!("{uid}"))
    };
    let known = ended(&kit::call(2).to_string());
    assert_eq!((&known["api"]["operation"], &known["actor"]["app_uid"]), (&"mail/send".into(), &"a-1".into()));
    assert_eq!((&known["metadata"]["event_code"], &known["duration"]), (&"outcome".into(), &25.into()));
    let unknown = ended(&kit::call(200).to_string());
    assert_eq!(unknown["actor"], serde_json::json!({ "app_name": "doorward" }));
}

#[test]
fn each_event_has_an_id_of_its_own_that_stays() {
    let items = kit::every_kind();
    let ids = || -> Vec<String> {
        let mut calls = Calls::default();
        let events = items.iter().flat_map(|item| format::ocsf::events(item, &mut calls));
        events.map(|event| event["metadata"]["uid"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids();
    assert_eq!(all, ids());
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}
