use super::{Habit, HabitKind, HabitKind::*, Habits};
use crate::{
    Sum,
    event::{Answer, Argument, Call, Client, Kind},
};

/// What must be known of a conversation to tell the habits in its next event. A plain value of a few words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    last: Sum,
    before: Sum,
    calls: u32,
    turns: u32,
    widest: u16,
    failed: Option<Sum>,
    /// A set of calls that were made, of which a few are mistaken for each other.
    made: u64,
}

impl Style {
    /// A conversation begins with this client.
    pub fn opened(client: &Client, to: &mut impl Habits) {
        let traits =
            [client.revision, client.capabilities, client.headers, client.meta, client.ids, client.tls].into_iter();
        for (n, value) in (0..).zip(traits).filter(|(_, value)| *value != Sum::default()) {
            to.take(Habit { kind: Client, about: Sum::from_bits(n), way: value.bits() });
        }
    }

    /// A call is made.
    pub fn called(&mut self, call: &Call, to: &mut impl Habits) {
        let tool = call.tool;
        let mut says = |kind, about, way| to.take(Habit { kind, about, way });
        says(Tool, tool, 0);
        says(After, tool, self.last.bits());
        says(AfterTwo, tool, self.last.and(self.before.bits()).bits());
        says(Place, tool, u64::from(self.calls.min(3)));
        if self.calls == 0 {
            says(First, tool, 0);
        }
        says(Names, tool, call.arguments.names().bits());
        says(Batch, Sum::default(), u64::from(call.batch.min(4)));
        says(Together, tool, self.last.and(u64::from(call.batch > 0)).bits());
        let again = self.again(call);
        says(Again, Sum::default(), u64::from(again));
        says(Again, tool, u64::from(again));
        if let Some(failed) = self.failed {
            says(AfterError, Sum::default(), u64::from(failed == tool));
        }
        call.arguments.list.iter().for_each(|argument| self.wrote(tool, argument, to));
        self.turns += u32::from(call.batch == 0);
        self.widest = self.widest.max(call.batch + 1);
        self.calls = self.calls.saturating_add(1);
        (self.before, self.last) = (self.last, tool);
    }

    /// An answer comes.
    pub fn answered(&mut self, call: &Call, answer: &Answer, to: &mut impl Habits) {
        self.failed = answer.outcome.is_error().then_some(call.tool);
        if self.failed.is_some() {
            to.take(Habit { kind: Error, about: call.tool, way: answer.outcome as u64 });
            to.take(Habit { kind: Error, about: Sum::default(), way: 0 });
        }
    }

    /// The conversation ends.
    pub fn closed(&self, to: &mut impl Habits) {
        let mut says = |kind: HabitKind, about, way| to.take(Habit { kind, about, way });
        says(Last, self.last, 0);
        says(Count, Sum::default(), u64::from(scale(self.calls)));
        says(Batch, Sum::from_bits(1), u64::from(self.widest));
        let (turns, calls) = (self.turns.min(6), self.calls.min(10));
        says(Count, Sum::from_bits(1), u64::from(turns) << 32 | u64::from(calls));
    }

    fn wrote(&self, tool: Sum, argument: &Argument, to: &mut impl Habits) {
        let mut says = |kind, about, way| to.take(Habit { kind, about, way });
        let (name, form) = (argument.name, form(argument.kind));
        let whose = tool.and(name.bits());
        says(Form, whose, form);
        says(FormOfName, name, form);
        says(FormOfAll, Sum::default(), form);
        says(Length, whose, u64::from(scale(argument.length)));
        says(Origin, whose, argument.origin as u64);
    }

    fn again(&mut self, call: &Call) -> bool {
        let bit = 1 << (call.tool.and(call.arguments.same.bits()).bits() % 64);
        let again = self.made & bit != 0;
        self.made |= bit;
        again
    }
}

/// The order of magnitude to the base of two.
const fn scale(length: u32) -> u32 {
    length.saturating_add(1).ilog2()
}

/// A form as a number.
fn form(kind: Kind) -> u64 {
    match kind {
        Kind::Null => 0,
        Kind::Bool => 1,
        Kind::List => 2,
        Kind::Object => 3,
        Kind::Number(numeral) => 8 + numeral as u64,
        Kind::Text { case, ended, spaced, lines } => {
            let flags = u64::from(ended) | u64::from(spaced) << 1 | u64::from(lines) << 2;
            16 + (case as u64) * 8 + flags
        }
    }
}
