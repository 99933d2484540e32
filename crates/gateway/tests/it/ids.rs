//! Ids belong to clients: any type, any order, the same ones for everybody.

use crate::{
    client::{Client, text_of, until},
    front::{Front, command_server, http_server},
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn ids_keep_their_type_and_value() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let ids = [
        "0",
        "-1",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        r#""1""#,
        r#""""#,
        r#""a b\"é""#,
    ];
    for (path, prefix) in [("/mcp/fixture", ""), ("/mcp", "fixture__")] {
        for client in Client::both(&front, path).await {
            for id in ids {
                // The test server's library reads ids as 64-bit integers or strings.
                let params = format!(r#""name":"{prefix}echo","arguments":{{"text":"x"}}"#);
                let raw = client.open_raw(id, "tools/call", &params).await.raw_answer().await;
                let answer: Value = serde_json::from_str(&raw).unwrap();
                assert_eq!(answer["id"], serde_json::from_str::<Value>(id).unwrap(), "{raw}");
                assert_eq!(text_of(&answer).as_deref(), Some("x"), "{raw}");
            }
        }
    }
}

#[tokio::test]
async fn an_id_in_flight_is_not_used_twice_in_a_session() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let client = Client::legacy(&front, "/mcp/fixture").await;
    let mut slow = client.open_raw("5", "tools/call", r#""name":"slow","arguments":{"ms":600000}"#).await;
    let watcher = Client::modern(&front, "/mcp/fixture");
    until("the call to run", async || watcher.counts("").await.get("slow").cloned()).await;
    let twice = client.open_raw("5", "tools/call", r#""name":"echo","arguments":{"text":"x"}"#).await;
    assert_eq!(twice.status, 400);
    assert_eq!(twice.answer().await["id"], 5);
    assert_eq!(watcher.counts("").await.get("echo"), None);
    // Another type is another id; another session has ids of its own.
    let params = r#""name":"echo","arguments":{"text":"x"}"#;
    assert_eq!(client.open_raw("\"5\"", "tools/call", params).await.answer().await["id"], "5");
    let other = Client::legacy(&front, "/mcp/fixture").await;
    assert_eq!(other.open_raw("5", "tools/call", params).await.answer().await["id"], 5);
    // Once answered, or taken back, it is free.
    assert_eq!(
        client.tell(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}"#).await,
        202
    );
    let _ = slow.all().await;
    let again = client.open_raw("5", "tools/call", params).await.answer().await;
    assert_eq!(text_of(&again).as_deref(), Some("x"), "{again}");
}

#[tokio::test]
async fn everybody_gets_their_own_answer_to_the_same_id() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let (front, rounds) = (&front, 8);
    let talking = (0..8).map(|n| async move {
        let path = if n % 2 == 0 { "/mcp/fixture" } else { "/mcp" };
        let tool = if n % 2 == 0 { "echo" } else { "fixture__echo" };
        let client = if n % 4 < 2 { Client::legacy(front, path).await } else { Client::modern(front, path) };
        for round in 0..rounds {
            let mine = format!("client {n} round {round}");
            let params = format!(r#""name":"{tool}","arguments":{}"#, json!({ "text": mine }));
            let answer = client.open_raw(&round.to_string(), "tools/call", &params).await.answer().await;
            assert_eq!(text_of(&answer), Some(mine));
        }
    });
    join_all(talking).await;
}

#[tokio::test]
async fn many_calls_of_one_session_run_side_by_side() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::start(&http_server("fixture", &server.url())).await;
    for client in Client::both(&front, "/mcp/fixture").await {
        let client = &client;
        let calls = (0..24).map(|n| async move {
            let ms = 300 - n * 10;
            let text = client.call_text("slow", json!({ "ms": ms })).await;
            assert_eq!(text, format!("took {ms} ms"));
        });
        crate::client::soon("all of them", join_all(calls)).await;
    }
}

#[tokio::test]
async fn a_session_holds_so_many_calls_and_no_more() {
    let server = Server::start(Options::default()).await.unwrap();
    let words = Fixture::stdio_command(&[]).unwrap();
    let toml =
        ["[limits]\nin_flight = 3\n".to_owned(), http_server("web", &server.url()), command_server("child", &words)];
    let front = Front::start(&toml.concat()).await;
    for path in ["/mcp/web", "/mcp/child"] {
        let client = Client::legacy(&front, path).await;
        let slow = |n: i64| json!({ "name": "slow", "arguments": { "ms": 600_000 }, "_meta": { "progressToken": n } });
        let mut open = Vec::new();
        for id in 1..=3 {
            let mut call = client.open("tools/call", slow(id)).await;
            crate::client::soon("progress", call.message()).await.unwrap();
            open.push((id, call));
        }
        assert_eq!(client.open("tools/call", slow(4)).await.status, 503);
        // What is taken back makes room. Hanging up does not: the client can come back for the answer.
        let take_back = async |id: i64| {
            let cancel =
                json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
            assert_eq!(client.tell(&cancel.to_string()).await, 202);
        };
        let (id, call) = open.remove(0);
        take_back(id).await;
        drop(call);
        assert_eq!(client.call_text("echo", json!({ "text": "x" })).await, "x");
        for (id, call) in open {
            drop(call);
            take_back(id).await;
        }
        until("room for three", async || {
            let calls = join_all((0..3).map(|_| client.call("echo", json!({ "text": "x" })))).await;
            calls.iter().all(|answer| text_of(answer).is_some()).then_some(())
        })
        .await;
        assert_eq!(client.delete().await, 200);
    }
}
