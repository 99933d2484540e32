//! The probes and the misbehaviours of the test server do what gateway tests rely on.

use std::{fs, time::Duration};

use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient, ServiceError,
    model::{
        CallToolRequestParams, CallToolResult, ClientConfig, ClientRequest, ProtocolVersion, Request,
        ResourceUpdatedNotificationParam, SubscribeRequestParams,
    },
    service::{NotificationContext, PeerRequestOptions, RunningService},
    transport::StreamableHttpClientTransport,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Hands every notification to the test.
struct Hears(mpsc::UnboundedSender<String>);

impl ClientHandler for Hears {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        let _ = self.0.send("tools".to_owned());
    }

    async fn on_resource_updated(&self, params: ResourceUpdatedNotificationParam, _: NotificationContext<RoleClient>) {
        let _ = self.0.send(params.uri);
    }
}

type Client = RunningService<RoleClient, ClientConfig>;

async fn legacy(url: &str) -> Client {
    let transport = StreamableHttpClientTransport::from_uri(url);
    ClientConfig::default().serve_with_lifecycle(transport, ClientLifecycleMode::Initialize).await.unwrap()
}

async fn modern(url: &str) -> Client {
    let mode = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let transport = StreamableHttpClientTransport::from_uri(url);
    ClientConfig::default().serve_with_lifecycle(transport, mode).await.unwrap()
}

fn request(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    CallToolRequestParams::new(tool).with_arguments(arguments.as_object().cloned().unwrap())
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> Result<CallToolResult, ServiceError> {
    client.call_tool(request(tool, arguments)).await
}

async fn text(client: &Client, tool: &'static str, arguments: Value) -> String {
    let result = call(client, tool, arguments).await.unwrap();
    result.content[0].as_text().unwrap().text.clone()
}

async fn counts(client: &Client) -> Value {
    call(client, "count_calls", json!({})).await.unwrap().structured_content.unwrap()
}

#[tokio::test]
async fn calls_are_counted_across_connections() {
    let server = Server::start(Options::default()).await.unwrap();
    let (old, new) = (legacy(&server.url()).await, modern(&server.url()).await);
    text(&old, "echo", json!({ "text": "a" })).await;
    text(&new, "echo", json!({ "text": "b" })).await;
    assert_eq!(counts(&new).await, json!({ "count_calls": 1, "echo": 2 }));
}

#[tokio::test]
async fn a_page_is_small_and_all_pages_are_everything() {
    let server = Server::start(Options { paged: true, ..Options::default() }).await.unwrap();
    let client = modern(&server.url()).await;
    let first = client.list_tools(None).await.unwrap();
    assert!(first.tools.len() < 30 && first.next_cursor.is_some());
    let all = client.list_all_tools().await.unwrap();
    assert!(all.iter().any(|tool| tool.name == "bulk_099"));
    assert!(client.list_all_resources().await.unwrap().len() > 100);
}

#[tokio::test]
async fn the_request_is_echoed_with_its_headers() {
    let server = Server::start(Options::default()).await.unwrap();
    let client = modern(&server.url()).await;
    let seen: Value = serde_json::from_str(&text(&client, "echo_request", json!({})).await).unwrap();
    let headers = seen["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["mcp-name", "echo_request"])), "{seen}");
    assert!(seen["body"].as_str().unwrap().contains("echo_request"));
}

#[tokio::test]
async fn arguments_are_echoed_byte_for_byte() {
    let server = Server::start(Options::default()).await.unwrap();
    let arguments = r#"{"b": 1.10,  "a":12345678901234567890123, "b":2, "é":"\u00e9"}"#;
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo_args","arguments":{arguments},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
    );
    let answer = post(&server.url(), "echo_args", &body).await;
    assert!(answer.contains(&serde_json::to_string(arguments).unwrap()), "{answer}");
}

/// One modern `tools/call` on a connection of its own, with exactly this body.
async fn post(url: &str, tool: &str, body: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n\
         Mcp-Name: {tool}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Starts `slow`, cancels it, and waits until the server has noticed.
async fn cancelled(client: &Client) {
    let slow = ClientRequest::CallToolRequest(Request::new(request("slow", json!({ "ms": 600_000 }))));
    let handle = client.send_cancellable_request(slow, PeerRequestOptions::no_options()).await.unwrap();
    while counts(client).await.get("slow").is_none() {
        tokio::task::yield_now().await;
    }
    handle.cancel(Some("enough".to_owned())).await.unwrap();
    let noticed = async {
        while counts(client).await.get("slow.cancelled").is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticed).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_call_ends_in_both_eras() {
    let server = Server::start(Options::default()).await.unwrap();
    cancelled(&legacy(&server.url()).await).await;
    let server = Server::start(Options::default()).await.unwrap();
    cancelled(&modern(&server.url()).await).await;
}

#[tokio::test]
async fn the_log_survives_the_call_that_kills() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("calls.jsonl");
    let mut server = Fixture::start(&["--log", log.to_str().unwrap(), "--die-on", "wipe"]).unwrap();
    let client = legacy(server.url()).await;
    text(&client, "echo", json!({ "text": "a" })).await;
    let died = tokio::time::timeout(Duration::from_secs(20), call(&client, "wipe", json!({ "path": "/x" })));
    assert!(!matches!(died.await, Ok(Ok(_))));
    assert_eq!(server.process().wait().unwrap().code(), Some(70));
    let lines: Vec<Value> =
        fs::read_to_string(log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["tool"], &lines[1]["arguments"]), (&json!("wipe"), &json!({ "path": "/x" })));
}

#[tokio::test]
async fn a_stalled_tool_does_not_answer_and_the_others_do() {
    let server = Server::start(Options { stall: Some("echo".to_owned()), ..Options::default() }).await.unwrap();
    let client = legacy(&server.url()).await;
    let stalled = tokio::time::timeout(Duration::from_millis(300), call(&client, "echo", json!({ "text": "a" })));
    assert!(stalled.await.is_err());
    assert_eq!(text(&client, "big", json!({ "bytes": 4 })).await, "line");
}

#[tokio::test]
async fn subscribers_hear_of_a_touched_resource_and_of_the_pulled_rug() {
    const WATCHED: &str = "test://watched-resource";
    let server = Server::start(Options { rug_pull_after: Some(2), ..Options::default() }).await.unwrap();
    let (heard, mut hears) = mpsc::unbounded_channel();
    let transport = StreamableHttpClientTransport::from_uri(server.url());
    let client = Hears(heard).serve_with_lifecycle(transport, ClientLifecycleMode::Initialize).await.unwrap();
    let description = async || {
        let tools = client.list_all_tools().await.unwrap();
        tools.into_iter().find(|tool| tool.name == "echo").and_then(|tool| tool.description).unwrap()
    };
    let honest = description().await;
    #[allow(deprecated, reason = "the subscription of the legacy era")]
    client.subscribe(SubscribeRequestParams::new(WATCHED)).await.unwrap();
    for uri in ["test://other", WATCHED] {
        client.call_tool(request("touch_resource", json!({ "uri": uri }))).await.unwrap();
    }
    assert_eq!(hears.recv().await.unwrap(), WATCHED);
    assert_eq!(description().await, honest);
    client.call_tool(request("echo", json!({ "text": "third call" }))).await.unwrap();
    assert_eq!(hears.recv().await.unwrap(), "tools");
    assert_ne!(description().await, honest);
}
