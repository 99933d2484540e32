//! Calls that wait for a person, and what the operator answers.

use crate::{
    clients::{Pipe, text_of, wrap},
    live::{Connection, Live, PATIENCE, http_server},
    place::Place,
};
use doorward_testkit::peers::Fixture;
use serde_json::{Value, json};
use std::time::Instant;

/// A host that is written to be taken for another one: level `guard` asks a person about it.
const DISGUISED: &str = "https://login.example.org@evil.example/a";

async fn again(client: &mut Connection, said: &str) -> Value {
    let begun = Instant::now();
    loop {
        let answer = client.call("echo", json!({ "text": DISGUISED })).await.unwrap();
        if answer["result"]["content"][0]["text"].as_str().is_some_and(|text| text.contains(said)) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_operator_approves_and_declines_calls_of_a_running_gateway() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let live = Live::start(&place, &http_server("fixture", server.url()));
    assert_eq!(place.run("approvals list").out, "no call waits for a person\n");
    let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    again(&mut client, "must approve").await;
    let listed = place.run("approvals list");
    assert!(listed.out.contains("fixture/echo by") && listed.out.contains(DISGUISED), "{}", listed.shown());
    let id = place.run("approvals list --json").records()[0]["id"].as_str().unwrap().to_owned();
    let wrong = place.run("approvals approve x");
    assert_eq!((wrong.code, wrong.err.contains("no call waits under `x`")), (1, true), "{}", wrong.shown());
    let done = place.run(&format!("approvals approve {}", &id[..6]));
    assert_eq!((done.code, done.out.contains("approved")), (0, true), "{}", done.shown());
    let answer = again(&mut client, DISGUISED).await;
    // One yes is for one call.
    again(&mut client, "must approve").await;
    let id = place.run("approvals list --json").records()[0]["id"].as_str().unwrap().to_owned();
    let denied = place.run(&format!("approvals deny {id} --json"));
    assert_eq!((denied.code, &denied.records()[0]["answer"]), (0, &json!("declined")), "{}", denied.shown());
    again(&mut client, "declined").await;
    drop((live, answer));
    // The trail shows it in the chain of the call.
    let records = place.run("log show --kind approval --json").records();
    let changes: Vec<&str> = records.iter().filter_map(|r| r["change"].as_str()).collect();
    assert!(["asked", "approved", "used", "declined"].iter().all(|change| changes.contains(change)), "{records:?}");
    let used = records.iter().find(|r| r["change"] == "used").unwrap();
    let chain = place.run(&format!("log chain {}", used["call"].as_str().unwrap()));
    assert!(chain.out.contains("the human approved it") && chain.out.contains("approval"), "{}", chain.shown());
}

#[test]
fn a_client_on_a_pipe_is_asked_on_its_pipe() {
    let (place, server) = (Place::new(), Fixture::stdio_command(&[]).unwrap());
    let words: Vec<&str> = std::iter::once("--").chain(server.iter().map(String::as_str)).collect();
    let mut pipe = Pipe::start_with(&wrap(&place, &words), &[], &json!({ "elicitation": {} }));
    let params = json!({ "name": "echo", "arguments": { "text": DISGUISED } });
    for action in ["accept", "decline"] {
        let (asked, answer) =
            pipe.ask_and_reply("tools/call", params.clone(), |_| json!({ "action": action, "content": {} }));
        assert_eq!((asked.len(), &asked[0]["method"]), (1, &json!("elicitation/create")), "{asked:?}");
        assert!(asked[0]["params"]["message"].as_str().unwrap().contains(DISGUISED), "{asked:?}");
        let expected = if action == "accept" { DISGUISED } else { "declined" };
        assert!(text_of(&answer).contains(expected), "{answer}");
    }
    // What is asked meanwhile does not hold up the rest.
    pipe.begin("tools/call", json!({ "name": "echo", "arguments": { "text": format!("{DISGUISED}/2") } }));
    assert_eq!(text_of(&pipe.call("echo", json!({ "text": "plain" }))), "plain");
    assert_eq!(pipe.end(), 0);
}

#[test]
fn a_client_on_a_pipe_that_shows_nothing_waits_for_the_operator() {
    let (place, server) = (Place::new(), Fixture::stdio_command(&[]).unwrap());
    let words: Vec<&str> = std::iter::once("--").chain(server.iter().map(String::as_str)).collect();
    let mut pipe = Pipe::start(&wrap(&place, &words), &[]);
    let mut call = |said: &str| {
        let begun = Instant::now();
        loop {
            let answer = pipe.call("echo", json!({ "text": DISGUISED }));
            if text_of(&answer).contains(said) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{answer}");
        }
    };
    call("must approve");
    let listed = place.run("approvals list --json").records();
    assert_eq!(listed[0]["page"], Value::Null, "nobody listens for a page");
    let done = place.run(&format!("approvals approve {}", listed[0]["id"].as_str().unwrap()));
    assert_eq!(done.code, 0, "{}", done.shown());
    call(DISGUISED);
}
