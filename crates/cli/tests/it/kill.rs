//! A kill at any instant loses no decision: whatever a server executed has its ruling in a trail that still verifies.

use crate::{
    live::{Connection, Live, PATIENCE, http_server},
    place::Place,
};
use doorward_audit::{Event, Payload, Record};
use doorward_store::trail::Reader;
use doorward_testkit::peers::Fixture;
use doorward_vocab::Digest;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Clients that call at the same time.
const CLIENTS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_no_decision() {
    let rounds: u64 = std::env::var("DOORWARD_KILL_ROUNDS").map_or(20, |n| n.parse().unwrap());
    let (place, random) = (Place::new(), RandomState::new());
    let calls = place.path("calls.jsonl");
    let server = Fixture::start(&["--log", calls.to_str().unwrap()]).unwrap();
    let toml = http_server("fixture", server.url());
    let mut trail = Trail { reader: Reader::new(&place.path("state/trail")), decided: HashSet::new(), torn: 0 };
    for round in 0..rounds {
        let mut live = Live::start(&place, &toml);
        trail.read();
        assert_eq!(trail.undecided(&calls), Vec::<String>::new(), "before round {round}");
        let done = Arc::new(AtomicU64::new(0));
        let load: Vec<_> =
            (0..CLIENTS).map(|client| tokio::spawn(load(live.base.clone(), round, client, done.clone()))).collect();
        let start = Instant::now();
        while done.load(Ordering::Relaxed) == 0 {
            assert!(start.elapsed() < PATIENCE, "no call succeeds");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Somewhere in the middle of writing, sending or answering.
        tokio::time::sleep(Duration::from_micros(random.hash_one(round) % 60_000)).await;
        live.process.kill().unwrap();
        for task in load {
            task.await.unwrap();
        }
        let verified = place.run("log verify");
        assert_eq!(verified.code, 0, "after round {round}: {}", verified.shown());
    }
    let mut live = Live::start(&place, &toml);
    trail.read();
    assert_eq!(trail.undecided(&calls), Vec::<String>::new());
    live.signal("-TERM");
    assert!(live.process.wait().unwrap().success());
    assert_eq!(place.run("log verify").code, 0);
    let executed = lines(&calls).len() as u64;
    assert!(executed >= rounds, "{executed}");
    eprintln!(
        "{rounds} kills, {executed} calls executed, {} decided, {} torn tails repaired",
        trail.decided.len(),
        trail.torn
    );
}

/// What clients hold ids of is there after a kill: sessions, and a call that waits for an answer, which runs once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_leaves_sessions_and_waiting_calls() {
    let place = Place::new();
    let calls = place.path("calls.jsonl");
    let server = Fixture::start(&["--era", "legacy", "--log", calls.to_str().unwrap()]).unwrap();
    let toml = http_server("fixture", server.url());
    let mut live = Live::start(&place, &toml);
    let elicitation = json!({ "elicitation": {} });

    let mut modern = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    modern.capabilities = elicitation.clone();
    let mut call = json!({ "name": "test_elicitation", "arguments": { "message": "Who?" } });
    let asked = modern.ask("tools/call", call.clone()).await.unwrap();
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let mut legacy = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    let hello =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let (session, _) = legacy.ask_in(None, "initialize", hello).await.unwrap();
    let echo = |text: &str| json!({ "name": "echo", "arguments": { "text": text } });
    legacy.ask_in(Some(&session), "tools/call", echo("1")).await.unwrap();

    for round in 0..3 {
        live.process.kill().unwrap();
        live = Live::start(&place, &toml);
        let mut legacy = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
        let (_, answer) = legacy.ask_in(Some(&session), "tools/call", echo("2")).await.unwrap();
        assert_eq!(answer["result"]["content"][0]["text"], "2", "round {round}: {answer}");
    }
    let mut modern = Connection::open(&live.base, "/mcp/fixture").await.unwrap();
    modern.capabilities = elicitation;
    call["requestState"] = asked["result"]["requestState"].clone();
    let content = json!({ "username": "ada", "email": "a@b.example" });
    call["inputResponses"] = json!({ "input": { "action": "accept", "content": content } });
    let done = modern.ask("tools/call", call.clone()).await.unwrap();
    assert!(done["result"]["content"][0]["text"].as_str().is_some_and(|t| t.contains("ada")), "{done}");
    assert_eq!(modern.ask("tools/call", call).await.unwrap()["error"]["code"], -32602);
    let ran = lines(&calls).iter().filter(|call| call["tool"] == "test_elicitation").count();
    assert_eq!(ran, 1, "{:?}", lines(&calls));
}

/// Calls a sink again and again until the gateway is gone.
async fn load(base: String, round: u64, client: u64, done: Arc<AtomicU64>) {
    let Ok(mut connection) = Connection::open(&base, "/mcp/fixture").await else { return };
    for n in 0.. {
        let path = format!("/{round}/{client}/{n}");
        let Some(answer) = connection.call("wipe", json!({ "path": path })).await else { return };
        assert_eq!(answer["result"]["content"][0]["text"], format!("wiped {path}"), "{answer}");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the trail has told so far.
struct Trail {
    reader: Reader,
    /// The arguments that were decided about.
    decided: HashSet<Digest>,
    torn: usize,
}

impl Trail {
    /// Reads on.
    fn read(&mut self) {
        while let Some(entry) = self.reader.next().unwrap() {
            match Record::decode(&entry.record).unwrap().event {
                Event::Ruling(ruling) if ruling.target.as_deref() == Some("wipe") => {
                    self.decided.extend(ruling.arguments.map(|arguments| arguments.digest));
                }
                Event::Recovered(_) => self.torn += 1,
                _ => {}
            }
        }
    }

    /// The executed calls that nobody decided about.
    fn undecided(&self, calls: &Path) -> Vec<String> {
        let executed = lines(calls).into_iter().map(|call| call["arguments"].to_string());
        executed.filter(|arguments| !self.decided.contains(&Payload::of(arguments.as_bytes()).digest)).collect()
    }
}

fn lines(calls: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(calls).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
