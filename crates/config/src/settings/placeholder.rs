use crate::{Glob, Mistake, section::Section, value::Item};
use doorward_vocab::ServerName;
use serde::Serialize;

/// A text that an agent may hold in the place of a secret: it is exchanged on one way only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placeholder {
    /// Its name, unique in the file.
    pub name: String,
    /// The credential that it stands for.
    pub credential: String,
    /// The server whose calls may carry it.
    pub server: ServerName,
    /// The tools; empty: all.
    pub tools: Vec<Glob>,
    /// The argument that may hold it, as a JSON pointer (RFC 6901).
    pub argument: String,
    /// What its texts begin with.
    pub prefix: String,
    /// How many letters and digits follow.
    pub length: usize,
    /// The hosts that a call may be about; empty: calls name no address.
    pub hosts: Vec<Glob>,
    /// The argument that holds the address of a call.
    pub url: String,
    /// Patterns of paths that a call may be about; empty: all.
    pub paths: Vec<Glob>,
    /// The argument that holds the method of a call.
    pub method: String,
    /// The methods that a call may use; empty: all.
    pub methods: Vec<String>,
}

impl Placeholder {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"github\"", Item::owned);
        let credential = section.need("credential", "credential = \"github\"", Item::owned);
        let server = section.need("server", "server = \"web\"", Item::parse);
        let argument = section.need("argument", "argument = \"/headers/Authorization\"", pointer);
        let globs = |key| section.get(key, Item::one_or_more).unwrap_or_default().into_iter().map(Glob::new).collect();
        let read = Self {
            tools: globs("tools"),
            prefix: section.get("prefix", prefix).unwrap_or_else(|| "ghp_".to_owned()),
            length: section.get("length", length).unwrap_or(36),
            hosts: globs("hosts"),
            url: section.get("url", pointer).unwrap_or_else(|| "/url".to_owned()),
            paths: globs("paths"),
            method: section.get("method", pointer).unwrap_or_else(|| "/method".to_owned()),
            methods: section.get("methods", Item::one_or_more).unwrap_or_default(),
            name: name?,
            credential: credential?,
            server: server?,
            argument: argument?,
        };
        let about = ["url", "paths", "method", "methods"].into_iter().find(|key| section.has(key));
        if let Some(key) = about.filter(|_| read.hosts.is_empty()) {
            let mistake = Mistake::error(format!("`{key}` says nothing without `hosts`"));
            section.reading.tell(section.spot(key), mistake.help("name the hosts that the secret may go to"));
        }
        section.finish();
        Some(read)
    }
}

fn pointer(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.owned()?;
    match text.starts_with('/') {
        true => Ok(text),
        false => Err(item.wrong("is not a JSON pointer").label("begins with `/`, as `/headers/Authorization`")),
    }
}

fn prefix(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.owned()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    match plain && (3..=32).contains(&text.len()) {
        true => Ok(text),
        false => Err(item.wrong("is no prefix").label("3 to 32 letters, digits, `_` and `-`")),
    }
}

fn length(item: &Item<'_>) -> Result<usize, Mistake> {
    let count = item.count()?;
    match (24..=60).contains(&count) {
        true => Ok(count),
        false => Err(item.wrong("is out of range").label("from 24 to 60 letters and digits")),
    }
}
