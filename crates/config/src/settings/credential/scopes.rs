use crate::{Glob, Mistake, section::Section, value::Item};
use serde::Serialize;

/// What is asked of a provider: the scopes of the pattern that fits a tool best, so that a call gets what it needs and no
/// more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scopes(Vec<(Glob, Vec<Box<str>>)>);

impl Scopes {
    /// The scopes for a tool, or for what is no call.
    pub fn of(&self, tool: Option<&str>) -> &[Box<str>] {
        let fits = self.0.iter().filter(|(glob, _)| glob.matches(tool.unwrap_or_default()));
        fits.max_by_key(|(glob, _)| glob.specificity()).map_or(&[], |(_, scopes)| scopes)
    }

    /// All that may be asked for.
    pub fn all(&self) -> Vec<Box<str>> {
        let mut all: Vec<Box<str>> = self.0.iter().flat_map(|(_, scopes)| scopes).cloned().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// `["read"]`, or `{ "delete_*" = ["write"], "*" = ["read"] }`.
    pub(super) fn read(section: &Section<'_>) -> Self {
        if section.is_table("scopes") {
            let Some(table) = section.table("scopes") else { return Self::default() };
            let mut rules = Vec::new();
            for (_, item) in table.entries() {
                match scopes(&item) {
                    Ok(scopes) => rules.push((Glob::new(&item.key), scopes)),
                    Err(mistake) => table.reading.tell(item.span, mistake),
                }
            }
            return Self(rules);
        }
        let one = section.get("scopes", scopes);
        Self(one.into_iter().map(|scopes| (Glob::new("*"), scopes)).collect())
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
