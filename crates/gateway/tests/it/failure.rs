//! Servers that die, lie, stall or flood: each fails alone, soon, and says so.

use crate::{
    client::{Client, soon, text_of, until},
    front::{Front, command_server, http_server},
    upstream::{Play, Upstream, events, polite, reader, result},
};
use doorward_audit::Event;
use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use doorward_vocab::Outcome;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

/// That the server failed, in words for the client.
fn is_failure(answer: &Value, server: &str) -> bool {
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    message.contains(server)
}

#[tokio::test]
async fn a_server_that_dies_in_a_call_gives_an_error_and_is_gone_alone() {
    let mut dying = Fixture::start(&["--die-on", "wipe"]).unwrap();
    let (one, two) =
        (Server::start(Options::default()).await.unwrap(), Server::start(Options::default()).await.unwrap());
    let toml = [http_server("one", &one.url()), http_server("dying", dying.url()), http_server("two", &two.url())];
    let front = Front::start(&toml.concat()).await;
    let [old, new] = Client::both(&front, "/mcp").await;
    let answer = new.call("dying__wipe", json!({ "path": "/" })).await;
    assert!(is_failure(&answer, "dying"), "{answer}");
    dying.process().wait().unwrap();
    for client in [&old, &new, &Client::legacy(&front, "/mcp").await] {
        let names = client.names("tools/list", "tools", "name").await;
        assert!(names.contains(&"one__echo".into()) && names.contains(&"two__echo".into()), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("dying__")));
        assert_eq!(client.call_text("one__echo", json!({ "text": "x" })).await, "x");
        let answer = client.call("dying__echo", json!({ "text": "x" })).await;
        assert!(is_failure(&answer, "dying"), "{answer}");
        let uris = client.names("prompts/list", "prompts", "name").await;
        assert!(uris.iter().any(|name| name.starts_with("two__")));
    }
    let records = front.stop().await;
    let broke =
        |r: &&doorward_audit::Record| matches!(&r.event, Event::Outcome(o) if o.outcome == Outcome::Unreachable);
    assert!(records.iter().any(|r| broke(&r)));
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let script = |name: &'static str| {
        move |seen: &crate::upstream::Seen| {
            if seen.header("mcp-session-id").is_empty() && seen.method() == "initialize" {
                let text = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#;
                return Play::Session(result(seen, text), name);
            }
            if seen.header("mcp-session-id") != name && seen.header("mcp-protocol-version") != "2026-07-28" {
                return Play::Status(404);
            }
            polite(seen, &reader("look"))
                .unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[{"type":"text","text":"here"}]}"#)))
        }
    };
    let upstream = Upstream::start(script("first")).await;
    let (address, url) = (upstream.address, upstream.url());
    let other = Server::start(Options::default()).await.unwrap();
    let front = Front::start(&[http_server("odd", &url), http_server("other", &other.url())].concat()).await;
    let (all, one) = (Client::legacy(&front, "/mcp").await, Client::legacy(&front, "/mcp/odd").await);
    assert_eq!(all.call_text("odd__look", json!({})).await, "here");
    assert_eq!(one.call_text("look", json!({})).await, "here");
    drop(upstream);
    until("the port to close", async || tokio::net::TcpStream::connect(address).await.is_err().then_some(())).await;
    let answer = all.call("odd__look", json!({})).await;
    assert!(is_failure(&answer, "odd"), "{answer}");
    let _upstream = Upstream::start_at(address, script("second")).await;
    // At the endpoint of all the session goes on with a new one behind it; the other server's is untouched.
    assert_eq!(all.call_text("odd__look", json!({})).await, "here");
    assert_eq!(all.call_text("other__echo", json!({ "text": "x" })).await, "x");
    let names = all.names("tools/list", "tools", "name").await;
    assert!(names.contains(&"odd__look".to_owned()) && names.contains(&"other__echo".to_owned()), "{names:?}");
    // At its own endpoint the client's session was that of the server: it begins a new one.
    assert_eq!(one.open("tools/list", json!({})).await.status, 404);
    let one = Client::legacy(&front, "/mcp/odd").await;
    assert_eq!(one.call_text("look", json!({})).await, "here");
}

#[tokio::test]
async fn a_command_that_dies_is_started_again() {
    let words = Fixture::stdio_command(&["--die-on", "wipe"]).unwrap();
    let front = Front::start(&command_server("child", &words)).await;
    for path in ["/mcp/child", "/mcp"] {
        let prefix = if path == "/mcp" { "child__" } else { "" };
        let (wipe, echo) = (format!("{prefix}wipe"), format!("{prefix}echo"));
        let new = Client::modern(&front, path);
        assert_eq!(new.call_text(&echo, json!({ "text": "x" })).await, "x");
        let died = soon("the error", new.call(&wipe, json!({ "path": "/" }))).await;
        assert!(is_failure(&died, "child"), "{died}");
        until("it to run again", async || text_of(&new.call(&echo, json!({ "text": "x" })).await)).await;

        let old = Client::legacy(&front, path).await;
        assert_eq!(old.call_text(&echo, json!({ "text": "x" })).await, "x");
        let died = soon("the error", old.call(&wipe, json!({ "path": "/" }))).await;
        assert!(is_failure(&died, "child"), "{died}");
        if path == "/mcp" {
            until("it to run again", async || text_of(&old.call(&echo, json!({ "text": "x" })).await)).await;
        } else {
            until("the session to be over", async || {
                (old.open_call(&echo, json!({ "text": "x" })).await.status == 404).then_some(())
            })
            .await;
            let again = Client::legacy(&front, path).await;
            assert_eq!(again.call_text(&echo, json!({ "text": "x" })).await, "x");
        }
    }
}

#[tokio::test]
async fn a_command_that_does_not_start_says_so_and_hides_nobody() {
    let server = Server::start(Options::default()).await.unwrap();
    let toml = [
        command_server("missing", &["/nonexistent/program".to_owned()]),
        command_server("silent", &["/bin/false".to_owned()]),
        http_server("good", &server.url()),
    ];
    let front = Front::start(&toml.concat()).await;
    for client in Client::both(&front, "/mcp").await {
        let names = soon("the list", client.names("tools/list", "tools", "name")).await;
        assert!(names.iter().all(|name| name.starts_with("good__")) && names.len() > 10, "{names:?}");
    }
    for name in ["missing", "silent"] {
        let client = Client::modern(&front, &format!("/mcp/{name}"));
        let answer = soon("the error", client.ask("tools/list", json!({}))).await;
        assert!(answer.get("error").is_some(), "{answer}");
    }
}

#[tokio::test]
async fn a_call_without_any_sign_of_its_server_is_given_up() {
    let over_http = Fixture::start(&["--stall=echo"]).unwrap();
    let words = Fixture::stdio_command(&["--stall=echo"]).unwrap();
    let toml = [
        "[limits]\nupstream_timeout = \"1500ms\"\n".to_owned(),
        http_server("web", over_http.url()),
        command_server("child", &words),
    ];
    let front = Front::start(&toml.concat()).await;
    for name in ["web", "child"] {
        for client in Client::both(&front, &format!("/mcp/{name}")).await {
            // What reports progress lives longer than the patience for silence.
            let params = json!({ "name": "slow", "arguments": { "ms": 2500 }, "_meta": { "progressToken": 1 } });
            let slow = client.open("tools/call", params).await;
            let stalled = soon("the error", client.call("echo", json!({ "text": "x" }))).await;
            assert!(is_failure(&stalled, name), "{name}: {stalled}");
            assert_eq!(text_of(&slow.answer().await).as_deref(), Some("took 2500 ms"), "{name}");
            assert_eq!(client.call_text("big", json!({ "bytes": 4 })).await, "line");
            until("the server to hear that nobody waits", async || {
                client.counts("").await.get("echo.cancelled").cloned()
            })
            .await;
        }
    }
    let records = front.stop().await;
    let slow = |r: &&doorward_audit::Record| matches!(&r.event, Event::Outcome(o) if o.outcome == Outcome::TimedOut);
    assert_eq!(records.iter().filter(slow).count(), 4);
}

#[tokio::test]
async fn a_stream_of_changes_may_be_quiet_for_long() {
    let server = Server::start(Options::default()).await.unwrap();
    let front =
        Front::start(&format!("[limits]\nupstream_timeout = \"300ms\"\n{}", http_server("web", &server.url()))).await;
    let client = Client::modern(&front, "/mcp/web");
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let mut stream = client.open("subscriptions/listen", filter).await;
    stream.message().await.unwrap();
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(900), stream.message()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    client.call("test_trigger_tool_change", json!({})).await;
    assert_eq!(soon("the change", stream.message()).await.unwrap()["method"], "notifications/tools/list_changed");
}

/// Resident memory of this process, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn floods_are_cut_off_and_cost_no_memory() {
    let flood = Fixture::start(&["--flood=3000000"]).unwrap();
    let words = Fixture::stdio_command(&["--flood=3000000"]).unwrap();
    let toml =
        // Five failures in a row are a storm, which is only observed here.
        ["mode = \"observe\"\n[limits]\nresult = \"1 MiB\"\n".to_owned(), http_server("web", flood.url()), command_server("child", &words)];
    let front = Front::start(&toml.concat()).await;
    let client = Client::modern(&front, "/mcp/web");
    client.names("tools/list", "tools", "name").await;
    let before = memory();
    for _ in 0..3 {
        for path in ["/mcp/web", "/mcp/child"] {
            for client in Client::both(&front, path).await {
                let answer = soon("the error", client.call("echo", json!({ "text": "x" }))).await;
                assert!(answer.get("error").is_some(), "{answer:.300}");
            }
        }
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 48 << 10, "{grown} KiB");
}

#[tokio::test]
async fn a_server_that_never_stops_sending_waits_for_a_client_that_does_not_read() {
    let (to, from) = mpsc::channel(1);
    let from = std::sync::Mutex::new(Some(from));
    let upstream = Upstream::start(move |seen| {
        polite(seen, &reader("look")).unwrap_or_else(|| Play::Events(from.lock().unwrap().take().unwrap()))
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let client = Client::modern(&front, "/mcp/odd");
    let call = client.open_raw("1", "tools/call", r#""name":"look","arguments":{},"_meta":{"progressToken":1}"#).await;
    let note = "x".repeat(64 << 10);
    let progress = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":1,"progress":1,"message":"{note}"}}}}"#
    );
    let before = memory();
    let (sent, waits) = watch::channel(0_usize);
    let sending = tokio::spawn(async move {
        for _ in 0..4_000 {
            if to.send(crate::upstream::event(&progress)).await.is_err() {
                break;
            }
            sent.send_modify(|n| *n += 1);
        }
    });
    // It stands still long before the 250 MiB are sent.
    let mut last = usize::MAX;
    until("it to stand still", async || {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let now = *waits.borrow();
        (std::mem::replace(&mut last, now) == now).then_some(())
    })
    .await;
    assert!(last < 1_000, "{last} messages of 64 KiB were taken");
    assert!(memory().saturating_sub(before) < 96 << 10);
    drop(call);
    soon("the sender to hear of the end", sending).await.unwrap();
}

#[tokio::test]
async fn what_is_not_an_answer_is_an_error_of_the_server() {
    let upstream = Upstream::start(|seen| {
        polite(seen, &reader("look")).unwrap_or_else(|| {
            match seen.json()["params"]["arguments"]["how"].as_str().unwrap() {
                "html" => Play::Json("<html>".into()),
                "empty" => Play::Status(200),
                "teapot" => Play::Status(500),
                "accepted" => Play::Status(202),
                "redirect" => Play::Status(307),
                "other id" => Play::Json(r#"{"jsonrpc":"2.0","id":"other","result":{"content":[]}}"#.into()),
                "no id" => Play::Json(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}"#.into()),
                "both" => Play::Json(result(seen, r#"{"content":[]},"error":{"code":1,"message":"m"}"#)),
                "twice" => Play::Json(result(seen, r#"{"content":[],"content":[]}"#)),
                "end" => events(&[]),
                "garbage" => events(&["{".into()]),
                other => panic!("{other}"),
            }
        })
    })
    .await;
    let front = Front::start(&("mode = \"observe\"\n".to_owned() + &http_server("odd", &upstream.url()))).await;
    for (path, tool) in [("/mcp/odd", "look"), ("/mcp", "odd__look")] {
        for client in Client::both(&front, path).await {
            for how in [
                "html", "empty", "teapot", "accepted", "redirect", "other id", "no id", "both", "twice", "end",
                "garbage",
            ] {
                let exchange = client.open_call(tool, json!({ "how": how })).await;
                if exchange.header("content-type").starts_with("text/plain") {
                    assert!(exchange.status >= 400, "{how}");
                    continue;
                }
                let answer = soon(how, exchange.answer()).await;
                assert!(answer.get("error").is_some(), "{path} {how}: {answer}");
            }
        }
    }
}
