use crate::{
    Sum,
    event::{Asked, Call, Kind},
};
use doorward_vocab::{Effect, Effects};

/// Something about a call that may speak for or against its being the human's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign {
    /// What.
    pub kind: SignKind,
    /// The argument that it is about, or nothing.
    pub about: Sum,
    /// How it is.
    pub way: u64,
}

/// What a sign is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SignKind {
    /// What the call does.
    Effects,
    /// Whether it was asked for.
    Asked,
    /// Whether it was asked for, by what it does.
    AskedEffects,
    /// Where an argument of this name comes from.
    Origin,
    /// Where an argument of this name comes from, by whether the call was asked for.
    OriginAsked,
    /// Where a value of this form comes from, by what the call does.
    OriginForm,
    /// Where all values of the call come from.
    Origins,
    /// Where all values of the call come from, by what it does and whether it was asked for.
    OriginsEffects,
    /// Whether a tool is called for the first time, by what it does.
    New,
    /// What came before it.
    After,
    /// How much was done before it.
    Progress,
    /// What it does after how much.
    ProgressEffects,
    /// How this very tool is called at this site.
    Tool,
    /// Where this very tool gets an argument from at this site.
    ToolOrigin,
}

impl Sign {
    pub(crate) const fn sum(&self) -> Sum {
        self.about.and(self.way).and(0x100 + self.kind as u64)
    }
}

impl SignKind {
    /// In words, for an explanation.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Effects => "what the call does",
            Self::Asked => "whether it was asked for",
            Self::AskedEffects => "what it does, and whether that was asked for",
            Self::Origin | Self::OriginAsked => "where an argument comes from",
            Self::OriginForm => "where values of this form come from",
            Self::Origins | Self::OriginsEffects => "where all values of the call come from",
            Self::New => "that the tool was not called before",
            Self::After => "what came before it",
            Self::Progress | Self::ProgressEffects => "how much was done before it",
            Self::Tool => "how this tool is called here",
            Self::ToolOrigin => "where this tool gets its arguments from here",
        }
    }
}

/// How far a conversation is. A plain value of a few words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    calls: u16,
    reads: u16,
    sinks: u16,
    last: u8,
    before: Sum,
    /// A set of tools that were called, of which a few are mistaken for each other.
    tools: u64,
}

impl Course {
    /// A call was forwarded.
    pub fn took(&mut self, call: &Call) {
        let sink = call.effects.is_sink();
        self.calls = self.calls.saturating_add(1);
        self.reads = self.reads.saturating_add(u16::from(!sink));
        self.sinks = self.sinks.saturating_add(u16::from(sink));
        self.before = call.tool;
        self.last = class(call.effects);
        self.tools |= tool(call);
    }

    /// The signs of a call that comes next.
    pub(super) fn signs(&self, call: &Call) -> Vec<Sign> {
        let mut signs = Vec::with_capacity(12 + 3 * call.arguments.list.len());
        let mut says = |kind, about, ways: &[u64]| {
            let way = ways.iter().fold(Sum::default(), |all, way| all.and(*way)).bits();
            signs.push(Sign { kind, about, way });
        };
        let (does, asked, none) = (u64::from(class(call.effects)), call.asked as u64, Sum::default());
        let new = u64::from(self.tools & tool(call) == 0);
        let (reads, sinks) = (few(self.reads), few(self.sinks));
        says(SignKind::Effects, none, &[does]);
        says(SignKind::Asked, none, &[asked]);
        says(SignKind::AskedEffects, none, &[does, asked]);
        says(SignKind::New, none, &[new, does]);
        says(SignKind::New, none, &[new, asked, does]);
        says(SignKind::After, none, &[u64::from(self.last), does]);
        says(SignKind::After, none, &[u64::from(self.last), does, asked, new]);
        says(SignKind::Progress, none, &[reads, sinks]);
        says(SignKind::ProgressEffects, none, &[sinks, does, asked]);
        says(SignKind::ProgressEffects, none, &[reads, does, asked]);
        let origins = origins(call);
        says(SignKind::Origins, none, &[origins]);
        says(SignKind::OriginsEffects, none, &[origins, does]);
        says(SignKind::OriginsEffects, none, &[origins, does, asked]);
        says(SignKind::OriginsEffects, none, &[origins, asked, new]);
        says(SignKind::Tool, call.tool, &[asked]);
        says(SignKind::Tool, call.tool, &[4, asked, origins]);
        says(SignKind::Tool, call.tool, &[5, self.before.bits()]);
        says(SignKind::Tool, call.tool, &[6, new, sinks]);
        for argument in &call.arguments.list {
            let (origin, form) = (argument.origin as u64, form(argument.kind));
            says(SignKind::Origin, argument.name, &[origin]);
            says(SignKind::OriginAsked, argument.name, &[origin, asked]);
            says(SignKind::ToolOrigin, call.tool.and(argument.name.bits()), &[origin, asked]);
            says(SignKind::OriginForm, none, &[origin, form, does]);
        }
        signs
    }
}

/// What a call does, as one of few: the gravest of its effects.
fn class(effects: Effects) -> u8 {
    let gravest = [
        Effect::Pay,
        Effect::Grant,
        Effect::Share,
        Effect::Send,
        Effect::Execute,
        Effect::Delete,
        Effect::Configure,
        Effect::Update,
        Effect::Create,
        Effect::Search,
        Effect::Read,
    ];
    gravest.into_iter().find(|effect| effects.contains(*effect)).map_or(1, |effect| 2 + effect as u8)
}

/// None, one, two or three, more.
fn few(count: u16) -> u64 {
    match count {
        0 => 0,
        1 => 1,
        2 | 3 => 2,
        _ => 3,
    }
}

const fn tool(call: &Call) -> u64 {
    1 << (call.tool.bits() % 64)
}

/// The set of origins of the arguments.
fn origins(call: &Call) -> u64 {
    call.arguments.list.iter().fold(0, |all, argument| all | 1 << argument.origin as u64)
}

/// A form, coarsely: what holds several things, numbers, short texts, sentences.
fn form(kind: Kind) -> u64 {
    match kind {
        Kind::Null | Kind::Bool => 0,
        Kind::Number(_) => 1,
        Kind::List | Kind::Object => 2,
        Kind::Text { spaced: false, .. } => 3,
        Kind::Text { .. } => 4,
    }
}

impl Asked {
    /// In words, for an explanation.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Untold => "nobody tells what was asked for",
            Self::Within => "it was asked for",
            Self::Aside => "it was not asked for and is harmless",
            Self::Outside => "it was not asked for",
        }
    }
}
