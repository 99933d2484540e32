//! Settings of a host as text: entries of ours go in and come out, and every other byte stays.

use super::{super::Host, splice};
use doorward_mcp::json::{Document, Limits, Strictness, Value};
use serde_json::json;
use splice::Key;
use std::path::Path;

/// The text of settings that are one JSON object; empty where there are none yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(String);

impl Settings {
    /// Settings as they stand in a file.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        match parse(text)?.root().is_object() {
            true => Ok(Self(text.to_owned())),
            false => Err("it is no object".to_owned()),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// The same with `entries` and none of ours besides. Where they stand already nothing changes.
    pub(super) fn with(self, host: Host, entries: &[(&str, serde_json::Value)]) -> Result<Self, String> {
        if self.has(host, entries)? {
            return Ok(self);
        }
        let mut text = self.without(host)?.0;
        if text.is_empty() {
            text = match host {
                Host::Cursor => "{\n  \"version\": 1\n}\n".to_owned(),
                Host::ClaudeCode | Host::Generic => "{}\n".to_owned(),
            };
        }
        for (event, entry) in entries {
            text = splice::ensure(&text, &[], "hooks", &json!({}))?;
            text = splice::ensure(&text, &[Key::Name("hooks")], event, &json!([]))?;
            text = splice::push(&text, &[Key::Name("hooks"), Key::Name(event)], entry)?;
        }
        Ok(Self(text))
    }

    /// The same without ours, and without what is empty by that.
    pub(super) fn without(self, host: Host) -> Result<Self, String> {
        let mut text = self.0;
        while let Some(ours) = first(&text, host)? {
            let (event, index) = (ours.event.as_str(), ours.entry);
            let path =
                [Key::Name("hooks"), Key::Name(event), Key::Index(index), Key::Name("hooks"), Key::Index(ours.handler)];
            let (entry, handlers) = (path.get(..3).unwrap_or_default(), path.get(..4).unwrap_or_default());
            text = match host {
                Host::ClaudeCode => {
                    let rest = splice::remove(&text, &path)?;
                    if splice::is_empty(&rest, handlers)? { splice::remove(&rest, entry)? } else { rest }
                }
                Host::Cursor | Host::Generic => splice::remove(&text, entry)?,
            };
            for path in [&path[..2], &path[..1]] {
                if splice::is_empty(&text, path)? {
                    text = splice::remove(&text, path)?;
                }
            }
        }
        Ok(Self(text))
    }

    /// The command that stands there, where one of ours does.
    pub(super) fn command(&self, host: Host) -> Option<String> {
        first(&self.0, host).ok().flatten().map(|ours| ours.command)
    }

    /// Whether these entries of ours stand there, and no others.
    fn has(&self, host: Host, entries: &[(&str, serde_json::Value)]) -> Result<bool, String> {
        let ours = all(&self.0, host)?;
        let read = |ours: &Ours| serde_json::from_str::<serde_json::Value>(&ours.text).ok();
        let stands = |(event, entry): &(&str, serde_json::Value)| {
            ours.iter().any(|o| o.event == *event && read(o).as_ref() == Some(entry))
        };
        Ok(ours.len() == entries.len() && entries.iter().all(stands))
    }
}

/// An entry of ours.
struct Ours {
    event: String,
    entry: usize,
    /// Its place in the entry, where an entry has several.
    handler: usize,
    command: String,
    text: String,
}

fn first(text: &str, host: Host) -> Result<Option<Ours>, String> {
    all(text, host).map(|all| all.into_iter().next())
}

fn all(text: &str, host: Host) -> Result<Vec<Ours>, String> {
    let mut found = Vec::new();
    if text.is_empty() {
        return Ok(found);
    }
    let doc = parse(text)?;
    let Some(hooks) = doc.root().get("hooks") else { return Ok(found) };
    if !hooks.is_object() {
        return Err("`hooks` is no object".to_owned());
    }
    for (event, entries) in hooks.members() {
        for (entry, whole) in entries.items().enumerate() {
            let handlers: Vec<Value<'_>> = match host {
                Host::ClaudeCode => whole.get("hooks").map(|h| h.items().collect()).unwrap_or_default(),
                Host::Cursor | Host::Generic => vec![whole],
            };
            for (handler, value) in handlers.into_iter().enumerate() {
                let command = value.get("command").and_then(Value::as_str).filter(|command| is_ours(command, host));
                found.extend(command.map(|command| Ours {
                    event: event.to_string(),
                    entry,
                    handler,
                    command: command.into_owned(),
                    text: whole.raw().to_owned(),
                }));
            }
        }
    }
    Ok(found)
}

/// Whether this is the command of a bridge, wherever the program was when it was installed. What a person built around it is
/// theirs.
fn is_ours(command: &str, host: Host) -> bool {
    let Some((program, rest)) = command.split_once(&format!(" hook {}", host.word())) else { return false };
    let whole = program.strip_prefix('\'').and_then(|p| p.strip_suffix('\''));
    let one_word = whole.map_or_else(|| !program.contains(char::is_whitespace), |p| !p.contains('\''));
    let named = Path::new(whole.unwrap_or(program)).file_name().is_some_and(|name| name == "doorward");
    one_word && named && (rest.is_empty() || rest.starts_with(' ')) && !rest.contains(['|', '&', ';', '>', '<'])
}

pub(super) fn parse(text: &str) -> Result<Document, String> {
    let limits = Limits { depth: 64, nodes: 200_000 };
    Document::parse(text.to_owned().into(), &limits, Strictness::Result).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
