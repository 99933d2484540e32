//! `cargo xtask fuzz`: every fuzz target on its committed corpus and on a bounded number of mutated inputs, on stable Rust.
//!
//! A target is a `pub fn fuzz_…(&[u8])` in a module `fuzzing`; beside it stands a test in the same module that feeds it.
//! The number of mutated inputs comes from the environment, so that the ordinary test run stays quick.

use std::process::Command;

use crate::{Outcome, Verdict, process, test::count_tests, workspace};

/// Read by the tests in modules named `fuzzing`: how many mutated inputs each target gets.
const INPUTS_VAR: &str = "DOORWARD_FUZZ_INPUTS";
const INPUTS: &str = "20000";

/// Runs every target; `--inputs N` sets how many mutated inputs each gets.
pub(crate) fn run(args: &[String]) -> Outcome {
    let inputs = match args {
        [] => INPUTS,
        [flag, n] if flag == "--inputs" && n.parse::<u64>().is_ok() => n,
        _ => return Err("usage: cargo xtask fuzz [--inputs N]".to_owned()),
    };
    let (ok, lines) = run_targets(inputs)?;
    let counted = count_tests(&lines);
    println!("{} passed, {} failed", counted.passed, counted.failed);
    Ok(if ok { Verdict::Pass } else { Verdict::Fail })
}

/// What `cargo xtask test` runs.
pub(crate) fn run_bounded() -> Result<(bool, Vec<String>), String> {
    run_targets(INPUTS)
}

fn run_targets(inputs: &str) -> Result<(bool, Vec<String>), String> {
    let mut command = Command::new(process::cargo());
    command.args(["test", "--quiet", "--workspace", "--lib", "--", "fuzzing::"]);
    process::shown_lines(command.env(INPUTS_VAR, inputs).current_dir(workspace::root()))
}
