//! `doorward demo`, whole: real servers, the real gateway, a real client.

#![expect(clippy::indexing_slicing, reason = "a record without the member fails the test")]

use crate::place::{Place, Ran};
use serde_json::Value;

fn scenes(ran: &Ran) -> Vec<Value> {
    ran.records().into_iter().filter(|r| r["kind"] == "scene").collect()
}

/// Every scene of every level ends as its file says, and the trail holds.
fn play(level: &str) -> Vec<Value> {
    let ran = Place::new().run(&format!("demo --json --level {level}"));
    let scenes = scenes(&ran);
    let surprises: Vec<&Value> = scenes.iter().filter(|s| s["as_expected"] != true).collect();
    assert!(surprises.is_empty(), "{level}: {surprises:#?}");
    let summary = ran.records().into_iter().find(|r| r["kind"] == "summary").unwrap();
    assert_eq!(summary["trail"]["verified"], true, "{summary}");
    assert_eq!(summary["unexpected"], 0, "{summary}");
    assert_eq!(summary["scenes"], scenes.len());
    assert!(ran.code == 0 && ran.err.is_empty(), "exit {}: {}", ran.code, ran.err);
    scenes
}

fn stopped(scenes: &[Value]) -> Vec<&str> {
    scenes.iter().filter(|s| s["stopped"] == true).map(|s| s["scene"].as_str().unwrap()).collect()
}

#[test]
fn guard_stops_the_classic_attacks() {
    let scenes = play("guard");
    let stopped = stopped(&scenes);
    for attack in ["injected-ticket", "reflected-secret", "path-traversal", "batch", "poisoned-description", "rug-pull"]
    {
        assert!(stopped.contains(&attack), "{attack} is not among {stopped:?}");
    }
    // A call that was refused never reached its server, by the server's own account.
    let refused = ["denied", "challenged", "refused"];
    let steps = scenes.iter().flat_map(|s| s["steps"].as_array().unwrap());
    let refused: Vec<&Value> =
        steps.filter(|s| s["server"].is_string() && refused.contains(&s["observed"].as_str().unwrap())).collect();
    assert!(refused.len() >= 10 && refused.iter().all(|s| s["reached"] == 0), "{refused:#?}");
    // The deciding policy is named to people.
    let mail = scenes.iter().find(|s| s["scene"] == "injected-ticket").unwrap();
    let because = mail["steps"][2]["because"].as_array().unwrap();
    assert!(because.iter().any(|why| why["policy"] == "base:untrusted-recipient"), "{because:#?}");
}

#[test]
fn watch_stops_nothing_but_broken_messages() {
    let scenes = play("watch");
    let mut stopped = stopped(&scenes);
    stopped.sort_unstable();
    let expected = ["batch", "duplicate-key", "foreign-origin", "forged-token", "header-body-split", "stolen-session"];
    assert_eq!(stopped, expected);
}

#[test]
fn lockdown_stops_more_than_guard() {
    let scenes = play("lockdown");
    assert!(stopped(&scenes).contains(&"unspoken-injection"));
}

#[test]
fn people_get_a_table_a_chain_and_a_proof() {
    let ran = Place::new().run("demo");
    assert_eq!(ran.code, 0, "{}", ran.out);
    for part in ["  expected  ", "HUMAN ", "▶ ", "\ntrail verified: ", "attacks stopped"] {
        assert!(ran.out.contains(part), "no `{part}` in:\n{}", ran.out);
    }
    assert!(!ran.out.contains('\x1b'), "no colours where nobody sees them");
}

#[test]
fn a_server_of_the_demo_that_is_not_there_is_a_mistake() {
    let ran = Place::new().run("demo --server nobody --seen x");
    assert_eq!((ran.code, ran.err.contains("no server `nobody`")), (2, true), "{}", ran.err);
}
