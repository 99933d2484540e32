//! Every parser of the workspace against mutated inputs, on stable Rust and for a bounded number of them:
//! `cargo run -p doorward-fuzz -- [--inputs N] [--seed S] [TARGET…]`.
//!
//! A target takes any bytes and panics where its law is broken. It is one function in its room's `fuzzing` module and one
//! line here; its seeds are the files of `fuzz/corpus/TARGET`. An input that breaks a law is written there too, so that
//! it is tried first from then on.

#![expect(clippy::print_stdout, reason = "a command-line tool whose output is its result")]

mod mutate;

use mutate::Mutator;
use std::{fs, panic, path::PathBuf, process::ExitCode};

type Target = (&'static str, fn(&[u8]));

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
    ("flow", doorward_flow::fuzzing::fuzz_flow),
    ("record", doorward_audit::fuzzing::fuzz_record),
    ("note", doorward_audit::fuzzing::fuzz_note),
    ("segment", doorward_store::fuzzing::fuzz_segment),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (mut inputs, mut seed, mut named) = (20_000_u64, 1_u64, Vec::new());
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|n| n.parse().ok());
        match word.as_str() {
            "--inputs" => inputs = number().unwrap_or(inputs),
            "--seed" => seed = number().unwrap_or(seed),
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
        match run(name, *target, inputs, seed) {
            None => {
                println!("fuzz: {name}: {inputs} inputs");
                passed += 1;
            }
            Some(broke) => {
                println!("fuzz: {name}: broken by {}", broke.display());
                failed += 1;
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a target on its corpus and on `inputs` mutations of it; the file of the input that broke it.
fn run(name: &str, target: fn(&[u8]), inputs: u64, seed: u64) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().filter_map(|f| fs::read(f).ok()).collect();
    let breaks = |input: &[u8]| panic::catch_unwind(|| target(input)).is_err();
    if let Some(at) = corpus.iter().position(|input| breaks(input)) {
        return files.get(at).cloned();
    }
    let mut mutator = Mutator::new(seed, corpus);
    for n in 0..inputs {
        let input = mutator.next();
        if breaks(&input) {
            let file = folder.join(format!("broken-{seed}-{n}"));
            let _ = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &input));
            return Some(file);
        }
    }
    None
}
