//! Servers that know HTTP+SSE alone, in front of clients of every kind.

use crate::{
    client::{Client, soon, text_of, until},
    front::{Front, http_server},
    old::{ENDPOINT, Old, courteous, old_server, say},
    upstream::{Seen, event, reader, result},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

fn sse_server(name: &str, url: &str) -> String {
    http_server(name, url) + "transport = \"sse\"\n"
}

/// Answers every call with its own arguments.
fn echo(seen: &Seen, to: &mpsc::Sender<String>) {
    if !courteous(seen, to, &reader("look")) {
        let text = seen.json()["params"]["arguments"].to_string();
        say(to, &result(seen, &json!({ "content": [{ "type": "text", "text": text }] }).to_string()));
    }
}

fn gets(seen: &[Seen]) -> usize {
    seen.iter().filter(|s| s.http == "GET").count()
}

#[tokio::test]
async fn sessions_of_every_transport_go_over_its_stream() {
    let (upstream, _open) = old_server(ENDPOINT, echo).await;
    let front = Front::start(&sse_server("odd", &upstream.url())).await;
    for path in ["/mcp/odd", "/mcp"] {
        let prefix = if path == "/mcp" { "odd__" } else { "" };
        let client = Client::legacy(&front, path).await;
        assert_eq!(client.call_text(&format!("{prefix}look"), json!({ "at": 1 })).await, r#"{"at":1}"#);
    }
    for (path, prefix) in [("/sse/odd", ""), ("/sse", "odd__")] {
        let mut client = Old::session(&front, path, "2024-11-05", json!({})).await;
        let answer = client.call(&format!("{prefix}look"), json!({ "at": 2 })).await;
        assert_eq!(text_of(&answer).as_deref(), Some(r#"{"at":2}"#));
    }
    let seen = upstream.seen();
    assert_eq!(gets(&seen), 4, "a stream for each session");
    assert!(seen.iter().all(|s| s.http == "GET" || s.path == "/message?sessionId=7"), "it was asked in another way");
}

#[tokio::test]
async fn an_old_server_is_found_out_and_remembered() {
    let (upstream, _open) = old_server(ENDPOINT, echo).await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    for n in 1..=3 {
        let client = Client::legacy(&front, "/mcp/odd").await;
        assert_eq!(client.call_text("look", json!({})).await, "{}");
        let tried = upstream.seen().iter().filter(|s| s.http == "POST" && s.path == "/mcp").count();
        assert_eq!((tried, gets(&upstream.seen())), (1, n));
    }
    // Both attempts were ruled and recorded, and so was how the first one ended.
    let records = front.stop().await;
    let count = |event: &str| records.iter().filter(|r| format!("{:?}", r.event).contains(event)).count();
    assert!(count("initialize") >= 4, "{records:#?}");
}

#[tokio::test]
async fn clients_without_sessions_are_served_over_one_that_the_gateway_holds() {
    for stated in ["", "transport = \"sse\"\n"] {
        let (upstream, _open) = old_server(ENDPOINT, echo).await;
        let front = Front::start(&(http_server("odd", &upstream.url()) + stated)).await;
        for (path, prefix) in [("/mcp/odd", ""), ("/mcp", "odd__")] {
            let client = Client::modern(&front, path);
            for n in 0..3 {
                let answer = client.call(&format!("{prefix}look"), json!({ "at": n })).await;
                assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
                assert_eq!(text_of(&answer).unwrap(), json!({ "at": n }).to_string());
            }
        }
        assert_eq!(gets(&upstream.seen()), 1);
        // What was stated is not probed.
        let probed = upstream.seen_of("server/discover");
        assert_eq!(probed.is_empty(), !stated.is_empty(), "{probed:?}");
        assert!(probed.iter().all(|s| s.path == "/mcp"));
    }
}

#[tokio::test]
async fn what_the_operator_stated_is_not_guessed() {
    let (upstream, _open) = old_server(ENDPOINT, echo).await;
    let front = Front::start(&(http_server("odd", &upstream.url()) + "transport = \"http\"\n")).await;
    let client = Client::modern(&front, "/mcp/odd");
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let answer = client.post(body, &[]).await.answer().await;
    assert!(answer.get("error").is_some(), "{answer}");
    assert_eq!(gets(&upstream.seen()), 0);
}

#[tokio::test]
async fn an_endpoint_elsewhere_is_refused() {
    for first in [
        "event: endpoint\ndata: http://127.0.0.1:1/message\n\n",
        "event: endpoint\ndata: //evil.example/message?sessionId=7\n\n",
        "event: endpoint\ndata: https://evil.example/\n\n",
        "event: endpoint\ndata: file:///etc/passwd\n\n",
        "event: endpoint\ndata: http://user:pass@127.0.0.1/\n\n",
        "event: message\ndata: {}\n\n",
        "data: /message?sessionId=7\n\n",
    ] {
        let (upstream, _open) = old_server(first, echo).await;
        let front = Front::start(&sse_server("odd", &upstream.url())).await;
        let mut client = Old::open(&front, "/sse/odd").await;
        let params = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let answer = client.ask("initialize", params).await;
        assert_eq!(answer["error"]["data"], "protocol", "{first}: {answer}");
        assert!(upstream.seen().iter().all(|s| s.http == "GET"), "{first}: a message left");
    }
}

#[tokio::test]
async fn comments_may_come_first_and_other_events_say_nothing() {
    let first = ": hello\n\nevent: endpoint\ndata: message?sessionId=7\n\nevent: endpoint\ndata: http://evil.example/\n\nevent: odd\ndata: {\"jsonrpc\":\"2.0\"}\n\n";
    let (upstream, _open) = old_server(first, echo).await;
    let front = Front::start(&sse_server("odd", &upstream.url())).await;
    let client = Client::legacy(&front, "/mcp/odd").await;
    assert_eq!(client.call_text("look", json!({})).await, "{}");
    assert!(upstream.seen().iter().all(|s| s.http == "GET" || s.path == "/message?sessionId=7"));
}

#[tokio::test]
async fn a_stream_that_ends_fails_what_waits_and_a_new_session_opens_a_new_one() {
    let (upstream, open) = old_server(ENDPOINT, |seen, to| {
        if seen.method() != "tools/call" || seen.json()["params"]["arguments"]["answer"] == true {
            echo(seen, to);
        }
    })
    .await;
    let front = Front::start(&sse_server("odd", &upstream.url())).await;
    let arrived =
        async |n: usize| until("the call", async || (upstream.seen_of("tools/call").len() >= n).then_some(())).await;

    let client = Client::legacy(&front, "/mcp/odd").await;
    let call = client.open_call("look", json!({}));
    let hang_up = async {
        arrived(1).await;
        open.lock().unwrap().take();
    };
    let (call, ()) = tokio::join!(call, hang_up);
    let answer = soon("the failure", call.answer()).await;
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert_eq!(client.open("tools/list", json!({})).await.status, 404, "the session is gone");
    let client = Client::legacy(&front, "/mcp/odd").await;
    assert_eq!(client.call_text("look", json!({ "answer": true })).await, r#"{"answer":true}"#);

    // The client of an event stream is told, and its stream ends.
    let mut old = Old::session(&front, "/sse/odd", "2024-11-05", json!({})).await;
    let id = old.send("tools/call", json!({ "name": "look", "arguments": {} })).await;
    arrived(3).await;
    open.lock().unwrap().take();
    let all = old.until_answer(id).await;
    assert!(all.last().unwrap().get("error").is_some(), "{all:?}");
    assert!(soon("the end", old.events.event()).await.is_none());

    // Behind the endpoint of all servers, the next request opens another session with it.
    let all = Client::legacy(&front, "/mcp").await;
    open.lock().unwrap().take();
    let answer =
        until("a new session", async || text_of(&all.call("odd__look", json!({ "answer": true })).await)).await;
    assert_eq!(answer, r#"{"answer":true}"#);
}

#[tokio::test]
async fn a_server_that_forgot_the_session_ends_it() {
    let (upstream, open) = old_server(ENDPOINT, echo).await;
    let front = Front::start(&sse_server("odd", &upstream.url())).await;
    let client = Client::legacy(&front, "/mcp/odd").await;
    // Its stream stays open, and it answers 404 to what is posted.
    let kept = open.lock().unwrap().take();
    assert_eq!(client.open("tools/list", json!({})).await.status, 404);
    assert_eq!(client.open("tools/list", json!({})).await.status, 404);
    drop(kept);
}

#[tokio::test]
async fn a_server_asks_over_its_stream() {
    let asked = Arc::new(Mutex::new(None::<String>));
    let waiting = asked.clone();
    let (upstream, _open) = old_server(ENDPOINT, move |seen, to| {
        let message = seen.json();
        if message["method"] == "tools/call" {
            *waiting.lock().unwrap() = Some(seen.id());
            say(to, r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":5,"progress":1}}"#);
            say(to, r#"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#);
        } else if message["id"] == "q" {
            let id = waiting.lock().unwrap().take().unwrap();
            let text = message["result"].to_string();
            let result = json!({ "content": [{ "type": "text", "text": text }] });
            say(to, &format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#));
        } else {
            courteous(seen, to, &reader("look"));
        }
    })
    .await;
    let front = Front::start(&sse_server("odd", &upstream.url())).await;
    let roots = json!({ "roots": [{ "uri": "file:///work" }] });
    let checks = |all: &[Value]| {
        assert_eq!(all[0]["params"]["progressToken"], 5, "{all:?}");
        assert_eq!(all[1]["method"], "roots/list", "{all:?}");
    };
    let params = json!({ "name": "look", "arguments": {}, "_meta": { "progressToken": 5 } });

    let mut old = Old::session(&front, "/sse/odd", "2024-11-05", json!({ "roots": {} })).await;
    let id = old.send("tools/call", params.clone()).await;
    let all = [old.message().await.unwrap(), old.message().await.unwrap()];
    checks(&all);
    let answer = json!({ "jsonrpc": "2.0", "id": all[1]["id"], "result": roots });
    assert_eq!(old.post(&answer.to_string()).await.status, 202);
    let answer = old.until_answer(id).await.pop().unwrap();
    assert_eq!(text_of(&answer).unwrap(), roots.to_string());

    for path in ["/mcp/odd", "/mcp"] {
        let client = Client::legacy_with(&front, path, json!({ "roots": {} })).await;
        let mut params = params.clone();
        params["name"] = json!(if path == "/mcp" { "odd__look" } else { "look" });
        let mut call = client.open("tools/call", params).await;
        let all = [soon("progress", call.message()).await.unwrap(), soon("a question", call.message()).await.unwrap()];
        checks(&all);
        assert_eq!(client.reply(&all[1]["id"], roots.clone()).await, 202);
        assert_eq!(text_of(&call.answer().await).unwrap(), roots.to_string());
    }

    // A client without sessions gets the question as a result, and its answer goes to the call that waits.
    let client = Client::modern(&front, "/mcp/odd").capable(json!({ "roots": {} }));
    let mut params = json!({ "name": "look", "arguments": {} });
    let asked = client.ask("tools/call", params.clone()).await["result"].clone();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let (key, question) = asked["inputRequests"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(question["method"], "roots/list");
    params["requestState"] = asked["requestState"].clone();
    params["inputResponses"] = json!({ key: roots });
    let answer = client.ask("tools/call", params).await;
    assert_eq!(text_of(&answer).unwrap(), roots.to_string(), "{answer}");
}

#[tokio::test]
async fn what_it_says_by_itself_is_heard() {
    let (upstream, open) = old_server(ENDPOINT, echo).await;
    let front = Front::start(&sse_server("odd", &upstream.url())).await;
    let changed = event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    let say = async || open.lock().unwrap().as_ref().unwrap().try_send(changed.clone()).unwrap();

    let client = Client::legacy(&front, "/mcp/odd").await;
    let mut stream = client.get(None).await;
    say().await;
    assert_eq!(soon("the news", stream.message()).await.unwrap()["method"], "notifications/tools/list_changed");

    let mut old = Old::session(&front, "/sse/odd", "2024-11-05", json!({})).await;
    say().await;
    assert_eq!(old.message().await.unwrap()["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn its_stream_and_its_messages_carry_the_credential_and_nothing_of_the_client() {
    let (upstream, _open) = old_server(ENDPOINT, echo).await;
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "k-1234567890").unwrap();
    let toml = sse_server("odd", &upstream.url())
        + "headers = { X-Tenant = \"emea\" }\ncredential = \"odd\"\n"
        + &format!("[[credential]]\nname = \"odd\"\nkind = \"static\"\nsecret = {{ file = {:?} }}\n", key.path());
    let front = Front::start(&toml).await;
    let cookie = [("cookie", "a=b")];
    let mut client = Old::open_with(&front, "/sse/odd", &cookie).await.initialize("2024-11-05", json!({})).await;
    client.call("look", json!({})).await;
    let seen = upstream.seen();
    assert!(seen.len() >= 4);
    for seen in seen {
        assert_eq!(seen.header("authorization"), "Bearer k-1234567890", "{} {}", seen.http, seen.path);
        assert_eq!((seen.header("x-tenant"), seen.header("cookie"), seen.header("mcp-session-id")), ("emea", "", ""));
    }
}

#[tokio::test]
async fn the_stream_is_closed_with_the_session() {
    let (upstream, open) = old_server(ENDPOINT, echo).await;
    let front = Front::start(&sse_server("odd", &upstream.url())).await;
    let closed = async || {
        let to = open.lock().unwrap().clone().unwrap();
        soon("the end of the stream", to.closed()).await;
    };
    let client = Client::legacy(&front, "/mcp/odd").await;
    assert_eq!(client.delete().await, 200);
    closed().await;
    drop(Old::session(&front, "/sse/odd", "2024-11-05", json!({})).await);
    closed().await;
}
