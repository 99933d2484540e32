use super::{Prefix, joined::PREFIXES};
use crate::{Glob, Mistake, section::Section, value::Item};
use doorward_vocab::ServerName;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// A selection of what servers have, under an address of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Virtual {
    /// Its name: no server and no other virtual server has it.
    pub name: ServerName,
    /// The tools that it shows.
    pub tools: Vec<Pattern>,
    /// The prompts that it shows.
    pub prompts: Vec<Pattern>,
    /// The resources and templates that it shows, by their URIs.
    pub resources: Vec<Pattern>,
    /// Descriptions that are shown instead of the servers' own, by `server/name`.
    pub describe: BTreeMap<String, String>,
    /// Names that are shown instead of the servers' own, by `server/name`.
    pub rename: BTreeMap<String, String>,
    /// When its names carry their servers'; none: as at `/mcp`.
    pub prefix: Option<Prefix>,
}

/// A pattern `server/name`; both parts may hold `*` and `?`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pattern {
    /// The part about servers.
    pub server: Glob,
    /// The part about what they have.
    pub item: Glob,
}

impl Pattern {
    /// The pattern that `text` writes; `None` where there is no `/` with something on both sides.
    pub fn new(text: &str) -> Option<Self> {
        let (server, item) = text.split_once('/').filter(|(server, item)| !server.is_empty() && !item.is_empty())?;
        Some(Self { server: Glob::new(server), item: Glob::new(item) })
    }
    /// Whether `item` of `server` fits.
    pub fn matches(&self, server: &ServerName, item: &str) -> bool {
        self.server.matches(server.as_str()) && self.item.matches(item)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.server, self.item)
    }
}

impl Virtual {
    /// The lists of patterns, each under its key.
    pub fn patterns(&self) -> [(&'static str, &[Pattern]); 3] {
        [("tools", &self.tools), ("prompts", &self.prompts), ("resources", &self.resources)]
    }
    /// Whether anything of `server` is shown.
    pub fn has(&self, server: &ServerName) -> bool {
        self.patterns().iter().any(|(_, patterns)| patterns.iter().any(|p| p.server.matches(server.as_str())))
    }

    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"support\"", Item::parse);
        let read = |key| section.get(key, |item| patterns(item)).unwrap_or_default();
        let (tools, prompts, resources) = (read("tools"), read("prompts"), read("resources"));
        let describe = section.table("describe").map(|table| texts(&table, |_| Ok(()))).unwrap_or_default();
        let rename = section.table("rename").map(|table| texts(&table, shown)).unwrap_or_default();
        let prefix = section.get("prefix", |item| item.choice(&PREFIXES));
        if !["tools", "prompts", "resources"].iter().any(|key| section.has(key)) {
            section.missing("tools", "tools = [\"server/*\"]");
        }
        section.finish();
        Some(Self { name: name?, tools, prompts, resources, describe, rename, prefix })
    }
}

fn patterns(item: &Item<'_>) -> Result<Vec<Pattern>, Mistake> {
    if item.is_empty_list() {
        return Err(item.wrong("is empty").label("name something, or leave the key out"));
    }
    item.all("a list of patterns such as `[\"server/get_*\"]`", |item| {
        let text = item.text()?;
        let pattern = Pattern::new(text).ok_or_else(|| not_a_pattern(text))?;
        item.reading.keep(&format!("{}.{text}", item.path), item.span.clone());
        Ok(pattern)
    })
}

/// A table from `server/name` to a text.
fn texts(section: &Section<'_>, good: impl Fn(&Item<'_>) -> Result<(), Mistake>) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    for (span, item) in section.entries() {
        let plain = Pattern::new(&item.key).filter(|p| p.server.is_plain() && p.item.is_plain());
        if plain.is_none() {
            let mistake = not_a_pattern(&item.key).label("this names one, as `server/name`");
            section.reading.tell(span, mistake);
            continue;
        }
        section.reading.keep(&item.path, span);
        match item.owned().and_then(|text| good(&item).map(|()| text)) {
            Ok(text) => drop(read.insert(item.key.clone(), text)),
            Err(mistake) => section.reading.tell(item.span, mistake),
        }
    }
    read
}

fn not_a_pattern(text: &str) -> Mistake {
    Mistake::error(format!("`{text}` is not `server/name`"))
        .label("which server?")
        .help("write the server's name, `/`, and the name of what it has; in lists both may hold `*` and `?`")
}

/// A name that can be shown: what hosts accept (2026-07-28, tools), and nothing that looks like a joined one.
fn shown(item: &Item<'_>) -> Result<(), Mistake> {
    let name = item.text()?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        return Err(item.wrong("is not a name that hosts accept").label("use A-Z, a-z, 0-9, `_`, `-` and `.`"));
    }
    if name.contains(ServerName::SEPARATOR) {
        return Err(item.wrong("holds `__`").label("that stands between a server and what it has"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns() {
        let server = "docs".parse().unwrap();
        for (pattern, item, fits) in [
            ("docs/get_*", "get_page", true),
            ("docs/get_*", "set_page", false),
            ("mail/get_*", "get_page", false),
            ("*/get_page", "get_page", true),
            ("docs/file:///public/*", "file:///public/a/b", true),
            ("docs/file:///public/*", "file:///private", false),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(&server, item), fits, "{pattern} on {item}");
        }
        for wrong in ["", "docs", "/x", "docs/"] {
            assert_eq!(Pattern::new(wrong), None, "{wrong}");
        }
    }
}
