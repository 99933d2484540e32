//! The binary `doorward`.

mod log;

use clap::{Parser, Subcommand};
use doorward_store::{SystemClock, state_dir};
use doorward_vocab::Clock;
use std::{io::Write, process::ExitCode};

/// A security gateway for the Model Context Protocol.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read the trail: query, chain, verify, export
    Log(log::LogArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let state = match state_dir() {
        Ok(dir) => dir,
        Err(e) => {
            // Nothing is left to say it to where this fails.
            let _ = writeln!(std::io::stderr(), "error: {e}");
            return ExitCode::from(2);
        }
    };
    match cli.verb {
        Verb::Log(args) => log::run(&args, &state, SystemClock.now()),
    }
}
