//! `doorward log`: questions to the trail, the chain around a call, proof of integrity, export.

mod bundle;
mod chain;
mod export;
mod filter;
mod follow;

mod show;
mod verify;

use clap::{Args, Subcommand};
use doorward_admin::words as row;
use doorward_store::{Index, IndexError};
use doorward_vocab::Timestamp;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Reads the trail: what was decided, why, on whose authority, and what became of it.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    #[arg(from_global)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what was recorded, newest last
    Show(show::ShowArgs),
    /// Show what is recorded, as it comes
    Follow(follow::FollowArgs),
    /// Rebuild the conversation around a call: what the human asked, what the agent did
    Chain(chain::ChainArgs),
    /// Prove from the files alone that nothing was edited, deleted, reordered or cut
    Verify(verify::VerifyArgs),
    /// Write the records in a format that other tools read
    Export(export::ExportArgs),
    /// Write the records of a conversation as evidence: with the proof that they stand in the trail
    Bundle(bundle::BundleArgs),
}

/// What a verb may need, and where it writes.
struct Context<'c> {
    trail: PathBuf,
    now: Timestamp,
    /// Whether records go out as lines of JSON.
    json: bool,
    out: &'c mut dyn Write,
}

impl Context<'_> {
    fn index(&self) -> Result<Index, LogError> {
        Ok(Index::open(&self.trail)?)
    }
}

/// Why a verb did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum LogError {
    #[error("{0}")]
    Index(#[from] IndexError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Usage(String),
}

/// Runs the verb on the trail of the state directory. Exit code 0: fine; 1: a verification found problems, or the call
/// asked for is not there; 2: no trail, or a wrong argument.
pub(crate) fn run(args: &LogArgs, state_dir: &Path, now: Timestamp) -> ExitCode {
    let mut out = io::stdout().lock();
    match dispatch(args, state_dir, now, &mut out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // The reader of a pipe has seen enough.
        Err(LogError::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(e) => {
            // Nothing is left to say it to where this fails.
            let _ = writeln!(io::stderr(), "error: {e}");
            ExitCode::from(2)
        }
    }
}

/// Runs the verb; whether the answer is good.
fn dispatch(args: &LogArgs, state_dir: &Path, now: Timestamp, out: &mut dyn Write) -> Result<bool, LogError> {
    let mut context = Context { trail: state_dir.join("trail"), now, json: args.json, out };
    match &args.verb {
        Verb::Show(args) => show::run(args, &mut context),
        Verb::Follow(args) => follow::run(args, &mut context),
        Verb::Chain(args) => chain::run(args, &mut context),
        Verb::Verify(args) => verify::run(args, &mut context),
        Verb::Export(args) => export::run(args, &mut context),
        Verb::Bundle(args) => bundle::run(args, &mut context),
    }
}

#[cfg(test)]
mod tests;
