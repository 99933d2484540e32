//! What outlives a gateway: its sessions and the calls that wait for their clients go on after a restart, after a kill, and
//! at another gateway with the same store. The servers are processes of their own, so that they outlive it too.

use crate::{
    client::{Client, Exchange, soon, text_of},
    front::{Front, command_server, http_server},
    upstream::{Play, Seen, Upstream},
};
use doorward_audit::Event;
use doorward_store::{Keep, KeptKind};
use doorward_testkit::peers::Fixture;
use doorward_vocab::Digest;
use serde_json::{Value, json};
use std::time::Duration;

const WATCHED: &str = "test://watched-resource";

/// How one gateway follows another.
#[derive(Clone, Copy, Debug)]
enum After {
    /// It ended in good order.
    Stop,
    /// It was cut off.
    Kill,
    /// It still runs.
    Nothing,
}

const ALL: [After; 3] = [After::Stop, After::Kill, After::Nothing];

/// A gateway that goes on with what `front` had, and `front` where it still runs.
async fn follow(front: Front, toml: &str, after: After) -> (Front, Option<Front>) {
    match after {
        After::Stop => (front.restart(toml).await, None),
        After::Kill => {
            // What it writes by itself is written a moment later.
            front.gateway.sweep().await;
            let next = front.beside(toml, Duration::ZERO).await;
            drop(front);
            (next, None)
        }
        After::Nothing => {
            front.gateway.sweep().await;
            (front.beside(toml, Duration::ZERO).await, Some(front))
        }
    }
}

impl Client {
    /// The same client, in front of another gateway.
    pub(crate) fn moved_to(mut self, front: &Front) -> Self {
        self.address = front.address;
        self
    }
}

fn taken_up(front: &Front) -> usize {
    let records = front.records();
    let is = |e: &Event| matches!(e, Event::Finding(n) if n.findings.iter().any(|f| &*f.detector == "session"));
    records.iter().filter(|r| is(&r.event)).count()
}

/// A session with all that its client has said in it, over servers of either era, alone and among others.
#[tokio::test]
async fn a_session_goes_on() {
    for era in ["legacy", "modern"] {
        let server = Fixture::start(&["--era", era]).unwrap();
        let toml = http_server("web", server.url());
        for after in ALL {
            for (path, prefix) in [("/mcp/web", ""), ("/mcp", "web__")] {
                let what = format!("{era} {after:?} {path}");
                let front = Front::start(&toml).await;
                let client = Client::legacy(&front, path).await;
                assert_eq!(client.call_text(&format!("{prefix}echo"), json!({ "text": "1" })).await, "1");
                let level = json!({ "level": if era == "legacy" { "error" } else { "info" } });
                assert_eq!(client.ask("logging/setLevel", level).await["result"], json!({}), "{what}");
                let subscribed = client.ask("resources/subscribe", json!({ "uri": WATCHED })).await;
                assert_eq!(subscribed["result"], json!({}), "{what}");

                let (next, _still) = follow(front, &toml, after).await;
                let client = client.moved_to(&next);
                assert_eq!(client.call_text(&format!("{prefix}echo"), json!({ "text": "2" })).await, "2", "{what}");
                let logged = client.open_call(&format!("{prefix}test_tool_with_logging"), json!({})).await.all().await;
                assert_eq!(logged.len(), if era == "legacy" { 1 } else { 4 }, "{what}: {logged:?}");
                let mut stream = client.get(None).await;
                assert_eq!(stream.status, 200, "{what}");
                let heard = heard(&client, prefix, &mut stream).await;
                assert_eq!(heard["params"]["uri"], WATCHED, "{what}: {heard}");
                drop(stream);
                next.records_until(|_| taken_up(&next) == 1).await;
                assert_eq!(client.delete().await, 200, "{what}");
                assert_eq!(client.open("ping", json!({})).await.status, 404, "{what}");
            }
        }
    }
}

/// The first message that says that the watched resource changed. The stream may be a moment behind the request that
/// asked for it.
async fn heard(client: &Client, prefix: &str, stream: &mut Exchange) -> Value {
    loop {
        client.call(&format!("{prefix}touch_resource"), json!({ "uri": WATCHED })).await;
        let told = async {
            loop {
                let message = stream.message().await.unwrap();
                if message["method"] == "notifications/resources/updated" {
                    return message;
                }
            }
        };
        if let Ok(message) = tokio::time::timeout(Duration::from_millis(300), told).await {
            return message;
        }
    }
}

/// A client that was asked something answers another gateway than the one that asked, and its call ran once.
#[tokio::test]
async fn a_call_that_waits_goes_on() {
    let server = Fixture::start(&["--era", "legacy"]).unwrap();
    let toml = http_server("web", server.url());
    let mut runs = 0;
    for after in ALL {
        for (path, prefix) in [("/mcp/web", ""), ("/mcp", "web__")] {
            let what = format!("{after:?} {path}");
            let front = Front::start(&toml).await;
            let client = Client::modern(&front, path).capable(json!({ "elicitation": {} }));
            let mut params = json!({ "name": format!("{prefix}test_elicitation"), "arguments": { "message": "Who?" } });
            let asked = client.ask("tools/call", params.clone()).await;
            assert_eq!(asked["result"]["resultType"], "input_required", "{what}: {asked}");
            runs += 1;

            let (next, still) = follow(front, &toml, after).await;
            let client = client.moved_to(&next);
            params["requestState"] = asked["result"]["requestState"].clone();
            // Nothing given: asked again, by this gateway.
            let again = client.ask("tools/call", params.clone()).await;
            assert_eq!(again["result"]["resultType"], "input_required", "{what}: {again}");
            assert_eq!(again["result"]["inputRequests"], asked["result"]["inputRequests"], "{what}");
            assert_eq!(client.ask("tools/call", params.clone()).await["error"]["code"], -32602, "{what}");
            params["requestState"] = again["result"]["requestState"].clone();
            params["inputResponses"] =
                json!({ "input": { "action": "accept", "content": { "username": "ada", "email": "a@b.example" } } });
            let done = client.ask("tools/call", params.clone()).await;
            assert!(text_of(&done).is_some_and(|t| t.contains("ada")), "{what}: {done}");
            assert_eq!(done["result"]["resultType"], "complete");
            assert_eq!(client.counts(prefix).await["test_elicitation"], runs, "{what}");
            // It is good once, also at the gateway that had it first.
            for front in [Some(&next), still.as_ref()].into_iter().flatten() {
                for state in [&asked, &again] {
                    params["requestState"] = state["result"]["requestState"].clone();
                    let client = Client::modern(front, path).capable(json!({ "elicitation": {} }));
                    let used = client.ask("tools/call", params.clone()).await;
                    assert_eq!(used["error"]["code"], -32602, "{what}: {used}");
                }
            }
            assert_eq!(client.counts(prefix).await["test_elicitation"], runs, "{what}");
        }
    }
}

/// Where the server does not go on with it, the client is told to call again, and nothing runs by itself.
#[tokio::test]
async fn a_call_that_cannot_go_on_says_so() {
    let server = Fixture::start(&["--era", "legacy"]).unwrap();
    let port = server.url().rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()).unwrap().to_owned();
    let toml = http_server("web", server.url());
    let front = Front::start(&toml).await;
    let client = Client::modern(&front, "/mcp/web").capable(json!({ "elicitation": {} }));
    let mut params = json!({ "name": "test_elicitation", "arguments": { "message": "Who?" } });
    let asked = client.ask("tools/call", params.clone()).await;
    params["requestState"] = asked["result"]["requestState"].clone();
    params["inputResponses"] = json!({ "input": { "action": "decline" } });
    drop(server);
    let server = Fixture::start(&["--port", &port, "--era", "legacy"]);
    let _server = match server {
        Ok(server) => server,
        Err(_) => {
            crate::client::until("the port", async || Fixture::start(&["--port", &port, "--era", "legacy"]).ok()).await
        }
    };
    let next = front.restart(&toml).await;
    let client = client.moved_to(&next);
    let told = client.ask("tools/call", params.clone()).await;
    assert!(told["error"]["message"].as_str().is_some_and(|m| m.contains("Call again")), "{told}");
    assert_eq!(client.ask("tools/call", params).await["error"]["code"], -32602);
    assert!(client.counts("").await.get("test_elicitation").is_none());
}

/// A session is for its principal, its endpoint and its time; for anybody else it is as if it had never been.
#[tokio::test]
async fn a_kept_session_is_bound() {
    let server = Fixture::start(&["--era", "legacy"]).unwrap();
    let toml = http_server("fixture", server.url());
    let front = Front::start(&toml).await;
    let client = Client::legacy(&front, "/mcp/fixture").await;
    let id = client.session.clone().unwrap();
    front.gateway.sweep().await;
    let refused = async |next: &Front, path: &str, id: &str| {
        let mut client = Client::modern(next, path);
        client.session = Some(id.to_owned());
        let exchange = client.open("ping", json!({})).await;
        let (status, body) = (exchange.status, exchange.body().await);
        assert_eq!(status, 404, "{body}");
        body
    };
    let anybody = format!("{toml}[[trust]]\nname = \"anybody\"\nkind = \"anonymous\"\nservers = [\"fixture\"]\n");
    let stranger = front.beside(&anybody, Duration::ZERO).await;
    let next = front.beside(&toml, Duration::ZERO).await;
    let later = front.beside(&toml, Duration::from_secs(31 * 60)).await;
    let moved = front.beside(&http_server("fixture", "http://127.0.0.1:9/mcp"), Duration::ZERO).await;
    let bodies = [
        refused(&next, "/mcp/fixture", &"0".repeat(64)).await,
        refused(&next, "/mcp/fixture", &id.to_uppercase()).await,
        refused(&stranger, "/mcp/fixture", &id).await,
        refused(&next, "/mcp", &id).await,
        refused(&later, "/mcp/fixture", &id).await,
        refused(&moved, "/mcp/fixture", &id).await,
    ];
    assert!(bodies.iter().all(|b| *b == bodies[0]), "{bodies:?}");

    // Whoever can write the store cannot make a session of it.
    let store = front.kept();
    let key = Digest::of(id.as_bytes());
    let good = store.find(KeptKind::Session, &key).unwrap().unwrap();
    assert!(!good.sealed.windows(10).any(|w| w == b"initialize"), "it is not readable");
    for forge in 0..5 {
        let mut kept = good.clone();
        let last = kept.sealed.len() - 1;
        match forge {
            0 => kept.sealed[last] ^= 1,
            1 => kept.until = kept.until.plus(Duration::from_secs(1)),
            2 => kept.route = "/mcp".into(),
            3 => kept.owner = Digest::of(b"somebody"),
            _ => kept.sealed.clear(),
        }
        store.put(&kept).unwrap();
        assert_eq!(refused(&next, if forge == 2 { "/mcp" } else { "/mcp/fixture" }, &id).await, bodies[0], "{forge}");
    }
    store.put(&good).unwrap();
    assert_eq!(taken_up(&next), 0);
    assert_eq!(client.moved_to(&next).call_text("echo", json!({ "text": "1" })).await, "1");
}

/// A state that was sealed before is bound as it was: to its principal, its server and its request.
#[tokio::test]
async fn a_kept_call_is_bound() {
    let server = Fixture::start(&["--era", "legacy"]).unwrap();
    let toml = [http_server("fixture", server.url()), http_server("other", server.url())].concat();
    let front = Front::start(&toml).await;
    let client = Client::modern(&front, "/mcp/fixture").capable(json!({ "elicitation": {} }));
    let params = json!({ "name": "test_elicitation", "arguments": { "message": "Who?" } });
    let asked = client.ask("tools/call", params.clone()).await;
    let mut retry = params.clone();
    retry["requestState"] = asked["result"]["requestState"].clone();
    retry["inputResponses"] = json!({ "input": { "action": "decline" } });
    let anybody =
        format!("{toml}[[trust]]\nname = \"anybody\"\nkind = \"anonymous\"\nservers = [\"fixture\", \"other\"]\n");
    let mut another = retry.clone();
    another["arguments"]["message"] = json!("Who else?");
    let next = front.beside(&toml, Duration::ZERO).await;
    let cases = [
        (front.beside(&anybody, Duration::ZERO).await, "/mcp/fixture", &retry),
        (front.beside(&toml, Duration::ZERO).await, "/mcp/other", &retry),
        (front.beside(&toml, Duration::ZERO).await, "/mcp/fixture", &another),
        (front.beside(&toml, Duration::from_secs(11 * 60)).await, "/mcp/fixture", &retry),
    ];
    for (front, path, params) in cases {
        let refused =
            Client::modern(&front, path).capable(json!({ "elicitation": {} })).ask("tools/call", params.clone()).await;
        assert_eq!(refused["error"]["code"], -32602, "{path}: {refused}");
    }
    let done = client.moved_to(&next).ask("tools/call", retry).await;
    assert!(text_of(&done).is_some(), "{done}");
}

/// A process ends with its gateway: its session is over where it was the only one, and is opened again among others.
#[tokio::test]
async fn a_process_is_not_taken_up() {
    let command = Fixture::stdio_command(&["--era", "legacy"]).unwrap();
    let toml = command_server("child", &command);
    let front = Front::start(&toml).await;
    let (one, all) = (Client::legacy(&front, "/mcp/child").await, Client::legacy(&front, "/mcp").await);
    let next = front.restart(&toml).await;
    assert_eq!(one.moved_to(&next).open("ping", json!({})).await.status, 404);
    assert_eq!(all.moved_to(&next).call_text("child__echo", json!({ "text": "1" })).await, "1");
}

/// Many requests at once take a session up once, over the session that the server gave, and a stop leaves that alone.
#[tokio::test]
async fn a_session_is_taken_up_once() {
    let server = Upstream::start(script).await;
    let toml = http_server("web", &server.url());
    let front = Front::start(&toml).await;
    let client = Client::legacy(&front, "/mcp/web").await;
    let next = front.restart(&toml).await;
    let client = client.moved_to(&next);
    let pings = (0..20).map(|_| client.ask("ping", json!({})));
    for answer in soon("all pings", futures_util::future::join_all(pings)).await {
        assert_eq!(answer["result"], json!({}), "{answer}");
    }
    next.records_until(|_| taken_up(&next) > 0).await;
    assert_eq!(taken_up(&next), 1);
    assert_eq!(server.seen_of("initialize").len(), 1);
    let (pings, ends) =
        (server.seen_of("ping"), |server: &Upstream| server.seen().iter().filter(|s| s.http == "DELETE").count());
    assert!(pings.iter().all(|p| p.header("mcp-session-id") == "upstream-1"), "{pings:?}");
    assert!(pings.iter().all(|p| p.header("mcp-protocol-version") == "2025-11-25"), "{pings:?}");
    assert_eq!(ends(&server), 0);
    assert_eq!(client.delete().await, 200);
    assert_eq!(ends(&server), 1);
}

/// A session that nobody came back to ends at its server too, told by whichever gateway is there then.
#[tokio::test]
async fn a_session_of_nobody_ends() {
    let server = Upstream::start(script).await;
    let toml = http_server("web", &server.url());
    let front = Front::start(&toml).await;
    let client = Client::legacy(&front, "/mcp/web").await;
    let id = Digest::of(client.session.as_deref().unwrap().as_bytes());
    front.gateway.sweep().await;
    let soon_after = front.beside(&toml, Duration::from_secs(29 * 60)).await;
    soon_after.gateway.sweep().await;
    assert!(front.kept().find(KeptKind::Session, &id).unwrap().is_some());
    let later = front.beside(&toml, Duration::from_secs(32 * 60)).await;
    later.gateway.sweep().await;
    assert!(front.kept().find(KeptKind::Session, &id).unwrap().is_none());
    let ends = server.seen().into_iter().filter(|s| s.http == "DELETE").collect::<Vec<_>>();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].header("mcp-session-id"), "upstream-1");
}

fn script(seen: &Seen) -> Play {
    let answer = |result: Value| json!({ "jsonrpc": "2.0", "id": seen.json()["id"], "result": result }).to_string();
    match seen.method().as_str() {
        "initialize" => Play::Session(
            answer(
                json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "s", "version": "1" } }),
            ),
            "upstream-1",
        ),
        "ping" => Play::Json(answer(json!({}))),
        _ => Play::Status(if seen.http == "DELETE" { 200 } else { 202 }),
    }
}
