//! Servers that are started, by what they are made of.

use crate::{
    client::{Client, is_refused},
    front::{Front, command_server},
};
use doorward_audit::{DefinitionChange, DefinitionKind, Event, Record};
use doorward_store::{PinState, Pins as _, SystemClock};
use doorward_testkit::peers::{self, Fixture};
use doorward_vocab::{Clock as _, ReasonCode};
use serde_json::{Value, json};
use std::{fs, path::Path};
use tempfile::TempDir;

/// A copy of our own server, to be tampered with.
fn own_server() -> (TempDir, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let mut words = Fixture::stdio_command(&[]).unwrap();
    let copy = dir.path().join("server");
    fs::copy(&words[0], &copy).unwrap();
    words[0] = copy.display().to_string();
    (dir, words)
}

/// Puts another file in its place, as an installer does: what runs keeps the old one.
fn replace(path: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let bytes = change(fs::read(path).unwrap());
    let mode = fs::metadata(path).unwrap().permissions();
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::set_permissions(&new, mode).unwrap();
    fs::rename(&new, path).unwrap();
}

fn and_more(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend_from_slice(b"\n// more\n");
    bytes
}

/// A person approves what waits of a server itself.
fn approve(front: &Front, server: &str) {
    let pins = front.pins.list(Some(&server.parse().unwrap())).unwrap();
    let pin = pins.iter().find(|p| p.key.kind == DefinitionKind::Server && p.pending.is_some()).unwrap();
    front.pins.approve(&pin.key, pin.pending_digest().unwrap(), "ann", SystemClock.now()).unwrap();
}

fn changes(records: &[Record]) -> Vec<(DefinitionChange, String)> {
    let change = |r: &Record| match &r.event {
        Event::Definition(d) if d.kind == DefinitionKind::Server => {
            Some((d.change, d.findings.first().map(|f| f.note.to_string()).unwrap_or_default()))
        }
        _ => None,
    };
    records.iter().filter_map(change).collect()
}

/// Tries to call a tool as a new client would; gives the answer that has no result of the tool in it.
async fn try_both(front: &Front, server: &str) -> [Value; 2] {
    let path = format!("/mcp/{server}");
    let modern = Client::modern(front, &path).call("echo", json!({ "text": "x" })).await;
    let client = Client::modern(front, &path);
    let params =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
    let legacy = client.post(&body.to_string(), &[]).await.answer().await;
    [modern, legacy]
}

#[tokio::test]
async fn a_replaced_program_is_not_started_until_a_person_approves_it() {
    let (dir, words) = own_server();
    let front = Front::start(&command_server("child", &words)).await;
    let old = Client::legacy(&front, "/mcp/child").await;
    assert_eq!(old.call_text("echo", json!({ "text": "x" })).await, "x");
    replace(&dir.path().join("server"), and_more);
    for refused in try_both(&front, "child").await {
        assert!(refused.to_string().contains("not the one that the operator approved"), "{refused}");
    }
    // Who spoke with it before speaks with a server that is withheld too.
    assert!(is_refused(&old.call("echo", json!({ "text": "x" })).await));
    approve(&front, "child");
    assert_eq!(old.call_text("echo", json!({ "text": "y" })).await, "y");
    for client in Client::both(&front, "/mcp/child").await {
        assert_eq!(client.call_text("echo", json!({ "text": "z" })).await, "z");
    }
    let records = front.stop().await;
    let changes = changes(&records);
    assert_eq!(changes[0].0, DefinitionChange::Pinned);
    assert!(changes[1].0 == DefinitionChange::Changed && changes[1].1.contains("has other bytes"), "{changes:?}");
    assert_eq!(changes.len(), 2, "{changes:?}");
    let refusals = records.iter().filter(|r| match &r.event {
        Event::Ruling(ruling) => ruling.reasons.iter().any(|r| r.code == ReasonCode::ServerNotApproved),
        _ => false,
    });
    assert_eq!(refusals.count(), 3);
}

#[tokio::test]
async fn a_program_that_is_what_it_was_again_is_started_again() {
    let (dir, words) = own_server();
    let front = Front::start(&command_server("child", &words)).await;
    assert_eq!(Client::modern(&front, "/mcp/child").call_text("echo", json!({ "text": "x" })).await, "x");
    let path = dir.path().join("server");
    let bytes = fs::read(&path).unwrap();
    replace(&path, and_more);
    // What runs is the old program; a session starts the new one.
    let [_, legacy] = try_both(&front, "child").await;
    assert!(legacy.get("error").is_some(), "{legacy}");
    replace(&path, |_| bytes);
    assert_eq!(Client::legacy(&front, "/mcp/child").await.call_text("echo", json!({ "text": "x" })).await, "x");
}

#[tokio::test]
async fn what_an_operator_states_is_held_to() {
    let (dir, words) = own_server();
    let sum = doorward_vocab::Digest::of(&fs::read(&words[0]).unwrap());
    let stated = |attest: &str| format!("{}attest = {attest}\n", command_server("child", &words));
    let policy = dir.path().join("attested.cedar");
    fs::write(&policy, "@party(\"server\")\nforbid(principal, action, resource);").unwrap();
    let front = Front::start(&stated(&format!("{{ sha256 = \"{sum}\" }}"))).await;
    assert_eq!(Client::modern(&front, "/mcp/child").call_text("echo", json!({ "text": "x" })).await, "x");
    let wrong = doorward_vocab::Digest::of(b"another");
    let front = Front::start(&stated(&format!("{{ sha256 = \"{wrong}\" }}"))).await;
    for refused in try_both(&front, "child").await {
        assert!(refused.to_string().contains("not the one that the operator approved"), "{refused}");
    }
    // Nothing is pinned where the operator says what it is.
    assert!(front.pins.list(None).unwrap().iter().all(|p| p.key.kind != DefinitionKind::Server));
    let front = Front::start(&stated("\"off\"")).await;
    replace(&dir.path().join("server"), and_more);
    assert_eq!(Client::modern(&front, "/mcp/child").call_text("echo", json!({ "text": "x" })).await, "x");
    let front = Front::start(&stated("\"approved\"")).await;
    let [modern, _] = try_both(&front, "child").await;
    assert!(is_refused(&modern), "{modern}");
    let pin = front.pins.list(None).unwrap().pop().unwrap();
    assert_eq!(pin.state, PinState::Pending);
    approve(&front, "child");
    assert_eq!(Client::modern(&front, "/mcp/child").call_text("echo", json!({ "text": "x" })).await, "x");
}

#[tokio::test]
async fn a_mode_that_observes_lets_it_run_and_says_so() {
    let (dir, words) = own_server();
    let front = Front::start(&format!("{}mode = \"observe\"\n", command_server("child", &words))).await;
    assert_eq!(Client::legacy(&front, "/mcp/child").await.call_text("echo", json!({ "text": "x" })).await, "x");
    replace(&dir.path().join("server"), and_more);
    assert_eq!(Client::legacy(&front, "/mcp/child").await.call_text("echo", json!({ "text": "x" })).await, "x");
    assert_eq!(changes(&front.stop().await).len(), 2);
}

/// The folder of a package that a copy stands in for, beside links to all the others.
fn with_copy(of: &Path, package: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let modules = dir.path().join("node_modules");
    fs::create_dir(&modules).unwrap();
    let (scope, _) = package.split_once('/').unwrap_or((package, ""));
    for item in fs::read_dir(of).unwrap().flatten().filter(|item| item.file_name() != scope) {
        std::os::unix::fs::symlink(item.path(), modules.join(item.file_name())).unwrap();
    }
    if package != scope {
        fs::create_dir(modules.join(scope)).unwrap();
        for item in fs::read_dir(of.join(scope)).unwrap().flatten() {
            if of.join(package) != item.path() {
                std::os::unix::fs::symlink(item.path(), modules.join(scope).join(item.file_name())).unwrap();
            }
        }
    }
    let target = modules.join(package);
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    let copied = std::process::Command::new("cp").args(["-r"]).arg(of.join(package)).arg(&target).status().unwrap();
    assert!(copied.success());
    dir
}

#[tokio::test]
async fn a_server_of_npm_whose_package_is_edited_is_not_started() {
    if !peers::installed("a measured server of npm").unwrap() {
        return;
    }
    let mut words = peers::server_everything("stdio");
    let (modules, rest) = words[1].split_once("node_modules/").unwrap();
    let of = fs::canonicalize(format!("{modules}node_modules")).unwrap();
    let copy = with_copy(&of, "@modelcontextprotocol/server-everything");
    let script = copy.path().join("node_modules").join(rest);
    words[1] = script.display().to_string();
    let front = Front::start(&command_server("child", &words)).await;
    let client = Client::legacy(&front, "/mcp/child").await;
    assert!(client.call_text("echo", json!({ "message": "x" })).await.contains('x'));
    drop(client);
    // A package that it depends on, and not the file that is named.
    let other = script.parent().unwrap().join("server/index.js");
    replace(&if other.exists() { other } else { script }, and_more);
    let [modern, legacy] = try_both(&front, "child").await;
    for refused in [modern, legacy] {
        assert!(refused.to_string().contains("not the one that the operator approved"), "{refused}");
    }
    let told = changes(&front.stop().await);
    assert!(told[1].1.contains("server-everything"), "{told:?}");
}

#[tokio::test]
async fn a_server_of_python_whose_script_is_edited_is_not_started() {
    if !peers::installed("a measured server of Python").unwrap() {
        return;
    }
    let words = peers::python_fixture_stdio();
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("server.py");
    fs::copy(&words[1], &script).unwrap();
    let modules = Path::new(&words[1]).with_file_name("fixture");
    let copied = std::process::Command::new("cp").arg("-r").arg(modules).arg(dir.path()).status().unwrap();
    assert!(copied.success());
    let words: Vec<String> =
        words.iter().map(|w| if *w == words[1] { script.display().to_string() } else { w.clone() }).collect();
    let front = Front::start(&command_server("child", &words)).await;
    let client = Client::legacy(&front, "/mcp/child").await;
    let tools = client.names("tools/list", "tools", "name").await;
    assert!(!tools.is_empty());
    replace(&script, |bytes| [b"import os\n", &bytes[..]].concat());
    for refused in try_both(&front, "child").await {
        assert!(refused.to_string().contains("not the one that the operator approved"), "{refused}");
    }
    let told = changes(&front.stop().await);
    assert!(told[1].1.contains("server.py` has other bytes"), "{told:?}");
}
