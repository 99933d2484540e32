//! What somebody finds who looks at the process of a gateway: its environment, what its children inherit, its memory.

use crate::{
    keys::holds,
    live::{Connection, Live, command_server, http_server, write},
    place::Place,
};
use doorward_testkit::{
    memory,
    peers::{Fixture, Running, binary},
};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, process::Command};

/// A secret that is nowhere but where it is put: it is made while the test runs.
fn planted(what: &str) -> String {
    let drawn: u128 = (0..2).fold(0, |all, _| {
        all << 64 | u128::from(std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), what))
    });
    format!("{drawn:032x}{what}")
}

fn start(place: &Place, toml: &str, variables: &[(&str, &str)]) -> Live {
    write(place, toml);
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    let log = fs::File::options().create(true).append(true).open(place.path("log.txt")).unwrap();
    command.args(["run", "--json", "-c", "doorward.toml"]).stderr(log);
    place.around(&mut command);
    command.envs(variables.iter().copied());
    let (process, told) = Running::start_ready(&mut command).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let base = told["mcp"].as_str().unwrap().trim_end_matches("/mcp").to_owned();
    let console = told["console"].as_str().unwrap().to_owned();
    Live { process, base, console, sign_in: String::new() }
}

fn of(process: &Live, file: &str) -> String {
    let bytes = fs::read(format!("/proc/{}/{file}", process.process.id())).unwrap();
    String::from_utf8_lossy(&bytes).replace('\0', "\n")
}

#[tokio::test]
async fn a_secret_leaves_the_environment_and_works() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let (secret, other) = (planted("in-a-variable"), planted("not-named"));
    let plain = http_server("fixture", server.url());
    let toml = format!("{plain}headers = {{ \"x-api-key\" = {{ env = \"KEY_OF_IT\" }} }}\n");
    let variables = [("KEY_OF_IT", secret.as_str()), ("OTHER", other.as_str()), ("PLAIN", "stays")];
    let mut live = start(&place, &toml, &variables);
    let environ = of(&live, "environ");
    assert!(!environ.contains(&secret) && !environ.contains("KEY_OF_IT"), "{environ}");
    assert!(environ.contains("PLAIN=stays") && environ.contains("DOORWARD_STATE="), "the rest stays");
    assert_eq!(of(&live, "comm").trim(), "doorward");
    assert_eq!(place.read("log.txt").matches("is not set").count(), 0, "{}", place.read("log.txt"));
    assert!(of(&live, "cmdline").contains("run\n--json\n-c\ndoorward.toml"));
    assert!(of(&live, "limits").lines().any(|l| l.starts_with("Max core file size") && l.contains(" 0 ")), "no core");

    let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    let seen = client.call("echo_request", json!({})).await.unwrap().to_string();
    assert!(seen.contains("x-api-key") && !seen.contains(&secret), "it was sent, and hidden on the way back: {seen}");

    // The same variable is there after a reload; one that nobody named at the start is not believed.
    write(&place, &format!("{toml}label = \"internal\"\n"));
    live.signal("-HUP");
    wait(|| place.run("log show --json").out.contains("\"config\"")).await;
    write(&place, &toml.replace("KEY_OF_IT", "OTHER"));
    live.signal("-HUP");
    wait(|| place.read("log.txt").contains("did not name the environment variable `OTHER`")).await;
    assert!(place.read("log.txt").contains("restart it"));
    assert!(!place.read("log.txt").contains(&secret) && !place.read("log.txt").contains(&other));
    live.signal("-TERM");
    assert!(live.process.wait().unwrap().success());
    assert!(holds(&place.path("state"), &[secret.as_bytes(), other.as_bytes()]).is_empty());
}

#[tokio::test]
async fn checking_starts_nothing_again() {
    let place = Place::new();
    write(
        &place,
        "[[server]]\nname = \"a\"\nurl = \"http://127.0.0.1:1/mcp\"\nheaders = { \"x-k\" = { env = \"K\" } }\n",
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    place.around(&mut command);
    let output =
        command.args(["check", "-c", "doorward.toml"]).env("K", "v").env("DOORWARD_HELD", "nonsense").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

/// What a command is given is what the configuration says, and nothing of what the gateway was.
#[tokio::test]
async fn children_inherit_nothing() {
    let place = Place::new();
    let (given, kept) = (planted("for-the-command"), planted("for-nobody"));
    let words = [binary("doorward-testkit", "doorward-fixture").unwrap().display().to_string(), "--stdio".to_owned()];
    let toml = format!(
        "{}env = {{ GIVEN = {{ env = \"SOURCE\" }} }}\ninherit_env = [\"MY_TOKEN\"]\n{}headers = {{ \"x-k\" = {{ env = \"KEPT\" }} }}\n",
        command_server("fixture", &words),
        http_server("far", "http://127.0.0.1:1/mcp"),
    );
    let live = start(&place, &toml, &[("SOURCE", &given), ("KEPT", &kept), ("MY_TOKEN", "passed-on-4711")]);
    let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    client.call("echo", json!({ "text": "x" })).await.unwrap();
    let parent = live.process.id().to_string();
    let children = children(&parent);
    assert_eq!(children.len(), 1, "the command runs");
    let environ = String::from_utf8_lossy(&fs::read(format!("/proc/{}/environ", children[0])).unwrap()).into_owned();
    assert!(environ.contains(&format!("GIVEN={given}")) && environ.contains("MY_TOKEN=passed-on-4711"));
    for absent in [kept.as_str(), "SOURCE=", "DOORWARD_"] {
        assert!(!environ.contains(absent), "{absent}");
    }
    let open = fs::read_dir(format!("/proc/{}/fd", children[0])).unwrap();
    let open: Vec<_> = open.filter_map(|e| fs::read_link(e.unwrap().path()).ok()).collect();
    assert!(open.iter().all(|to| !to.to_string_lossy().contains("doorward ")), "{open:?}");
}

/// `wrap` is a gateway too: a variable that it passes on is in the environment of the server, and not in its own.
#[test]
fn wrap_keeps_no_secret_in_its_environment() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let (place, token) = (Place::new(), planted("for-the-wrapped"));
    let fixture = binary("doorward-testkit", "doorward-fixture").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    place.around(&mut command);
    command.args(["wrap", "--env", "MY_TOKEN", "--", fixture.to_str().unwrap(), "--stdio"]).env("MY_TOKEN", &token);
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } } });
    writeln!(child.stdin.as_mut().unwrap(), "{hello}").unwrap();
    let mut answer = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut answer).unwrap();
    assert!(answer.contains("doorward-fixture"), "{answer}");
    let environ = |pid: &str| String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ")).unwrap()).into_owned();
    let own = child.id().to_string();
    assert!(!environ(&own).contains("MY_TOKEN") && !environ(&own).contains(&token));
    let children = children(&own);
    assert_eq!(children.len(), 1);
    assert!(environ(&children[0]).contains(&format!("MY_TOKEN={token}")));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// The processes that any thread of a process started.
fn children(pid: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of = |task: std::io::Result<fs::DirEntry>| fs::read_to_string(task.unwrap().path().join("children"));
    let lists: Vec<String> = tasks.filter_map(|task| of(task).ok()).collect();
    lists.iter().flat_map(|list| list.split_whitespace().map(str::to_owned)).collect()
}

/// Nothing that was configured as a secret stands in what a core dump would hold: not where it came from, not where it was
/// sent from, and not in what was left behind on the way.
#[tokio::test]
async fn memory_holds_no_secret() {
    let (place, server) = (Place::new(), Fixture::start(&[]).unwrap());
    let names = ["header-from-file", "header-from-env", "env-of-command", "another-header", "credential-of-it"];
    let secrets: Vec<String> = names.iter().map(|name| planted(name)).collect();
    for (file, at) in [("h.secret", 0), ("t.secret", 3), ("c.secret", 4)] {
        place.write(file, &format!("{}\n", secrets[at]));
        fs::set_permissions(place.path(file), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let words = [binary("doorward-testkit", "doorward-fixture").unwrap().display().to_string(), "--stdio".to_owned()];
    let toml = format!(
        "{}headers = {{ \"x-a\" = {{ file = \"h.secret\" }}, \"x-b\" = {{ env = \"FROM_ENV\" }}, \"x-c\" = {{ file = \"t.secret\" }} }}\n\
         credential = \"own\"\n{}env = {{ GIVEN = {{ env = \"FOR_COMMAND\" }} }}\n\
         [[credential]]\nname = \"own\"\nkind = \"static\"\nsecret = {{ file = \"c.secret\" }}\n",
        http_server("fixture", server.url()),
        command_server("local", &words),
    );
    let mut live = start(&place, &toml, &[("FROM_ENV", &secrets[1]), ("FOR_COMMAND", &secrets[2])]);
    if !memory::readable(live.process.id()) {
        eprintln!("skipped: the memory of another process cannot be read here, which takes the right to trace it");
        return;
    }
    let things: Vec<&[u8]> = secrets.iter().map(|s| s.as_bytes()).collect();
    for round in 0..3 {
        for path in ["/mcp/fixture", "/mcp/local"] {
            let mut client = Connection::open(&live.base, path).await.unwrap();
            for _ in 0..20 {
                let answer = client.call("echo", json!({ "text": "x" })).await.unwrap();
                assert_eq!(answer["result"]["content"][0]["text"], "x");
            }
        }
        // Also where the server says them all.
        let mut client = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
        let seen = client.call("echo_request", json!({})).await.unwrap().to_string();
        assert!(seen.contains("x-a") && !secrets.iter().any(|s| seen.contains(s)), "{seen}");
        drop(client);
        // An exchange ends a moment after its answer.
        let (start, mut found) = (std::time::Instant::now(), Vec::new());
        while start.elapsed().as_secs() < 20 {
            found = memory::places(&memory::as_dumped(live.process.id()).unwrap(), &things);
            if found.is_empty() {
                break;
            }
        }
        let told: Vec<_> = found
            .iter()
            .map(|p| format!("{} in [{}] at {:x}: {}", names[p.what], p.mapping, p.address, p.around))
            .collect();
        assert!(told.is_empty(), "round {round}:\n{}", told.join("\n"));
    }
    live.signal("-TERM");
    assert!(live.process.wait().unwrap().success());
    assert!(holds(&place.path("state"), &things).is_empty());
    assert!(!things.iter().any(|t| memory::find(place.read("log.txt").as_bytes(), t).is_some()));
}

async fn wait(done: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !done() {
        assert!(start.elapsed() < crate::live::PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
