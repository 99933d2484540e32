use super::{Context, LogError, bundle, filter::FilterArgs};
use clap::{Args, ValueEnum};
use doorward_export::{Format as Writer, Item, format};
use doorward_store::Filter;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The format
    #[arg(long, value_enum, required_unless_present = "evidence")]
    format: Option<Format>,
    /// All records of this conversation with the proof that they stand in the trail; the same as `doorward log bundle`
    #[arg(long, value_name = "CONVERSATION", conflicts_with = "format")]
    evidence: Option<String>,
    /// The file that is written; absent: standard output
    #[arg(short, long, value_name = "FILE", requires = "evidence")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The records as they stand in the trail, one per line, with their index
    Jsonl,
    /// A table for spreadsheets
    Csv,
    /// A file of columns for analysis: Apache Parquet
    Parquet,
    /// OCSF events, one per line
    Ocsf,
    /// ArcSight Common Event Format, one line per record
    Cef,
    /// OTLP log requests, one per line
    OtlpJson,
    /// OTLP trace requests, one per line: a span for each message that ended
    OtlpTraces,
}

impl Format {
    fn writer(self) -> Box<dyn Writer> {
        match self {
            Self::Jsonl => Box::new(format::jsonl()),
            Self::Csv => Box::new(format::csv()),
            Self::Parquet => Box::new(format::parquet()),
            Self::Ocsf => Box::new(format::ocsf()),
            Self::Cef => Box::new(format::cef()),
            Self::OtlpJson => Box::new(format::otlp_logs()),
            Self::OtlpTraces => Box::new(format::otlp_traces()),
        }
    }
}

/// How many indexes are looked at at once: memory does not grow with the trail.
const WINDOW: u64 = 4096;

pub(super) fn run(args: &ExportArgs, context: &mut Context<'_>) -> Result<bool, LogError> {
    if let Some(conversation) = &args.evidence {
        return bundle::write(conversation, args.output.as_ref(), context);
    }
    let index = context.index()?;
    let filter = args.filter.filter(context.now)?;
    let mut writer = args.format.unwrap_or(Format::Jsonl).writer();
    writer.begin(context.out)?;
    let size = index.size()?;
    let mut from = 0;
    while from < size {
        let to = size.min(from + WINDOW);
        let hits = index.query(&Filter { from: Some(from), to: Some(to), ..filter.clone() })?;
        // What a newer gateway wrote is passed over, as everywhere.
        let items: Vec<Item> = hits.into_iter().filter_map(|hit| Item::read(hit.index, hit.bytes).ok()).collect();
        writer.write(&items, context.out)?;
        from = to;
    }
    writer.end(context.out)?;
    context.out.flush()?;
    Ok(true)
}
