use crate::Sum;

/// One thing that an agent did in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Habit {
    /// What kind of thing.
    pub kind: HabitKind,
    /// The tool, or the argument where the tool does not matter, or nothing.
    pub about: Sum,
    /// The way.
    pub way: u64,
}

/// Kinds of habits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HabitKind {
    /// Calls a tool.
    Tool,
    /// Begins with a tool.
    First,
    /// Ends with a tool.
    Last,
    /// Calls a tool after another.
    After,
    /// Calls a tool after two others.
    AfterTwo,
    /// Calls a tool at the first, second, third … place.
    Place,
    /// Writes these arguments, in this order.
    Names,
    /// Writes values of an argument of a tool in this form.
    Form,
    /// Writes values of an argument in this form, whatever the tool.
    FormOfName,
    /// Writes values in this form, whatever the argument.
    FormOfAll,
    /// Writes values of an argument of a tool this long.
    Length,
    /// Takes values of an argument of a tool from there.
    Origin,
    /// Asks for several things at once.
    Batch,
    /// Asks for this together with that.
    Together,
    /// Calls the same once more.
    Again,
    /// Fails with a tool.
    Error,
    /// Does this after an error.
    AfterError,
    /// Makes so many calls.
    Count,
    /// Speaks the protocol in this way.
    Client,
}

impl Habit {
    /// What stands for the habit in tables.
    pub(crate) const fn sum(&self) -> Sum {
        self.about.and(self.way).and(self.kind as u64)
    }
}

impl HabitKind {
    /// In words, for an explanation.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Tool => "which tools are called",
            Self::First => "what it begins with",
            Self::Last => "what it ends with",
            Self::After | Self::AfterTwo => "what is called after what",
            Self::Place => "when a tool is called",
            Self::Names => "which arguments are written, and their order",
            Self::Form | Self::FormOfName | Self::FormOfAll => "the form of values",
            Self::Length => "the length of values",
            Self::Origin => "where values are taken from",
            Self::Batch | Self::Together => "what is asked for at once",
            Self::Again => "calls that are made once more",
            Self::Error => "calls that fail",
            Self::AfterError => "what is done after an error",
            Self::Count => "how many calls are made",
            Self::Client => "how the protocol is spoken",
        }
    }
}

/// Where habits go.
pub trait Habits {
    /// Takes one.
    fn take(&mut self, habit: Habit);
}

impl<F: FnMut(Habit)> Habits for F {
    fn take(&mut self, habit: Habit) {
        self(habit);
    }
}
