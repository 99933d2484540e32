//! Exports. A format is one file and one line in [`Format`].

mod csv;
mod jsonl;
mod ocsf;
mod otlp;

use super::{Context, LogError, filter::FilterArgs};
use clap::{Args, ValueEnum};
use doorward_store::{Filter, Hit};
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The format
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The records as they stand in the trail, one per line, with their index
    Jsonl,
    /// A table for spreadsheets
    Csv,
    /// OCSF events, one per line
    Ocsf,
    /// OTLP log requests, one per line
    OtlpJson,
}

impl Format {
    const fn writer(self) -> &'static dyn Exporter {
        match self {
            Self::Jsonl => &jsonl::Jsonl,
            Self::Csv => &csv::Csv,
            Self::Ocsf => &ocsf::Ocsf,
            Self::OtlpJson => &otlp::Otlp,
        }
    }
}

/// Writes records in a format.
trait Exporter {
    /// What stands before all records.
    fn begin(&self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
    /// The next records.
    fn write(&self, hits: &[Hit], out: &mut dyn Write) -> io::Result<()>;
}

/// How many indexes are looked at at once: memory does not grow with the trail.
const WINDOW: u64 = 4096;

pub(super) fn run(args: &ExportArgs, context: &mut Context<'_>) -> Result<bool, LogError> {
    let index = context.index()?;
    let filter = args.filter.filter(context.now)?;
    let exporter = args.format.writer();
    exporter.begin(context.out)?;
    let size = index.size()?;
    let mut from = 0;
    while from < size {
        let to = size.min(from + WINDOW);
        let hits = index.query(&Filter { from: Some(from), to: Some(to), ..filter.clone() })?;
        exporter.write(&hits, context.out)?;
        from = to;
    }
    context.out.flush()?;
    Ok(true)
}

fn json_line(out: &mut dyn Write, value: &serde_json::Value) -> io::Result<()> {
    writeln!(out, "{value}")
}
