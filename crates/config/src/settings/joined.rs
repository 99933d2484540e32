use crate::{section::Section, value::Item};
use serde::Serialize;

/// How an address over several servers shows what they have: `/mcp`, and each virtual server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// When a name carries its server's.
    pub prefix: Prefix,
    /// The longest name of a tool or prompt that is shown, in characters.
    pub name_limit: usize,
    /// How many items of a list are shown at once.
    pub page: usize,
}

/// When the name of a tool or prompt carries its server's, as in `crm__search`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Prefix {
    /// Always.
    #[default]
    Always,
    /// Where several servers have the name, and then for all of them.
    Conflict,
    /// Never: of several servers that have a name, the first in the file offers it.
    Never,
}

impl Default for Joined {
    fn default() -> Self {
        Self { prefix: Prefix::Always, name_limit: 64, page: 500 }
    }
}

impl Joined {
    /// The shortest limit of names: a server's name, what stands after it, a few characters and a digest have room.
    pub const SHORTEST: usize = 48;
    /// The longest: what the protocol allows (2026-07-28, tools).
    pub const LONGEST: usize = 128;

    pub(crate) fn read(section: Section<'_>) -> Self {
        let usual = Self::default();
        let limit = |item: &Item<'_>| match item.count()? {
            n if (Self::SHORTEST..=Self::LONGEST).contains(&n) => Ok(n),
            _ => {
                let range = format!("from {} to {}", Self::SHORTEST, Self::LONGEST);
                Err(item.wrong("is out of range").label(range))
            }
        };
        let read = Self {
            prefix: section.get("prefix", |item| item.choice(&PREFIXES)).unwrap_or(usual.prefix),
            name_limit: section.get("name_limit", limit).unwrap_or(usual.name_limit),
            page: section.get("page", Item::count).unwrap_or(usual.page),
        };
        section.finish();
        read
    }
}

pub(crate) const PREFIXES: [(&str, Prefix); 3] =
    [("always", Prefix::Always), ("conflict", Prefix::Conflict), ("never", Prefix::Never)];
