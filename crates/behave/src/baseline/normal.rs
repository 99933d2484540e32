use super::{
    fact::{Fact, FactKind},
    table::Table,
};
use crate::alarm::Reservoir;
use doorward_vocab::Timestamp;
use std::time::Duration;

/// What is normal.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The last day.
    pub(super) fast: Table,
    /// The last month.
    pub(super) slow: Table,
    /// When a person last said yes.
    pub(super) golden: Table,
    /// What clean conversations scored.
    pub(super) scores: Reservoir,
    pub(super) conversations: u32,
    pub(super) since: Timestamp,
    pub(super) aged: Timestamp,
    /// How far the slow clock was from the golden copy a day ago.
    pub(super) yesterday: f64,
    pub(super) health: Health,
}

/// Whether it learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Learning,
    /// It went too far from the golden copy: a person has to look.
    Frozen,
}

/// How much a baseline may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Maturity {
    /// Little was seen: observe.
    Young,
    /// Twenty conversations: a person may be asked.
    Grown,
    /// A hundred conversations in seven days: calls may be slowed down.
    Ripe,
}

/// How far a baseline may go from its golden copy by itself, in bits of Jensen-Shannon divergence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// In one day.
    pub a_day: f64,
    /// In all.
    pub in_all: f64,
}

impl Default for Drift {
    fn default() -> Self {
        Self { a_day: 0.02, in_all: 0.15 }
    }
}

/// A person has to look at a baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Review {
    /// Bits from the golden copy.
    pub distance: f64,
    /// Of them, since a day ago.
    pub since_yesterday: f64,
}

/// Half lives of the clocks.
const FAST: Duration = DAY;
const SLOW_DAYS: f64 = 30.0;
const SLOW_CONVERSATIONS: f32 = 2000.0;
const DAY: Duration = Duration::from_secs(86_400);
/// Until so many conversations were learned, everything is as new as the golden copy.
const INFANCY: u32 = 500;
/// How many facts a parent is worth.
const SHRINKAGE: f32 = 30.0;
/// How many values there could be of what nobody has seen.
const KINDS: f32 = 64.0;

impl Baseline {
    /// Nothing is known.
    pub fn new(now: Timestamp) -> Self {
        let table = Table::default;
        Self {
            fast: table(),
            slow: table(),
            golden: table(),
            scores: Reservoir::default(),
            conversations: 0,
            since: now,
            aged: now,
            yesterday: 0.0,
            health: Health::Learning,
        }
    }

    /// How much it may be used for.
    pub fn maturity(&self, now: Timestamp) -> Maturity {
        match self.conversations {
            0..20 => Maturity::Young,
            100.. if now.since(self.since) >= DAY * 7 => Maturity::Ripe,
            _ => Maturity::Grown,
        }
    }

    /// Whether it learns.
    pub const fn health(&self) -> Health {
        self.health
    }

    /// What clean conversations scored.
    pub const fn scores(&self) -> &Reservoir {
        &self.scores
    }

    /// Learns a conversation that the gate let in: its facts and its score.
    pub fn learn(&mut self, facts: &[Fact], score: f32) {
        if self.health == Health::Frozen {
            return;
        }
        self.slow.fade(0.5_f32.powf(1.0 / SLOW_CONVERSATIONS));
        for fact in facts {
            for table in [&mut self.fast, &mut self.slow] {
                table.add(fact.place, 1.0);
                table.add(fact.place.and(fact.value.bits()), 1.0);
            }
        }
        self.scores.take(score);
        self.conversations = self.conversations.saturating_add(1);
        if self.conversations <= INFANCY {
            self.golden = self.slow.clone();
        }
    }

    /// Lets time pass. Once a day it is looked whether the baseline has gone too far; then it freezes, and goes back by itself to
    /// what it was told is golden.
    pub fn age(&mut self, now: Timestamp, drift: &Drift) -> Option<Review> {
        let passed = now.since(self.aged);
        if passed < DAY {
            return None;
        }
        self.aged = now;
        let days = passed.as_secs_f64() / DAY.as_secs_f64();
        self.fast.fade(half(days / (FAST.as_secs_f64() / DAY.as_secs_f64())));
        self.slow.fade(half(days / SLOW_DAYS));
        let distance = self.slow.divergence(&self.golden);
        let since_yesterday = (distance - self.yesterday) / days.max(1.0);
        self.yesterday = distance;
        let far = self.conversations > INFANCY && (since_yesterday > drift.a_day || distance > drift.in_all);
        if !far || self.health == Health::Frozen {
            return None;
        }
        self.health = Health::Frozen;
        Some(Review { distance, since_yesterday })
    }

    /// A person says that what is normal now is normal: it becomes golden, and is learned again.
    pub fn approve(&mut self) {
        self.golden = self.slow.clone();
        self.yesterday = 0.0;
        self.health = Health::Learning;
    }

    /// A person says that it is not: what was golden is normal.
    pub fn revert(&mut self) {
        self.slow = self.golden.clone();
        self.fast = self.golden.clone();
        self.yesterday = 0.0;
        self.health = Health::Learning;
    }

    /// How likely a fact is, where nothing else is known than `otherwise`.
    fn likely(&self, fact: &Fact, otherwise: f32) -> f32 {
        // Of the three clocks the one that finds it least likely speaks: what was slipped in lately does not.
        let tables = if self.conversations <= INFANCY { [&self.slow, &self.slow] } else { [&self.slow, &self.golden] };
        let in_table = |table: &Table| {
            let (seen, all) = (table.of(fact.place.and(fact.value.bits())), table.of(fact.place));
            (seen.min(all) + SHRINKAGE * otherwise) / (all + SHRINKAGE)
        };
        tables.into_iter().map(in_table).fold(1.0, f32::min)
    }
}

/// How surprising a fact is, in bits, for baselines from the widest (everybody) to the closest (this version at this work).
pub fn surprise(from_wide_to_close: &[&Baseline], fact: &Fact, tool: Option<&Fact>) -> f32 {
    let unlikely = 1.0 / KINDS;
    let chain = |fact: &Fact, start| from_wide_to_close.iter().fold(start, |p, baseline| baseline.likely(fact, p));
    let start = match (fact.kind, tool) {
        // What comes after another is at first as likely as it is anywhere.
        (FactKind::After, Some(tool)) => chain(tool, unlikely),
        _ => unlikely,
    };
    -chain(fact, start).log2()
}

#[expect(clippy::cast_possible_truncation, reason = "single precision is enough")]
fn half(lives: f64) -> f32 {
    0.5_f64.powf(lives) as f32
}
