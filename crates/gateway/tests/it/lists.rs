//! Lists, prompts, resources, completion, logging and tasks, at an endpoint of one server and at that of all.

use crate::{
    client::{Client, text_of, until},
    front::{Front, command_server, http_server},
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use serde_json::{Value, json};

const ENDPOINTS: [(&str, &str); 2] = [("/mcp/fixture", ""), ("/mcp", "fixture__")];

#[tokio::test]
async fn pages_add_up_at_both_endpoints() {
    let server = Server::start(Options { paged: true, ..Options::default() }).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        for client in Client::both(&front, path).await {
            for (method, key, name, some) in [
                ("tools/list", "tools", "name", format!("{prefix}bulk_099")),
                ("prompts/list", "prompts", "name", format!("{prefix}bulk_099")),
                ("resources/list", "resources", "uri", "test://bulk/099".to_owned()),
            ] {
                let (mut all, mut cursor, mut pages) = (Vec::<String>::new(), None::<String>, 0);
                loop {
                    let params = cursor.map_or_else(|| json!({}), |c| json!({ "cursor": c }));
                    let list = client.ask(method, params).await["result"].clone();
                    let items = list[key].as_array().unwrap().clone();
                    all.extend(items.iter().map(|i| i[name].as_str().unwrap().to_owned()));
                    pages += 1;
                    cursor = list["nextCursor"].as_str().map(str::to_owned);
                    if cursor.is_none() {
                        break;
                    }
                    assert!(pages < 50, "{path} {method} does not end");
                }
                let mut unique = all.clone();
                unique.sort();
                unique.dedup();
                assert_eq!(unique.len(), all.len(), "{path} {method}");
                assert!(all.len() > 100 && all.contains(&some), "{path} {method}: {}", all.len());
            }
            // A tool of the last page can be called, whoever has listed what.
            let ran = client.call_text(&format!("{prefix}bulk_099"), json!({})).await;
            assert_eq!(ran, "bulk_099 ran");
        }
    }
}

#[tokio::test]
async fn a_tool_of_a_late_page_is_known_without_a_list() {
    let server = Server::start(Options { paged: true, ..Options::default() }).await.unwrap();
    for (path, prefix) in ENDPOINTS {
        let front = Front::over(&server.url()).await;
        let client = Client::modern(&front, path);
        assert_eq!(client.call_text(&format!("{prefix}bulk_099"), json!({})).await, "bulk_099 ran");
    }
}

#[tokio::test]
async fn a_list_that_goes_in_circles_ends() {
    let server = Server::start(Options { loop_cursor: true, ..Options::default() }).await.unwrap();
    let front = Front::over(&server.url()).await;
    for client in Client::both(&front, "/mcp").await {
        let names = client.names("tools/list", "tools", "name").await;
        assert!(names.len() >= 20 && names.len() <= 64 * 20, "{}", names.len());
    }
    for client in Client::both(&front, "/mcp/fixture").await {
        // One page at a time: whoever asks decides when it is enough. A call makes the gateway ask, and that ends.
        assert!(client.ask("tools/list", json!({})).await["result"]["nextCursor"].is_string());
        let answer = client.call("test_simple_text", json!({})).await;
        assert!(text_of(&answer).is_some(), "{answer}");
    }
}

#[tokio::test]
async fn a_cursor_that_nobody_gave_is_refused() {
    let server = Server::start(Options { paged: true, ..Options::default() }).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, _) in ENDPOINTS {
        for client in Client::both(&front, path).await {
            let answer = client.ask("tools/list", json!({ "cursor": "forged" })).await;
            assert_eq!(answer["error"]["code"], -32602, "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn prompts_are_listed_expanded_and_completed() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        for client in Client::both(&front, path).await {
            let name = format!("{prefix}test_prompt_with_arguments");
            assert!(client.names("prompts/list", "prompts", "name").await.contains(&name));
            let got =
                client.ask("prompts/get", json!({ "name": name, "arguments": { "arg1": "x", "arg2": "y" } })).await;
            let text = got.pointer("/result/messages/0/content/text").and_then(Value::as_str);
            assert_eq!(text, Some("Prompt with arguments: arg1='x', arg2='y'"), "{got}");
            let params = json!({ "ref": { "type": "ref/prompt", "name": name },
                "argument": { "name": "arg1", "value": "par" } });
            let done = client.ask("completion/complete", params).await;
            assert_eq!(done["result"]["completion"]["values"], json!(["paris", "park", "party"]), "{done}");
            let params = json!({ "ref": { "type": "ref/resource", "uri": "test://template/{id}/data" },
                "argument": { "name": "id", "value": "po" } });
            let done = client.ask("completion/complete", params).await;
            assert_eq!(done["result"]["completion"]["values"], json!(["porto"]), "{done}");
            let unknown = client.ask("prompts/get", json!({ "name": format!("{prefix}nothing") })).await;
            assert!(unknown["error"]["code"].is_i64(), "{unknown}");
        }
    }
}

#[tokio::test]
async fn resources_and_templates_are_listed_and_read() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, _) in ENDPOINTS {
        for client in Client::both(&front, path).await {
            let uris = client.names("resources/list", "resources", "uri").await;
            assert!(uris.contains(&"test://static-text".to_owned()), "{uris:?}");
            let templates = client.names("resources/templates/list", "resourceTemplates", "uriTemplate").await;
            assert_eq!(templates, ["test://template/{id}/data"]);
            let text = client.ask("resources/read", json!({ "uri": "test://static-text" })).await;
            assert_eq!(text["result"]["contents"][0]["text"], "This is the content of the static text resource.");
            let data = client.ask("resources/read", json!({ "uri": "test://template/7/data" })).await;
            assert!(data["result"]["contents"][0]["text"].as_str().unwrap().contains("Data for ID: 7"), "{data}");
            let binary = client.ask("resources/read", json!({ "uri": "test://static-binary" })).await;
            assert!(binary["result"]["contents"][0]["blob"].as_str().unwrap().len() > 50);
            let missing = client.ask("resources/read", json!({ "uri": "test://nothing" })).await;
            let code = if client.is_modern() || path == "/mcp" { -32602 } else { -32002 };
            assert_eq!(missing["error"]["code"], code, "{path}: {missing}");
        }
    }
}

#[tokio::test]
async fn subscribers_hear_of_their_resource_in_the_2025_era() {
    const WATCHED: &str = "test://watched-resource";
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy(&front, path).await;
        let mut stream = client.get(None).await;
        assert_eq!(stream.status, 200);
        assert_eq!(client.ask("resources/subscribe", json!({ "uri": WATCHED })).await["result"], json!({}));
        for uri in ["test://static-text", WATCHED] {
            client.call(&format!("{prefix}touch_resource"), json!({ "uri": uri })).await;
        }
        let heard = stream.message().await.unwrap();
        assert_eq!(
            (&heard["method"], &heard["params"]["uri"]),
            (&json!("notifications/resources/updated"), &json!(WATCHED))
        );
        assert_eq!(client.ask("resources/unsubscribe", json!({ "uri": WATCHED })).await["result"], json!({}));
        client.call(&format!("{prefix}touch_resource"), json!({ "uri": WATCHED })).await;
        client.call(&format!("{prefix}test_trigger_tool_change"), json!({})).await;
        // Nothing of the resource any more: the next thing heard is the list.
        assert_eq!(stream.message().await.unwrap()["method"], "notifications/tools/list_changed", "{path}");
    }
}

#[tokio::test]
async fn a_listener_of_2026_hears_what_it_asked_for() {
    const WATCHED: &str = "test://watched-resource";
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::modern(&front, path);
        let filter = json!({ "notifications": { "toolsListChanged": true, "resourceSubscriptions": [WATCHED] } });
        let mut stream = client.open("subscriptions/listen", filter).await;
        assert_eq!(stream.status, 200, "{path}");
        let first = stream.message().await.unwrap();
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{first}");
        client.call(&format!("{prefix}touch_resource"), json!({ "uri": WATCHED })).await;
        let heard = stream.message().await.unwrap();
        assert_eq!(heard["method"], "notifications/resources/updated", "{heard}");
        let marked = heard.pointer("/params/_meta/io.modelcontextprotocol~1subscriptionId").unwrap();
        assert_eq!(marked, first.pointer("/params/_meta/io.modelcontextprotocol~1subscriptionId").unwrap());
        client.call(&format!("{prefix}test_trigger_tool_change"), json!({})).await;
        assert_eq!(stream.message().await.unwrap()["method"], "notifications/tools/list_changed");
    }
}

#[tokio::test]
async fn log_messages_follow_the_level() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let tool = format!("{prefix}test_tool_with_logging");
        let client = Client::legacy(&front, path).await;
        // The test server logs on the stream of the session.
        let mut stream = client.get(None).await;
        assert_eq!(client.ask("logging/setLevel", json!({ "level": "error" })).await["result"], json!({}));
        client.call(&tool, json!({})).await;
        client.ask("logging/setLevel", json!({ "level": "debug" })).await;
        client.call(&tool, json!({})).await;
        for line in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
            let heard = stream.message().await.unwrap();
            assert_eq!((&heard["method"], &heard["params"]["data"]), (&json!("notifications/message"), &json!(line)));
        }
        let client = Client::modern(&front, path);
        let params = json!({ "name": tool, "arguments": {}, "_meta": { "io.modelcontextprotocol/logLevel": "info" } });
        assert_eq!(client.open("tools/call", params).await.all().await.len(), 4);
        assert_eq!(client.open_call(&tool, json!({})).await.all().await.len(), 1);
    }
}

#[tokio::test]
async fn a_task_is_polled_cancelled_and_nobody_elses() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    for (path, prefix) in ENDPOINTS {
        let capable = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
        let client = Client::modern(&front, path).capable(capable);
        let made = client.call(&format!("{prefix}slow_compute"), json!({ "seconds": 0.05, "label": "x" })).await;
        assert_eq!(made["result"]["resultType"], "task", "{made}");
        let id = made["result"]["taskId"].as_str().unwrap().to_owned();
        let done = until("the task to end", async || {
            let task = client.ask("tasks/get", json!({ "taskId": id })).await;
            assert!(task.get("result").is_some(), "{path}: {task}");
            (task["result"]["status"] == "completed").then_some(task)
        })
        .await;
        assert!(done["result"]["result"]["content"][0]["text"].as_str().unwrap().starts_with("computed x"), "{done}");
        let made = client.call(&format!("{prefix}slow_compute"), json!({ "seconds": 600 })).await;
        let id = made["result"]["taskId"].as_str().unwrap().to_owned();
        let cancelled = client.ask("tasks/cancel", json!({ "taskId": id })).await;
        assert!(cancelled.get("result").is_some(), "{cancelled}");
        let unknown = client.ask("tasks/get", json!({ "taskId": "guessed" })).await;
        assert!(unknown.get("error").is_some(), "{unknown}");
    }
}

#[tokio::test]
async fn a_command_is_a_server_like_any_other() {
    let words = Fixture::stdio_command(&[]).unwrap();
    let front = Front::start(&command_server("fixture", &words)).await;
    for (path, prefix) in ENDPOINTS {
        let client = Client::legacy(&front, path).await;
        assert_eq!(client.call_text(&format!("{prefix}echo"), json!({ "text": "é\n" })).await, "é\n");
        let odd = r#"{"z":1.10,"a":12345678901234567890123}"#;
        let params = format!(r#""name":"{prefix}echo_args","arguments":{odd}"#);
        let answer = client.open_raw("9", "tools/call", &params).await.answer().await;
        assert_eq!(text_of(&answer).as_deref(), Some(odd));
        let read = client.ask("resources/read", json!({ "uri": "test://static-text" })).await;
        assert!(read["result"]["contents"][0]["text"].is_string(), "{read}");
        let progress = json!({ "name": format!("{prefix}test_tool_with_progress"), "arguments": {}, "_meta": { "progressToken": 7 } });
        let all = client.open("tools/call", progress).await.all().await;
        assert_eq!((all.len(), &all[0]["params"]["progressToken"]), (4, &json!(7)), "{all:?}");
    }
}

#[tokio::test]
async fn names_are_joined_so_that_no_two_can_meet() {
    let server = Server::start(Options::default()).await.unwrap();
    let toml = [http_server("a", &server.url()), http_server("b", &server.url())].concat();
    let front = Front::start(&toml).await;
    for client in Client::both(&front, "/mcp").await {
        let names = client.names("tools/list", "tools", "name").await;
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        assert!(names.contains(&"a__echo".to_owned()) && names.contains(&"b__echo".to_owned()));
        for name in ["echo", "c__echo", "a_echo", "a__", "__echo", "a__b__echo", "A__echo"] {
            let answer = client.call(name, json!({ "text": "x" })).await;
            let refused = answer.get("error").is_some() || answer["result"]["isError"] == true;
            assert!(refused, "{name}: {answer}");
        }
        // The same address in both: it is not guessed which is meant.
        let read = client.ask("resources/read", json!({ "uri": "test://static-text" })).await;
        assert!(read["error"]["message"].as_str().unwrap().contains("several servers"), "{read}");
    }
}
