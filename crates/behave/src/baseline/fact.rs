use crate::{
    Sum,
    event::{Answer, Call},
};

/// Something that was so, among what could have been in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub kind: FactKind,
    /// In which place.
    pub place: Sum,
    /// What was there.
    pub value: Sum,
    /// What it is about in words: the tool, and the argument if there is one.
    pub tool: Sum,
    /// The argument.
    pub argument: Sum,
}

/// What facts are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FactKind {
    /// Which tool is called.
    Tool,
    /// Which tool is called after another.
    After,
    /// Where an argument of a tool comes from.
    Origin,
    /// Which arguments are written.
    Names,
    /// Whether it was asked for.
    Asked,
    /// How it ended, and how much came back.
    Answer,
}

impl FactKind {
    /// All kinds, in order of declaration.
    pub const ALL: [Self; 6] = [Self::Tool, Self::After, Self::Origin, Self::Names, Self::Asked, Self::Answer];

    /// In words, to stand between the name of a tool and the bits.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Tool => "is seldom called",
            Self::After => "is seldom called after what came before",
            Self::Origin => "seldom gets a value from there",
            Self::Names => "is seldom called with these arguments",
            Self::Asked => "is seldom called without being asked for, or with",
            Self::Answer => "seldom answers like this",
        }
    }
}

/// The facts of calls, one after another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    last: Sum,
}

impl Facts {
    /// The facts of a call.
    pub fn of(&mut self, call: &Call) -> Vec<Fact> {
        let tool = call.tool;
        let fact = |kind: FactKind, place: Sum, value: Sum, argument| Fact {
            kind,
            place: place.and(kind as u64),
            value,
            tool,
            argument,
        };
        let none = Sum::default();
        let mut facts = vec![
            fact(FactKind::Tool, none, tool, none),
            fact(FactKind::After, self.last.and(1), tool, none),
            fact(FactKind::Names, tool, call.arguments.names(), none),
            fact(FactKind::Asked, tool, none.and(call.asked as u64), none),
        ];
        facts.extend(call.arguments.list.iter().map(|argument| {
            let value = none.and(argument.origin as u64);
            fact(FactKind::Origin, tool.and(argument.name.bits()), value, argument.name)
        }));
        self.last = tool;
        facts
    }

    /// The fact of an answer.
    pub fn answered(call: &Call, answer: &Answer) -> Fact {
        let size = u64::from(answer.bytes.saturating_add(1).ilog2() / 2);
        let value = Sum::default().and(answer.outcome as u64).and(size);
        let place = call.tool.and(FactKind::Answer as u64);
        Fact { kind: FactKind::Answer, place, value, tool: call.tool, argument: Sum::default() }
    }
}
