//! `cargo xtask fuzz`: every fuzz target on its committed corpus and on a bounded number of mutated inputs, on stable Rust.
//! The targets are the lines of `fuzz/src/main.rs`.

use std::process::Command;

use crate::{Outcome, Verdict, process, workspace};

/// What `cargo xtask test` tries of each target: so many mutated inputs, or as many as fit into so many seconds.
const BOUNDS: [&str; 4] = ["--inputs", "20000", "--seconds", "10"];

/// Runs the targets; the words go to the fuzzer: `[--inputs N] [--seconds N] [--seed S] [TARGET…]`.
pub(crate) fn run(args: &[String]) -> Outcome {
    let (ok, _) = fuzzer(args)?;
    Ok(if ok { Verdict::Pass } else { Verdict::Fail })
}

/// What `cargo xtask test` runs; how many targets passed and failed.
pub(crate) fn run_bounded() -> Result<(bool, (usize, usize)), String> {
    fuzzer(&BOUNDS.map(str::to_owned))
}

fn fuzzer(args: &[String]) -> Result<(bool, (usize, usize)), String> {
    let mut command = Command::new(process::cargo());
    command.args(["run", "--quiet", "--package", "doorward-fuzz", "--"]).args(args);
    let (ok, lines) = process::shown_lines(command.current_dir(workspace::root()))?;
    let closing = lines.iter().rev().find_map(|line| {
        let (passed, rest) = line.trim().split_once(" passed, ")?;
        Some((passed.parse().ok()?, rest.strip_suffix(" failed")?.parse().ok()?))
    });
    Ok((ok, closing.unwrap_or((0, 0))))
}
