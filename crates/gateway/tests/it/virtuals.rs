//! Virtual servers: a selection of what servers have, under an address, names and descriptions of its own.

use crate::{
    client::{Client, soon, text_of},
    front::{Front, http_server},
    names::speaker,
    upstream::{Play, Upstream, polite, reader, result},
};
use doorward_store::{PinKey, Pins as _};
use doorward_testkit::fixture::{Options, Server};
use serde_json::{Value, json};

const SUPPORT: &str = r#"
[[virtual]]
name     = "support"
tools    = ["crm/get_*", "mail/send"]
prefix   = "conflict"
describe = { "crm/get_customer" = "Finds a customer by number." }
rename   = { "crm/get_customer" = "customer" }
"#;

async fn listed(client: &Client) -> Vec<Value> {
    let list = client.ask("tools/list", json!({})).await;
    list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}")).clone()
}

fn name(tool: &Value) -> &str {
    tool["name"].as_str().unwrap()
}

#[tokio::test]
async fn a_selection_has_its_own_address_names_and_descriptions() {
    let crm = speaker("crm", &["get_customer", "get_order", "delete_customer"]).await;
    let mail = speaker("mail", &["send", "get_order"]).await;
    let toml = [http_server("crm", &crm.url()), http_server("mail", &mail.url()), SUPPORT.to_owned()].concat();
    let front = Front::start(&toml).await;
    for client in Client::both(&front, "/mcp/support").await {
        let tools = listed(&client).await;
        let mut names: Vec<&str> = tools.iter().map(name).collect();
        names.sort_unstable();
        assert_eq!(names, ["customer", "get_order", "send"]);
        let customer = tools.iter().find(|tool| name(tool) == "customer").unwrap();
        assert_eq!(customer["description"], "Finds a customer by number.");
        // Everything else of the definition is the server's.
        assert_eq!(customer["annotations"]["readOnlyHint"], true);
        assert_eq!(client.call_text("customer", json!({})).await, "crm/get_customer");
        assert_eq!(client.call_text("send", json!({})).await, "mail/send");
        for hidden in ["delete_customer", "crm__delete_customer", "crm__get_customer", "mail__get_order"] {
            let answer = client.call(hidden, json!({})).await;
            assert_eq!(answer["error"]["code"], -32602, "{hidden}: {answer}");
        }
        // By the server's own name, too, as pages of apps do.
        assert_eq!(client.call_text("get_customer", json!({})).await, "crm/get_customer");
    }
    let called: Vec<String> =
        crm.seen_of("tools/call").iter().map(|s| s.json()["params"]["name"].to_string()).collect();
    assert!(!called.contains(&"\"delete_customer\"".to_owned()), "{called:?}");
    // Rulings speak of the server and its own name.
    let rulings = front.rulings("get_customer", 4).await;
    assert!(rulings.iter().all(|r| r.server.as_ref().is_some_and(|s| s.as_str() == "crm")));
    // The pin is of the server's own definition: elsewhere nothing has changed.
    let pin = front.pins.get(&PinKey::tool("crm".parse().unwrap(), "get_customer")).unwrap().unwrap();
    let tools = listed(&Client::modern(&front, "/mcp/crm")).await;
    assert_eq!(tools.iter().find(|tool| name(tool) == "get_customer").unwrap()["description"], "Reads.");
    let again = front.pins.get(&PinKey::tool("crm".parse().unwrap(), "get_customer")).unwrap().unwrap();
    assert_eq!((pin.approved_digest(), pin.pending_digest()), (again.approved_digest(), None));
}

#[tokio::test]
async fn a_session_of_a_selection_opens_nothing_else() {
    let crm = speaker("crm", &["get_customer", "delete_customer"]).await;
    let mail = speaker("mail", &["send"]).await;
    let toml = [http_server("crm", &crm.url()), http_server("mail", &mail.url()), SUPPORT.to_owned()].concat();
    let front = Front::start(&toml).await;
    let mut client = Client::legacy(&front, "/mcp/support").await;
    for path in ["/mcp", "/mcp/crm", "/mcp/nothing"] {
        client.path = path.to_owned();
        assert_eq!(client.open("tools/list", json!({})).await.status, 404, "{path}");
    }
    // After a reload without it, it is gone.
    client.path = "/mcp/support".to_owned();
    assert_eq!(client.open("tools/list", json!({})).await.status, 200);
    front.reload(&[http_server("crm", &crm.url()), http_server("mail", &mail.url())].concat());
    assert_eq!(client.open("tools/list", json!({})).await.status, 404);
}

#[tokio::test]
async fn prompts_and_resources_are_selected_too() {
    let server = Server::start(Options::default()).await.unwrap();
    let selection = r#"
[[virtual]]
name      = "few"
prompts   = ["fixture/test_prompt_with_arguments"]
resources = ["fixture/test://static-text", "fixture/test://template/*"]
rename    = { "fixture/test_prompt_with_arguments" = "ask" }
"#;
    let front = Front::start(&format!("{}{selection}", http_server("fixture", &server.url()))).await;
    for client in Client::both(&front, "/mcp/few").await {
        assert_eq!(client.names("tools/list", "tools", "name").await, Vec::<String>::new());
        assert_eq!(client.names("prompts/list", "prompts", "name").await, ["ask"]);
        assert_eq!(client.names("resources/list", "resources", "uri").await, ["test://static-text"]);
        let templates = client.names("resources/templates/list", "resourceTemplates", "uriTemplate").await;
        assert_eq!(templates, ["test://template/{id}/data"]);
        let got = client.ask("prompts/get", json!({ "name": "ask", "arguments": { "arg1": "x", "arg2": "y" } })).await;
        let text = got.pointer("/result/messages/0/content/text").and_then(Value::as_str);
        assert_eq!(text, Some("Prompt with arguments: arg1='x', arg2='y'"), "{got}");
        let params =
            json!({ "ref": { "type": "ref/prompt", "name": "ask" }, "argument": { "name": "arg1", "value": "par" } });
        let done = client.ask("completion/complete", params).await;
        assert_eq!(done["result"]["completion"]["values"], json!(["paris", "park", "party"]), "{done}");
        let read = client.ask("resources/read", json!({ "uri": "test://template/7/data" })).await;
        assert!(read["result"]["contents"][0]["text"].as_str().unwrap().contains("Data for ID: 7"), "{read}");
        for hidden in ["test://static-binary", "test://watched-resource", "test://template"] {
            let read = client.ask("resources/read", json!({ "uri": hidden })).await;
            assert_eq!(read["error"]["code"], -32602, "{hidden}: {read}");
        }
        if !client.is_modern() {
            let answer = client.ask("resources/subscribe", json!({ "uri": "test://watched-resource" })).await;
            assert_eq!(answer["error"]["code"], -32602, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_listener_of_a_selection_asks_servers_for_nothing_else() {
    let (one, two) = (listener().await, listener().await);
    let selection = "[[virtual]]\nname = \"few\"\ntools = [\"one/*\"]\nresources = [\"two/test://public/*\"]\n";
    let toml = [http_server("one", &one.url()), http_server("two", &two.url()), selection.to_owned()].concat();
    let front = Front::start(&toml).await;
    let client = Client::modern(&front, "/mcp/few");
    let filter = json!({ "notifications": { "toolsListChanged": true, "promptsListChanged": true,
        "resourceSubscriptions": ["test://public/1", "test://secret"] } });
    let mut stream = client.open("subscriptions/listen", filter).await;
    let first = soon("the acknowledgement", stream.message()).await.unwrap();
    let expected = json!({ "toolsListChanged": true, "resourceSubscriptions": ["test://public/1"] });
    assert_eq!(first["params"]["notifications"], expected, "{first}");
    let asked = |server: &Upstream| server.seen_of("subscriptions/listen")[0].json()["params"]["notifications"].clone();
    let nothing = json!([]);
    assert_eq!(
        asked(&one),
        json!({ "toolsListChanged": true, "promptsListChanged": false, "resourceSubscriptions": nothing })
    );
    assert_eq!(
        asked(&two),
        json!({ "toolsListChanged": false, "promptsListChanged": false, "resourceSubscriptions": ["test://public/1"] })
    );
}

/// A server that agrees to whatever it is asked for, and then says nothing.
async fn listener() -> Upstream {
    let open = std::sync::Mutex::new(Vec::new());
    Upstream::start(move |seen| {
        if seen.method() != "subscriptions/listen" {
            return polite(seen, &reader("look")).unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[]}"#)));
        }
        let (to, from) = tokio::sync::mpsc::channel(4);
        let agreed = json!({ "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
            "notifications": seen.json()["params"]["notifications"],
            "_meta": { "io.modelcontextprotocol/subscriptionId": seen.json()["id"] } } });
        to.try_send(crate::upstream::event(&agreed.to_string())).unwrap();
        open.lock().unwrap().push(to);
        Play::Events(from)
    })
    .await
}

#[tokio::test]
async fn text_of_a_description_changes_nothing_but_itself() {
    let odd = r#"{"x-vendor":1.10,"name":"get","title":"T","description":"Own.","inputSchema":{"type":"object"}}"#;
    let server = Upstream::start(move |seen| {
        polite(seen, odd).unwrap_or_else(|| Play::Json(result(seen, r#"{"content":[],"resultType":"complete"}"#)))
    })
    .await;
    let selection = "[[virtual]]\nname = \"v\"\ntools = [\"s/get\"]\nprefix = \"never\"\ndescribe = { \"s/get\" = \"Say \\\"hi\\\".\" }\n";
    let front = Front::start(&format!("{}{selection}", http_server("s", &server.url()))).await;
    let client = Client::modern(&front, "/mcp/v");
    let raw = client.open("tools/list", json!({})).await.raw_answer().await;
    let expected = odd.replace("Own.", r#"Say \"hi\"."#);
    assert!(raw.contains(&expected), "{raw}");
    assert!(text_of(&client.call("get", json!({})).await).is_none());
}
