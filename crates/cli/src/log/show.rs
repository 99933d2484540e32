use super::{
    Context, LogError,
    filter::FilterArgs,
    row::{Row, ending, word},
};
use clap::Args;
use doorward_audit::{Event, OutcomeRecord, Record};
use doorward_store::{Filter, Hit};
use doorward_vocab::CallId;
use std::{
    collections::{HashMap, HashSet},
    io::{self, Write},
};

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// At most so many records, the newest; 0 for all
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

pub(super) fn run(args: &ShowArgs, context: &mut Context<'_>) -> Result<bool, LogError> {
    let filter = args.filter.filter(context.now)?;
    let index = context.index()?;
    let limit = (args.limit > 0).then_some(args.limit);
    let hits = index.query(&Filter { limit, ..filter })?;
    if context.json {
        for hit in &hits {
            json_line(context.out, hit)?;
        }
        return Ok(true);
    }
    if hits.is_empty() {
        let size = index.size()?;
        let text = match size {
            0 => "the trail is empty: no gateway has recorded anything yet; try `doorward demo`".to_owned(),
            n => format!("none of {n} records match; widen the filter, or see all with `doorward log show`"),
        };
        writeln!(context.out, "{text}")?;
        return Ok(true);
    }
    table(context.out, &rows(&hits))?;
    Ok(true)
}

/// A record as it stands in the trail, with its index in front. Without the member `index` it is the leaf.
pub(super) fn json_line(out: &mut dyn Write, hit: &Hit) -> io::Result<()> {
    write!(out, "{{\"index\":{},", hit.index)?;
    out.write_all(hit.bytes.get(1..).unwrap_or_default())?;
    out.write_all(b"\n")
}

/// One row for each record; what became of a call stands in the row of its decision where both were found.
fn rows(hits: &[Hit]) -> Vec<Row> {
    let records: Vec<_> = hits.iter().map(Hit::record).collect();
    let ruled: HashSet<CallId> = records.iter().flatten().filter_map(ruled).collect();
    let endings: HashMap<CallId, &OutcomeRecord> =
        records.iter().flatten().filter_map(outcome).map(|o| (o.call, o)).collect();
    let mut rows = Vec::new();
    for (record, hit) in records.iter().zip(hits) {
        let record = match record {
            Ok(record) if outcome(record).is_some_and(|o| ruled.contains(&o.call)) => continue,
            Ok(record) => record,
            Err(e) => {
                rows.push(unreadable(hit.index, &e.to_string()));
                continue;
            }
        };
        let mut row = Row::of(record);
        if let Some(o) = ruled_ending(record, &endings) {
            row.decision = format!("{} → {}", row.decision, word(&o.outcome));
            let end = super::row::clean(&ending(o));
            row.why = [row.why, end].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join("; ");
        }
        rows.push(row);
    }
    rows
}

fn ruled(record: &Record) -> Option<CallId> {
    if let Event::Ruling(r) = &record.event { Some(r.call) } else { None }
}
fn outcome(record: &Record) -> Option<&OutcomeRecord> {
    if let Event::Outcome(o) = &record.event { Some(o) } else { None }
}
fn ruled_ending<'o>(record: &Record, endings: &HashMap<CallId, &'o OutcomeRecord>) -> Option<&'o OutcomeRecord> {
    endings.get(&ruled(record)?).copied()
}

pub(super) fn unreadable(index: u64, why: &str) -> Row {
    let none = String::new;
    let what = format!("record {index}");
    Row { time: none(), who: none(), conversation: none(), what, decision: "unreadable".into(), why: why.to_owned() }
}

/// Columns as wide as they must be, and no wider than fits; the last one takes the rest.
pub(super) fn table(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let heads = ["TIME (UTC)", "WHO", "CONVERSATION", "WHAT", "DECISION"];
    let most = [23, 28, 20, 40, 24];
    let cells: Vec<[&str; 5]> =
        rows.iter().map(|r| [&r.time, &r.who, &r.conversation, &r.what, &r.decision].map(String::as_str)).collect();
    let width = |n: usize, head: &str, most: usize| {
        cells
            .iter()
            .filter_map(|c| c.get(n))
            .map(|c| c.chars().count())
            .chain([head.len()])
            .max()
            .unwrap_or(0)
            .min(most)
    };
    let widths: Vec<_> = heads.iter().zip(most).enumerate().map(|(n, (h, m))| width(n, h, m)).collect();
    line(out, &heads, &widths, "WHY")?;
    for (cells, row) in cells.iter().zip(rows) {
        line(out, cells, &widths, &row.why)?;
    }
    Ok(())
}

pub(super) fn line(out: &mut dyn Write, cells: &[&str], widths: &[usize], last: &str) -> io::Result<()> {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let cell = fit(cell, *width);
        text.push_str(&format!("{cell:width$}  "));
    }
    text.push_str(last);
    writeln!(out, "{}", text.trim_end())
}

fn fit(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
