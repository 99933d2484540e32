use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What is done about a finding in a message on its way to a client, from the mildest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consequence {
    /// It is recorded, and the text passes as it is.
    Record,
    /// A sentence before the text says that it is data.
    Annotate,
    /// The text stands between two lines that nobody can guess, and is said to be data.
    Fence,
    /// What was found is cut out; the rest of the text passes.
    Redact,
    /// A note stands in the place of the text; the rest of the message passes.
    Replace,
    /// Nothing of the message passes.
    Withhold,
    /// Nothing of the message passes until a person has looked at it.
    Challenge,
    /// Nothing of the message passes, and its source is not asked again.
    Quarantine,
}

impl Consequence {
    /// All of them, from the mildest to the strictest.
    pub const ALL: [Self; 8] = [
        Self::Record,
        Self::Annotate,
        Self::Fence,
        Self::Redact,
        Self::Replace,
        Self::Withhold,
        Self::Challenge,
        Self::Quarantine,
    ];

    /// The word used in configuration and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Annotate => "annotate",
            Self::Fence => "fence",
            Self::Redact => "redact",
            Self::Replace => "replace",
            Self::Withhold => "withhold",
            Self::Challenge => "challenge",
            Self::Quarantine => "quarantine",
        }
    }
}

impl FromStr for Consequence {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|c| c.as_str() == s).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown consequence `{s}`; consequences are {all}")
        })
    }
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
