//! kill -9 at any instant loses no acknowledged record.

use crate::kit::*;
use doorward_audit::Record;
use doorward_store::trail::Reader;
use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

const DIR: &str = "DOORWARD_TEST_CRASH_DIR";

/// Not a test of its own: the child that is killed. It says each call that was acknowledged.
#[test]
fn child() {
    let Ok(dir) = env::var(DIR) else { return };
    let trail = open(dir.as_ref());
    let mut out = std::io::stdout().lock();
    for i in 0.. {
        let id = call(i);
        // Others that nobody waits for, in between.
        trail.record(at(i), &ruling(call(i))).unwrap();
        wait(trail.commit(at(i), &ruling(id))).unwrap();
        writeln!(out, "ack {id}").unwrap();
    }
}

#[test]
fn killed_a_hundred_times() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..100_usize {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        // After 0 to 18 acknowledgements, or at once.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut acks = lines.filter_map(|l| l.split_once("ack ").map(|(_, id)| id.to_owned()));
        acknowledged.extend(acks.by_ref().take(round * 7 % 19));
        child.kill().unwrap();
        acknowledged.extend(acks);
        child.wait().unwrap();
        // A child that was killed at once may not have come to begin.
        if dir.path().join("segments").is_dir() {
            let report = verify(dir.path());
            assert!(report.is_good(), "round {round}: {report:?}");
        }
    }
    drop(open(dir.path()));
    let mut reader = Reader::new(dir.path());
    let there: Vec<String> = std::iter::from_fn(|| reader.next().unwrap())
        .filter_map(|e| Record::decode(&e.record).unwrap().call().map(|c| c.to_string()))
        .collect();
    assert!(acknowledged.len() > 100);
    let lost: Vec<_> = acknowledged.iter().filter(|a| !there.contains(a)).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
    assert!(verify(dir.path()).is_good());
}
