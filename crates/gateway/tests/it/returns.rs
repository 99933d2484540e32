//! Servers that are not there: left out at once, tried again ever more rarely, and announced when they are back.

use crate::{
    client::{Client, Exchange, soon, text_of, until},
    front::{Front, http_server},
    names::{speak, speaker},
    upstream::{Play, Upstream, event, polite, reader, result},
};
use doorward_gateway::console::ConsoleDoor;
use doorward_transport::{
    guard::{Guard, GuardSettings},
    serve::{Bound, ServeSettings},
};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Instant};
use tokio::sync::{mpsc, watch};

/// The address of a server that is not there, yet.
async fn nowhere() -> (SocketAddr, String) {
    let server = speaker("gone", &["look"]).await;
    let place = (server.address, server.url());
    drop(server);
    until("the port to close", async || tokio::net::TcpStream::connect(place.0).await.is_err().then_some(())).await;
    place
}

async fn tools(client: &Client) -> Vec<String> {
    client.names("tools/list", "tools", "name").await
}

#[tokio::test]
async fn who_listens_hears_that_a_server_is_back_and_finds_what_it_has() {
    let there = listening_server().await;
    let (address, url) = nowhere().await;
    let front = Front::start(&[http_server("there", &there.url()), http_server("late", &url)].concat()).await;
    let [old, new] = Client::both(&front, "/mcp").await;
    assert_eq!(tools(&old).await, ["there__look"]);
    assert_eq!(tools(&new).await, ["there__look"]);
    // What a server will have that is not there yet, nobody knows: each list may change.
    for listed in ["tools", "prompts", "resources"] {
        assert_eq!(old.opened["capabilities"][listed]["listChanged"], true, "{}", old.opened);
    }
    let mut stream = old.get(None).await;
    assert_eq!(stream.status, 200);
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let mut listen =
        new.open_raw("\"mine\"", "subscriptions/listen", &filter.to_string()[1..filter.to_string().len() - 1]).await;
    let first = soon("the acknowledgement", listen.message()).await.unwrap();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    let late = Upstream::start_at(address, {
        let plain = speak("late", &["look"]);
        let agree = agreeing();
        move |seen| if seen.method() == "subscriptions/listen" { agree(seen) } else { plain(seen) }
    })
    .await;
    let heard = soon("the session to hear of it", stream.message()).await.unwrap();
    assert_eq!(heard["method"], "notifications/tools/list_changed", "{heard}");
    let heard = soon("the listener to hear of it", listen.message()).await.unwrap();
    assert_eq!(heard["method"], "notifications/tools/list_changed", "{heard}");
    assert_eq!(heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "mine");
    for client in [&old, &new] {
        until("its tools to be listed", async || tools(client).await.contains(&"late__look".to_owned()).then_some(()))
            .await;
        assert_eq!(client.call_text("late__look", json!({})).await, "late/look");
    }
    assert!(!late.seen_of("subscriptions/listen").is_empty());
}

/// Agrees to what a listener asks for, and then says nothing.
fn agreeing() -> impl Fn(&crate::upstream::Seen) -> Play + Send + Sync + 'static {
    let open = std::sync::Mutex::new(Vec::new());
    move |seen| {
        let (to, from) = mpsc::channel(4);
        let agreed = json!({ "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
            "notifications": seen.json()["params"]["notifications"],
            "_meta": { "io.modelcontextprotocol/subscriptionId": seen.json()["id"] } } });
        to.try_send(event(&agreed.to_string())).unwrap();
        open.lock().unwrap().push(to);
        Play::Events(from)
    }
}

async fn listening_server() -> Upstream {
    let agree = agreeing();
    Upstream::start(move |seen| {
        if seen.method() == "subscriptions/listen" {
            return agree(seen);
        }
        polite(seen, &reader("look")).unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[]}"#)))
    })
    .await
}

#[tokio::test]
async fn a_server_that_fails_is_not_asked_at_every_request() {
    let broken = Upstream::start(|_| Play::Status(500)).await;
    let good = speaker("good", &["look"]).await;
    let front = Front::start(&[http_server("broken", &broken.url()), http_server("good", &good.url())].concat()).await;
    let began = Instant::now();
    for _ in 0..5 {
        for client in Client::both(&front, "/mcp").await {
            for _ in 0..4 {
                assert_eq!(tools(&client).await, ["good__look"]);
            }
        }
    }
    // In each era once at first; then after at least half a second, a second, two seconds, …
    let most = 2 * (2 + began.elapsed().as_millis() / 500);
    let asked = broken.seen().len() as u128;
    assert!((2..=most.min(12)).contains(&asked), "{asked} requests in {:?}", began.elapsed());
    // A call that names it is tried; after some failures in a row it is refused until it is tried again.
    let client = Client::modern(&front, "/mcp");
    let answer = client.call("broken__look", json!({})).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("`broken`"), "{answer}");
}

#[tokio::test]
async fn calls_of_a_dead_server_fail_fast_after_some_and_work_when_it_is_back() {
    let (address, url) = nowhere().await;
    let front = Front::start(&http_server("late", &url)).await;
    let client = Client::modern(&front, "/mcp");
    let message = |answer: &Value| answer["error"]["message"].as_str().unwrap_or_default().to_owned();
    until("it to be given up for a while", async || {
        let answer = client.call("late__look", json!({})).await;
        assert!(message(&answer).contains("`late`"), "{answer}");
        message(&answer).contains("tried again in").then_some(())
    })
    .await;
    let _late = Upstream::start_at(address, speak("late", &["look"])).await;
    until("it to be found", async || text_of(&client.call("late__look", json!({})).await)).await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_nobody_up_twice() {
    let (hung_up, _) = watch::channel(false);
    let silent = Upstream::start(move |_| Play::Silence(hung_up.clone())).await;
    let good = speaker("good", &["look"]).await;
    let front = Front::start(&[http_server("silent", &silent.url()), http_server("good", &good.url())].concat()).await;
    let began = Instant::now();
    let client = Client::legacy(&front, "/mcp").await;
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(tools(&client).await, ["good__look"]);
    assert_eq!(client.call_text("good__look", json!({})).await, "good/look");
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
}

#[tokio::test]
async fn metrics_say_which_servers_answer() {
    let good = speaker("good", &["look"]).await;
    let (_, url) = nowhere().await;
    let front = Front::start(&[http_server("good", &good.url()), http_server("bad", &url)].concat()).await;
    tools(&Client::modern(&front, "/mcp")).await;
    let bound = Bound::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let console = bound.address();
    let guard = Guard::new(&GuardSettings {
        listen: console,
        public_url: None,
        allowed_hosts: Vec::new(),
        allowed_origins: Vec::new(),
        max_target: 8 << 10,
    });
    let door = ConsoleDoor::new(front.gateway.clone(), guard.unwrap());
    let _running = bound.serve(door, ServeSettings::default(), None);
    let text = Exchange::open(console, http::Method::GET, "/metrics", &[], "").await.body().await;
    assert!(text.contains(r#"doorward_server_up{server="good",era="2026"} 1"#), "{text}");
    assert!(text.contains(r#"doorward_server_up{server="bad",era="2026"} 0"#), "{text}");
}

#[tokio::test]
async fn a_server_that_failed_once_is_announced_on_the_stream_that_went_on() {
    let (failing, open) = (std::sync::Mutex::new(1), std::sync::Mutex::new(Vec::new()));
    let server = Upstream::start(move |seen| match (seen.http.as_str(), seen.method().as_str()) {
        ("GET", _) => {
            let (to, from) = mpsc::channel(1);
            open.lock().unwrap().push(to);
            Play::Events(from)
        }
        (_, "tools/list") if std::mem::take(&mut *failing.lock().unwrap()) > 0 => Play::Status(500),
        _ => polite(seen, &reader("look")).unwrap_or(Play::Status(500)),
    })
    .await;
    let front = Front::start(&http_server("moody", &server.url())).await;
    let client = Client::legacy(&front, "/mcp").await;
    let mut stream = client.get(None).await;
    assert_eq!(tools(&client).await, Vec::<String>::new());
    let heard = soon("to hear of it", stream.message()).await.unwrap();
    assert_eq!(heard["method"], "notifications/tools/list_changed", "{heard}");
    assert_eq!(tools(&client).await, ["moody__look"]);
}
