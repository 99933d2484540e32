use crate::{SecretRef, Setting};
use doorward_vocab::{Level, ServerName};
use std::ops::Range;
use toml::{
    Value,
    de::{DeTable, DeValue},
};

/// A server to be written.
#[derive(Clone, Debug)]
pub struct NewServer {
    /// Its name.
    pub name: ServerName,
    /// How it is reached.
    pub address: Address,
    /// Variables of a command, or headers of an address.
    pub settings: Vec<(String, Setting)>,
}

/// How a new server is reached.
#[derive(Clone, Debug)]
pub enum Address {
    /// A program and its arguments.
    Command(Vec<String>),
    /// A URL.
    Url(String),
}

/// Why a file was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("the file is not valid TOML; `doorward check` shows where")]
    NotToml,
    /// The name is taken.
    #[error("there is already a server `{0}`; choose another name or remove it first")]
    Exists(ServerName),
    /// The name is not there.
    #[error("there is no server `{0}`")]
    Missing(String),
    /// The file is written in a way that cannot be changed without touching the rest.
    #[error("the file is laid out in a way that cannot be changed here; edit it by hand")]
    Layout,
}

impl NewServer {
    /// The block of TOML that says it, with `\n` at the end of each line.
    pub fn block(&self) -> String {
        let text = |text: &str| toml_edit::Value::from(text).to_string();
        let (key, value, settings) = match &self.address {
            Address::Command(words) => ("command", toml_edit::Value::from_iter(words).to_string(), "env"),
            Address::Url(url) => ("url", text(url), "headers"),
        };
        let mut block = format!("[[server]]\nname = {}\n{key} = {value}\n", text(self.name.as_str()));
        let entry = |(name, setting): &(String, Setting)| {
            let name = toml_edit::Key::new(name).to_string();
            let value = match setting {
                Setting::Plain(plain) => text(plain),
                Setting::Secret(SecretRef::Env(variable)) => format!("{{ env = {} }}", text(variable)),
                Setting::Secret(SecretRef::File(path)) => format!("{{ file = {} }}", text(&path.to_string_lossy())),
            };
            format!("{name} = {value}")
        };
        if !self.settings.is_empty() {
            let entries: Vec<String> = self.settings.iter().map(entry).collect();
            block.push_str(&format!("{settings} = {{ {} }}\n", entries.join(", ")));
        }
        block
    }
}

/// The text with one server more, at its end.
///
/// # Errors
/// Where the name is taken or the text cannot take a `[[server]]`.
pub fn add_server(text: &str, server: &NewServer) -> Result<String, EditError> {
    let before: toml::Table = text.parse().map_err(|_| EditError::NotToml)?;
    if names(&before).any(|name| name == server.name.as_str()) {
        return Err(EditError::Exists(server.name.clone()));
    }
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() { "" } else { line_break };
    let after = format!("{text}{gap}{}", server.block().replace('\n', line_break));
    // INVARIANT: what was there still means the same.
    let mut parsed: toml::Table = after.parse().map_err(|_| EditError::Layout)?;
    let same = match parsed.get_mut("server") {
        Some(Value::Array(list)) => {
            list.pop();
            list.is_empty() && !before.contains_key("server")
                || before.get("server") == Some(&Value::Array(list.clone()))
        }
        _ => false,
    };
    if same { Ok(after) } else { Err(EditError::Layout) }
}

/// The text without the server `name`. Undoes [`add_server`] byte for byte.
///
/// # Errors
/// Where there is no such server, or it does not stand together in one place.
pub fn remove_server(text: &str, name: &str) -> Result<String, EditError> {
    let mut wanted: toml::Table = text.parse().map_err(|_| EditError::NotToml)?;
    let at = names(&wanted).position(|n| n == name).ok_or_else(|| EditError::Missing(name.to_owned()))?;
    let block = block_of(text, at).ok_or(EditError::Layout)?;
    let (mut before, after) = (text.get(..block.start).unwrap_or_default(), text.get(block.end..).unwrap_or_default());
    // Of the empty lines around the block one goes with it. At the end of the file that is the line break which
    // `add_server` wrote.
    let shorter = before.strip_suffix('\n').map(|b| b.strip_suffix('\r').unwrap_or(b));
    let blank = |b: &str| b.is_empty() || b.ends_with('\n');
    if after.is_empty() || (after.starts_with(['\n', '\r']) && shorter.is_some_and(blank)) {
        before = shorter.unwrap_or(before);
    }
    let edited = format!("{before}{after}");
    // INVARIANT: what stays means the same.
    if let Some(Value::Array(list)) = wanted.get_mut("server") {
        list.remove(at);
        if list.is_empty() {
            wanted.remove("server");
        }
    }
    let parsed: toml::Table = edited.parse().map_err(|_| EditError::Layout)?;
    if parsed == wanted { Ok(edited) } else { Err(EditError::Layout) }
}

/// The text with another level, and every other byte as it is.
///
/// # Errors
/// Where the text is not TOML, or says the level in a way that cannot be changed alone.
pub fn set_level(text: &str, level: Level) -> Result<String, EditError> {
    let table = DeTable::parse(text).map_err(|_| EditError::NotToml)?;
    let line = format!("level = \"{level}\"");
    let edited = match table.get_ref().get("level") {
        // Keys of the file itself stand before its tables.
        None => format!("{line}\n{text}"),
        Some(value) => {
            let span = value.span();
            let (before, after) = text.get(..span.start).zip(text.get(span.end..)).ok_or(EditError::Layout)?;
            format!("{before}\"{level}\"{after}")
        }
    };
    let mut wanted: toml::Table = toml::from_str(text).map_err(|_| EditError::NotToml)?;
    wanted.insert("level".to_owned(), Value::String(level.as_str().to_owned()));
    // What was written means the same but for the level, or it is not written.
    if toml::from_str::<toml::Table>(&edited).is_ok_and(|table| table == wanted) {
        Ok(edited)
    } else {
        Err(EditError::Layout)
    }
}

/// The names of the servers in a text, right or wrong otherwise; none where it is not TOML.
pub fn server_names(text: &str) -> Vec<String> {
    text.parse().map(|file| names(&file).map(str::to_owned).collect()).unwrap_or_default()
}

fn names(file: &toml::Table) -> impl Iterator<Item = &str> {
    let list = file.get("server").and_then(Value::as_array);
    list.into_iter().flatten().map(|server| server.get("name").and_then(Value::as_str).unwrap_or_default())
}

/// The lines from the header of a server to its last value, with the line break at their end.
fn block_of(text: &str, at: usize) -> Option<Range<usize>> {
    let file = DeTable::parse(text).ok()?;
    let (_, list) = file.get_ref().iter().find(|(key, _)| key.get_ref() == "server")?;
    let server = list.get_ref().as_array()?.get(at)?;
    let start = text.get(..server.span().start)?.rfind('\n').map_or(0, |line| line + 1);
    let last = end(server.get_ref()).max(server.span().end);
    let rest = text.get(last..)?;
    Some(start..last + rest.find('\n').map_or(rest.len(), |line| line + 1))
}

/// Where the last value in `value` ends.
fn end(value: &DeValue<'_>) -> usize {
    match value {
        DeValue::Table(table) => table.values().map(|v| v.span().end.max(end(v.get_ref()))).max().unwrap_or(0),
        DeValue::Array(list) => list.iter().map(|v| v.span().end.max(end(v.get_ref()))).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn server(name: &str) -> NewServer {
        NewServer {
            name: name.parse().unwrap(),
            address: Address::Command(vec!["npx".into(), "-y".into(), "it's \"quoted\"\\".into()]),
            settings: vec![
                ("PLAIN".into(), Setting::Plain("a\tb".into())),
                ("TOKEN".into(), Setting::Secret(SecretRef::Env("TOKEN".into()))),
            ],
        }
    }

    fn file() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            Just("# a comment"),
            Just(""),
            Just("   "),
            Just("[[server]]\nname = 'old'\ncommand = ['x'] # why\n\n[server.env]\nA = 'b'"),
            Just("[[credential]]\nname = 'c'"),
            Just("[[trust]]\nservers = [\n  'a', # first\n]"),
        ];
        let lines = prop::collection::vec(line, 0..6);
        let once = |lines: &Vec<&str>| lines.iter().filter(|l| l.starts_with("[[server")).count() < 2;
        (lines.prop_filter("names are unique", once), any::<bool>(), any::<bool>()).prop_map(
            |(lines, windows, open)| {
                let text = lines.join("\n") + if open { "" } else { "\n" };
                if windows { text.replace('\n', "\r\n") } else { text }
            },
        )
    }

    proptest! {
        #[test]
        fn removing_undoes_adding(text in file()) {
            let one = add_server(&text, &server("new-one")).unwrap();
            let two = add_server(&one, &server("new-two")).unwrap();
            prop_assert_eq!(&remove_server(&two, "new-two").unwrap(), &one);
            let other = remove_server(&remove_server(&two, "new-one").unwrap(), "new-two").unwrap();
            prop_assert_eq!(other.trim_end(), text.trim_end());
            if text.is_empty() || text.ends_with('\n') {
                prop_assert_eq!(&other, &text);
            }
            prop_assert_eq!(&remove_server(&one, "new-one").unwrap(), &text);
        }
    }

    #[test]
    fn a_server_in_the_middle_goes_with_its_tables() {
        let text = "# top\n[[server]]\nname = 'a'\n[server.env]\nA = 'b' # c\n\n# about b\n[[server]]\nname = 'b'\n";
        assert_eq!(remove_server(text, "a").unwrap(), "# top\n\n# about b\n[[server]]\nname = 'b'\n");
        assert_eq!(remove_server(text, "c"), Err(EditError::Missing("c".into())));
    }

    #[test]
    fn layouts_that_cannot_be_changed() {
        let scattered = "[[server]]\nname = 'a'\n[limits]\ndepth = 3\n[server.env]\nA = 'b'\n";
        assert_eq!(remove_server(scattered, "a"), Err(EditError::Layout));
        assert_eq!(add_server("server = []\n", &server("a")), Err(EditError::Layout));
        assert_eq!(add_server("server = 1 1", &server("a")), Err(EditError::NotToml));
        assert!(matches!(add_server("[[server]]\nname = 'a'", &server("a")), Err(EditError::Exists(_))));
    }
}
