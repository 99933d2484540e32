use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Effect {
    /// Returns data that the caller names.
    Read,
    /// Returns data that matches a question.
    Search,
    /// Makes something new.
    Create,
    /// Changes something that exists.
    Update,
    /// Removes something.
    Delete,
    /// Moves data to somebody else.
    Send,
    /// Moves money.
    Pay,
    /// Lets somebody else see something.
    Share,
    /// Gives a right to somebody.
    Grant,
    /// Runs code or a command.
    Execute,
    /// Changes how a system behaves.
    Configure,
}

impl Effect {
    /// All effects, in order of declaration.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Search,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Send,
        Self::Pay,
        Self::Share,
        Self::Grant,
        Self::Execute,
        Self::Configure,
    ];
    /// The word used in configuration, policy and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Send => "send",
            Self::Pay => "pay",
            Self::Share => "share",
            Self::Grant => "grant",
            Self::Execute => "execute",
            Self::Configure => "configure",
        }
    }
    /// Whether a call with this effect can move data out or change something.
    pub const fn is_sink(self) -> bool {
        !matches!(self, Self::Read | Self::Search)
    }
}

impl FromStr for Effect {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|e| e.as_str() == s).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|e| e.as_str()).collect();
            format!("unknown effect `{s}`; effects are {}", all.join(", "))
        })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Effects(u16);

impl Effects {
    /// No effect known. Not the same as harmless: an unknown tool is a sink until shown otherwise.
    pub const NONE: Self = Self(0);
    /// Just `effect`.
    pub const fn just(effect: Effect) -> Self {
        Self(1 << effect as u8)
    }
    /// These effects and `effect`.
    #[must_use]
    pub const fn with(self, effect: Effect) -> Self {
        Self(self.0 | 1 << effect as u8)
    }
    /// Whether `effect` is in the set.
    pub const fn contains(self, effect: Effect) -> bool {
        self.0 & (1 << effect as u8) != 0
    }
    /// The effects of the set, in order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Effect> {
        Effect::ALL.into_iter().filter(move |e| self.contains(*e))
    }
    /// Whether a call with these effects can move data out or change something. Unknown counts as yes.
    pub fn is_sink(self) -> bool {
        self.0 == 0 || self.iter().any(Effect::is_sink)
    }
}

impl FromIterator<Effect> for Effects {
    fn from_iter<I: IntoIterator<Item = Effect>>(iter: I) -> Self {
        iter.into_iter().fold(Self::NONE, Self::with)
    }
}

impl Serialize for Effects {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Effects {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Vec::<Effect>::deserialize(d).map(|v| v.into_iter().collect())
    }
}
