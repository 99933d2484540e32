//! The servers: how each is started, what is asked of it, and what is right.

use crate::{
    live::{command_server, http_server},
    place::Place,
};
use doorward_testkit::peers::{
    Fixture, Running, free_port, python_fixture, server_everything, server_filesystem, server_memory,
    typescript_fixture,
};
use serde_json::{Value, json};
use std::{
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What a client does with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Op {
    List,
    Call,
    Read,
    Prompt,
    Progress,
    Cancel,
    Elicit,
    Changed,
    Updated,
}

impl Op {
    pub(super) const ALL: [Self; 9] = [
        Self::List,
        Self::Call,
        Self::Read,
        Self::Prompt,
        Self::Progress,
        Self::Cancel,
        Self::Elicit,
        Self::Changed,
        Self::Updated,
    ];

    /// Its name in a job, and in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Call => "call",
            Self::Read => "read",
            Self::Prompt => "prompt",
            Self::Progress => "progress",
            Self::Cancel => "cancel",
            Self::Elicit => "elicit",
            Self::Changed => "changed",
            Self::Updated => "updated",
        }
    }
}

/// Stands in a job for the name of who visits.
pub(super) const VISITOR: &str = "$visitor";

/// One operation at one server.
pub(super) struct Step {
    pub(super) op: Op,
    /// What the client is told to do.
    pub(super) job: Value,
    expect: Value,
}

impl Step {
    /// The same where names begin with that of the server.
    fn under(mut self, server: &str) -> Self {
        for pointer in ["/name", "/count/name"] {
            if let Some(Value::String(name)) = self.job.pointer_mut(pointer) {
                name.insert_str(0, &format!("{server}__"));
            }
        }
        if let (Op::List, Value::String(name)) = (self.op, &mut self.expect) {
            name.insert_str(0, &format!("{server}__"));
        }
        self
    }

    /// Whether what a client saw is what the server gives.
    pub(super) fn is_right(&self, saw: &Value) -> bool {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let expected = text(&self.expect);
        match self.op {
            Op::List => saw.as_array().is_some_and(|names| names.contains(&self.expect)),
            Op::Call | Op::Read | Op::Prompt => text(saw).contains(&expected),
            Op::Progress => numbers(saw) == numbers(&self.expect),
            Op::Cancel => saw["ended"] == "cancelled" && saw["counted"].as_u64() >= Some(1),
            Op::Elicit => saw["asked"] == json!([self.expect]) && text(&saw["text"]).contains("ada"),
            Op::Changed => text(saw).to_lowercase().replace('_', "").contains("listchanged"),
            Op::Updated => *saw == self.job["uri"],
        }
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// At which address clients find a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// `/mcp/{server}`
    One,
    /// `/mcp`, beside others.
    All,
}

/// A server that runs.
pub(super) struct Server {
    /// Its name in the configuration.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) door: Door,
    pub(super) toml: String,
    pub(super) steps: Vec<Step>,
    _process: Option<Running>,
}

impl Server {
    /// Whether it has what the operation needs.
    pub(super) fn has(&self, op: Op) -> bool {
        self.steps.iter().any(|step| step.op == op)
    }
}

/// Starts all of them. The files that they need are in `place`.
pub(super) fn start(place: &Place) -> Vec<Server> {
    place.write("data/hello.txt", "hello from a file");
    let running = |name, title, (process, url): (Running, String)| Server {
        name,
        title,
        door: Door::One,
        toml: http_server(name, &url),
        steps: own_names(),
        _process: Some(process),
    };
    let command = |name, title, words: &[String], steps| Server {
        name,
        title,
        door: Door::One,
        toml: command_server(name, words),
        steps,
        _process: None,
    };
    let everything_at = |name, title| {
        let (process, url) = everything_over_http();
        Server { steps: everything_steps(), ..running(name, title, (process, url)) }
    };
    let memory = format!("MEMORY_FILE_PATH={}", place.path("memory.jsonl").display());
    let memory = [vec!["/usr/bin/env".to_owned(), memory], server_memory()].concat();
    let hello = place.path("data/hello.txt").to_string_lossy().into_owned();
    let rust = |era| fixture(&["--era", era]);
    vec![
        command("everything", "server-everything, stdio", &server_everything("stdio"), everything_steps()),
        everything_at("everything-http", "server-everything, HTTP"),
        command("files", "server-filesystem, stdio", &server_filesystem(&place.path("data")), files_steps(&hello)),
        command("memory", "server-memory, stdio", &memory, memory_steps()),
        running("python", "Python mcp, both eras", python_fixture(&[]).unwrap()),
        running("python-legacy", "Python mcp, legacy only", python_fixture(&["--era", "legacy"]).unwrap()),
        running("python-modern", "Python mcp, modern only", python_fixture(&["--era", "modern"]).unwrap()),
        running("typescript", "TypeScript 2, both eras", typescript_fixture(&[]).unwrap()),
        running("typescript-legacy", "TypeScript 2, legacy only", typescript_fixture(&["--era", "legacy"]).unwrap()),
        running("typescript-modern", "TypeScript 2, modern only", typescript_fixture(&["--era", "modern"]).unwrap()),
        command("rust-stdio", "Rust rmcp, stdio, both eras", &Fixture::stdio_command(&[]).unwrap(), own_names()),
        running("rust", "Rust rmcp, both eras", rust("both")),
        running("rust-legacy", "Rust rmcp, legacy only", rust("legacy")),
        running("rust-modern", "Rust rmcp, modern only", rust("modern")),
        beside_others(everything_at("old", "server-everything, HTTP, at `/mcp`")),
        beside_others(running(
            "new",
            "TypeScript 2, modern only, at `/mcp`",
            typescript_fixture(&["--era", "modern"]).unwrap(),
        )),
    ]
}

/// The same at the address of all servers.
fn beside_others(server: Server) -> Server {
    let steps = server.steps.into_iter().map(|step| step.under(server.name)).collect();
    Server { door: Door::All, steps, ..server }
}

fn fixture(args: &[&str]) -> (Running, String) {
    let fixture = doorward_testkit::peers::binary("doorward-testkit", "doorward-fixture").unwrap();
    Running::start_ready(Command::new(fixture).args(["--port", "0"]).args(args)).unwrap()
}

fn everything_over_http() -> (Running, String) {
    let port = free_port().unwrap().to_string();
    let words = server_everything("streamableHttp");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("PORT", &port).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Running::start(&mut command).unwrap();
    let start = Instant::now();
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(start.elapsed() < crate::live::PATIENCE, "server-everything does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    (process, format!("http://127.0.0.1:{port}/mcp"))
}

fn step(op: Op, job: Value, expect: impl Into<Value>) -> Step {
    Step { op, job, expect: expect.into() }
}

fn tool(name: &str, arguments: Value) -> Value {
    json!({ "name": name, "arguments": arguments })
}

/// What the test servers of the three libraries have in common.
fn own_names() -> Vec<Step> {
    let watched = "test://watched-resource";
    let cancel = json!({ "name": "slow", "arguments": { "ms": 30_000 }, "count": { "name": "count_calls" }, "key": "slow.cancelled" });
    let human = json!({ "username": "ada", "email": "ada@example.com" });
    let elicit = json!({ "name": "test_elicitation", "arguments": { "message": "Who are you?" }, "answer": human });
    vec![
        step(Op::List, json!({}), "echo"),
        step(Op::Call, tool("echo", json!({ "text": "héllo, wörld ✓" })), "héllo, wörld ✓"),
        step(Op::Read, json!("test://static-text"), "static text"),
        step(Op::Prompt, json!({ "name": "test_simple_prompt" }), "simple prompt"),
        step(Op::Progress, tool("test_tool_with_progress", json!({})), json!([0, 50, 100])),
        step(Op::Cancel, cancel, Value::Null),
        step(Op::Elicit, elicit, "Who are you?"),
        step(Op::Changed, json!({ "name": "test_trigger_tool_change", "kind": "tools" }), Value::Null),
        step(
            Op::Updated,
            json!({ "name": "touch_resource", "arguments": { "uri": watched }, "uri": watched }),
            Value::Null,
        ),
    ]
}

/// It goes on with what was cancelled.
fn everything_steps() -> Vec<Step> {
    let watched = "demo://resource/dynamic/text/1";
    let question = "Please provide inputs for the following fields:";
    let gzip = json!({ "name": "hello.gz", "data": "data:text/plain,hello", "outputType": "resource" });
    let mut changed = tool("gzip-file-as-resource", gzip);
    changed["kind"] = json!("resources");
    vec![
        step(Op::List, json!({}), "echo"),
        step(Op::Call, tool("echo", json!({ "message": "héllo ✓" })), "Echo: héllo ✓"),
        step(Op::Read, json!(watched), "Resource 1"),
        step(Op::Prompt, json!({ "name": "simple-prompt" }), "simple prompt"),
        step(
            Op::Progress,
            tool("trigger-long-running-operation", json!({ "duration": 0.3, "steps": 3 })),
            json!([1, 2, 3]),
        ),
        step(Op::Elicit, json!({ "name": "trigger-elicitation-request", "answer": { "name": "ada" } }), question),
        step(Op::Changed, changed, Value::Null),
        // One call begins to tell, the next one ends it.
        step(Op::Updated, json!({ "name": "toggle-subscriber-updates", "uri": watched, "switch": true }), Value::Null),
    ]
}

/// It has tools only.
fn files_steps(hello: &str) -> Vec<Step> {
    let read = tool("read_text_file", json!({ "path": hello }));
    vec![step(Op::List, json!({}), "read_text_file"), step(Op::Call, read, "hello from a file")]
}

fn memory_steps() -> Vec<Step> {
    let graph = "memory://knowledge-graph";
    // Every visitor learns of somebody new: what is there already changes nothing.
    let entity = json!({ "name": VISITOR, "entityType": "person", "observations": ["writes"] });
    let updated = json!({ "name": "create_entities", "arguments": { "entities": [entity] }, "uri": graph });
    vec![
        step(Op::List, json!({}), "read_graph"),
        step(Op::Call, tool("read_graph", json!({})), "entities"),
        step(Op::Read, json!(graph), "entities"),
        step(Op::Updated, updated, Value::Null),
    ]
}
