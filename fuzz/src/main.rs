//! Every parser of the workspace against mutated inputs, on stable Rust and for a bounded number of them:
//! `cargo run -p doorward-fuzz -- [--inputs N] [--seconds N] [--seed S] [TARGET…]`. Of a target that needs longer than so many
//! seconds, the inputs that are left are left out.
//!
//! A target takes any bytes and panics where its law is broken. It is one function in its room's `fuzzing` module and one
//! line here; its seeds are the files of `fuzz/corpus/TARGET`. An input that breaks a law is written there too, so that
//! it is tried first from then on.

#![expect(clippy::print_stdout, reason = "a command-line tool whose output is its result")]

mod mutate;

use mutate::Mutator;
use std::{
    fs, panic,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

type Target = (&'static str, fn(&[u8]));

/// How much is tried of each target.
#[derive(Clone, Copy)]
struct Bounds {
    inputs: u64,
    time: Duration,
    seed: u64,
}

/// Every target, in the order of the road.
const TARGETS: &[Target] = &[
    ("sse", doorward_transport::fuzzing::fuzz_sse),
    ("answer", doorward_transport::fuzzing::fuzz_answer),
    ("decode", doorward_mcp::fuzzing::fuzz_decode),
    ("document", doorward_mcp::fuzzing::fuzz_document),
    ("headers", doorward_mcp::fuzzing::fuzz_headers),
    ("bridge", doorward_bridge::fuzzing::fuzz_bridge),
    ("token", doorward_identity::fuzzing::fuzz_token),
    ("evidence", doorward_identity::fuzzing::fuzz_evidence),
    ("proof", doorward_identity::fuzzing::fuzz_proof),
    ("workload", doorward_transport::fuzzing::fuzz_workload),
    ("arguments", doorward_policy::fuzz_arguments),
    ("scan", doorward_detect::fuzzing::fuzz_scan),
    ("reading", doorward_detect::fuzzing::fuzz_reading),
    ("change", doorward_detect::fuzzing::fuzz_change),
    ("flow", doorward_flow::fuzzing::fuzz_flow),
    ("record", doorward_audit::fuzzing::fuzz_record),
    ("note", doorward_audit::fuzzing::fuzz_note),
    ("segment", doorward_store::fuzzing::fuzz_segment),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut bounds = Bounds { inputs: 20_000, time: Duration::MAX, seed: 1 };
    let mut named = Vec::new();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|n| n.parse().ok());
        match word.as_str() {
            "--inputs" => bounds.inputs = number().unwrap_or(bounds.inputs),
            "--seconds" => bounds.time = number().map_or(bounds.time, Duration::from_secs),
            "--seed" => bounds.seed = number().unwrap_or(bounds.seed),
            _ => named.push(word),
        }
    }
    if let Some(unknown) = named.iter().find(|n| !TARGETS.iter().any(|(name, _)| name == n)) {
        let all: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
        println!("unknown target `{unknown}`; targets are {}", all.join(", "));
        return ExitCode::from(2);
    }
    let (mut passed, mut failed) = (0, 0);
    for (name, target) in TARGETS.iter().filter(|(name, _)| named.is_empty() || named.iter().any(|n| n == name)) {
        match run(name, *target, bounds) {
            Ok(inputs) => {
                println!("fuzz: {name}: {inputs} inputs");
                passed += 1;
            }
            Err(broke) => {
                println!("fuzz: {name}: broken by {}", broke.display());
                failed += 1;
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a target on its corpus and on mutations of it: how many, or the file of the input that broke it.
fn run(name: &str, target: fn(&[u8]), bounds: Bounds) -> Result<u64, PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    let breaks = |input: &[u8]| panic::catch_unwind(|| target(input)).is_err();
    let mut corpus = Vec::new();
    for file in files {
        let Ok(input) = fs::read(&file) else { continue };
        if breaks(&input) {
            return Err(file);
        }
        corpus.push(input);
    }
    let mut mutator = Mutator::new(bounds.seed, corpus);
    let began = Instant::now();
    for n in 0..bounds.inputs {
        if began.elapsed() > bounds.time {
            return Ok(n);
        }
        let input = mutator.next();
        if breaks(&input) {
            let file = folder.join(format!("broken-{}-{n}", bounds.seed));
            let _ = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &input));
            return Err(file);
        }
    }
    Ok(bounds.inputs)
}
