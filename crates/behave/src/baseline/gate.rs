use crate::{Sum, event::Closing};
use doorward_vocab::Timestamp;
use std::time::Duration;

/// Lets conversations into a baseline: those that stayed clean for a day, and of no principal more than a twentieth of a day's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    day: u64,
    today: u32,
    yesterday: u32,
    /// How many of each principal were let in today: the busiest of them.
    busiest: Vec<(Sum, u32)>,
}

/// A conversation that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When it ended.
    pub at: Timestamp,
    /// How it ended, as it is known now.
    pub how: Closing,
    /// The human and the agent together.
    pub principal: Sum,
}

/// Whether it may be learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admit,
    /// Not yet: something may still be found in it.
    Wait(Duration),
    /// Something was found in it.
    Troubled,
    /// Its principal had its share of the day.
    Crowded,
}

/// How long a conversation stays clean before it is learned.
const CLEAN_FOR: Duration = Duration::from_secs(86_400);
/// How many principals of a day are told apart. The rest are taken for one.
const TOLD_APART: usize = 256;
/// So many of a principal are let in on quiet days too.
const LEAST: u32 = 2;

impl Gate {
    /// Whether a conversation may be learned from now, and counts it if so.
    pub fn admit(&mut self, closed: &Closed, now: Timestamp) -> Admission {
        if closed.how != Closing::Clean {
            return Admission::Troubled;
        }
        let clean = now.since(closed.at);
        if clean < CLEAN_FOR {
            return Admission::Wait(CLEAN_FOR - clean);
        }
        self.turn(now.secs() / 86_400);
        // Of yesterday's number: one who comes first in the morning has no greater share.
        let most = (self.yesterday.max(self.today) / 20).max(LEAST);
        let who = self.slot(closed.principal);
        if who.1 >= most {
            return Admission::Crowded;
        }
        who.1 += 1;
        self.today += 1;
        Admission::Admit
    }

    fn turn(&mut self, day: u64) {
        if day != self.day {
            self.yesterday = if day == self.day + 1 { self.today } else { 0 };
            (self.day, self.today) = (day, 0);
            self.busiest.clear();
        }
    }

    fn slot(&mut self, principal: Sum) -> &mut (Sum, u32) {
        let full = self.busiest.len() >= TOLD_APART;
        let known = self.busiest.iter().position(|(who, _)| *who == principal);
        let at = known.unwrap_or_else(|| {
            if full {
                return TOLD_APART - 1;
            }
            self.busiest.push((principal, 0));
            self.busiest.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found, just pushed, or the last of a full list")]
        &mut self.busiest[at]
    }
}
