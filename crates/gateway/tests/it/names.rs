//! Names behind an address of several servers: prefixes, short forms, pages of MCP Apps, and whose a name is.

use crate::{
    client::{Client, text_of},
    front::{Front, http_server},
    upstream::{Play, Seen, Upstream, polite, reader, result},
};
use doorward_testkit::fixture::{Options, Server};
use serde_json::{Value, json};

/// A server that says in each answer who it is and what it was asked for.
pub(crate) async fn speaker(name: &'static str, tools: &[&str]) -> Upstream {
    Upstream::start(speak(name, tools)).await
}

/// What a [`speaker`] does.
pub(crate) fn speak(name: &'static str, tools: &[&str]) -> impl Fn(&Seen) -> Play + Send + Sync + 'static {
    let tools: Vec<String> = tools.iter().map(|tool| reader(tool)).collect();
    move |seen| {
        polite(seen, &tools.join(",")).unwrap_or_else(|| {
            let text = format!("{name}/{}", seen.json()["params"]["name"].as_str().unwrap_or_default());
            let result_text = json!({ "content": [{ "type": "text", "text": text }], "resultType": "complete" });
            Play::Json(result(seen, &result_text.to_string()))
        })
    }
}

fn with_prefix(prefix: &str, servers: &[(&str, &Upstream)]) -> String {
    let servers: String = servers.iter().map(|(name, at)| http_server(name, &at.url())).collect();
    format!("[joined]\nprefix = \"{prefix}\"\n{servers}")
}

async fn tools(client: &Client) -> Vec<String> {
    let mut names = client.names("tools/list", "tools", "name").await;
    names.sort();
    names
}

/// What came of a call: who answered, or the code of the error.
async fn reached(client: &Client, tool: &str) -> Result<String, Value> {
    let answer = client.call(tool, json!({})).await;
    text_of(&answer).ok_or_else(|| answer["error"]["code"].clone())
}

#[tokio::test]
async fn each_prefix_shows_its_names_and_reaches_the_right_server() {
    let unknown = || Err(json!(-32602));
    for (prefix, shown, calls) in [
        (
            "always",
            vec!["one__search", "one__solo", "two__search"],
            vec![("one__search", Ok("one/search")), ("two__search", Ok("two/search")), ("search", Err(()))],
        ),
        (
            "conflict",
            vec!["one__search", "solo", "two__search"],
            vec![
                ("solo", Ok("one/solo")),
                ("two__search", Ok("two/search")),
                ("search", Err(())),
                ("one__solo", Err(())),
            ],
        ),
        (
            "never",
            vec!["search", "solo"],
            vec![
                ("search", Ok("two/search")),
                ("solo", Ok("one/solo")),
                ("one__search", Err(())),
                ("nothing", Err(())),
            ],
        ),
    ] {
        let (one, two) = (speaker("one", &["search", "solo"]).await, speaker("two", &["search"]).await);
        // The order of the file decides, not that of the names.
        let front = Front::start(&with_prefix(prefix, &[("two", &two), ("one", &one)])).await;
        for client in Client::both(&front, "/mcp").await {
            assert_eq!(tools(&client).await, shown, "{prefix}");
            for (name, who) in &calls {
                let expected = who.map(str::to_owned).or_else(|()| unknown());
                assert_eq!(reached(&client, name).await, expected, "{prefix} {name}");
            }
            // The page of an app calls the tools of its server by their own names.
            assert_eq!(reached(&client, "solo").await, Ok("one/solo".to_owned()), "{prefix}");
        }
        // What reached a server, and what was ruled about, has the server's own name.
        let names: Vec<Value> = one.seen_of("tools/call").iter().map(|s| s.json()["params"]["name"].clone()).collect();
        assert!(names.iter().all(|name| name == "search" || name == "solo"), "{names:?}");
        let rulings = front.rulings("solo", 2).await;
        assert!(rulings.iter().all(|r| r.server.as_ref().is_some_and(|s| s.as_str() == "one")), "{prefix}");
    }
}

#[tokio::test]
async fn a_name_can_be_called_before_anything_was_listed() {
    let (one, two) = (speaker("one", &["search", "solo"]).await, speaker("two", &["search"]).await);
    let front = Front::start(&with_prefix("conflict", &[("one", &one), ("two", &two)])).await;
    let client = Client::modern(&front, "/mcp");
    assert_eq!(reached(&client, "solo").await, Ok("one/solo".to_owned()));
    assert_eq!(reached(&client, "search").await, Err(json!(-32602)));
}

#[tokio::test]
async fn a_name_stays_with_the_server_that_it_was_shown_for() {
    let first = speaker("first", &["search"]).await;
    let (address, url) = (first.address, first.url());
    drop(first);
    crate::client::until("the port to close", async || {
        tokio::net::TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
    for prefix in ["never", "conflict"] {
        let second = speaker("second", &["search"]).await;
        let toml = format!(
            "[joined]\nprefix = \"{prefix}\"\n{}{}",
            http_server("first", &url),
            http_server("second", &second.url())
        );
        let front = Front::start(&toml).await;
        let client = Client::modern(&front, "/mcp");
        assert_eq!(tools(&client).await, ["search"], "{prefix}");
        assert_eq!(reached(&client, "search").await, Ok("second/search".to_owned()));
        // Now the other one is there, too, and stands first in the configuration.
        let first = Upstream::start_at(address, speak("first", &["search"])).await;
        crate::client::until("the first to be asked", async || {
            client.names("tools/list", "tools", "name").await;
            (!first.seen_of("tools/list").is_empty()).then_some(())
        })
        .await;
        let reached = reached(&client, "search").await;
        let expected = if prefix == "never" { Ok("second/search".to_owned()) } else { Err(json!(-32602)) };
        assert_eq!(reached, expected, "{prefix}");
        assert!(first.seen_of("tools/call").is_empty());
        drop(first);
    }
}

#[tokio::test]
async fn names_that_hosts_refuse_are_shown_short_and_called_by_their_own() {
    let long: &'static str = Box::leak("long_".repeat(14).into_boxed_str());
    let server = speaker("odd", &[long, "with space", "ünïcödé", "plain", "a/b"]).await;
    let other = speaker("other", &["plain"]).await;
    for prefix in ["always", "conflict", "never"] {
        let front = Front::start(&with_prefix(prefix, &[("odd", &server), ("other", &other)])).await;
        for client in Client::both(&front, "/mcp").await {
            let names = tools(&client).await;
            assert_eq!(names.len(), if prefix == "never" { 5 } else { 6 }, "{names:?}");
            let fits = |n: &String| n.len() <= 64 && n.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
            assert!(names.iter().all(fits), "{names:?}");
            let mut all = Vec::new();
            for name in &names {
                all.push(reached(&client, name).await.unwrap());
            }
            for own in [long, "with space", "ünïcödé", "plain", "a/b"] {
                assert!(all.contains(&format!("odd/{own}")), "{prefix} {own}: {all:?}");
            }
            assert_eq!(tools(&client).await, names);
        }
    }
}

#[tokio::test]
async fn a_page_of_an_app_is_read_and_its_tools_called_by_their_own_names() {
    let tool = |name: &str, ui: &str| {
        format!(
            r#"{{"name":"{name}","inputSchema":{{"type":"object"}},"annotations":{{"readOnlyHint":true}},"_meta":{{{ui}}}}}"#
        )
    };
    let app = |name: &'static str, ui: String| {
        move |seen: &Seen| match seen.method().as_str() {
            "resources/list" => Play::Json(result(seen, r#"{"resources":[],"resultType":"complete"}"#)),
            "resources/templates/list" => {
                Play::Json(result(seen, r#"{"resourceTemplates":[],"resultType":"complete"}"#))
            }
            "resources/read" => {
                let page = json!({ "contents": [{ "uri": seen.json()["params"]["uri"], "text": name }], "resultType": "complete" });
                Play::Json(result(seen, &page.to_string()))
            }
            _ => {
                polite(seen, &[tool("shared", ""), tool(&format!("show_{name}"), &ui)].join(",")).unwrap_or_else(|| {
                    let text = json!({ "content": [{ "type": "text", "text": name }], "resultType": "complete" });
                    Play::Json(result(seen, &text.to_string()))
                })
            }
        }
    };
    let chart = Upstream::start(app("chart", r#""ui":{"resourceUri":"ui://chart/page"}"#.to_owned())).await;
    let map = Upstream::start(app("map", r#""ui/resourceUri":"ui://map/page""#.to_owned())).await;
    for prefix in ["always", "conflict", "never"] {
        let front = Front::start(&with_prefix(prefix, &[("chart", &chart), ("map", &map)])).await;
        for client in Client::both(&front, "/mcp").await {
            for name in ["chart", "map"] {
                let page = client.ask("resources/read", json!({ "uri": format!("ui://{name}/page") })).await;
                assert_eq!(page["result"]["contents"][0]["text"], name, "{prefix}: {page}");
                assert_eq!(reached(&client, &format!("show_{name}")).await, Ok(name.to_owned()), "{prefix}");
            }
            let other = client.ask("resources/read", json!({ "uri": "ui://nobody/page" })).await;
            assert_eq!(other["error"]["code"], -32602, "{other}");
            let shared = reached(&client, "shared").await;
            assert_eq!(shared, if prefix == "never" { Ok("chart".to_owned()) } else { Err(json!(-32602)) }, "{prefix}");
        }
    }
}

#[tokio::test]
async fn prompts_have_names_like_tools_and_complete_under_them() {
    let (one, two) = (Server::start(Options::default()).await.unwrap(), Upstream::start(prompter).await);
    for (prefix, arguments, sole) in [
        ("always", "one__test_prompt_with_arguments", "two__only_two"),
        ("conflict", "one__test_prompt_with_arguments", "only_two"),
        ("never", "test_prompt_with_arguments", "only_two"),
    ] {
        let toml = format!(
            "[joined]\nprefix = \"{prefix}\"\n{}{}",
            http_server("one", &one.url()),
            http_server("two", &two.url())
        );
        let front = Front::start(&toml).await;
        for client in Client::both(&front, "/mcp").await {
            // A completion is the first that is asked: nothing is known of the prompts yet.
            let params = json!({ "ref": { "type": "ref/prompt", "name": arguments },
                "argument": { "name": "arg1", "value": "par" } });
            let done = client.ask("completion/complete", params).await;
            assert_eq!(done["result"]["completion"]["values"], json!(["paris", "park", "party"]), "{prefix}: {done}");
            let got = client.ask("prompts/get", json!({ "name": sole })).await;
            assert_eq!(got["result"]["messages"][0]["content"]["text"], "only_two", "{prefix}: {got}");
            let names = client.names("prompts/list", "prompts", "name").await;
            assert!(names.contains(&arguments.to_owned()) && names.contains(&sole.to_owned()), "{names:?}");
            let both = json!({ "ref": { "type": "ref/prompt", "name": arguments, "uri": "test://x" },
                "argument": { "name": "arg1", "value": "par" } });
            assert_eq!(client.ask("completion/complete", both).await["error"]["code"], -32602);
        }
    }
}

/// A server with two prompts, one of which the fixture has, too.
fn prompter(seen: &Seen) -> Play {
    match seen.method().as_str() {
        "prompts/list" => Play::Json(result(
            seen,
            r#"{"prompts":[{"name":"only_two"},{"name":"test_prompt_with_arguments"}],"resultType":"complete"}"#,
        )),
        "prompts/get" => {
            let name = seen.json()["params"]["name"].clone();
            let message = json!({ "role": "user", "content": { "type": "text", "text": name } });
            Play::Json(result(seen, &json!({ "messages": [message], "resultType": "complete" }).to_string()))
        }
        _ => polite(seen, &reader("look")).unwrap_or(Play::Status(400)),
    }
}

#[tokio::test]
async fn joined_lists_come_in_pages_whose_cursors_are_theirs_alone() {
    let server = Server::start(Options { paged: true, ..Options::default() }).await.unwrap();
    let toml = ["[joined]\npage = 75\n", &http_server("a", &server.url()), &http_server("b", &server.url())].concat();
    let virtual_server = "[[virtual]]\nname = \"both\"\ntools = [\"*/*\"]\nprompts = [\"*/*\"]\n";
    let front = Front::start(&format!("{toml}{virtual_server}")).await;
    for client in Client::both(&front, "/mcp").await {
        for (method, key, name) in [
            ("tools/list", "tools", "name"),
            ("prompts/list", "prompts", "name"),
            ("resources/list", "resources", "uri"),
        ] {
            let (mut all, mut cursor) = (Vec::<String>::new(), None::<String>);
            loop {
                let params = cursor.map_or_else(|| json!({}), |c| json!({ "cursor": c }));
                let list = client.ask(method, params).await["result"].clone();
                let items = list[key].as_array().unwrap_or_else(|| panic!("{list}")).clone();
                assert!(items.len() <= 75 && !items.is_empty(), "{}", items.len());
                all.extend(items.iter().map(|item| item[name].as_str().unwrap().to_owned()));
                cursor = list["nextCursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
            // Both servers have the same URIs; everything else has a name of its own.
            all.sort();
            all.dedup();
            let whole = if name == "uri" { 100 } else { 200 };
            assert!(all.len() > whole, "{method}: {}", all.len());
        }
        let cursor = client.ask("tools/list", json!({})).await["result"]["nextCursor"].as_str().unwrap().to_owned();
        assert!(client.ask("tools/list", json!({ "cursor": cursor })).await.get("result").is_some());
        let mut changed = cursor.clone();
        let last = changed.pop().unwrap();
        changed.push(if last == 'A' { 'B' } else { 'A' });
        for wrong in [json!(""), json!("forged"), json!(changed), json!(null), json!(7), json!("AAAA"), json!({})] {
            let answer = client.ask("tools/list", json!({ "cursor": wrong })).await;
            assert_eq!(answer["error"]["code"], -32602, "{wrong}: {answer}");
        }
        let answer = client.ask("prompts/list", json!({ "cursor": cursor })).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        let elsewhere = Client::modern(&front, "/mcp/both");
        let answer = elsewhere.ask("tools/list", json!({ "cursor": cursor })).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
}
