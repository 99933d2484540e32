use super::{Context, LogError};
use clap::Args;
use doorward_store::{Filter, trail::write_evidence};
use std::{
    fs,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    /// The conversation, by name
    conversation: String,
    /// The file that is written; absent: standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &BundleArgs, context: &mut Context<'_>) -> Result<bool, LogError> {
    write(&args.conversation, args.output.as_ref(), context)
}

/// Writes all records of a conversation with the proof that they stand in the trail; whether there were any.
pub(super) fn write(conversation: &str, file: Option<&PathBuf>, context: &mut Context<'_>) -> Result<bool, LogError> {
    let filter = Filter { conversation: Some(conversation.to_owned()), ..Filter::default() };
    let hits = context.index()?.query(&filter)?;
    if hits.is_empty() {
        writeln!(io::stderr(), "the trail has no conversation `{}`", super::row::clean(conversation))?;
        return Ok(false);
    }
    let records: Vec<(u64, Vec<u8>)> = hits.into_iter().map(|hit| (hit.index, hit.bytes)).collect();
    let about = format!("conversation {conversation}");
    let left = match file {
        None => write_evidence(&context.trail, &about, context.now, &records, context.out)?,
        Some(path) => {
            // Never in the place of other evidence.
            let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            let opened = opened.map_err(|e| LogError::Usage(format!("cannot write `{}`: {e}", path.display())))?;
            let mut out = BufWriter::new(opened);
            let left = write_evidence(&context.trail, &about, context.now, &records, &mut out)?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            writeln!(context.out, "{} records in {}", records.len() - left, path.display())?;
            left
        }
    };
    if left > 0 {
        writeln!(
            io::stderr(),
            "{left} newer records are not under a checkpoint yet, and left out; try again in a second"
        )?;
    }
    Ok(true)
}
