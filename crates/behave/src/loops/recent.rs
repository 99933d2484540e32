//! The last calls and their answers, as sums.

use super::{Patience, Shape, Verdict, novelty::Freshness};
use crate::event::{Answer, Polling, Step};

/// How many calls are looked back upon: four rounds of eight.
const KEPT: u8 = 32;

/// A call that was answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    tool: u32,
    same: u32,
    alike: u32,
    answer: u32,
    failed: bool,
    fresh: Freshness,
}

impl Turn {
    pub(super) const fn new(step: Step, answer: &Answer, failed: bool, fresh: Freshness) -> Self {
        // What a sink does is new where its arguments are: the numbers in them say which thing is meant.
        let alike = if step.sink { step.same } else { step.alike };
        Self { tool: step.tool, same: step.same, alike, answer: answer.gist.same.short(), failed, fresh }
    }
}

/// The last turns, the newest at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    turns: [Turn; KEPT as usize],
    count: u8,
    next: u8,
}

impl Recent {
    pub(super) fn push(&mut self, turn: Turn) {
        if let Some(slot) = self.turns.get_mut(usize::from(self.next)) {
            *slot = turn;
        }
        self.next = (self.next + 1) % KEPT;
        self.count = (self.count + 1).min(KEPT);
    }

    /// The turns from the newest back.
    fn back(&self) -> impl Iterator<Item = &Turn> + Clone {
        let (before, after) = self.turns.split_at(usize::from(self.next.min(KEPT)));
        before.iter().rev().chain(after.iter().rev()).take(usize::from(self.count))
    }

    /// Whether the same call got the same answer three times or more, and now another one.
    pub(super) fn waited_for(&self, turn: &Turn) -> Polling {
        let mut equal = self.back().filter(|before| before.same == turn.same && !before.failed);
        let Some(last) = equal.next().filter(|last| last.answer != turn.answer) else { return Polling::Never };
        let again = equal.take_while(|before| before.answer == last.answer).count();
        if again >= 2 { Polling::Expected } else { Polling::Never }
    }

    /// Whether the tool of this call failed when it was last called.
    pub(super) fn failing(&self, step: &Step) -> bool {
        self.back().find(|turn| turn.tool == step.tool).is_some_and(|turn| turn.failed)
    }

    /// The same call, with the answer that it got last.
    pub(super) fn repeat(&self, step: &Step, limits: &Patience) -> Verdict {
        let mut equal = self.back().filter(|turn| turn.same == step.same);
        let Some(last) = equal.next() else { return Verdict::Go };
        let times = 1 + equal.filter(|turn| turn.answer == last.answer).count();
        Verdict::at(Shape::Repeat, counted(times), limits.repeats)
    }

    /// Rounds of two to eight calls that are equal with their answers, and that this call would begin again.
    pub(super) fn cycle(&self, step: &Step, limits: &Patience) -> Verdict {
        let rounds = |period: u8| {
            let behind = self.back().skip(usize::from(period));
            let equal = self.back().zip(behind).take_while(|(a, b)| (a.same, a.answer) == (b.same, b.answer)).count();
            let again = self.back().nth(usize::from(period) - 1).is_some_and(|first| first.same == step.same);
            if again { 1 + equal / usize::from(period) } else { 1 }
        };
        let judged = |period| Verdict::at(Shape::Cycle { period }, counted(rounds(period)), limits.rounds);
        (2..=8).map(judged).fold(Verdict::Go, Verdict::or)
    }

    /// Two tools in turn, whatever they are called with, while little is new.
    pub(super) fn volley(&self, step: &Step, limits: &Patience) -> Verdict {
        let mut back = self.back();
        let (Some(last), Some(one)) = (back.next(), back.next()) else { return Verdict::Go };
        if step.tool != one.tool || last.tool == one.tool {
            return Verdict::Go;
        }
        let partners = [last.tool, one.tool];
        let turns = self.back().zip(partners.iter().cycle());
        let run = turns.take_while(|(turn, tool)| turn.tool == **tool && turn.fresh < Freshness::Much).count();
        Verdict::at(Shape::Volley, counted(run / 2), limits.volleys)
    }

    /// Calls in a row that brought nothing new: of this kind, or of any.
    pub(super) fn stale(&self, step: &Step, limits: &Patience) -> Verdict {
        let alike = if step.sink { step.same } else { step.alike };
        let stale = || self.back().take_while(|turn| turn.fresh == Freshness::None);
        let kind = stale().take_while(|turn| turn.alike == alike).count();
        let kind = Verdict::at(Shape::Stale, counted(kind), limits.stale);
        // Sinks answer little, and that they were called is what is new.
        let any = if step.sink { 0 } else { stale().count() };
        kind.or(match Verdict::at(Shape::Stale, counted(any), limits.stale_any) {
            pause @ Verdict::Pause(_) => pause,
            // Honest work has quiet stretches: nobody is told of them.
            Verdict::Hint(_) | Verdict::Go => Verdict::Go,
        })
    }
}

fn counted(times: usize) -> u16 {
    u16::try_from(times).unwrap_or(u16::MAX)
}
