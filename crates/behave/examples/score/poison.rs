//! Slow poisoning of a baseline, and a change that is meant. The poisoner knows all that the gateway knows: each day it sends the
//! strangest conversation about which nobody would be asked, more of them every day, from many principals.

use crate::figure::{Bar, Dice, tell};
use doorward_behave::{
    Sum,
    baseline::{Admission, Baseline, Closed, Drift, Fact, FactKind, Gate, Maturity, surprise},
    event::Closing,
};
use doorward_vocab::Timestamp;
use std::time::Duration;

const RUNS: u64 = 60;
const DAYS: u64 = 90;
/// Conversations of a new version that are looked at.
const FOLLOWED: u64 = 1_500;
const A_DAY: usize = 150;
/// Where a person is asked.
const ASKED: f64 = 0.01;
/// Things that a call can be, each half as frequent as the one before; the last is what nobody does.
const LADDER: u64 = 9;

pub fn score() -> bool {
    println!("\nPoisoning and change, {RUNS} runs of {DAYS} simulated days");
    let ends: Vec<End> = (0..RUNS).map(|seed| World::new(seed).poisoned()).collect();
    let count = |end: fn(&End) -> bool| ends.iter().filter(|e| end(e)).count() as f64 * 100.0 / RUNS as f64;
    let silent = count(|end| matches!(end, End::Silent));
    tell("a person looked before the poison worked", count(|end| matches!(end, End::Surfaced(_))), " %", Bar::None);
    tell("the poison never worked, and nobody had to look", count(|end| matches!(end, End::Futile)), " %", Bar::None);
    let mut met = tell("it did not work unseen", 100.0 - silent, " %", Bar::AtLeast(95.0));
    let mut days: Vec<f32> =
        ends.iter().filter_map(|end| if let End::Surfaced(day) = end { Some(*day as f32) } else { None }).collect();
    days.sort_by(f32::total_cmp);
    if let Some(day) = days.get(days.len() / 2) {
        tell("days until a person looked, median", f64::from(*day), "", Bar::None);
    }
    let quiet = (0..RUNS).filter(|seed| World::new(1000 + seed).honest()).count();
    tell(
        "runs without poison in which nobody was bothered",
        quiet as f64 * 100.0 / RUNS as f64,
        " %",
        Bar::AtLeast(95.0),
    );
    let changes: Vec<(usize, usize)> = (0..RUNS).map(|seed| World::new(2000 + seed).changed()).collect();
    let mut recovered: Vec<f32> = changes.iter().map(|(after, _)| *after as f32).collect();
    recovered.sort_by(f32::total_cmp);
    let later = changes.iter().map(|(_, asked)| *asked as f64).sum::<f64>() / (RUNS * (FOLLOWED - 200)) as f64;
    met &= tell(
        "conversations until a new version is known, 95 of 100 runs",
        f64::from(recovered[recovered.len() * 95 / 100]),
        "",
        Bar::AtMost(50.0),
    );
    met & tell("of the conversations after that, asked about (1 % is promised)", later * 100.0, " %", Bar::AtMost(1.2))
}

/// How a run ended: a person looked on this day, it worked unseen, or neither.
enum End {
    Surfaced(u64),
    Silent,
    Futile,
}

struct World {
    dice: Dice,
    baseline: Baseline,
    gate: Gate,
    day: u64,
    /// Conversations that wait for a day to pass.
    waiting: Vec<(Vec<Fact>, f32, u64)>,
}

impl World {
    /// Two weeks of honest work, and a person said that it is normal.
    fn new(seed: u64) -> Self {
        let mut world = Self {
            dice: Dice(seed),
            baseline: Baseline::new(at(0)),
            gate: Gate::default(),
            day: 0,
            waiting: Vec::new(),
        };
        for _ in 0..14 {
            world.honest_day(0);
            world.night(&Drift { a_day: 9.0, in_all: 9.0 });
        }
        world.baseline.approve();
        world
    }

    fn poisoned(mut self) -> End {
        let goal = conversation_of(&mut Dice(1), LADDER, 0);
        for day in 0..DAYS {
            self.honest_day(0);
            // From one in a hundred to one in five.
            let share = 0.01 + 0.19 * day as f64 / DAYS as f64;
            let step =
                (0..=LADDER).rev().find(|step| !self.asks(&conversation_of(&mut Dice(1), *step, 0))).unwrap_or(0);
            for n in 0..(A_DAY as f64 * share).ceil() as u64 {
                let facts = conversation_of(&mut self.dice, step, 0);
                self.close(facts, 10_000 + n % 12);
            }
            if self.night(&Drift::default()) {
                return End::Surfaced(day + 1);
            }
            if !self.asks(&goal) {
                return End::Silent;
            }
        }
        End::Futile
    }

    /// Whether nobody was bothered in all days.
    fn honest(mut self) -> bool {
        (0..DAYS).all(|_| {
            self.honest_day(0);
            !self.night(&Drift::default())
        })
    }

    /// A new version with other tools: after how many conversations no more than 4 of the next 200 are asked
    /// about, and how many later.
    fn changed(mut self) -> (usize, usize) {
        let mut child = Baseline::new(at(self.day * 24));
        let mut asked = Vec::new();
        for n in 0..FOLLOWED {
            let facts = honest(&mut self.dice, 1);
            let score = highest(&[&self.baseline, &child], &facts);
            let share = child.scores().share(score, Sum::from_bits(n));
            asked.push(child.maturity(at(self.day * 24)) > Maturity::Young && share <= ASKED);
            child.learn(&facts, score);
        }
        let quiet = |from: usize| asked[from..from + 200].iter().filter(|asked| **asked).count() <= 4;
        let after = (0..200).find(|from| quiet(*from)).unwrap_or(200).max(20);
        (after, asked[200..].iter().filter(|asked| **asked).count())
    }

    fn honest_day(&mut self, version: u64) {
        for _ in 0..A_DAY {
            let facts = honest(&mut self.dice, version);
            let who = self.dice.below(60) as u64;
            self.close(facts, who);
        }
    }

    /// A conversation ends. Of those that a person was asked about, all are honest, and the person said yes.
    fn close(&mut self, facts: Vec<Fact>, who: u64) {
        let score = highest(&[&self.baseline], &facts);
        self.waiting.push((facts, score, who));
    }

    fn asks(&self, facts: &[Fact]) -> bool {
        let score = highest(&[&self.baseline], facts);
        self.baseline.maturity(at(self.day * 24)) > Maturity::Young
            && self.baseline.scores().share(score, Sum::from_bits(5)) <= ASKED
    }

    /// What was closed a day ago is learned, if the gate lets it. Whether a person has to look.
    fn night(&mut self, drift: &Drift) -> bool {
        self.day += 1;
        for (facts, score, who) in std::mem::take(&mut self.waiting) {
            let closed = Closed { at: at((self.day - 1) * 24), how: Closing::Clean, principal: Sum::from_bits(who) };
            if self.gate.admit(&closed, at(self.day * 24)) == Admission::Admit {
                self.baseline.learn(&facts, score);
            }
        }
        self.baseline.age(at(self.day * 24), drift).is_some()
    }
}

fn at(hours: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).plus(Duration::from_secs(hours * 3600))
}

fn highest(baselines: &[&Baseline], facts: &[Fact]) -> f32 {
    facts.iter().map(|fact| surprise(baselines, fact, None)).fold(0.0, f32::max)
}

/// A conversation as they are, with a step of the ladder that it reaches by chance.
fn honest(dice: &mut Dice, version: u64) -> Vec<Fact> {
    let step = (0..LADDER - 1).find(|_| dice.below(2) == 0).unwrap_or(0);
    conversation_of(dice, step, version)
}

/// A few calls of tools of this version, and one value from as far out as this step.
fn conversation_of(dice: &mut Dice, step: u64, version: u64) -> Vec<Fact> {
    let none = Sum::default();
    let fact = |kind: FactKind, place: u64, value: u64| Fact {
        kind,
        place: none.and(version).and(place).and(kind as u64),
        value: none.and(version).and(value),
        tool: none,
        argument: none,
    };
    let mut facts = Vec::new();
    let mut last = 0;
    for _ in 0..3 + dice.below(5) {
        let tool = (last + 1 + dice.below(3) as u64) % 6;
        facts.push(fact(FactKind::After, last, tool));
        last = tool;
    }
    facts.push(fact(FactKind::Origin, 100, step));
    facts
}
