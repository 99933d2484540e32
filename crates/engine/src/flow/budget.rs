//! How much of a class of values may go to a server: so that what may go one by one does not go all at once.

use super::{Wrong, traced::Traced};
use crate::{History, Snapshot, Subject};
use doorward_flow::{Part, SourceId};
use doorward_intent::{Intent, Role};
use doorward_vocab::{Class, Classes, Glob, ServerName, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

/// How much of one class may go to each server in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The class.
    pub class: Class,
    /// Patterns of the servers that it is about; empty: all.
    pub servers: Box<[Glob]>,
    /// The most records of which something may go.
    pub records: Option<u32>,
    /// The most bytes of values.
    pub bytes: Option<u64>,
    /// Within how long; none: in the whole conversation.
    pub within: Option<Duration>,
}

/// What went where, record by record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Spent {
    all: Vec<Gone>,
    /// There was more than could be counted.
    full: bool,
}

/// The most records that are counted in one conversation.
const MOST: usize = 2048;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Gone {
    at: Timestamp,
    server: ServerName,
    classes: Classes,
    record: (SourceId, u16),
    bytes: u64,
}

/// Budgets that a call would exceed.
pub(super) fn exceeded(
    view: &Snapshot,
    history: &History,
    intent: &Intent,
    subject: &Subject<'_>,
    traced: &Traced,
    now: Timestamp,
) -> Vec<Wrong> {
    let here = &subject.server.name;
    let fits = |budget: &&Budget| budget.servers.is_empty() || budget.servers.iter().any(|s| s.matches(here.as_str()));
    let mut all = Vec::new();
    for budget in view.flow.budgets.iter().filter(fits) {
        let going = going(intent, here, traced, now);
        let mut going = going.into_iter().filter(|gone| gone.classes.contains(budget.class)).peekable();
        if going.peek().is_none() {
            continue;
        }
        let counts = |gone: &&Gone| {
            let young = budget.within.is_none_or(|within| now.since(gone.at) <= within);
            young && gone.server == *here && gone.classes.contains(budget.class)
        };
        let spent: Vec<Gone> = history.spent.all.iter().filter(counts).cloned().chain(going).collect();
        let records = spent.iter().map(|gone| gone.record).collect::<BTreeSet<_>>().len();
        let bytes: u64 = spent.iter().map(|gone| gone.bytes).sum();
        let many = budget.records.is_some_and(|most| records > most as usize || history.spent.full);
        let long = budget.bytes.is_some_and(|most| bytes > most || history.spent.full);
        if many || long {
            let (most, what) = match budget.records.filter(|_| many) {
                Some(most) => (u64::from(most), "records"),
                None => (budget.bytes.unwrap_or_default(), "bytes"),
            };
            let class = budget.class;
            let why = format!("more than {most} {what} of class `{class}` would have gone to `{here}`");
            all.push(Wrong { can_be_asked: false, why });
        }
    }
    all
}

/// What a call takes to a server that did not give it, or to somebody.
fn going(intent: &Intent, here: &ServerName, traced: &Traced, now: Timestamp) -> Vec<Gone> {
    let reaches = traced.leaves().any(|leaf| leaf.role.is_recipient() && !leaf.text.is_empty());
    let gone = |part: &Part| {
        let place = part.places.first()?;
        let server = intent.index().source(place.source())?.server?;
        ((reaches || server != *here) && part.standing.classes != Classes::NONE).then(|| Gone {
            at: now,
            server: here.clone(),
            classes: part.standing.classes,
            record: (place.source(), place.record()),
            bytes: part.span.len() as u64,
        })
    };
    // To whom it goes is no part of it.
    let said = traced.leaves().filter(|leaf| Role::of(&leaf.pointer, "") != Role::Recipient);
    said.flat_map(|leaf| &leaf.origin.parts).filter_map(gone).collect()
}

impl Spent {
    /// Takes in a call that went out.
    pub(crate) fn spend(&mut self, intent: &Intent, here: &ServerName, traced: &Traced, now: Timestamp) {
        for gone in going(intent, here, traced, now) {
            let same = |known: &&mut Gone| known.record == gone.record && known.server == gone.server;
            let room = self.all.len() < MOST;
            match self.all.iter_mut().find(same) {
                Some(known) => {
                    known.at = now;
                    known.bytes = known.bytes.saturating_add(gone.bytes);
                    known.classes = known.classes.join(gone.classes);
                }
                None if room => self.all.push(gone),
                None => self.full = true,
            }
        }
    }
}
