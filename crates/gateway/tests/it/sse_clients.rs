//! Clients of 2024-11-05: one event stream for everything, in front of servers of every kind.

use crate::{
    client::{Client, Exchange, soon, text_of, until},
    front::{Front, command_server, http_server},
    identity::{Provider, bearer},
    old::Old,
    upstream::{Play, Upstream, polite, reader},
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const ENDPOINTS: [(&str, &str); 2] = [("/sse/fixture", ""), ("/sse", "fixture__")];

fn capable() -> Value {
    json!({ "sampling": {}, "elicitation": {}, "roots": {} })
}

#[tokio::test]
async fn everything_goes_over_the_one_stream() {
    let server = Server::start(Options::default()).await.unwrap();
    let over_http = Front::over(&server.url()).await;
    let over_stdio = Front::start(&command_server("fixture", &Fixture::stdio_command(&[]).unwrap())).await;
    for front in [over_http, over_stdio] {
        for (path, prefix) in ENDPOINTS {
            let mut client = Old::session(&front, path, "2025-11-25", capable()).await;
            let tools = client.ask("tools/list", json!({})).await;
            let tools = tools["result"]["tools"].as_array().unwrap().clone();
            assert!(tools.iter().any(|t| t["name"] == format!("{prefix}echo")), "{tools:?}");
            let echo = client.call(&format!("{prefix}echo"), json!({ "text": "a\nb ✓" })).await;
            assert_eq!(text_of(&echo).as_deref(), Some("a\nb ✓"));
            let read = client.ask("resources/read", json!({ "uri": "test://static-text" })).await;
            assert!(read["result"]["contents"][0]["text"].is_string(), "{read}");
            let prompt = client.ask("prompts/get", json!({ "name": format!("{prefix}test_simple_prompt") })).await;
            assert!(prompt["result"]["messages"].is_array(), "{prompt}");
            // Progress comes before the answer, on the same stream.
            let params = json!({ "name": format!("{prefix}slow"), "arguments": { "ms": 50 }, "_meta": { "progressToken": "p" } });
            let id = client.send("tools/call", params).await;
            let all = client.until_answer(id).await;
            assert!(all.iter().any(|m| m["params"]["progressToken"] == "p"), "{all:?}");
            // A server asks, and the client answers with a POST.
            let params = json!({ "name": format!("{prefix}test_sampling"), "arguments": { "prompt": "2+2" } });
            let id = client.send("tools/call", params).await;
            let asked = client.message().await.unwrap();
            assert_eq!(asked["method"], "sampling/createMessage", "{asked}");
            let said = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "four" } });
            let said = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": said }).to_string();
            assert_eq!(client.post(&said).await.status, 202);
            assert_eq!(client.post(&said).await.status, 400, "nobody asked twice");
            let all = client.until_answer(id).await;
            assert!(text_of(all.last().unwrap()).unwrap().contains("four"), "{all:?}");
        }
    }
}

#[tokio::test]
async fn revisions_and_eras_are_those_of_each_message() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut client = Old::session(&front, "/sse/fixture", revision, json!({})).await;
        let echo = client.call("echo", json!({ "text": revision })).await;
        assert_eq!(text_of(&echo).as_deref(), Some(revision));
    }
    // A request that stands alone needs no session, and says what it must.
    for (path, prefix) in ENDPOINTS {
        let mut client = Old::open(&front, path).await;
        let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {} });
        let params = json!({ "name": format!("{prefix}echo"), "arguments": { "text": "x" }, "_meta": meta });
        let echo = client.ask("tools/call", params).await;
        assert_eq!(echo["result"]["resultType"], "complete", "{echo}");
        let bare = json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } });
        assert_eq!(client.ask("tools/list", bare).await["error"]["code"], -32602);
        assert_eq!(client.ask("tools/list", json!({})).await["error"]["code"], -32600, "no session");
    }
}

#[tokio::test]
async fn a_post_belongs_to_the_stream_of_its_principal_and_endpoint() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let servers = [http_server("fixture", &server.url()), http_server("other", &server.url())].concat();
    let front = Front::start_for_strangers(&(provider.trust("") + &servers)).await;
    let (ada, eve) = (provider.token(|_| ()), provider.token(|c| c["sub"] = json!("u-2")));
    let (ada, eve) = (bearer(&ada), bearer(&eve));
    let mut client = Old::open_with(&front, "/sse/fixture", &[("authorization", &ada)]).await;
    let ping = r#"{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{}}"#;
    let post = async |path: &str, token: Option<&str>| {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(token.map(|t| ("authorization", t)));
        Exchange::open(front.address, Method::POST, path, &headers, ping).await.status
    };
    let id = client.to.split_once('=').unwrap().1.to_owned();
    assert_eq!(post(&client.to, Some(&eve)).await, 404);
    assert_eq!(post(&client.to, None).await, 401);
    for elsewhere in ["/sse", "/sse/other"] {
        assert_eq!(post(&format!("{elsewhere}?sessionId={id}"), Some(&ada)).await, 404, "{elsewhere}");
    }
    for guess in ["", "0", &id[1..], &format!("{id}0"), &id.to_uppercase().replace("0", "O")] {
        assert_eq!(post(&format!("/sse/fixture?sessionId={guess}"), Some(&ada)).await, 404, "{guess}");
    }
    assert_eq!(post("/sse/fixture", Some(&ada)).await, 405);
    assert_eq!(post("/sse/fixture?x=1", Some(&ada)).await, 405);
    // Its id opens nothing at the other transport.
    let headers = [("authorization", &*ada), ("content-type", "application/json"), ("mcp-session-id", &*id)];
    assert_eq!(Exchange::open(front.address, Method::POST, "/mcp/fixture", &headers, ping).await.status, 404);
    assert_eq!(post(&client.to, Some(&ada)).await, 202);
    assert_eq!(client.message().await.unwrap()["id"], 9);
    // What was refused reached nobody.
    assert_eq!(client.ask("ping", json!({})).await["error"]["code"], -32600);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_at_once() {
    let server = Server::start(Options::default()).await.unwrap();
    let limits = "[limits]\nrequest = \"4KiB\"\n";
    let front = Front::start(&(http_server("fixture", &server.url()) + limits)).await;
    let client = Old::session(&front, "/sse/fixture", "2024-11-05", json!({})).await;
    for (body, code) in [
        ("{", -32700),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/list"}"#, -32600),
    ] {
        let refused = client.post(body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(refused.answer().await["error"]["code"], code, "{body}");
    }
    let long = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "x": "y".repeat(5000) } });
    assert_eq!(client.post(&long.to_string()).await.status, 413);
    let plain = [("content-type", "text/plain")];
    assert_eq!(Exchange::open(front.address, Method::POST, &client.to, &plain, "{}").await.status, 415);
}

#[tokio::test]
async fn the_end_of_the_stream_is_the_end_of_the_session() {
    let upstream = Upstream::start(|seen| polite(seen, &reader("look")).unwrap_or(Play::Status(500))).await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    for path in ["/sse/odd", "/sse"] {
        let client = Old::session(&front, path, "2025-11-25", json!({})).await;
        let (address, to) = (client.address, client.to.clone());
        let ended = upstream.seen().iter().filter(|s| s.http == "DELETE").count();
        drop(client);
        until("its end at the server", async || {
            (upstream.seen().iter().filter(|s| s.http == "DELETE").count() > ended).then_some(())
        })
        .await;
        let json = [("content-type", "application/json")];
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(Exchange::open(address, Method::POST, &to, &json, body).await.status, 404);
    }
}

#[tokio::test]
async fn the_stream_ends_when_its_server_does() {
    let command = Fixture::stdio_command(&["--die-on", "wipe"]).unwrap();
    let front = Front::start(&command_server("fixture", &command)).await;
    let mut client = Old::session(&front, "/sse/fixture", "2025-11-25", json!({})).await;
    let id = client.send("tools/call", json!({ "name": "wipe", "arguments": { "path": "/" } })).await;
    let all = client.until_answer(id).await;
    assert!(all.last().unwrap().get("error").is_some(), "{all:?}");
    assert!(soon("the end", client.events.event()).await.is_none());
    assert_eq!(client.post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await.status, 404);
    // A new stream is a new session with a new process.
    let mut again = Old::session(&front, "/sse/fixture", "2025-11-25", json!({})).await;
    assert_eq!(text_of(&again.call("echo", json!({ "text": "x" })).await).as_deref(), Some("x"));
}

#[tokio::test]
async fn a_stream_ends_with_the_gateway_once_its_calls_are_answered() {
    let command = command_server("fixture", &Fixture::stdio_command(&[]).unwrap());
    let server = Server::start(Options::default()).await.unwrap();
    for toml in [command, http_server("fixture", &server.url())] {
        let mut front = Front::start(&toml).await;
        let mut idle = Old::session(&front, "/sse/fixture", "2025-11-25", json!({})).await;
        let mut busy = Old::session(&front, "/sse/fixture", "2025-11-25", json!({})).await;
        let params = json!({ "name": "slow", "arguments": { "ms": 700 }, "_meta": { "progressToken": 1 } });
        let id = busy.send("tools/call", params).await;
        assert_eq!(busy.message().await.unwrap()["method"], "notifications/progress");
        let began = std::time::Instant::now();
        let draining = tokio::spawn(front.take_listener().drain(Duration::from_secs(20)));
        assert!(soon("the end of the idle stream", idle.events.event()).await.is_none());
        let all = busy.until_answer(id).await;
        assert_eq!(text_of(all.last().unwrap()).as_deref(), Some("took 700 ms"));
        assert!(soon("the end of the busy stream", busy.events.event()).await.is_none());
        assert_eq!(draining.await.unwrap().cut, 0);
        assert!(began.elapsed() < Duration::from_secs(15), "it waited for the deadline");
    }
}

#[tokio::test]
async fn streams_are_bounded() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::start(&(http_server("fixture", &server.url()) + "[limits]\nstreams = 2\n")).await;
    let one = Old::open(&front, "/sse/fixture").await;
    let _two = Old::open(&front, "/sse").await;
    let open = async || Exchange::open(front.address, Method::GET, "/sse", &[], "").await.status;
    assert_eq!(open().await, 503);
    drop(one);
    until("room", async || (open().await == 200).then_some(())).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_waited_for_without_end() {
    let server = Server::start(Options::default()).await.unwrap();
    let limits = "[limits]\nin_flight = 4\nrequest = \"4MiB\"\n";
    let front = Front::start(&(http_server("fixture", &server.url()) + limits)).await;
    let mut slow = Old::session(&front, "/sse/fixture", "2025-11-25", json!({})).await;
    let text = "x".repeat(1 << 20);
    let mut taken = 0;
    // It asks and asks, and reads nothing: what the system and the queue hold fills up, then four answers wait.
    let refused = until("a refusal", async || {
        let call = json!({ "jsonrpc": "2.0", "id": format!("n{taken}"), "method": "tools/call",
            "params": { "name": "echo", "arguments": { "text": text } } });
        let posted = slow.post(&call.to_string()).await;
        match posted.status {
            202 => {
                taken += 1;
                None
            }
            status => Some((status, posted.answer().await)),
        }
    })
    .await;
    assert_eq!((refused.0, &refused.1["error"]["code"]), (503, &json!(-32600)), "{}", refused.1);
    assert!(taken < 64, "{taken} answers of 1 MiB were held");
    // Nobody else waits with it.
    let mut other = Old::session(&front, "/sse/fixture", "2025-11-25", json!({})).await;
    assert_eq!(text_of(&other.call("echo", json!({ "text": "y" })).await).as_deref(), Some("y"));
    // It gets all of them when it reads again.
    for _ in 0..taken {
        let answer = slow.message().await.unwrap();
        assert_eq!(text_of(&answer).map(|t| t.len()), Some(1 << 20));
    }
}

#[tokio::test]
async fn two_clients_have_two_sessions() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let mut one = Old::session(&front, "/sse/fixture", "2024-11-05", json!({})).await;
    let mut two = Old::session(&front, "/sse/fixture", "2024-11-05", json!({})).await;
    let params = |ms| json!({ "name": "slow", "arguments": { "ms": ms } });
    // Equal ids, answered in the other order.
    let (slow, fast) = (one.send("tools/call", params(300)).await, two.send("tools/call", params(10)).await);
    assert_eq!(slow, fast);
    let (two, one) = (two.until_answer(fast).await, one.until_answer(slow).await);
    assert_eq!(text_of(two.last().unwrap()).as_deref(), Some("took 10 ms"));
    assert_eq!(text_of(one.last().unwrap()).as_deref(), Some("took 300 ms"));
}

#[tokio::test]
async fn a_cancelled_call_is_cancelled_at_the_server() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let counts = Client::modern(&front, "/mcp/fixture");
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}, "progressToken": 1 });
    for (n, meta) in [json!({ "progressToken": 1 }), meta].into_iter().enumerate() {
        let mut client = Old::session(&front, "/sse/fixture", "2025-11-25", json!({})).await;
        let id =
            client.send("tools/call", json!({ "name": "slow", "arguments": { "ms": 60_000 }, "_meta": meta })).await;
        assert_eq!(client.message().await.unwrap()["method"], "notifications/progress");
        let stop = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
        assert_eq!(client.post(&stop.to_string()).await.status, 202);
        until("it to stop", async || (counts.counts("").await["slow.cancelled"] == json!(n + 1)).then_some(())).await;
    }
}

#[tokio::test]
async fn a_refused_call_is_refused_here_too() {
    let upstream = Upstream::start(|seen| polite(seen, &reader("look")).unwrap_or(Play::Status(500))).await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let mut client = Old::session(&front, "/sse/odd", "2025-11-25", json!({})).await;
    let answer = client.call("unheard-of", json!({})).await;
    assert!(crate::client::is_refused(&answer), "{answer}");
    assert!(upstream.seen_of("tools/call").is_empty());
    let records = front.stop().await;
    assert!(!crate::front::rulings_of(&records, "unheard-of").is_empty());
}
