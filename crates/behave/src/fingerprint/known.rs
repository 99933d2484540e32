use super::{
    habit::{Habit, Habits},
    ratio::Counts,
};
use crate::{
    event::Agent,
    learner::{Learner, SLOTS, slot},
};
use std::collections::BTreeMap;

/// How it is learned.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Agents that are told apart; of more nothing is learned.
    pub agents: usize,
    /// From how many conversations on the learner is asked; before that counts alone.
    pub enough: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { agents: 256, enough: 30 }
    }
}

/// What is known of all agents.
#[derive(Clone, Debug, Default)]
pub struct Fingerprints {
    settings: Settings,
    everybody: Counts,
    known: BTreeMap<Agent, Profile>,
}

/// What is known of one agent.
#[derive(Clone, Debug, Default)]
struct Profile {
    conversations: u32,
    counts: Counts,
    learner: Learner,
    own: Spread,
    others: Spread,
}

/// How one conversation fits one agent, as it goes on: three numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Identity {
    habits: f32,
    learned: f32,
    bits: f32,
    new: f32,
}

/// How well a conversation fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// How like the claimed agent it is.
    pub likeness: Likeness,
    /// The share of habits that nobody ever had.
    pub new: f32,
}

/// How like the claimed agent a conversation is, on a scale on which its own conversations are about 1 and those of others about 0.
pub type Likeness = f32;

/// How familiar somebody is, by how well one or several of their conversations fit each agent that is known: low for one whom
/// nobody knows. One who is known fits one agent well and no other, and has few habits that nobody has.
pub fn familiarity(fits: &[Fit]) -> f32 {
    let (mut best, mut second) = (f32::MIN, f32::MIN);
    for fit in fits {
        (best, second) = if fit.likeness > best { (fit.likeness, best) } else { (best, second.max(fit.likeness)) };
    }
    let new = fits.iter().map(|fit| fit.new).sum::<f32>() / fits.len().max(1) as f32;
    best - if fits.len() > 1 { second / 2.0 } else { 0.0 } - 3.0 * new
}

impl Fingerprints {
    /// Bytes that are kept of one agent.
    pub const ROOM: usize = SLOTS * (8 + 2);

    /// Nothing is known.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The agents of which something is known.
    pub fn agents(&self) -> impl Iterator<Item = Agent> + '_ {
        self.known.keys().copied()
    }

    /// Adds what a habit says about whether it is `agent` who has it. Returns what it says, for an explanation.
    pub fn weigh(&self, agent: Agent, habit: Habit, identity: &mut Identity) -> f32 {
        identity.habits += 1.0;
        identity.new += if self.everybody.of(&habit) == 0.0 { 1.0 } else { 0.0 };
        let Some(profile) = self.known.get(&agent) else { return 0.0 };
        let (learned, bits) = (profile.learner.weight(habit.sum()), profile.counts.bits(&self.everybody, &habit));
        identity.learned += learned;
        identity.bits += bits;
        if profile.conversations < self.settings.enough { bits } else { learned }
    }

    /// How well what was weighed fits `agent`; none for one of whom nothing is known.
    pub fn fit(&self, agent: Agent, identity: &Identity) -> Option<Fit> {
        let profile = self.known.get(&agent)?;
        let score = profile.score(identity, self.settings.enough);
        let (own, others) = (profile.own, profile.others);
        let gap = (own.mean - others.mean).max(0.1);
        let likeness = (score - others.mean) / gap;
        Some(Fit { likeness, new: identity.new / identity.habits.max(1.0) })
    }

    /// Learns a whole conversation that was clean. The order of conversations matters a little, as always when one learns.
    pub fn learn(&mut self, agent: Agent, habits: &[Habit]) {
        if !self.known.contains_key(&agent) && self.known.len() >= self.settings.agents {
            return;
        }
        self.known.entry(agent).or_default();
        // What is said of it before it is learned is what will be said of the next one.
        for (other, profile) in &mut self.known {
            let mut identity = Identity { habits: habits.len() as f32, ..Identity::default() };
            for habit in habits {
                identity.learned += profile.learner.weight(habit.sum());
                identity.bits += profile.counts.bits(&self.everybody, habit);
            }
            let score = profile.score(&identity, self.settings.enough);
            if *other == agent { &mut profile.own } else { &mut profile.others }.take(score);
        }
        let bag = bag(habits);
        let share = 1.0 / self.known.len() as f32;
        for (other, profile) in &mut self.known {
            let own = *other == agent;
            profile.learner.learn(&bag, own, if own { 1.0 } else { (share * 2.0).min(1.0) });
        }
        let Some(profile) = self.known.get_mut(&agent) else { return };
        profile.conversations += 1;
        for habit in habits {
            let at = slot(habit.sum());
            profile.counts.add(at);
            self.everybody.add(at);
        }
    }
}

impl Profile {
    /// The score of a conversation: longer ones say more, but not in proportion, for habits come together.
    fn score(&self, identity: &Identity, enough: u32) -> f32 {
        let length = identity.habits.max(1.0).sqrt();
        if self.conversations < enough {
            return identity.bits / length;
        }
        self.learner.bias() + identity.learned * SCALE / length
    }
}

/// The norm of what the learner is shown.
const SCALE: f32 = 3.0;

/// Habits as slots with their share, of one norm whatever their number.
fn bag(habits: &[Habit]) -> Vec<(u16, f32)> {
    let mut counts: BTreeMap<u16, f32> = BTreeMap::new();
    for habit in habits {
        *counts.entry(slot(habit.sum())).or_default() += 1.0;
    }
    let length = (habits.len().max(1) as f32).sqrt();
    counts.into_iter().map(|(slot, count)| (slot, count * SCALE / length)).collect()
}

/// Mean of what was seen lately.
#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    mean: f32,
    count: f32,
}

impl Spread {
    /// About how many are remembered.
    const MEMORY: f32 = 200.0;

    fn take(&mut self, score: f32) {
        self.count = (self.count + 1.0).min(Self::MEMORY);
        self.mean += (score - self.mean) / self.count;
    }
}

impl Habits for Vec<Habit> {
    fn take(&mut self, habit: Habit) {
        self.push(habit);
    }
}
