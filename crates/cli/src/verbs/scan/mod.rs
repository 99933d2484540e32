mod jsonl;

use crate::{Done, Out};
use std::path::PathBuf;

/// Look at texts with the detectors, without a gateway
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Score the texts of this file, `-` for standard input: a line `{id, kind, text}` each
    #[arg(long, value_name = "FILE")]
    jsonl: PathBuf,
}

pub(crate) fn run(args: &Args, out: &Out) -> Done {
    jsonl::run(&args.jsonl, out)
}
