//! Agents that are processes of this machine, over a socket of the file system: real programs that connect.

use crate::{
    client::Client,
    front::{Front, http_server},
};
use doorward_audit::Event;
use doorward_gateway::http::McpDoor;
use doorward_testkit::fixture::{Options, Server};
use doorward_transport::serve::{BoundUnix, Running, ServeSettings};
use doorward_vocab::Digest;
use serde_json::json;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A gateway that listens at a socket, too.
struct Local {
    front: Front,
    _server: Server,
    running: Running,
    dir: TempDir,
    socket: PathBuf,
}

impl Local {
    async fn start(dir: TempDir, rules: &str) -> Self {
        let server = Server::start(Options::default()).await.unwrap();
        let toml = format!(
            "[[trust]]\nname = \"here\"\nkind = \"process\"\n{rules}\n{}",
            http_server("fixture", &server.url())
        );
        let front = Front::start(&toml).await;
        let socket = dir.path().join("doorward.sock");
        let bound = BoundUnix::bind(&socket).unwrap();
        assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(BoundUnix::bind(&socket).is_err(), "somebody listens there");
        let running = bound.serve(McpDoor::new(front.gateway.clone()), ServeSettings::default());
        Self { front, _server: server, running, dir, socket }
    }

    /// Ends it; its folder stays.
    async fn end(self) -> TempDir {
        let Self { running, dir, socket, .. } = self;
        drop(running);
        crate::client::until("the socket to be gone", async || (!socket.exists()).then_some(())).await;
        dir
    }

    /// The status that a program got, which prints it.
    async fn status(&self, words: &[&str]) -> String {
        let output = tokio::process::Command::new(words[0]).args(&words[1..]).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.is_empty(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        text.trim().to_owned()
    }

    fn host(&self) -> String {
        self.front.address.to_string()
    }
}

/// Known, and asking for what is not served this way.
const KNOWN: &str = "405";
/// Not known.
const STRANGER: &str = "401";

const PYTHON: &str = r#"
import os, socket, sys, time
path, host, body, mode = sys.argv[1:5]
s = socket.socket(socket.AF_UNIX)
s.connect(path)
if mode == "hand":
    # Another process goes on with the connection of one that has ended, after it was accepted: one that ends before is
    # hung up on.
    time.sleep(0.3)
    if os.fork():
        os._exit(0)
    time.sleep(0.3)
headers = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
if body:
    headers += "Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n"
request = f"{'POST' if body else 'GET'} /mcp/fixture HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"
s.sendall(request.encode())
answer = b""
while chunk := s.recv(65536):
    answer += chunk
print(answer.split(b" ")[1].decode())
"#;

const NODE: &str = r#"
const [path, host] = process.argv.slice(2);
require("http").request({ socketPath: path, path: "/mcp/fixture", agent: false, headers: { host, connection: "close" } }, (r) => console.log(r.statusCode)).end();
"#;

fn program(name: &str) -> Option<String> {
    let path = std::env::var("PATH").unwrap();
    // Some machines have scripts in place of programs.
    let is_program = |p: &PathBuf| fs::read(p).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF"));
    let mut places = path.split(':').chain(["/usr/bin", "/usr/local/bin"]).map(|dir| Path::new(dir).join(name));
    places.find(is_program).map(|p| fs::canonicalize(p).unwrap().display().to_string())
}

fn digest(path: &str) -> Digest {
    Digest::of(&fs::read(path).unwrap())
}

#[tokio::test]
async fn a_program_is_known_by_its_bytes() {
    let Some(curl) = program("curl") else { return };
    let dir = tempfile::tempdir().unwrap();
    let agent = dir.path().join("agent").display().to_string();
    fs::copy(&curl, &agent).unwrap();
    let rules = format!("executables = [{{ name = \"agent\", sha256 = \"{}\", path = {agent:?} }}]", digest(&agent));
    let local = Local::start(dir, &rules).await;
    let (socket, url) = (local.socket.display().to_string(), format!("http://{}/mcp/fixture", local.host()));
    let ask = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", &socket, &url];
    assert_eq!(local.status(&[&[agent.as_str()], &ask[..]].concat()).await, KNOWN);
    // The same bytes elsewhere, and other bytes in its place.
    assert_eq!(local.status(&[&[curl.as_str()], &ask[..]].concat()).await, STRANGER);
    let mut other = fs::read(&agent).unwrap();
    other.extend_from_slice(b"swapped");
    fs::remove_file(&agent).unwrap();
    fs::write(&agent, other).unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(local.status(&[&[agent.as_str()], &ask[..]].concat()).await, STRANGER);
    // Over loopback nobody is local any more.
    let client = Client::modern(&local.front, "/mcp/fixture");
    assert_eq!(client.post(&client.text("1", "tools/list", ""), &[]).await.status, 401);
}

#[tokio::test]
async fn a_script_is_known_with_its_interpreter_and_its_calls_are_its_own() {
    let Some(python) = program("python3") else { return };
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("agent.py").display().to_string();
    fs::write(&script, PYTHON).unwrap();
    let rules = format!(
        "human = true\nexecutables = [{{ name = \"snake\", sha256 = \"{}\", script = \"{}\" }}]",
        digest(&python),
        digest(&script)
    );
    let local = Local::start(dir, &rules).await;
    let (socket, host) = (local.socket.display().to_string(), local.host());
    let call = Client::modern(&local.front, "/mcp/fixture").text(
        "1",
        "tools/call",
        &format!("\"name\":\"echo\",\"arguments\":{}", json!({ "text": "x" })),
    );
    assert_eq!(local.status(&[&python, &script, &socket, &host, &call, ""]).await, "200");
    let rulings = local.front.rulings("echo", 1).await;
    assert_eq!(&*rulings[0].agent.id, "snake");
    // The process that connected has ended: whoever goes on with its connection is somebody else.
    assert_eq!(local.status(&[&python, &script, &socket, &host, "", "hand"]).await, STRANGER);
    let inline = fs::read_to_string(&script).unwrap();
    assert_eq!(local.status(&[&python, "-c", &inline, &socket, &host, "", ""]).await, STRANGER);
    let copy = local.dir.path().join("other.py");
    fs::write(&copy, format!("{PYTHON}\n# edited\n")).unwrap();
    assert_eq!(local.status(&[&python, copy.to_str().unwrap(), &socket, &host, "", ""]).await, STRANGER);
    fs::copy(&copy, &script).unwrap();
    assert_eq!(local.status(&[&python, &script, &socket, &host, "", ""]).await, STRANGER);
    let records = local.front.stop().await;
    assert!(records.iter().any(|r| matches!(&r.event, Event::Ruling(_))));
}

#[tokio::test]
async fn node_needs_its_script_and_users_are_named() {
    let Some(node) = program("node") else { return };
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("agent.cjs").display().to_string();
    fs::write(&script, NODE).unwrap();
    let rule = format!("name = \"js\", sha256 = \"{}\"", digest(&node));
    let local = Local::start(dir, &format!("executables = [{{ {rule} }}]")).await;
    let (socket, host) = (local.socket.display().to_string(), local.host());
    assert_eq!(local.status(&[&node, &script, &socket, &host]).await, STRANGER, "the interpreter alone says nothing");
    let dir = local.end().await;
    let rule = format!("{rule}, script = \"{}\"", digest(&script));
    let local = Local::start(dir, &format!("uids = [4711]\nexecutables = [{{ {rule} }}]")).await;
    let host = local.host();
    assert_eq!(local.status(&[&node, &script, &socket, &host]).await, STRANGER, "another user");
    let dir = local.end().await;
    let local = Local::start(dir, &format!("executables = [{{ {rule} }}]")).await;
    let host = local.host();
    assert_eq!(local.status(&[&node, &script, &socket, &host]).await, KNOWN);
    // Another user of this machine, where the test may become one.
    if rustix::process::getuid().is_root() && program("setpriv").is_some() {
        for path in [local.dir.path(), &local.socket, Path::new(&script)] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }
        let words = ["setpriv", "--reuid=65534", "--clear-groups", &node, &script, &socket, &host];
        assert_eq!(local.status(&words).await, STRANGER);
    }
}
