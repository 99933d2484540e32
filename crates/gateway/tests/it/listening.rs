//! `subscriptions/listen` at an address of several servers: one acknowledgement, one end, whatever servers do.

use crate::{
    client::{Client, soon, until},
    front::{Front, http_server},
    upstream::{Play, Seen, Upstream, event, polite, reader, result},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

const ID: &str = "io.modelcontextprotocol/subscriptionId";

/// A server whose streams of changes a test holds in its hands.
struct Speaker {
    server: Upstream,
    streams: Streams,
}

/// The id of each open request, and the way to write on its stream.
type Streams = Arc<Mutex<Vec<(Value, mpsc::Sender<String>)>>>;

impl Speaker {
    /// One that agrees to `agrees`, or refuses.
    async fn start(agrees: Option<Value>) -> Self {
        let streams = Streams::default();
        let held = streams.clone();
        let server = Upstream::start(move |seen: &Seen| {
            if seen.method() != "subscriptions/listen" {
                return polite(seen, &reader("look")).unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[]}"#)));
            }
            let id = seen.json()["id"].clone();
            let Some(agrees) = &agrees else {
                let error = json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "no" } });
                return Play::Json(error.to_string());
            };
            let (to, from) = mpsc::channel(8);
            to.try_send(message("subscriptions/acknowledged", &id, json!({ "notifications": agrees }))).unwrap();
            held.lock().unwrap().push((id, to));
            Play::Events(from)
        })
        .await;
        Self { server, streams }
    }

    /// Says something on the newest stream.
    fn say(&self, notice: &str) {
        let (id, to) = self.streams.lock().unwrap().last().cloned().unwrap();
        to.try_send(message(notice, &id, json!({}))).unwrap();
    }

    /// Ends the newest stream as the protocol wants it.
    fn end(&self) {
        let (id, to) = self.streams.lock().unwrap().pop().unwrap();
        let result = json!({ "resultType": "complete", "_meta": { ID: id } });
        to.try_send(event(&json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string())).unwrap();
    }

    /// Breaks the newest stream off.
    fn cut(&self) {
        self.streams.lock().unwrap().pop().unwrap();
    }

    fn opened(&self) -> usize {
        self.server.seen_of("subscriptions/listen").len()
    }
}

fn message(notice: &str, id: &Value, mut params: Value) -> String {
    params["_meta"] = json!({ ID: id });
    event(&json!({ "jsonrpc": "2.0", "method": format!("notifications/{notice}"), "params": params }).to_string())
}

fn toml(servers: &[(&str, &Speaker)]) -> String {
    servers.iter().map(|(name, speaker)| http_server(name, &speaker.server.url())).collect()
}

fn everything() -> Value {
    json!({ "notifications": { "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
        "resourceSubscriptions": ["a://1", "b://1"] } })
}

#[tokio::test]
async fn one_stream_has_one_acknowledgement_and_one_end() {
    let a = Speaker::start(Some(json!({ "toolsListChanged": true, "resourceSubscriptions": ["a://1"] }))).await;
    let b = Speaker::start(Some(
        json!({ "promptsListChanged": true, "toolsListChanged": true, "resourceSubscriptions": ["b://1"] }),
    ))
    .await;
    let refuses = Speaker::start(None).await;
    let front = Front::start(&toml(&[("a", &a), ("b", &b), ("refuses", &refuses)])).await;
    let client = Client::modern(&front, "/mcp");
    let params = everything().to_string();
    let mut stream = client.open_raw("\"sub\"", "subscriptions/listen", &params[1..params.len() - 1]).await;
    let mut next = async || soon("a message", stream.message()).await;
    let first = next().await.unwrap();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(
        first["params"],
        json!({ "notifications": { "promptsListChanged": true, "resourceSubscriptions": ["a://1", "b://1"],
            "toolsListChanged": true }, "_meta": { ID: "sub" } })
    );
    a.say("tools/list_changed");
    assert_eq!(next().await.unwrap()["method"], "notifications/tools/list_changed");
    // One server's end is not the end.
    a.end();
    b.say("prompts/list_changed");
    let heard = next().await.unwrap();
    assert_eq!(
        (&heard["method"], &heard["params"]["_meta"][ID]),
        (&json!("notifications/prompts/list_changed"), &json!("sub"))
    );
    b.end();
    let last = next().await.unwrap();
    assert_eq!(
        last,
        json!({ "jsonrpc": "2.0", "id": "sub", "result": { "resultType": "complete", "_meta": { ID: "sub" } } })
    );
    assert_eq!(next().await, None);
    // What ended as it should is not opened again.
    assert_eq!((a.opened(), b.opened(), refuses.opened()), (1, 1, 1));
}

#[tokio::test]
async fn a_stream_that_breaks_is_opened_again_and_says_what_may_have_changed() {
    let a = Speaker::start(Some(json!({ "toolsListChanged": true }))).await;
    let b = Speaker::start(Some(json!({ "toolsListChanged": true, "promptsListChanged": true }))).await;
    let front = Front::start(&toml(&[("a", &a), ("b", &b)])).await;
    let client = Client::modern(&front, "/mcp");
    let mut stream = client.open("subscriptions/listen", everything()).await;
    let mut next = async || soon("a message", stream.message()).await.unwrap()["method"].clone();
    assert_eq!(next().await, "notifications/subscriptions/acknowledged");
    b.cut();
    // Meanwhile the other one is heard.
    a.say("tools/list_changed");
    assert_eq!(next().await, "notifications/tools/list_changed");
    // No second acknowledgement: the lists that this server agreed to tell about may have changed.
    assert_eq!(next().await, "notifications/tools/list_changed");
    assert_eq!(next().await, "notifications/prompts/list_changed");
    assert_eq!((a.opened(), b.opened()), (1, 2));
    b.say("prompts/list_changed");
    assert_eq!(next().await, "notifications/prompts/list_changed");
}

#[tokio::test]
async fn who_leaves_leaves_all_servers() {
    let (a, b) = (Speaker::start(Some(json!({}))).await, Speaker::start(Some(json!({}))).await);
    let front = Front::start(&toml(&[("a", &a), ("b", &b)])).await;
    let client = Client::modern(&front, "/mcp");
    let mut stream = client.open("subscriptions/listen", everything()).await;
    soon("the acknowledgement", stream.message()).await.unwrap();
    drop(stream);
    for speaker in [&a, &b] {
        until("the server to notice", async || {
            let to = speaker.streams.lock().unwrap().last().unwrap().1.clone();
            // A stream whose reader is gone is closed.
            let _ = to.try_send(": are you there\n\n".to_owned());
            to.is_closed().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn where_no_server_listens_there_is_no_stream() {
    let (a, b) = (Speaker::start(None).await, Speaker::start(None).await);
    let front = Front::start(&toml(&[("a", &a), ("b", &b)])).await;
    let answer = Client::modern(&front, "/mcp").ask("subscriptions/listen", everything()).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("No server"), "{answer}");
}

#[tokio::test]
async fn a_stream_of_a_session_goes_on_where_it_broke_at_each_server() {
    let start = async || {
        let streams = Arc::<Mutex<Vec<mpsc::Sender<String>>>>::default();
        let held = streams.clone();
        let server = Upstream::start(move |seen: &Seen| {
            if seen.http != "GET" {
                return polite(seen, &reader("look")).unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[]}"#)));
            }
            let (to, from) = mpsc::channel(8);
            held.lock().unwrap().push(to);
            Play::Events(from)
        })
        .await;
        (server, streams)
    };
    let ((a, at_a), (b, at_b)) = (start().await, start().await);
    let front = Front::start(&[http_server("a", &a.url()), http_server("b", &b.url())].concat()).await;
    let client = Client::legacy(&front, "/mcp").await;
    let mut stream = client.get(None).await;
    let changed = |id: &str| {
        format!("id: {id}\ndata: {}\n\n", json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }))
    };
    let resumed = |server: &Upstream| {
        let gets = server.seen().into_iter().filter(|s| s.http == "GET");
        gets.map(|s| s.header("last-event-id").to_owned()).collect::<Vec<_>>()
    };
    let heard = async |stream: &mut crate::client::Exchange| {
        soon("an event", async {
            loop {
                let event = stream.event().await.unwrap();
                if !event.data.is_empty() {
                    return event.id.unwrap();
                }
            }
        })
        .await
    };
    let last = |streams: &Mutex<Vec<mpsc::Sender<String>>>| streams.lock().unwrap().last().cloned().unwrap();
    last(&at_a).try_send(changed("7")).unwrap();
    assert_eq!(heard(&mut stream).await, "+a:7");
    // It breaks off at one server: the gateway asks for what follows, and the client notices nothing.
    at_a.lock().unwrap().clear();
    until("it to be opened again", async || (resumed(&a).len() == 2).then_some(())).await;
    assert_eq!(resumed(&a), ["", "7"]);
    last(&at_a).try_send(changed("8")).unwrap();
    assert_eq!(heard(&mut stream).await, "+a:8");
    last(&at_b).try_send(changed("x:1")).unwrap();
    assert_eq!(heard(&mut stream).await, "+b:x:1");
    // The client loses the stream and comes back: it hears all servers again, one of them from where it was.
    drop(stream);
    let mut stream = client.get(Some("+b:x:1")).await;
    assert_eq!(stream.status, 200);
    until("both to be asked", async || (resumed(&a).len() == 3 && resumed(&b).len() == 2).then_some(())).await;
    assert_eq!(resumed(&b), ["", "x:1"]);
    last(&at_a).try_send(changed("9")).unwrap();
    assert_eq!(heard(&mut stream).await, "+a:9");
}
