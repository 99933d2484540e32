use super::{
    Context, LogError,
    filter::FilterArgs,
    row::Row,
    show::{json_line, line, unreadable},
};
use clap::Args;
use doorward_store::Filter;
use std::{thread, time::Duration};

/// How often the trail is looked at.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(super) struct FollowArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Begin with so many of the newest records
    #[arg(long, default_value_t = 10)]
    limit: usize,
}

pub(super) fn run(args: &FollowArgs, context: &mut Context<'_>) -> Result<bool, LogError> {
    let index = context.index()?;
    let filter = args.filter.filter(context.now)?;
    let mut next = index.size()?;
    let first = Filter { limit: Some(args.limit), to: Some(next), ..filter.clone() };
    let mut hits = if args.limit > 0 { index.query(&first)? } else { Vec::new() };
    if hits.is_empty() && !context.json {
        writeln!(context.out, "waiting for records; end with ctrl-c")?;
    }
    loop {
        for hit in hits {
            if context.json {
                json_line(context.out, &hit)?;
                continue;
            }
            let row = hit.record().map_or_else(|e| unreadable(hit.index, &e.to_string()), |r| Row::of(&r));
            let cells = [&row.time, &row.who, &row.conversation, &row.what, &row.decision].map(String::as_str);
            line(context.out, &cells, &[23, 24, 16, 36, 12], &row.why)?;
        }
        context.out.flush()?;
        thread::sleep(LOOK);
        let size = index.size()?;
        hits = index.query(&Filter { from: Some(next), to: Some(size), ..filter.clone() })?;
        next = size;
    }
}
