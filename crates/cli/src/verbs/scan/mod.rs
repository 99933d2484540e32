mod arguments;
mod finding;
mod jsonl;
mod judge;
mod sarif;
mod servers;
mod state;

use super::ConfigFile;
use crate::{Done, Out};
use doorward_gateway::Unapproved;
use std::path::PathBuf;

/// Look at what servers declare, or at texts, with the checks of the gateway; nobody is served
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these servers of the configuration
    servers: Vec<String>,
    /// Start commands too that nobody has approved yet
    #[arg(long)]
    execute: bool,
    /// Print a SARIF 2.1.0 log
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
    /// Score the texts of this file, `-` for standard input: a line `{id, kind, text}` each
    #[arg(long, value_name = "FILE", conflicts_with_all = ["servers", "execute", "sarif", "named"])]
    jsonl: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: &Args, out: &Out) -> Done {
    if let Some(texts) = &args.jsonl {
        return jsonl::run(texts, out);
    }
    let asked = servers::Request {
        config: &args.config,
        names: &args.servers,
        unapproved: if args.execute { Unapproved::Execute } else { Unapproved::Leave },
        format: if args.sarif { servers::Format::Sarif } else { servers::Format::Plain },
    };
    servers::run(&asked, out)
}
