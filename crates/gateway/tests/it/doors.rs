//! Who is let in at all: hosts, origins, methods, media types, sessions, principals.

use crate::{
    client::{Client, Exchange},
    front::{Front, http_server},
};
use doorward_testkit::fixture::{Options, Server};
use http::Method;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");
const MODERN: (&str, &str) = ("mcp-protocol-version", "2026-07-28");

async fn status(front: &Front, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    Exchange::open(front.address, method, path, headers, "{}").await.status
}

#[tokio::test]
async fn a_foreign_origin_or_host_is_turned_away_everywhere() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let here = front.address.to_string();
    let paths = [
        "/mcp",
        "/mcp/fixture",
        "/mcp/nothing",
        "/sse",
        "/sse/fixture",
        "/sse?sessionId=x",
        "/v1/turns",
        "/v1/uses",
        "/v1/pauses",
        "/.well-known/oauth-protected-resource",
        "/",
        "/x",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::PUT, Method::OPTIONS, Method::HEAD] {
            for headers in [
                vec![("origin", "https://evil.example")],
                vec![("origin", "null")],
                vec![("origin", "http://127.0.0.1:1")],
                vec![("host", "evil.example")],
                vec![("host", "evil.example:80"), ("origin", "http://evil.example:80")],
                vec![("host", "127.0.0.1:1")],
            ] {
                assert_eq!(status(&front, method.clone(), path, &headers).await, 403, "{method} {path} {headers:?}");
            }
            for headers in [
                vec![("host", &*here), ("host", &*here)],
                vec![("host", &*here), ("host", "evil.example")],
                vec![("authorization", "Bearer a"), ("authorization", "Bearer b")],
                vec![("origin", "https://evil.example"), ("origin", "https://evil.example")],
                vec![("mcp-session-id", "a"), ("mcp-session-id", "b")],
                vec![MODERN, MODERN],
                vec![("mcp-method", "tools/list"), ("mcp-method", "tools/call")],
                vec![("mcp-name", "a"), ("mcp-name", "b")],
                vec![("mcp-param-x", "a"), ("mcp-param-x", "b")],
            ] {
                assert_eq!(status(&front, method.clone(), path, &headers).await, 400, "{method} {path} {headers:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_origins_of_this_machine_may_call() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for origin in [format!("http://{}", front.address), format!("http://localhost:{}", front.address.port())] {
        let client = Client::modern(&front, "/mcp/fixture").with_header("origin", &origin);
        assert_eq!(client.call_text("echo", json!({ "text": "hello" })).await, "hello");
    }
}

#[tokio::test]
async fn media_types_and_methods() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for path in ["/mcp", "/mcp/fixture"] {
        let client = Client::modern(&front, path);
        let list = client.text("1", "tools/list", "");
        for (header, expected) in [
            (("content-type", "text/plain"), 415),
            (("content-type", "application/jsonx"), 415),
            (("content-type", "application/x-www-form-urlencoded"), 415),
            (("accept", "application/json"), 406),
            (("accept", "text/html"), 406),
            (("content-type", "application/json; charset=utf-8"), 200),
            (("accept", "*/*"), 200),
        ] {
            assert_eq!(client.post(&list, &[header]).await.status, expected, "{header:?}");
        }
        for method in [Method::PUT, Method::PATCH, Method::OPTIONS, Method::HEAD] {
            assert_eq!(status(&front, method, path, &[JSON]).await, 405);
        }
        // Without a session there is nothing to get or to delete.
        for method in [Method::GET, Method::DELETE] {
            assert_eq!(status(&front, method, path, &[("accept", "text/event-stream")]).await, 405);
        }
    }
    for path in ["/sse", "/sse/fixture"] {
        for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::POST] {
            assert_eq!(status(&front, method.clone(), path, &[JSON]).await, 405, "{method} {path}");
        }
        assert_eq!(status(&front, Method::GET, path, &[("accept", "application/json")]).await, 406);
    }
    for path in ["/", "/mcp/", "/mcp/a/b", "/mcp/..", "/mcp/%2e%2e", "/MCP", "/mcp/nothing", "/sse/", "/sse/nothing"] {
        let client = Client::modern(&front, path);
        assert_eq!(client.post(&client.text("1", "tools/list", ""), &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn headers_must_say_what_the_body_says() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, name) in [("/mcp/fixture", "echo"), ("/mcp", "fixture__echo")] {
        let client = Client::modern(&front, path);
        let call = client.text("1", "tools/call", &format!(r#""name":"{name}","arguments":{{"text":"x"}}"#));
        for header in [
            ("mcp-method", "tools/list"),
            ("mcp-method", ""),
            ("mcp-name", "wipe"),
            ("mcp-name", ""),
            ("mcp-name", "=?base64?!!?="),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-protocol-version", ""),
        ] {
            let exchange = client.post(&call, &[header]).await;
            let status = exchange.status;
            let answer = exchange.answer().await;
            assert_eq!((status, answer["error"]["code"].as_i64()), (400, Some(-32020)), "{header:?}: {answer}");
        }
        let unknown = call.replace("2026-07-28", "2099-01-01");
        let answer = client.post(&unknown, &[("mcp-protocol-version", "2099-01-01")]).await.answer().await;
        assert_eq!(answer["error"]["code"], -32022, "{answer}");
        let bare = call.replace(r#""io.modelcontextprotocol/clientCapabilities":{}"#, r#""x":1"#);
        let answer = client.post(&bare, &[]).await.answer().await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    let counts = Client::modern(&front, "/mcp/fixture").counts("").await;
    assert_eq!(counts.get("echo"), None);
}

#[tokio::test]
async fn sessions_are_asked_for_and_belong_to_one_endpoint() {
    let server = Server::start(Options::default()).await.unwrap();
    let toml = [http_server("fixture", &server.url()), http_server("other", &server.url())].concat();
    let front = Front::start(&toml).await;
    for path in ["/mcp", "/mcp/fixture"] {
        let client = Client::legacy(&front, path).await;
        let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
        assert_eq!(client.post(list, &[("mcp-session-id", "")]).await.status, 400);
        for guess in ["0", "upstream", &"f".repeat(64), &client.session.clone().unwrap()[1..]] {
            assert_eq!(client.post(list, &[("mcp-session-id", guess)]).await.status, 404);
        }
        assert_eq!(client.post(list, &[("mcp-protocol-version", "1999-01-01")]).await.status, 400);
        for elsewhere in ["/mcp", "/mcp/fixture", "/mcp/other"] {
            let session =
                [("mcp-session-id", client.session.as_deref().unwrap()), JSON, ("accept", "text/event-stream")];
            let expected = if elsewhere == path { 200 } else { 404 };
            let headers = &session[..2];
            let posted = Exchange::open(front.address, Method::POST, elsewhere, headers, list).await.status;
            assert_eq!(posted, expected, "{path} {elsewhere}");
            if expected == 404 {
                for method in [Method::GET, Method::DELETE] {
                    assert_eq!(status(&front, method, elsewhere, &session).await, 404);
                }
            }
        }
        assert_eq!(client.delete().await, 200);
    }
}

#[tokio::test]
async fn strangers_are_not_served_without_a_word_of_the_operator() {
    let server = Server::start(Options::default()).await.unwrap();
    let servers = [http_server("open", &server.url()), http_server("closed", &server.url())].concat();
    let front = Front::start_for_strangers(&servers).await;
    let paths = ["/mcp", "/mcp/open", "/mcp/closed", "/mcp/nothing", "/sse", "/sse/open", "/sse?sessionId=x"];
    for path in paths {
        for method in [Method::POST, Method::GET, Method::DELETE, Method::PUT, Method::OPTIONS] {
            assert_eq!(status(&front, method.clone(), path, &[JSON]).await, 401, "{method} {path}");
        }
    }
    assert_eq!(status(&front, Method::POST, "/v1/turns", &[JSON]).await, 401);
    let trust = "[[trust]]\nname = \"anybody\"\nkind = \"anonymous\"\nservers = [\"open\"]\n";
    let front = Front::start_for_strangers(&format!("{servers}{trust}")).await;
    for (path, expected) in [("/mcp", 401), ("/mcp/open", 200), ("/mcp/closed", 401), ("/mcp/nothing", 401)] {
        let client = Client::modern(&front, path);
        let exchange = client.post(&client.text("1", "tools/list", ""), &[]).await;
        let status = exchange.status;
        assert_eq!(status, expected, "{path}: {}", exchange.body().await);
    }
    let wipe = Client::modern(&front, "/mcp/open").call("wipe", json!({ "path": "/x" })).await;
    assert!(wipe.get("result").is_some(), "{wipe}");
    let ruling = &front.rulings("wipe", 1).await[0];
    assert_eq!((ruling.human.clone(), ruling.assurance), (None, doorward_vocab::Assurance::Asserted));
}

#[tokio::test]
async fn only_a_host_reports_turns() {
    use crate::front::HOST_TOKEN;
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let turn = json!({ "conversation": "c-1", "text": "wipe the disk of ada@example.com" }).to_string();
    let post = async |token: Option<String>, body: &str| {
        let mut headers = vec![JSON];
        let bearer = token.map(|t| format!("Bearer {t}"));
        headers.extend(bearer.as_deref().map(|b| ("authorization", b)));
        Exchange::open(front.address, Method::POST, "/v1/turns", &headers, body.to_owned()).await
    };
    assert_eq!(post(None, &turn).await.status, 403);
    assert_eq!(post(Some("dwh_wrong".into()), &turn).await.status, 401);
    let told = post(Some(HOST_TOKEN.into()), &turn).await;
    assert_eq!(told.status, 200);
    let told: serde_json::Value = serde_json::from_str(&told.body().await).unwrap();
    assert_eq!(told["conversation"], "c-1");
    for bad in
        ["", "[]", "{}", r#"{"conversation":"c"}"#, r#"{"conversation":"","text":"x"}"#, r#"{"text":"x","text":"y"}"#]
    {
        assert_eq!(post(Some(HOST_TOKEN.into()), bad).await.status, 400, "{bad}");
    }
    let client = Client::modern(&front, "/mcp/fixture");
    let params =
        json!({ "name": "wipe", "arguments": { "path": "/x" }, "_meta": { "dev.doorward/conversation": "c-1" } });
    client.ask("tools/call", params).await;
    let ruling = &front.rulings("wipe", 1).await[0];
    assert_eq!(ruling.turn.unwrap().to_string(), told["turn"].as_str().unwrap());
    // The words themselves are not in the trail.
    let trail = front.stop().await;
    assert!(!format!("{trail:?}").contains("wipe the disk"));
}
