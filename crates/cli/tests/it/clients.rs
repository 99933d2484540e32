//! Other people's clients and servers, with the gateway between them.

use crate::{
    live::{Connection, Live, command_server, http_server},
    place::Place,
};
use doorward_testkit::peers::{
    Fixture, Peer, Running, Target, free_port, installed, python_fixture, server_everything, server_filesystem,
    server_memory,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Walks all of `peers` and reports every one that fails, not only the first.
pub(crate) fn walk_peers(peers: &[Peer], target: Target<'_>, prefix: &str, only: impl Fn(&Peer) -> bool) {
    let apart = installed("clients through the gateway").unwrap();
    let walks = peers.iter().filter(|peer| only(peer) && (apart || !peer.is_installed_apart()));
    let failures: Vec<String> = walks
        .map(|peer| (peer, peer.walk_with(target, prefix, &[]).unwrap()))
        .filter(|(_, walk)| !walk.ok)
        .map(|(peer, walk)| format!("{peer}: {}", walk.summary))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The same with every client of Streamable HTTP and stdio.
fn walk_all(target: Target<'_>, prefix: &str, only: impl Fn(&Peer) -> bool) {
    walk_peers(Peer::all(), target, prefix, only);
}

/// The words of `doorward wrap` in `place`.
pub(crate) fn wrap(place: &Place, words: &[&str]) -> Vec<String> {
    let state = format!("DOORWARD_STATE={}", place.path("state").display());
    let own = ["env", &state, env!("CARGO_BIN_EXE_doorward"), "wrap"];
    own.iter().chain(words).map(|word| (*word).to_owned()).collect()
}

#[test]
fn every_client_walks_through_the_endpoint_of_one_server() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let live = Live::start(&place, &http_server("fixture", server.url()));
    walk_all(Target::Url(&live.url("/mcp/fixture")), "", |_| true);
}

#[test]
fn every_client_walks_through_the_endpoint_of_all_servers() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let live = Live::start(&place, &http_server("fixture", server.url()));
    walk_all(Target::Url(&live.url("/mcp")), "fixture__", |_| true);
}

#[test]
fn every_client_walks_through_a_wrapped_command() {
    let place = Place::new();
    let server = Fixture::stdio_command(&[]).unwrap();
    let words: Vec<&str> = std::iter::once("--").chain(server.iter().map(String::as_str)).collect();
    walk_all(Target::Command(&wrap(&place, &words)), "", |_| true);
    assert_eq!(verified(&place), 0);
}

#[test]
fn clients_walk_through_a_wrapped_address() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    // One of each era is enough: over the pipe they are the same as above, and over HTTP as before.
    let some = |peer: &Peer| {
        matches!((peer.name, peer.mode), ("rust", _) | ("python-mcp", "auto") | ("typescript-2", "2026-07-28"))
    };
    walk_all(Target::Command(&wrap(&place, &["--url", server.url()])), "", some);
}

#[test]
fn clients_walk_to_commands_and_to_servers_of_one_era() {
    let place = Place::new();
    let (old, new) = (Fixture::start(&["--era", "legacy"]).unwrap(), Fixture::start(&["--era", "modern"]).unwrap());
    let command = Fixture::stdio_command(&[]).unwrap();
    let toml = [http_server("old", old.url()), http_server("new", new.url()), command_server("command", &command)];
    let live = Live::start(&place, &toml.concat());
    let rust = |modes: &'static [&str]| move |peer: &Peer| peer.name == "rust" && modes.contains(&peer.mode);
    walk_all(Target::Url(&live.url("/mcp/old")), "", rust(&["legacy", "auto"]));
    walk_all(Target::Url(&live.url("/mcp/new")), "", rust(&["modern", "auto"]));
    walk_all(Target::Url(&live.url("/mcp/command")), "", rust(&["legacy", "modern", "auto"]));
}

#[test]
fn the_python_server_is_understood_through_the_gateway() {
    if !installed("the Python server").unwrap() {
        return;
    }
    let (place, (_server, url)) = (Place::new(), python_fixture(&[]).unwrap());
    let live = Live::start(&place, &http_server("py", &url));
    walk_all(Target::Url(&live.url("/mcp/py")), "", |peer| peer.name == "rust");
}

/// The exit code of `doorward log verify` about a wrapped server.
fn verified(place: &Place) -> i32 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    place.around(&mut command);
    command.env("DOORWARD_STATE", place.path("state/wrap/wrapped"));
    command.args(["log", "verify"]).stdout(Stdio::null()).status().unwrap().code().unwrap()
}

/// A client on a pipe that writes its lines itself.
pub(crate) struct Pipe {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    next: i64,
}

impl Pipe {
    pub(crate) fn start(words: &[String], more: &[(&str, &str)]) -> Self {
        Self::start_with(words, more, &json!({}))
    }

    /// The same with capabilities.
    pub(crate) fn start_with(words: &[String], more: &[(&str, &str)], capabilities: &Value) -> Self {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).envs(more.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut pipe = Self { child, to, from, next: 1 };
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": { "name": "t", "version": "1" } });
        assert!(pipe.ask("initialize", params)["result"]["serverInfo"].is_object());
        pipe.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        pipe
    }

    fn write(&mut self, message: &Value) {
        writeln!(self.to.as_mut().unwrap(), "{message}").unwrap();
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.from.read_line(&mut line).unwrap() > 0, "the pipe ended");
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.begin(method, params);
        self.answer()
    }

    /// Sends a request.
    pub(crate) fn begin(&mut self, method: &str, params: Value) {
        self.next += 1;
        let id = self.next;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    /// The answer to the last request.
    pub(crate) fn answer(&mut self) -> Value {
        loop {
            let message = self.read();
            if message["id"] == self.next && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// Sends a request and answers what the server asks meanwhile; gives all that came before the answer, and that.
    pub(crate) fn ask_and_reply(
        &mut self,
        method: &str,
        params: Value,
        reply: impl Fn(&Value) -> Value,
    ) -> (Vec<Value>, Value) {
        self.begin(method, params);
        let mut before = Vec::new();
        loop {
            let message = self.read();
            match (message.get("method").is_some(), message.get("id").is_some()) {
                (false, _) if message["id"] == self.next => return (before, message),
                (true, true) => {
                    self.write(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": reply(&message) }));
                }
                _ => {}
            }
            before.push(message);
        }
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// Closes the pipe; the process ends by itself.
    pub(crate) fn end(mut self) -> i32 {
        drop(self.to.take());
        self.child.wait().unwrap().code().unwrap()
    }
}

pub(crate) fn text_of(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

#[test]
fn the_official_servers_work_when_they_are_wrapped() {
    if !installed("the official servers").unwrap() {
        return;
    }
    let place = Place::new();
    place.write("data/hello.txt", "hello from a file");
    let wrapped = |name: &str, server: Vec<String>| {
        let words: Vec<&str> = ["--name", name, "--"].into_iter().chain(server.iter().map(String::as_str)).collect();
        wrap(&place, &words)
    };
    let mut files = Pipe::start(&wrapped("files", server_filesystem(&place.path("data"))), &[]);
    let read = files.call("read_text_file", json!({ "path": place.path("data/hello.txt") }));
    assert_eq!(text_of(&read), "hello from a file");
    let written = files.call("write_file", json!({ "path": place.path("data/new.txt"), "content": "é" }));
    assert!(text_of(&written).contains("Successfully"), "{written}");
    assert_eq!(place.read("data/new.txt"), "é");
    let outside = files.call("read_text_file", json!({ "path": "/etc/hostname" }));
    assert_eq!(outside["result"]["isError"], true, "{outside}");
    assert_eq!(files.end(), 0);

    let memory = format!("MEMORY_FILE_PATH={}", place.path("memory.jsonl").display());
    let server = [vec!["env".to_owned(), memory], server_memory()].concat();
    let mut memory = Pipe::start(&wrapped("memory", server), &[]);
    let entity = json!({ "entities": [{ "name": "ada", "entityType": "person", "observations": ["writes"] }] });
    assert!(memory.call("create_entities", entity).get("result").is_some());
    assert!(text_of(&memory.call("read_graph", json!({}))).contains("ada"));
    assert_eq!(memory.end(), 0);

    let mut everything = Pipe::start(&wrapped("everything", server_everything("stdio")), &[]);
    assert_eq!(text_of(&everything.call("echo", json!({ "message": "x" }))), "Echo: x");
    assert!(everything.ask("resources/list", json!({}))["result"]["resources"].as_array().unwrap().len() > 3);
    assert!(everything.ask("prompts/list", json!({}))["result"]["prompts"].as_array().unwrap().len() > 1);
    assert_eq!(everything.end(), 0);
}

#[test]
fn the_official_servers_work_behind_http() {
    if !installed("the official servers").unwrap() {
        return;
    }
    let place = Place::new();
    place.write("data/hello.txt", "hello from a file");
    let port = free_port().unwrap().to_string();
    let words = server_everything("streamableHttp");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("PORT", &port).stdout(Stdio::null()).stderr(Stdio::null());
    let _everything = Running::start(&mut command).unwrap();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let toml = [
        http_server("everything", &format!("http://127.0.0.1:{port}/mcp")),
        command_server("files", &server_filesystem(&place.path("data"))),
        command_server("memory", &server_memory()),
    ];
    let live = Live::start(&place, &toml.concat());
    // A wrapped address is the simplest client with a session there is.
    let client = Place::new();
    let mut all = Pipe::start(&wrap(&client, &["--url", &live.url("/mcp")]), &[]);
    let tools = all.ask("tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<&str> = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for name in ["everything__echo", "files__read_text_file", "memory__read_graph"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let read = all.call("files__read_text_file", json!({ "path": place.path("data/hello.txt") }));
    assert_eq!(text_of(&read), "hello from a file");
    assert_eq!(text_of(&all.call("everything__echo", json!({ "message": "y" }))), "Echo: y");
    let long = all.call("everything__trigger-long-running-operation", json!({ "duration": 1, "steps": 2 }));
    assert!(long.get("result").is_some(), "{long}");
    assert_eq!(all.end(), 0);
}

#[tokio::test]
async fn the_official_servers_join_without_prefixes_and_in_a_selection() {
    if !installed("the official servers").unwrap() {
        return;
    }
    let place = Place::new();
    place.write("data/hello.txt", "hello from a file");
    let port = free_port().unwrap().to_string();
    let toml = [
        "[joined]\nprefix = \"conflict\"\npage = 10\n".to_owned(),
        http_server("everything", &format!("http://127.0.0.1:{port}/mcp")),
        command_server("files", &server_filesystem(&place.path("data"))),
        command_server("memory", &server_memory()),
        "[[virtual]]\nname = \"notes\"\ntools = [\"memory/*_graph\", \"files/read_text_file\"]\n".to_owned(),
        "describe = { \"memory/read_graph\" = \"Everything that was noted.\" }\n".to_owned(),
        "rename = { \"memory/read_graph\" = \"notes\" }\n".to_owned(),
    ];
    let live = Live::start(&place, &toml.concat());
    // One of them is not there yet.
    let mut all = Connection::open(&live.base, "/mcp").await.unwrap();
    let names = everything_of(&mut all).await;
    assert!(names.contains(&"read_graph".to_owned()) && !names.contains(&"echo".to_owned()), "{names:?}");
    let words = server_everything("streamableHttp");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("PORT", &port).stdout(Stdio::null()).stderr(Stdio::null());
    let _everything = Running::start(&mut command).unwrap();
    let start = std::time::Instant::now();
    loop {
        let names = everything_of(&mut all).await;
        if ["echo", "read_text_file", "read_graph"].iter().all(|name| names.contains(&(*name).to_owned())) {
            break;
        }
        assert!(start.elapsed() < crate::live::PATIENCE, "{names:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let file = json!({ "path": place.path("data/hello.txt") });
    for (tool, arguments, text) in
        [("read_text_file", file.clone(), "hello from a file"), ("echo", json!({ "message": "y" }), "Echo: y")]
    {
        let answer = all.call(tool, arguments).await.unwrap();
        assert_eq!(answer["result"]["content"][0]["text"], text, "{answer}");
    }
    assert_eq!(all.call("files__read_text_file", file.clone()).await.unwrap()["error"]["code"], -32602);
    // A client with a session, over the selection.
    let client = Place::new();
    let mut notes = Pipe::start(&wrap(&client, &["--url", &live.url("/mcp/notes")]), &[]);
    let tools = notes.ask("tools/list", json!({}))["result"]["tools"].clone();
    let shown = |tool: &Value| (tool["name"].as_str().unwrap().to_owned(), tool["description"].clone());
    let tools: std::collections::BTreeMap<_, _> = tools.as_array().unwrap().iter().map(shown).collect();
    assert_eq!(tools.keys().collect::<Vec<_>>(), ["notes", "read_text_file"]);
    assert_eq!(tools["notes"], "Everything that was noted.");
    assert!(notes.call("notes", json!({})).get("result").is_some());
    assert_eq!(text_of(&notes.call("read_text_file", file)), "hello from a file");
    // The wrapping gateway knows of no such tool, so the question goes no further.
    let answer = notes.call("delete_entities", json!({ "entityNames": [] }));
    assert!(answer.get("error").is_some() || answer["result"]["isError"] == true, "{answer}");
    assert_eq!(notes.end(), 0);
}

/// The names of all tools, page by page.
async fn everything_of(connection: &mut Connection) -> Vec<String> {
    let (mut names, mut params) = (Vec::new(), json!({}));
    loop {
        let list = connection.ask("tools/list", params).await.unwrap()["result"].clone();
        let tools = list["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
        assert!(tools.len() <= 10);
        names.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
        match list.get("nextCursor") {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => return names,
        }
    }
}
