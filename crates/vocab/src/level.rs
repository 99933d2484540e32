use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A named set of defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Observe everything, interfere with nothing.
    Watch,
    /// Enforce; ask a human on doubt.
    #[default]
    Guard,
    /// Enforce; deny on doubt.
    Lockdown,
}

impl Level {
    /// The word used in configuration and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Guard => "guard",
            Self::Lockdown => "lockdown",
        }
    }
    /// The mode that this level starts from.
    pub const fn mode(self) -> Mode {
        match self {
            Self::Watch => Mode::Observe,
            Self::Guard | Self::Lockdown => Mode::Enforce,
        }
    }
}

impl FromStr for Level {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "watch" => Ok(Self::Watch),
            "guard" => Ok(Self::Guard),
            "lockdown" => Ok(Self::Lockdown),
            _ => Err(format!("unknown level `{s}`; levels are watch, guard, lockdown")),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a rule acts or only records what it would have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Rule and record, never interfere.
    Observe,
    /// Rule, record and act.
    Enforce,
}

impl Mode {
    /// The word used in configuration and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}
