use doorward_vocab::Level;
use std::{fmt, str::FromStr};

/// One policy file.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name shown in diagnostics and in the ids of policies without `@id`: a path.
    pub name: String,
    /// Cedar policies.
    pub text: String,
}

/// What holds before the operator's own policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// Nothing: what no policy permits is denied.
    None,
    /// The policies of a level.
    Level(Level),
}

impl Base {
    /// The policies, as Cedar text; empty for [`Base::None`].
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Level(Level::Watch) => include_str!("base/watch.cedar"),
            Self::Level(Level::Guard) => include_str!("base/guard.cedar"),
            Self::Level(Level::Lockdown) => include_str!("base/lockdown.cedar"),
        }
    }
    /// The name shown in diagnostics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "base/none.cedar",
            Self::Level(Level::Watch) => "base/watch.cedar",
            Self::Level(Level::Guard) => "base/guard.cedar",
            Self::Level(Level::Lockdown) => "base/lockdown.cedar",
        }
    }
}

impl FromStr for Base {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "none" => Ok(Self::None),
            _ => s
                .parse()
                .map(Self::Level)
                .map_err(|_| format!("unknown base `{s}`; bases are none, watch, guard, lockdown")),
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Level(level) => f.write_str(level.as_str()),
        }
    }
}
