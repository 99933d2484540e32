use super::Line;
use crate::{
    ports::{Fault, Ports},
    query::Query,
};
use doorward_store::{Filter, Seek};
use doorward_vocab::{Decision, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// How long a search may take before its page is given as far as it came.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);

/// Records that were found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Records {
    /// Newest first.
    pub(crate) records: Vec<Line>,
    /// `before` of the next page, where there may be more.
    pub(crate) next: Option<u64>,
}

pub(crate) fn records(ports: &Ports, query: &Query, findings: bool) -> Result<Records, Fault> {
    let mut filter = filter(query, ports.clock.now())?;
    if findings && filter.tag.is_none() {
        filter.tag = Some("finding".to_owned());
    }
    let seek = Seek { before: query.number("before")?, limit: query.limit(60)?, within: PATIENCE };
    let page = ports.evidence.page(&filter, seek)?;
    Ok(Records { records: Line::all(&page.items), next: page.next })
}

/// What a query looks for.
pub(crate) fn filter(query: &Query, now: Timestamp) -> Result<Filter, Fault> {
    let text = |name| query.get(name).map(str::to_owned);
    let tags = [
        query.get("effect").map(|e| if e == "sink" { e.to_owned() } else { format!("effect:{e}") }),
        query.get("reason").map(|r| format!("reason:{r}")),
        query.get("finding").map(|f| if f == "any" { "finding".to_owned() } else { format!("finding:{f}") }),
        query.get("by").map(|b| format!("by:{b}")),
    ];
    let mut tags = tags.into_iter().flatten();
    let tag = tags.next();
    if tags.next().is_some() {
        return Err(Fault::Wrong("ask for one of effect, reason, finding and by at once".to_owned()));
    }
    Ok(Filter {
        agent: text("agent"),
        human: text("human"),
        server: text("server"),
        target: text("tool"),
        tag,
        decision: query.get("decision").map(decision).transpose()?,
        kind: text("kind"),
        conversation: text("conversation"),
        call: query.get("call").map(str::parse).transpose().map_err(Fault::Wrong)?,
        text: text("text"),
        since: query.get("since").map(|t| moment(t, now)).transpose()?,
        until: query.get("until").map(|t| moment(t, now)).transpose()?,
        ..Filter::default()
    })
}

fn decision(word: &str) -> Result<Decision, Fault> {
    let all = [Decision::Allow, Decision::Oblige, Decision::Challenge, Decision::Deny];
    let found = all.into_iter().find(|d| d.as_str() == word);
    found.ok_or_else(|| Fault::Wrong("`decision` is allow, oblige, challenge or deny".to_owned()))
}

/// A moment: so long ago, or a date.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    crate::words::moment(text, now).ok_or_else(|| {
        Fault::Wrong(format!("`{text}` is no time: write `30m`, `1h`, `7d`, `2026-11-20` or `2026-11-20T14:00:00Z`"))
    })
}
