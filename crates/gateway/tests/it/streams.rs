//! Streams: progress, cancellation, hanging up, resumption, the session's own stream and its end.

use crate::{
    client::{Client, soon, text_of, until},
    front::{Front, command_server, http_server, rulings_of},
    upstream::{Play, Upstream, event, polite, reader, result},
};
use doorward_audit::Event;
use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use doorward_vocab::Outcome;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

const ENDPOINTS: [(&str, &str); 2] = [("/mcp/fixture", ""), ("/mcp", "fixture__")];

async fn count(client: &Client, prefix: &str, what: &str) -> Option<Value> {
    client.counts(prefix).await.get(what).cloned()
}

#[tokio::test]
async fn progress_carries_the_token_of_its_request() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        for client in Client::both(&front, path).await {
            for token in [json!(0), json!("a:b"), json!("fixture:1")] {
                let params = json!({ "name": format!("{prefix}test_tool_with_progress"), "arguments": {},
                    "_meta": { "progressToken": token } });
                let all = client.open("tools/call", params).await.all().await;
                assert_eq!(all.len(), 4, "{all:?}");
                assert!(all[..3].iter().all(|m| m["params"]["progressToken"] == token), "{all:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_cancelled_call_ends_at_the_server_in_the_2025_era() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy(&front, path).await;
        let before = count(&client, prefix, "slow.cancelled").await.and_then(|n| n.as_u64()).unwrap_or(0);
        let runs = count(&client, prefix, "slow").await.and_then(|n| n.as_u64()).unwrap_or(0);
        let params = format!(r#""name":"{prefix}slow","arguments":{{"ms":600000}}"#);
        let mut slow = client.open_raw("\"the one\"", "tools/call", &params).await;
        until("it to run", async || (count(&client, prefix, "slow").await?.as_u64()? > runs).then_some(())).await;
        // Somebody else's id cancels nothing.
        let cancel = |id: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":"enough"}}}}"#
            )
        };
        assert_eq!(client.tell(&cancel("77")).await, 202);
        let other = Client::legacy(&front, path).await;
        assert_eq!(other.tell(&cancel("\"the one\"")).await, 202);
        assert_eq!(count(&client, prefix, "slow.cancelled").await.and_then(|n| n.as_u64()).unwrap_or(0), before);
        assert_eq!(client.tell(&cancel("\"the one\"")).await, 202);
        until("the server to notice", async || {
            (count(&client, prefix, "slow.cancelled").await?.as_u64()? > before).then_some(())
        })
        .await;
        let _ = soon("the end of its stream", slow.all()).await;
    }
}

#[tokio::test]
async fn hanging_up_cancels_in_the_2026_era() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (n, (path, prefix)) in ENDPOINTS.into_iter().enumerate() {
        let client = Client::modern(&front, path);
        let params =
            json!({ "name": format!("{prefix}slow"), "arguments": { "ms": 600_000 }, "_meta": { "progressToken": 1 } });
        let mut slow = client.open("tools/call", params).await;
        soon("progress", slow.message()).await.unwrap();
        drop(slow);
        let expected = json!(n + 1);
        until("the server to notice", async || {
            (count(&client, prefix, "slow.cancelled").await? == expected).then_some(())
        })
        .await;
    }
    let records = front.records_until(|records| {
        let cancelled =
            |r: &&doorward_audit::Record| matches!(&r.event, Event::Outcome(o) if o.outcome == Outcome::Cancelled);
        records.iter().filter(cancelled).count() == 2
    });
    records.await;
}

#[tokio::test]
async fn hanging_up_before_any_answer_cancels_too_and_is_recorded() {
    let (hung_up, mut hears) = watch::channel(false);
    let upstream =
        Upstream::start(move |seen| polite(seen, &reader("look")).unwrap_or_else(|| Play::Silence(hung_up.clone())))
            .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let client = Client::modern(&front, "/mcp/odd");
    let text = client.text("1", "tools/call", r#""name":"look","arguments":{}"#);
    let waiting = {
        let (address, text) = (front.address, text.clone());
        tokio::spawn(async move {
            let headers = [
                ("content-type", "application/json"),
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/call"),
                ("mcp-name", "look"),
            ];
            crate::client::Exchange::open(address, http::Method::POST, "/mcp/odd", &headers, text).await;
        })
    };
    until("the call to arrive", async || (!upstream.seen_of("tools/call").is_empty()).then_some(())).await;
    waiting.abort();
    soon("the server to notice", hears.wait_for(|gone| *gone)).await.unwrap();
    let call = front.rulings("look", 1).await[0].call;
    front
        .records_until(|records| {
            records
                .iter()
                .any(|r| matches!(&r.event, Event::Outcome(o) if o.call == call && o.outcome == Outcome::Cancelled))
        })
        .await;
}

#[tokio::test]
async fn hanging_up_before_any_answer_cancels_nothing_in_the_2025_era() {
    let (hung_up, hears) = watch::channel(false);
    let (answer, waits) = watch::channel(false);
    let upstream = Upstream::start(move |seen| {
        polite(seen, &reader("look"))
            .unwrap_or_else(|| Play::Later(waits.clone(), result(seen, r#"{"content":[]}"#), hung_up.clone()))
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    for path in ["/mcp/odd", "/mcp"] {
        answer.send_replace(false);
        let client = Client::legacy(&front, path).await;
        let tool = if path == "/mcp" { "odd__look" } else { "look" };
        let text = client.text("1", "tools/call", &format!(r#""name":"{tool}","arguments":{{}}"#));
        let session = client.session.clone().unwrap();
        let (address, arrived) = (front.address, upstream.seen_of("tools/call").len());
        let waiting = tokio::spawn(async move {
            let headers = [("content-type", "application/json"), ("mcp-session-id", &*session)];
            crate::client::Exchange::open(address, http::Method::POST, path, &headers, text).await;
        });
        until("the call to arrive", async || (upstream.seen_of("tools/call").len() > arrived).then_some(())).await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        // A round trip later the gateway has noticed.
        client.ask("tools/list", json!({})).await;
        assert!(!*hears.borrow());
        answer.send_replace(true);
        let completed = |records: &[doorward_audit::Record]| {
            let done = |r: &&doorward_audit::Record| matches!(&r.event, Event::Outcome(o) if rulings_of(records, "look").iter().any(|c| c.call == o.call && o.outcome == Outcome::Completed));
            records.iter().filter(done).count() > arrived
        };
        front.records_until(completed).await;
    }
}

#[tokio::test]
async fn hanging_up_alone_cancels_nothing_in_the_2025_era() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (n, (path, prefix)) in ENDPOINTS.into_iter().enumerate() {
        let client = Client::legacy(&front, path).await;
        let params =
            json!({ "name": format!("{prefix}slow"), "arguments": { "ms": 700 }, "_meta": { "progressToken": 1 } });
        let mut slow = client.open("tools/call", params).await;
        soon("progress", slow.message()).await.unwrap();
        drop(slow);
        let finished = json!(n + 1);
        until("it to finish", async || (count(&client, prefix, "slow.finished").await? == finished).then_some(()))
            .await;
        assert_eq!(count(&client, prefix, "slow.cancelled").await, None);
    }
}

#[tokio::test]
async fn hanging_up_alone_cancels_nothing_at_a_command() {
    let front = Front::start(&command_server("fixture", &Fixture::stdio_command(&[]).unwrap())).await;
    let client = Client::legacy(&front, "/mcp/fixture").await;
    let params = json!({ "name": "slow", "arguments": { "ms": 500 }, "_meta": { "progressToken": 1 } });
    let mut slow = client.open("tools/call", params).await;
    soon("progress", slow.message()).await.unwrap();
    drop(slow);
    until("it to finish", async || count(&client, "", "slow.finished").await).await;
}

#[tokio::test]
async fn a_stream_that_broke_off_goes_on_after_its_last_event() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy(&front, path).await;
        // The server hangs up and keeps the answer for whoever comes back.
        let mut call = client.open_call(&format!("{prefix}test_reconnection"), json!({})).await;
        let mut last = None;
        while let Some(event) = call.event().await {
            last = event.id.or(last);
            assert!(event.data.is_empty() || !event.data.contains("Reconnection test"), "it answered at once");
        }
        let last = last.expect("an event id to resume from");
        let mut resumed = client.get(Some(&last)).await;
        assert_eq!(resumed.status, 200, "{path}");
        let answer = soon("the answer", resumed.message()).await.unwrap();
        assert!(text_of(&answer).unwrap().starts_with("Reconnection test"), "{answer}");
        // Another session does not get what belongs to this one.
        let other = Client::legacy(&front, path).await;
        let mut stolen = other.get(Some(&last)).await;
        let nothing = tokio::time::timeout(std::time::Duration::from_millis(300), stolen.message()).await;
        assert!(!matches!(&nothing, Ok(Some(m)) if text_of(m).is_some()), "{nothing:?}");
    }
}

#[tokio::test]
async fn a_client_that_lost_its_stream_resumes_it() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy(&front, path).await;
        let params =
            json!({ "name": format!("{prefix}slow"), "arguments": { "ms": 600 }, "_meta": { "progressToken": 1 } });
        let mut slow = client.open("tools/call", params).await;
        let last = until("an event with an id", async || slow.event().await.unwrap().id).await;
        drop(slow);
        let mut resumed = client.get(Some(&last)).await;
        assert_eq!(resumed.status, 200, "{path}");
        let all = soon("the answer", resumed.all()).await;
        assert_eq!(text_of(all.last().unwrap()).as_deref(), Some("took 600 ms"), "{path}: {all:?}");
    }
}

#[tokio::test]
async fn the_stream_of_a_session_hears_of_changed_lists() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy(&front, path).await;
        let mut stream = client.get(None).await;
        assert_eq!(stream.header("content-type"), "text/event-stream");
        client.call(&format!("{prefix}test_trigger_tool_change"), json!({})).await;
        assert_eq!(stream.message().await.unwrap()["method"], "notifications/tools/list_changed");
        client.call(&format!("{prefix}test_trigger_prompt_change"), json!({})).await;
        assert_eq!(stream.message().await.unwrap()["method"], "notifications/prompts/list_changed");
    }
}

#[tokio::test]
async fn the_end_of_a_session_is_the_end_at_the_server_too() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, _) in ENDPOINTS {
        let client = Client::legacy(&front, path).await;
        assert_eq!(client.delete().await, 200);
        assert_eq!(client.open("tools/list", json!({})).await.status, 404);
        assert_eq!(client.get(None).await.status, 404);
        assert_eq!(client.delete().await, 404);
    }
}

#[tokio::test]
async fn the_session_of_the_server_is_never_shown_and_always_sent() {
    let upstream = Upstream::start(|seen| {
        polite(seen, &reader("look")).unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[]}"#)))
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let client = Client::legacy(&front, "/mcp/odd").await;
    assert_ne!(client.session.as_deref(), Some("upstream-session"));
    client.call("look", json!({})).await;
    assert_eq!(client.delete().await, 200);
    let call = &upstream.seen_of("tools/call")[0];
    assert_eq!(
        (call.header("mcp-session-id"), call.header("mcp-protocol-version")),
        ("upstream-session", "2025-11-25")
    );
    assert_eq!((call.header("mcp-method"), call.header("mcp-name")), ("", ""));
    let ended = upstream.seen().into_iter().find(|s| s.http == "DELETE").unwrap();
    assert_eq!(ended.header("mcp-session-id"), "upstream-session");
}

#[tokio::test]
async fn credentials_and_headers_of_the_client_stay_here() {
    let upstream = Upstream::start(|seen| {
        polite(seen, &reader("look"))
            .unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[],"resultType":"complete"}"#)))
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let client =
        Client::modern(&front, "/mcp/odd").with_header("cookie", "a=b").with_header("x-forwarded-for", "1.2.3.4");
    client.call("look", json!({})).await;
    for seen in upstream.seen() {
        for name in ["cookie", "x-forwarded-for", "authorization", "origin"] {
            assert_eq!(seen.header(name), "", "{name}");
        }
    }
}

#[tokio::test]
async fn an_event_is_passed_on_when_it_comes_and_not_later() {
    let (to, from) = mpsc::channel(1);
    let from = std::sync::Mutex::new(Some(from));
    let upstream = Upstream::start(move |seen| {
        polite(seen, &reader("look")).unwrap_or_else(|| Play::Events(from.lock().unwrap().take().unwrap()))
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let client = Client::modern(&front, "/mcp/odd");
    let mut call =
        client.open_raw("1", "tools/call", r#""name":"look","arguments":{},"_meta":{"progressToken":1}"#).await;
    for n in 0..3 {
        let progress = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":1,"progress":{n}}}}}"#
        );
        to.send(event(&progress)).await.unwrap();
        assert_eq!(soon("the event", call.raw_message()).await.unwrap(), progress);
    }
    to.send(event(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"resultType":"complete"}}"#)).await.unwrap();
    assert_eq!(call.answer().await["id"], 1);
}
