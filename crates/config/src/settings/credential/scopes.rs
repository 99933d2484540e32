use super::by_tool::by_tool;
use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::ByName;
use serde::Serialize;

/// What is asked of a provider: the scopes of the pattern that fits a tool best, so that a call gets what it needs and no
/// more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scopes(ByName<Vec<Box<str>>>);

impl Scopes {
    /// The scopes for a tool, or for what is no call.
    pub fn of(&self, tool: Option<&str>) -> &[Box<str>] {
        self.0.of(tool).map_or(&[], Vec::as_slice)
    }

    /// All that may be asked for.
    pub fn all(&self) -> Vec<Box<str>> {
        let mut all: Vec<Box<str>> = self.0.values().flatten().cloned().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// `["read"]`, or `{ "delete_*" = ["write"], "*" = ["read"] }`.
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self(by_tool(section, "scopes", scopes))
    }
}

/// Scope tokens hold no spaces (RFC 6749 §3.3).
fn scopes(item: &Item<'_>) -> Result<Vec<Box<str>>, Mistake> {
    item.all("a list of scopes", |item| {
        let text = item.text()?;
        let token = !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if token { Ok(text.into()) } else { Err(item.wrong("is not a scope").label("one word; write a list of them")) }
    })
}
