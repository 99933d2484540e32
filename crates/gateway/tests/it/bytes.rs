//! What was judged is what is sent, byte for byte, and what comes back comes back as it was.

use crate::{
    client::{Client, Exchange},
    front::{Front, http_server},
    upstream::{Play, Upstream, polite, reader, result},
};
use doorward_testkit::fixture::{Options, Server};
use serde_json::{Value, json};

/// Arguments that a proxy with a mind of its own would write otherwise.
const ODD: &str = r#"{"z":1.10,"a":12345678901234567890123,"exp":1E+2,"neg":-0.0, "s":"\u00e9\/\u2028","é":"Ω",   "deep":{"b":[ ],"a":{}},"n":null}"#;

#[tokio::test]
async fn arguments_arrive_as_they_were_written() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, tool) in [("/mcp/fixture", "echo_args"), ("/mcp", "fixture__echo_args")] {
        for client in Client::both(&front, path).await {
            let params = format!(r#""name":"{tool}","arguments":{ODD}"#);
            let answer = client.open_raw("1", "tools/call", &params).await.answer().await;
            assert_eq!(crate::client::text_of(&answer).as_deref(), Some(ODD), "{path}");
        }
    }
}

#[tokio::test]
async fn a_request_differs_from_the_direct_one_in_nothing_but_its_joined_name() {
    let upstream = Upstream::start(|seen| {
        polite(seen, &reader("look"))
            .unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[],"resultType":"complete"}"#)))
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let direct = Client::modern(&front, "/mcp/odd");
    let vendor = r#""x-vendor" : {"keep": 1.50},"name":"look","arguments":{"q":1e300},"_meta":{"progressToken":"tok-1","dev.example/x":[1, 2]}"#;
    let text = direct.text("7", "tools/call", vendor);
    let answer = direct.post(&text, &[]).await.answer().await;
    assert!(answer["result"].is_object(), "{answer}");
    let joined = Client::modern(&front, "/mcp");
    joined.post(&text.replace("\"look\"", "\"odd__look\""), &[]).await.answer().await;
    let calls = upstream.seen_of("tools/call");
    assert_eq!((calls[0].body.as_str(), calls[1].body.as_str()), (text.as_str(), text.as_str()));
    for call in &calls {
        assert_eq!((call.header("mcp-method"), call.header("mcp-name")), ("tools/call", "look"));
        assert_eq!(call.header("mcp-protocol-version"), "2026-07-28");
        assert_eq!(call.header("mcp-session-id"), "");
    }
}

#[tokio::test]
async fn results_definitions_and_errors_keep_what_no_revision_knows() {
    const TOOL: &str = r#"{ "name":"look","x-vendor":{"a":1.10,"b":123456789012345678901},"description":"Reads.","inputSchema":{"type":"object","$defs":{"z":{},"a":{}}},"annotations":{"readOnlyHint":true,"x-odd":"\u00e9"},"execution":{"taskSupport":"forbidden"},"icons":[]}"#;
    const RESULT: &str = r#"{"x-top":1.10,"content":[{"type":"text","text":"a\u00e9\/","x-block":[1E5]},{"type":"x-new","data":7}],"structuredContent":{"n":12345678901234567890123},"resultType":"complete","_meta":{"v":{}}}"#;
    const ERROR: &str = r#"{"code":-31999,"message":"odd","data":{"x":1.10},"x-more":true}"#;
    let upstream = Upstream::start(|seen| {
        polite(seen, TOOL).unwrap_or_else(|| match seen.method().as_str() {
            "tools/call" => Play::Json(result(seen, RESULT)),
            _ => Play::Json(format!(r#"{{"jsonrpc":"2.0","id":{},"error":{ERROR}}}"#, seen.id())),
        })
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    for (path, name) in [("/mcp/odd", "look"), ("/mcp", "odd__look")] {
        for client in Client::both(&front, path).await {
            let list = client.open_raw("1", "tools/list", "").await.raw_answer().await;
            assert!(list.contains(&TOOL.replace("\"look\"", &format!("\"{name}\""))), "{list}");
            let call = client.open_raw("2", "tools/call", &format!(r#""name":"{name}","arguments":{{}}"#)).await;
            assert_eq!(call.raw_answer().await, format!(r#"{{"jsonrpc":"2.0","id":2,"result":{RESULT}}}"#));
        }
    }
    let client = Client::modern(&front, "/mcp/odd");
    let error = client.open_raw("3", "prompts/get", r#""name":"p""#).await.raw_answer().await;
    assert_eq!(error, format!(r#"{{"jsonrpc":"2.0","id":3,"error":{ERROR}}}"#));
}

#[tokio::test]
async fn large_results_and_arguments_pass_whole() {
    let server = Server::start(Options::default()).await.unwrap();
    let front =
        Front::start(&format!("[limits]\nrequest = \"16 MiB\"\n{}", http_server("fixture", &server.url()))).await;
    for client in Client::both(&front, "/mcp/fixture").await {
        for bytes in [1_usize << 20, 8 << 20] {
            let text = client.call_text("big", json!({ "bytes": bytes })).await;
            assert_eq!(text.len(), bytes);
            let said = client.call_text("echo", json!({ "text": text })).await;
            assert!(said == text, "the text changed on its way");
        }
    }
}

#[tokio::test]
async fn what_is_too_large_gets_a_clean_error() {
    let server = Server::start(Options::default()).await.unwrap();
    let limits = "[limits]\nrequest = \"64 KiB\"\nresult = \"256 KiB\"\n";
    let front = Front::start(&format!("{limits}{}", http_server("fixture", &server.url()))).await;
    for client in Client::both(&front, "/mcp/fixture").await {
        let refused = client.open_call("echo", json!({ "text": "x".repeat(100_000) })).await;
        assert_eq!(refused.status, 413);
        let answer = client.call("big", json!({ "bytes": 400_000 })).await;
        assert!(answer["error"]["message"].as_str().unwrap().contains("fixture"), "{answer}");
        // And it goes on.
        assert_eq!(client.call_text("echo", json!({ "text": "still" })).await, "still");
    }
}

#[tokio::test]
async fn a_body_without_an_announced_length_has_the_same_limit() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(Options::default()).await.unwrap();
    let front =
        Front::start(&format!("[limits]\nrequest = \"64 KiB\"\n{}", http_server("fixture", &server.url()))).await;
    let mut stream = tokio::net::TcpStream::connect(front.address).await.unwrap();
    let head = format!(
        "POST /mcp/fixture HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        front.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let writing = async {
        for _ in 0..64 {
            if stream.write_all(chunk.as_bytes()).await.is_err() {
                break;
            }
        }
        let mut answer = vec![0; 64];
        let read = stream.read(&mut answer).await.unwrap_or(0);
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    let answer = crate::client::soon("the refusal", writing).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn text_that_is_not_json_as_we_read_it_goes_nowhere() {
    let upstream = Upstream::start(|seen| {
        polite(seen, &reader("look"))
            .unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[],"resultType":"complete"}"#)))
    })
    .await;
    let front = Front::start(&http_server("odd", &upstream.url())).await;
    let client = Client::modern(&front, "/mcp/odd");
    let good = client.text("1", "tools/call", r#""name":"look","arguments":{"a":1}"#);
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let bad: Vec<(String, i64)> = vec![
        (format!("[{good}]"), -32600),
        ("[]".into(), -32600),
        (good.replacen("\"name\":\"look\"", "\"name\":\"look\",\"name\":\"look\"", 1), -32600),
        (good.replacen("\"name\":\"look\"", "\"name\":\"look\",\"Name\":\"wipe\"", 1), -32600),
        (good.replacen("\"a\":1", "\"a\":1,\"\\u0061\":2", 1), -32600),
        (good.replacen("{\"a\":1}", &deep, 1), -32700),
        (good[..good.len() - 1].to_owned(), -32700),
        (format!("{good}{good}"), -32700),
        (good.replacen("\"2.0\"", "\"1.0\"", 1), -32600),
        (good.replacen("\"id\":1", "\"id\":null", 1), -32600),
        (good.replacen("\"id\":1", "\"id\":1.5", 1), -32600),
        (good.replacen("\"id\":1", "\"id\":[1]", 1), -32600),
        ("\u{feff}".to_owned() + &good, -32700),
        (String::new(), -32700),
    ];
    for (body, code) in bad {
        let exchange = client.post(&body, &[("mcp-protocol-version", "2026-07-28")]).await;
        let status = exchange.status;
        let answer = exchange.answer().await;
        let got = answer["error"]["code"].as_i64();
        assert_eq!((status, got), (400, Some(code)), "{body:.200}: {answer}");
    }
    let not_utf8 = [good.as_bytes(), b"\xff"].concat();
    let headers = [("content-type", "application/json"), ("mcp-protocol-version", "2026-07-28")];
    let exchange = Exchange::open(front.address, http::Method::POST, "/mcp/odd", &headers, not_utf8).await;
    assert_eq!(exchange.status, 400);
    assert!(upstream.seen_of("tools/call").is_empty());
    assert_eq!(client.post(&good, &[]).await.answer().await["result"]["content"], Value::Array(vec![]));
}
