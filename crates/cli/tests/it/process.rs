//! `doorward run` as a process: it follows its files, and ends in good order.

use crate::{
    live::{Connection, Live, PATIENCE, http_server, write},
    place::Place,
};
use doorward_testkit::peers::Fixture;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn refused(answer: &Value) -> bool {
    answer.pointer("/result/_meta/dev.doorward~1ruling").is_some()
}

/// Calls until the answer is as wanted.
async fn until(connection: &mut Connection, what: &str, wanted: impl Fn(&Value) -> bool) {
    let start = Instant::now();
    loop {
        let answer = connection.call("wipe", json!({ "path": "/x" })).await.expect("an answer");
        if wanted(&answer) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn files_are_followed_and_a_bad_one_changes_nothing() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let plain = http_server("fixture", server.url());
    let ruled = format!("{plain}[policy]\nfiles = [\"own.cedar\"]\n");
    place.write("own.cedar", "// nothing yet\n");
    let mut live = Live::start(&place, &ruled);
    let mut connection = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    until(&mut connection, "it is allowed", |answer| !refused(answer)).await;
    place.write("own.cedar", "forbid (principal is Agent, action, resource == Tool::\"fixture__wipe\");\n");
    until(&mut connection, "the policy file was followed", refused).await;
    // A policy with a mistake, then a configuration with one: what was in force stays.
    let log = || place.read("log.txt").matches("old configuration stays").count();
    place.write("own.cedar", "forbid (principal is Agent\n");
    wait(|| log() > 0).await;
    until(&mut connection, "the old policy holds", refused).await;
    place.write("own.cedar", "// nothing any more\n");
    until(&mut connection, "the good file was followed", |answer| !refused(answer)).await;
    let before = log();
    write(&place, &format!("levle = \"lockdown\"\n{ruled}"));
    wait(|| log() > before).await;
    until(&mut connection, "the old configuration holds", |answer| !refused(answer)).await;
    write(&place, &format!("level = \"lockdown\"\n{ruled}"));
    until(&mut connection, "the level was followed", refused).await;
    live.signal("-TERM");
    assert!(live.process.wait().unwrap().success());
    let verified = place.run("log verify");
    assert_eq!(verified.code, 0, "{}", verified.shown());
}

async fn wait(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_call_in_flight_ends_well_when_the_process_is_asked_to_stop() {
    for signal in ["-TERM", "-INT"] {
        let place = Place::new();
        let log = place.path("calls.jsonl");
        let server = Fixture::start(&["--log", log.to_str().unwrap()]).unwrap();
        let mut live = Live::start(&place, &http_server("fixture", server.url()));
        let mut connection = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
        let call = tokio::spawn(async move { connection.call("slow", json!({ "ms": 700 })).await });
        wait(|| std::fs::read_to_string(&log).is_ok_and(|text| text.contains("slow"))).await;
        live.signal(signal);
        let answer = call.await.unwrap().expect("the answer of the call in flight");
        assert_eq!(answer["result"]["content"][0]["text"], "took 700 ms");
        assert!(live.process.wait().unwrap().success());
        assert!(Connection::open(&live.base, "/mcp/fixture").await.is_err());
        assert_eq!(place.run("log verify").code, 0);
        let ends = place.run("log show --json");
        assert!(ends.out.contains("\"stop\""), "{}", ends.shown());
    }
}
