//! HTTP+SSE of 2024-11-05 with other people's clients and servers on either side of the gateway.

use crate::{
    clients::{Pipe, text_of, walk_peers, wrap},
    live::{Live, command_server, http_server},
    place::Place,
};
use doorward_testkit::peers::{
    Fixture, Peer, Running, Target, free_port, installed, python_fixture_sse, server_everything,
};
use serde_json::json;
use std::{
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

fn walk_on_streams(url: &str, prefix: &str) {
    if installed("clients of 2024").unwrap() {
        walk_peers(Peer::sse(), Target::Url(url), prefix, |_| true);
    }
}

#[test]
fn every_old_client_walks_through_the_stream_of_one_server() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let live = Live::start(&place, &http_server("fixture", server.url()));
    walk_on_streams(&live.url("/sse/fixture"), "");
}

#[test]
fn every_old_client_walks_through_the_stream_of_all_servers() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let live = Live::start(&place, &http_server("fixture", server.url()));
    walk_on_streams(&live.url("/sse"), "fixture__");
}

#[test]
fn old_clients_walk_to_a_command() {
    let place = Place::new();
    let command = Fixture::stdio_command(&[]).unwrap();
    let live = Live::start(&place, &command_server("command", &command));
    walk_on_streams(&live.url("/sse/command"), "");
}

#[test]
fn every_client_walks_to_an_old_server() {
    if !installed("an old server").unwrap() {
        return;
    }
    let (place, (_server, url)) = (Place::new(), python_fixture_sse().unwrap());
    let stated = http_server("stated", &url) + "transport = \"sse\"\n";
    let live = Live::start(&place, &(stated + &http_server("found", &url)));
    walk_peers(Peer::all(), Target::Url(&live.url("/mcp/stated")), "", |_| true);
    walk_on_streams(&live.url("/sse/stated"), "");
    // Once it was found out there is no difference.
    walk_peers(Peer::all(), Target::Url(&live.url("/mcp/found")), "", |peer| peer.name == "rust");
    walk_on_streams(&live.url("/sse/found"), "");
}

/// The official example server over HTTP+SSE alone.
fn everything_on_sse() -> (Running, String) {
    let port = free_port().unwrap().to_string();
    let words = server_everything("sse");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("PORT", &port).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running::start(&mut command).unwrap();
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    (running, format!("http://127.0.0.1:{port}/sse"))
}

#[test]
fn the_official_server_works_over_its_old_transport() {
    if !installed("the official server").unwrap() {
        return;
    }
    let (place, (mut server, url)) = (Place::new(), everything_on_sse());
    let live = Live::start(&place, &http_server("everything", &url));
    let clients = [Place::new(), Place::new(), Place::new()];
    // Over its own address, and through the gateway at both of its transports.
    let urls = [url, live.url("/sse/everything"), live.url("/mcp/everything")];
    let capabilities = json!({ "sampling": {}, "elicitation": {} });
    let mut pipes: Vec<Pipe> = clients
        .iter()
        .zip(&urls)
        .map(|(place, url)| Pipe::start_with(&wrap(place, &["--url", url]), &[], &capabilities))
        .collect();
    for pipe in &mut pipes {
        assert_eq!(text_of(&pipe.call("echo", json!({ "message": "x" }))), "Echo: x");
        assert!(pipe.ask("resources/list", json!({}))["result"]["resources"].as_array().unwrap().len() > 3);
        let prompts = pipe.ask("prompts/list", json!({}))["result"]["prompts"].clone();
        assert!(prompts.as_array().unwrap().len() > 1, "{prompts}");
        let prompt = pipe.ask("prompts/get", json!({ "name": "simple-prompt" }));
        assert!(prompt["result"]["messages"].is_array(), "{prompt}");
        let long = json!({ "name": "trigger-long-running-operation", "arguments": { "duration": 1, "steps": 2 },
            "_meta": { "progressToken": "p" } });
        let (before, answer) = pipe.ask_and_reply("tools/call", long, |asked| panic!("{asked}"));
        assert!(answer.get("result").is_some(), "{answer}");
        let steps = before.iter().filter(|m| m["params"]["progressToken"] == "p").count();
        assert_eq!(steps, 2, "{before:?}");
        let call = json!({ "name": "trigger-sampling-request", "arguments": { "prompt": "2+2", "maxTokens": 9 } });
        let (_, answer) = pipe.ask_and_reply("tools/call", call, |asked| {
            assert_eq!(asked["method"], "sampling/createMessage");
            json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "it is four" } })
        });
        assert!(text_of(&answer).contains("it is four"), "{answer}");
        let call = json!({ "name": "trigger-elicitation-request", "arguments": {} });
        let (_, answer) = pipe.ask_and_reply("tools/call", call, |asked| {
            assert_eq!(asked["method"], "elicitation/create");
            json!({ "action": "decline" })
        });
        assert!(answer["result"]["content"].is_array(), "{answer}");
    }
    // It dies in a call: whoever waits is told.
    for pipe in &mut pipes {
        pipe.begin(
            "tools/call",
            json!({ "name": "trigger-long-running-operation", "arguments": { "duration": 60, "steps": 1 } }),
        );
    }
    std::thread::sleep(Duration::from_millis(500));
    server.kill().unwrap();
    for mut pipe in pipes {
        let answer = pipe.answer();
        assert!(answer.get("error").is_some(), "{answer}");
        assert_eq!(pipe.end(), 0);
    }
}

/// A client that tries the newer transport first and falls back (2025-11-25, transports, backwards compatibility) does so
/// at the old address.
#[test]
fn clients_that_know_both_transports_fall_back_at_the_stream() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let live = Live::start(&place, &http_server("fixture", server.url()));
    let client = Place::new();
    // The gateway itself is such a client.
    let mut pipe = Pipe::start(&wrap(&client, &["--url", &live.url("/sse/fixture")]), &[]);
    assert_eq!(text_of(&pipe.call("echo", json!({ "text": "x" }))), "x");
    assert_eq!(pipe.end(), 0);
}
