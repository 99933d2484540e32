//! The console of a running gateway, as a browser and a program meet it.

use crate::{
    live::{Connection, Live, PATIENCE, http_server},
    place::Place,
};
use bytes::Bytes;
use doorward_testkit::peers::Fixture;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::time::Instant;
use tokio::net::TcpStream;

/// A host that is written to be taken for another one: level `guard` asks a person about it.
const DISGUISED: &str = "https://login.example.org@evil.example/a";

/// Somebody at the console: a browser with its cookie, or a program with its token.
struct Visitor {
    console: String,
    headers: Vec<(&'static str, String)>,
}

impl Visitor {
    async fn send(&self, method: Method, path: &str, body: String) -> (StatusCode, HeaderMap, String) {
        let host = self.console.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).await.unwrap();
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &host);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = sender.send_request(request.body(Full::<Bytes>::from(body)).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        (head.status, head.headers, text)
    }
    async fn get(&self, path: &str) -> (StatusCode, String) {
        let (status, _, text) = self.send(Method::GET, path, String::new()).await;
        (status, text)
    }
    async fn api(&self, path: &str) -> Value {
        let (status, text) = self.get(&format!("/api/v1{path}")).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
    async fn change(&self, path: &str, value: Value) -> (StatusCode, Value) {
        let (status, _, text) = self.send(Method::POST, &format!("/api/v1{path}"), value.to_string()).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
    /// Asks until what it gives is as wanted.
    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let value = self.api(path).await;
            if wanted(&value) {
                return value;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {value}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// A browser that opened the link.
async fn browser(live: &Live, link: &str) -> Visitor {
    let path = link.strip_prefix(&live.console).unwrap();
    let stranger = Visitor { console: live.console.clone(), headers: Vec::new() };
    let (status, headers, text) = stranger.send(Method::GET, path, String::new()).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
    let cookie = headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut visitor = Visitor { headers: vec![("cookie", cookie)], ..stranger };
    let token = visitor.api("/me").await["token"].as_str().unwrap().to_owned();
    visitor.headers.extend([("x-csrf-token", token), ("content-type", "application/json".to_owned())]);
    visitor
}

#[tokio::test]
async fn a_person_sees_what_happens_and_answers_for_it() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let live = Live::start(&place, &http_server("fixture", server.url()));
    let visitor = browser(&live, &live.sign_in).await;
    // The link was good once; another one is at hand.
    let stranger = Visitor { console: live.console.clone(), headers: Vec::new() };
    assert_eq!(stranger.get(live.sign_in.strip_prefix(&live.console).unwrap()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(stranger.get("/records").await.0, StatusCode::SEE_OTHER);
    let another = place.run("console");
    assert!(browser(&live, another.out.trim()).await.get("/").await.1.contains("Overview"), "{}", another.shown());

    let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    client.call("echo", json!({ "text": "plain" })).await.unwrap();
    client.call("echo", json!({ "text": DISGUISED })).await.unwrap();
    let waiting = visitor.until("/approvals", |v| v["waiting"][0].is_object()).await["waiting"][0].clone();
    assert!(waiting["shown"].as_str().unwrap().contains(DISGUISED), "{waiting}");
    assert!(visitor.get("/approvals").await.1.contains("login.example.org@evil.example"));
    let answer = json!({ "id": waiting["id"], "answer": "approve" });
    assert_eq!(visitor.change("/approvals/decide", answer.clone()).await.0, StatusCode::OK);
    assert_eq!(visitor.change("/approvals/decide", answer).await.0, StatusCode::CONFLICT);
    let called = client.call("echo", json!({ "text": DISGUISED })).await.unwrap();
    assert!(called["result"]["content"][0]["text"].as_str().unwrap().contains(DISGUISED), "{called}");

    // From what was asked about to why, and to the conversation.
    let found = visitor.until("/records?kind=ruling&decision=challenge", |v| v["records"][0].is_object()).await;
    let call = found["records"][0]["call"].as_str().unwrap();
    let explained = visitor.api(&format!("/call?id={call}")).await;
    assert_eq!(explained["reasons"][0]["code"], "approval-required", "{explained}");
    assert!(explained["remedies"][0]["what"].as_str().unwrap().contains("approves just this call"), "{explained}");
    assert!(visitor.get(&format!("/chain?id={call}")).await.1.contains("<svg"));
    let conversations = visitor.until("/conversations", |v| v["conversations"][0].is_object()).await;
    let one = &conversations["conversations"][0];
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("name", one["name"].as_str().unwrap()), ("whose", one["whose"].as_str().unwrap())])
        .finish();
    assert!(visitor.get(&format!("/conversation?{query}")).await.1.contains("fixture/echo"));

    // The level is changed where the operator wrote it, with a reason.
    let change = json!({ "level": "lockdown", "reason": "under attack" });
    assert_eq!(visitor.change("/level/change", change).await.0, StatusCode::OK);
    assert!(place.read("doorward.toml").starts_with("level = \"lockdown\"\n"), "{}", place.read("doorward.toml"));
    assert_eq!(visitor.api("/level").await["level"], "lockdown");

    // What a server declares is rejected, and withheld from agents from then on.
    let definitions = visitor.api("/definitions?server=fixture").await;
    let echo = definitions["definitions"].as_array().unwrap().iter().find(|d| d["name"] == "echo").unwrap().clone();
    let reject =
        json!({ "server": "fixture", "kind": "tool", "name": "echo", "digest": echo["approved"], "answer": "reject" });
    assert_eq!(visitor.change("/definitions/decide", reject).await.0, StatusCode::OK, "{echo}");
    let begun = Instant::now();
    loop {
        let answer = client.call("echo", json!({ "text": "plain" })).await.unwrap();
        if answer["result"]["content"][0]["text"] != "plain" {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{answer}");
    }
    assert_eq!(visitor.change("/integrity/verify", json!({})).await.0, StatusCode::OK);
    let proof = visitor.until("/integrity", |v| v["proof"]["state"] == "done").await;
    assert_eq!(proof["proof"]["good"], true, "{proof}");
    drop(live);

    // Who did what and why, and who looked, is in the trail.
    let records = |kind: &str| place.run(&format!("log show --kind {kind} --json")).records();
    let config = records("config");
    assert!(
        config.iter().any(|c| c["by"]["id"] == "local" && c["what"].as_str().unwrap().ends_with(": under attack")),
        "{config:?}"
    );
    let approved = records("approval").into_iter().find(|a| a["change"] == "approved").unwrap();
    assert_eq!((&approved["way"], &approved["by"]["id"]), (&json!("console"), &json!("local")));
    let read: Vec<Value> = records("access").iter().map(|a| a["what"].clone()).collect();
    assert!(
        ["approvals", "records", "call", "chain", "conversation"].iter().all(|what| read.contains(&json!(what))),
        "{read:?}"
    );
    assert!(records("definition").iter().any(|d| d["change"] == "rejected" && d["by"]["id"] == "local"));
}

#[tokio::test]
async fn a_program_uses_the_api_with_a_token() {
    let place = Place::new();
    let live = Live::start(&place, "");
    let with = |token: String| Visitor {
        console: live.console.clone(),
        headers: vec![("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())],
    };
    let viewer = with(place.run("console --token").out.trim().to_owned());
    assert_eq!(viewer.api("/me").await["roles"], json!(["viewer"]));
    assert_eq!(viewer.api("/openapi.json").await["openapi"], "3.1.0");
    let change = json!({ "level": "watch", "reason": "a test" });
    assert_eq!(viewer.change("/level/change", change.clone()).await.0, StatusCode::FORBIDDEN);
    let told = place.run("console --token --role admin --hours 1 --json").records();
    let admin = with(told[0]["token"].as_str().unwrap().to_owned());
    assert_eq!(admin.change("/level/change", change).await.0, StatusCode::OK);
    assert_eq!(place.run("console --token --role king").code, 2);
    // Health needs nobody; everything else does.
    let stranger = Visitor { console: live.console.clone(), headers: Vec::new() };
    assert_eq!(stranger.get("/healthz").await.0, StatusCode::OK);
    assert_eq!(stranger.get("/api/v1/overview").await.0, StatusCode::UNAUTHORIZED);
    let foreign = Visitor { headers: vec![("host", "evil.example".to_owned())], ..stranger };
    assert!(foreign.get("/sign-in").await.0.is_client_error(), "a name that somebody else gave to this address");
}
