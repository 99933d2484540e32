//! `cargo xtask test`: the whole test command of the README. Every step runs, and the last line counts all of them.

use std::{process::Command, time::Instant};

use crate::{
    Outcome, Verdict, conformance, fuzz,
    process::{cargo, exists, shown_lines},
    setup, workspace,
};

/// What a step found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

/// One step: its name, and what it found or why it could not run.
type Step = (&'static str, fn() -> Result<Counted, String>);

/// Cheap steps first: a mistake in the format should not take ten minutes to be seen.
const STEPS: &[Step] = &[
    ("format", || one(&["fmt", "--all", "--check"])),
    ("lints", || one(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("tests", tests),
    ("laws", laws),
    ("doc tests", || many(&["test", "--quiet", "--workspace", "--doc"])),
    ("conformance", || {
        let tally = conformance::check_all()?;
        Ok(Counted { passed: tally.passed, failed: tally.failed, skipped: 0 })
    }),
    ("fuzz", || {
        let (ok, (passed, failed)) = fuzz::run_bounded()?;
        Ok(honest(ok, Counted { passed, failed, skipped: 0 }))
    }),
];

/// Prepares the peers and runs every step, or those named in the arguments.
pub(crate) fn run(args: &[String]) -> Outcome {
    let unknown = args.iter().find(|arg| !STEPS.iter().any(|(name, _)| name == arg));
    if let Some(unknown) = unknown {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no step `{unknown}`; steps are: {}", names.join(", ")));
    }
    let began = Instant::now();
    setup::run(&[])?;
    println!("== setup: {} s", began.elapsed().as_secs());
    let mut total = Counted::default();
    for (name, step) in STEPS.iter().filter(|(name, _)| args.is_empty() || args.iter().any(|arg| arg == name)) {
        println!("\n== {name}");
        let began = Instant::now();
        let counted = step().unwrap_or_else(|error| {
            println!("error: {error}");
            Counted { failed: 1, ..Counted::default() }
        });
        let seconds = began.elapsed().as_secs();
        println!("== {name}: {} passed, {} failed in {seconds} s", counted.passed, counted.failed);
        total.passed += counted.passed;
        total.failed += counted.failed;
        total.skipped += counted.skipped;
    }
    if total.skipped > 0 {
        println!("\n{} skipped; the lines above say why", total.skipped);
    }
    for missing in setup::spared() {
        println!("\nnot installed, and its tests skipped: {missing}");
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { Verdict::Pass } else { Verdict::Fail })
}

fn tests() -> Result<Counted, String> {
    if exists("cargo-nextest", "--version") {
        return many(&[
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--status-level",
            "fail",
            "--color",
            "never",
        ]);
    }
    many(&["test", "--quiet", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"])
}

/// That nothing which is added to a question or to the policies widens an answer: 200 sets of policies, 512 questions each.
fn laws() -> Result<Counted, String> {
    let mut command = Command::new(cargo());
    command.args(["test", "--quiet", "--workspace", "--lib", "nothing_that_is_added_widens"]);
    let (ok, lines) = shown_lines(command.current_dir(workspace::root()).env("DOORWARD_POLICY_CASES", "200"))?;
    Ok(honest(ok, count_tests(&lines)))
}

/// A step that is one thing, fine or not.
fn one(args: &[&str]) -> Result<Counted, String> {
    let (ok, _) = cargo_step(args)?;
    Ok(Counted { passed: usize::from(ok), failed: usize::from(!ok), skipped: 0 })
}

/// A step that counts itself.
fn many(args: &[&str]) -> Result<Counted, String> {
    let (ok, lines) = cargo_step(args)?;
    Ok(honest(ok, count_tests(&lines)))
}

fn cargo_step(args: &[&str]) -> Result<(bool, Vec<String>), String> {
    let mut command = Command::new(cargo());
    command.args(args).current_dir(workspace::root());
    shown_lines(command.env(workspace::PEERS_REQUIRED_VAR, "1").env(workspace::PEERS_VAR, workspace::cache()))
}

/// A command that failed without naming a failed test has still failed: it did not compile, or it crashed.
fn honest(ok: bool, counted: Counted) -> Counted {
    if !ok && counted.failed == 0 { Counted { failed: 1, ..counted } } else { counted }
}

/// Adds up the summaries of `cargo nextest`, or of `cargo test` where that ran.
pub(crate) fn count_tests(lines: &[String]) -> Counted {
    // nextest repeats the output of a failed test, and with it a `cargo test` summary of that one test.
    let nextest: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once(" tests run:").map(|(_, rest)| rest)).collect();
    let plain = || lines.iter().filter_map(|line| line.trim().strip_prefix("test result:")).collect();
    let summaries: Vec<&str> = if nextest.is_empty() { plain() } else { nextest };
    let mut total = Counted::default();
    for summary in summaries {
        let words: Vec<&str> = summary.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let [n, kind] = pair else { continue };
            let Ok(n) = n.parse::<usize>() else { continue };
            match *kind {
                "passed" => total.passed += n,
                // nextest tells apart what hung and what could not be started.
                "failed" | "timed" | "exec" => total.failed += n,
                "skipped" | "ignored" => total.skipped += n,
                _ => {}
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, passed: usize, failed: usize, skipped: usize) {
        assert_eq!(count_tests(&[line.to_owned()]), Counted { passed, failed, skipped }, "{line}");
    }

    #[test]
    fn summaries_of_both_runners_are_read() {
        check(
            "test result: ok. 17 passed; 0 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.04s",
            17,
            0,
            2,
        );
        check("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out", 1, 2, 0);
        check("     Summary [   0.049s] 17 tests run: 17 passed, 0 skipped", 17, 0, 0);
        check("     Summary [   1.0s] 9/12 tests run: 6 passed, 2 failed, 1 timed out, 4 skipped", 6, 3, 4);
        check("     Summary [   1.0s] 5 tests run: 5 passed (1 slow), 0 skipped", 5, 0, 0);
        check("     Summary [   1.0s] 3 tests run: 1 passed, 1 failed, 1 exec failed, 0 skipped", 1, 2, 0);
        check("a line that says 3 passed", 0, 0, 0);
    }

    #[test]
    fn a_summary_inside_the_output_of_a_failed_test_is_not_counted_twice() {
        let lines = [
            "    test result: FAILED. 0 passed; 1 failed",
            " Summary [ 1s] 7 tests run: 6 passed, 1 failed, 0 skipped",
        ];
        assert_eq!(count_tests(&lines.map(str::to_owned)), Counted { passed: 6, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_failure_without_a_failed_test_counts() {
        assert_eq!(honest(false, Counted::default()).failed, 1);
        assert_eq!(honest(true, Counted::default()).failed, 0);
        assert_eq!(honest(false, Counted { failed: 3, ..Counted::default() }).failed, 3);
    }
}
