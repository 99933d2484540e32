//! The workspace's own commands: `cargo xtask COMMAND`.
//!
//! Few dependencies and no async, so that it compiles in seconds on a fresh machine.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod auth_mode;
mod bench;
mod client_mode;
mod conformance;
mod fuzz;
mod process;
mod score;
mod setup;
mod suite;
mod test;
mod train;
mod workspace;

use std::process::ExitCode;

/// What a command returns: whether the thing asked about is fine, or why it could not be found out.
type Outcome = Result<Verdict, String>;

/// The answer of a command that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    Fail,
}

/// One command: its name, its line of help, its door.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Outcome,
}

/// Every command. A new one is one file and one line here.
const COMMANDS: &[Command] = &[
    Command {
        name: "setup",
        help: "prepare what tests need: Node packages, a Python environment, a software TPM, Go programs, nginx",
        run: setup::run,
    },
    Command {
        name: "test",
        help: "everything the README promises: format, lints, tests, conformance, fuzz",
        run: test::run,
    },
    Command {
        name: "conformance",
        help: "the official MCP suite, direct and through the gateway [--through] [--client] [--url URL]",
        run: conformance::run,
    },
    Command {
        name: "bench",
        help: "what the gateway costs: direct, nginx and doorward in one run [--quick] [--check]",
        run: bench::run,
    },
    Command {
        name: "train",
        help: "the weights of the classifier from labelled texts [--corpus DIR] [--check]",
        run: train::run,
    },
    Command {
        name: "score",
        help: "how good the detectors and the statistics are: detect | behaviour [--corpus DIR] [--shipped]",
        run: score::run,
    },
    Command { name: "fuzz", help: "every fuzz target for a bounded time [--inputs N]", run: fuzz::run },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = args.split_first().map_or(("help", &[][..]), |(name, rest)| (name.as_str(), rest));
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        help();
        return ExitCode::from(if matches!(name, "help" | "--help" | "-h") { 0 } else { 2 });
    };
    match (command.run)(rest) {
        Ok(Verdict::Pass) => ExitCode::SUCCESS,
        Ok(Verdict::Fail) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn help() {
    println!("usage: cargo xtask COMMAND\n");
    for Command { name, help, .. } in COMMANDS {
        println!("  {name:<12} {help}");
    }
}
