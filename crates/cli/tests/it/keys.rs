//! Keys that state is sealed with: where they are, how they change beside a running gateway, and what is left on the disk.

use crate::{
    live::{Connection, Live, PATIENCE, http_server, write},
    place::{Place, Ran},
};
use doorward_testkit::{
    memory,
    peers::{
        Fixture, Running,
        keys::{SoftHsm, TpmSocket},
    },
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read as _, Seek as _},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

async fn session(live: &Live) -> (Connection, String) {
    let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    let hello =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } });
    let (session, _) = client.ask_in(None, "initialize", hello).await.unwrap();
    assert!(!session.is_empty());
    (client, session)
}

async fn goes_on(client: &mut Connection, session: &str) -> bool {
    let echo = json!({ "name": "echo", "arguments": { "text": "still here" } });
    let (_, answer) = client.ask_in(Some(session), "tools/call", echo).await.unwrap();
    answer["result"]["content"][0]["text"] == "still here"
}

fn status(place: &Place) -> Value {
    let ran = place.run("seal status --json -c doorward.toml");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    ran.records().remove(0)
}

fn key(status: &Value, at: usize) -> String {
    status["keys"][at]["id"].as_str().unwrap().to_owned()
}

fn fine(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}", ran.shown());
    ran
}

#[tokio::test]
async fn keys_change_beside_a_running_gateway() {
    let (place, server) = (Place::new(), Fixture::start(&["--era", "legacy"]).unwrap());
    let toml = http_server("fixture", server.url());
    write(&place, &toml);
    assert!(place.run("seal status -c doorward.toml").err.contains("no keys"), "they are made by the gateway");
    let mut live = Live::start(&place, &toml);
    let (mut first, old) = session(&live).await;
    let before = until(|| Some(status(&place)).filter(|s| s["keys"][0]["sealed"] == 1));
    assert_eq!(before["keys"].as_array().unwrap().len(), 1);

    let rotated = fine(place.run("seal rotate --json -c doorward.toml")).records().remove(0);
    let current = rotated["current"].as_str().unwrap().to_owned();
    fine(place.run("seal rotate --outer -c doorward.toml"));
    until(|| place.read("log.txt").contains(&format!("sealing with key {current}")).then_some(()));
    let (mut second, new) = session(&live).await;
    let after = until(|| Some(status(&place)).filter(|s| s["keys"][1]["sealed"] == 1));
    assert_eq!((key(&after, 0), key(&after, 1)), (key(&before, 0), current));
    assert!(after["keys"][0]["retired"].is_u64() && after["keys"][0]["sealed"] == 1);
    assert_ne!(after["outer"], before["outer"]);
    let shown = fine(place.run("seal status -c doorward.toml")).out;
    assert!(shown.contains("in use") && shown.contains("replaced") && shown.contains("seals 1 thing"), "{shown}");

    // What was sealed before and after goes on, here and after a kill.
    assert!(goes_on(&mut first, &old).await && goes_on(&mut second, &new).await);
    live.process.kill().unwrap();
    let live = Live::start(&place, &toml);
    for session in [old, new] {
        let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
        assert!(goes_on(&mut client, &session).await);
    }
}

/// Killed at any instant, a change of keys leaves a ring that opens, with every key that it had.
#[tokio::test]
async fn a_change_of_keys_can_be_killed() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let mut live = Live::start(&place, &http_server("fixture", server.url()));
    live.signal("-TERM");
    live.process.wait().unwrap();
    let started = Instant::now();
    fine(place.run("seal rotate --outer -c doorward.toml"));
    let whole = started.elapsed();
    let mut known = status(&place)["keys"].as_array().unwrap().len();
    let rounds = 40;
    for round in 0..rounds {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        place.around(&mut command);
        command.args(["seal", "rotate", "-c", "doorward.toml"]).args((round % 2 == 0).then_some("--outer"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(f64::from(round) / f64::from(rounds)));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = status(&place)["keys"].as_array().unwrap().len();
        assert!(now == known || now == known + 1, "round {round}: {known} keys, then {now}");
        known = now;
    }
    let left = || fs::read_dir(place.path("state")).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    fine(place.run("seal rotate --outer -c doorward.toml"));
    assert_eq!(status(&place)["outer"].as_array().unwrap().len(), 1);
    assert!(left().iter().all(|name| !name.to_string_lossy().ends_with(".new")), "{:?}", left());
}

#[test]
fn a_key_that_others_may_read_keeps_the_gateway_from_starting() {
    let place = Place::new();
    place.write("seal.key", "0123456789abcdef0123456789abcdef");
    fs::set_permissions(place.path("seal.key"), fs::Permissions::from_mode(0o640)).unwrap();
    write(&place, "[store]\nseal = { file = \"seal.key\" }\n");
    let ran = place.run("run -c doorward.toml");
    assert!(ran.code == 1 && ran.err.contains("chmod 600"), "{}", ran.shown());
    let ran = place.run("check -c doorward.toml");
    assert_eq!(ran.code, 0, "what a file holds is no matter of its text: {}", ran.shown());
}

/// Handed over by a shell, as a service manager would.
#[tokio::test]
async fn a_key_from_a_descriptor_is_used_and_inherited_by_nobody() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let key = b"k\x01\xffy-that-is-in-no-file-of-this.".to_vec();
    assert_eq!(key.len(), 32);
    fs::write(place.path("given"), &key).unwrap();
    write(&place, &format!("[store]\nseal = {{ fd = 3 }}\n{}", http_server("fixture", server.url())));
    let start = |redirect: &str| {
        let mut command = Command::new("/bin/sh");
        let line = format!("exec {} run --json -c doorward.toml {redirect} 2>>log.txt", env!("CARGO_BIN_EXE_doorward"));
        place.around(command.args(["-c", &line]));
        Running::start_ready(&mut command)
    };
    assert!(start("").is_err());
    assert!(place.read("log.txt").contains("descriptor 3"), "{}", place.read("log.txt"));
    let (running, _told) = start("3<given").unwrap();
    let open = fs::read_dir(format!("/proc/{}/fd", running.id())).unwrap();
    let open: Vec<_> = open.filter_map(|e| fs::read_link(e.unwrap().path()).ok()).collect();
    assert!(open.iter().all(|path| path != &place.path("given")), "{open:?}");
    if memory::readable(running.id()) {
        let found = memory::places(&memory::as_dumped(running.id()).unwrap(), &[&key]);
        assert!(found.is_empty(), "{found:?}");
    }
    drop(running);
    assert!(holds(&place.path("state"), &[&key]).is_empty());

    // Into a file, from the descriptor; then the descriptor is not needed.
    write(&place, &format!("[store]\nseal = {{ file = \"own.key\" }}\n{}", http_server("fixture", server.url())));
    let line =
        format!("exec {} seal rotate -c doorward.toml --from '{{ fd = 4 }}' 4<given", env!("CARGO_BIN_EXE_doorward"));
    let mut command = Command::new("/bin/sh");
    place.around(command.args(["-c", &line]));
    assert!(command.status().unwrap().success());
    let (_running, _) = start("").unwrap();
}

/// A real token behind PKCS#11: SoftHSM.
#[tokio::test]
async fn a_token_keeps_the_outer_key() {
    if !SoftHsm::installed("keys in a token").unwrap() {
        return;
    }
    let (place, server, token) =
        (Place::new(), Fixture::start(&["--era", "legacy"]).unwrap(), SoftHsm::start().unwrap());
    let seal = |pin: &str, label: &str| {
        let module = SoftHsm::module();
        format!(
            "[store]\nseal = {{ pkcs11 = {{ module = {module:?}, token = \"{label}\", pin = {pin} }} }}\n{}",
            http_server("fixture", server.url())
        )
    };
    let run = |words: &[&str], pin: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        place.around(&mut command);
        command.args(words).env(SoftHsm::VARIABLE, token.configuration()).env("PIN", pin).stdin(Stdio::null());
        command
    };
    let start =
        |pin: &str| Running::start_ready(run(&["run", "--json", "-c", "doorward.toml"], pin).stderr(log(&place)));
    let said = |words: &[&str]| {
        let output = run(words, SoftHsm::PIN).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    write(&place, &seal("{ env = \"PIN\" }", "another-token"));
    assert!(start(SoftHsm::PIN).is_err());
    write(&place, &seal("{ env = \"PIN\" }", SoftHsm::TOKEN));
    assert!(start("wrong").is_err());
    let log = place.read("log.txt");
    assert!(log.contains("no slot") && log.contains("the PIN is wrong"), "{log}");

    let (mut running, told) = start(SoftHsm::PIN).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let base = told["mcp"].as_str().unwrap().trim_end_matches("/mcp").to_owned();
    let live = Live {
        process: Running::start(&mut Command::new("true")).unwrap(),
        base,
        console: String::new(),
        sign_in: String::new(),
    };
    let (mut client, old) = session(&live).await;
    let made = said(&["seal", "status", "--json", "-c", "doorward.toml"]);
    assert!(made["from"].as_str().unwrap().contains(SoftHsm::TOKEN));
    let current = said(&["seal", "rotate", "--json", "-c", "doorward.toml"]);
    said(&["seal", "rotate", "--outer", "--json", "-c", "doorward.toml"]);
    let new = format!("sealing with key {}", current["current"].as_str().unwrap());
    until(|| place.read("log.txt").contains(&new).then_some(()));
    assert!(goes_on(&mut client, &old).await);
    assert_ne!(said(&["seal", "status", "--json", "-c", "doorward.toml"])["outer"], made["outer"]);
    assert!(!fs::read_to_string(format!("/proc/{}/environ", running.id())).unwrap_or_default().contains(SoftHsm::PIN));
    running.kill().unwrap();

    let (_running, told) = start(SoftHsm::PIN).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let base = told["mcp"].as_str().unwrap().trim_end_matches("/mcp").to_owned();
    let mut client = Connection::open(&base, "/mcp/fixture").await.unwrap();
    assert!(goes_on(&mut client, &old).await);
    assert!(!place.path("state/seal.key").exists());
    assert!(holds(&place.path("state"), &[SoftHsm::PIN.as_bytes()]).is_empty());
}

/// A real TPM, in software.
#[tokio::test]
async fn a_tpm_keeps_the_outer_key() {
    if !TpmSocket::installed("keys under a TPM").unwrap() {
        return;
    }
    let (place, server, tpm) =
        (Place::new(), Fixture::start(&["--era", "legacy"]).unwrap(), TpmSocket::start().unwrap());
    let toml = |pcrs: &str| {
        let device = tpm.path();
        format!(
            "[store]\nseal = {{ tpm = {{ device = {device:?}, pcrs = {pcrs} }} }}\n{}",
            http_server("fixture", server.url())
        )
    };
    let mut live = Live::start(&place, &toml("[]"));
    let (mut client, old) = session(&live).await;
    fine(place.run("seal rotate -c doorward.toml"));
    write(&place, &toml("[16]"));
    fine(place.run("seal rotate --outer -c doorward.toml"));
    assert!(goes_on(&mut client, &old).await);
    live.process.kill().unwrap();
    let mut live = Live::start(&place, &toml("[16]"));
    let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    assert!(goes_on(&mut client, &old).await);
    live.process.kill().unwrap();

    tpm.extend(16, &[1; 32]).unwrap();
    let ran = place.run("run -c doorward.toml");
    assert!(ran.code == 1 && ran.err.contains("registers"), "{}", ran.shown());
}

fn log(place: &Place) -> fs::File {
    fs::File::options().create(true).append(true).open(place.path("log.txt")).unwrap()
}

fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The files below `folder` in which one of `things` stands.
pub(crate) fn holds(folder: &Path, things: &[&[u8]]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holds(&path, things));
        } else if let Ok(mut file) = fs::File::open(&path) {
            let mut bytes = Vec::new();
            file.rewind().and_then(|()| file.read_to_end(&mut bytes)).unwrap();
            let here = things.iter().enumerate().filter(|(_, thing)| memory::find(&bytes, thing).is_some());
            found.extend(here.map(|(what, _)| (path.display().to_string(), what)));
        }
    }
    found
}
