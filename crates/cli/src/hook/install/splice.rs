//! JSON text with a value put in or taken out, in the manner of writing that is there.

use super::edit::parse;
use doorward_mcp::json::{Document, Kind, Value, quote};
use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use std::ops::Range;

/// A step into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Name(&'a str),
    Index(usize),
}

/// `text` with the member `name` in the object at `path`, which gets `value` where it is not there.
pub(super) fn ensure(text: &str, path: &[Key<'_>], name: &str, value: &serde_json::Value) -> Result<String, String> {
    let doc = parse(text)?;
    let object = at(&doc, path).filter(|o| o.is_object()).ok_or_else(|| format!("{} is no object", shown(path)))?;
    if object.get(name).is_some() {
        return Ok(text.to_owned());
    }
    Ok(add(text, object, Some(name), value))
}

/// `text` with `value` at the end of the array at `path`.
pub(super) fn push(text: &str, path: &[Key<'_>], value: &serde_json::Value) -> Result<String, String> {
    let doc = parse(text)?;
    let array =
        at(&doc, path).filter(|a| a.kind() == Kind::Array).ok_or_else(|| format!("{} is no list", shown(path)))?;
    Ok(add(text, array, None, value))
}

/// `text` without what is at `path`.
pub(super) fn remove(text: &str, path: &[Key<'_>]) -> Result<String, String> {
    let doc = parse(text)?;
    let gone = || format!("{} is not there", shown(path));
    let (last, above) = path.split_last().ok_or_else(gone)?;
    let parent = at(&doc, above).ok_or_else(gone)?;
    let all = children(parent);
    let index = match last {
        Key::Index(index) => *index,
        Key::Name(name) => parent.members().position(|(key, _)| key == *name).ok_or_else(gone)?,
    };
    let this = all.get(index).ok_or_else(gone)?;
    let range = match (index.checked_sub(1).and_then(|i| all.get(i)), all.get(index + 1)) {
        (Some(before), _) => before.end..this.end,
        (None, Some(next)) => this.start..next.start,
        (None, None) => parent.span().start + 1..parent.span().end - 1,
    };
    Ok(spliced(text, range, ""))
}

/// Whether the object or array at `path` has nothing in it.
pub(super) fn is_empty(text: &str, path: &[Key<'_>]) -> Result<bool, String> {
    let doc = parse(text)?;
    Ok(at(&doc, path).is_some_and(|v| matches!(v.kind(), Kind::Object | Kind::Array) && children(v).is_empty()))
}

/// Puts `value` behind what is in `parent`.
fn add(text: &str, parent: Value<'_>, name: Option<&str>, value: &serde_json::Value) -> String {
    let all = children(parent);
    let Some(last) = all.last() else {
        let inside = parent.span().start + 1..parent.span().end - 1;
        let written = if is_on_lines(text) {
            let (end, outer) = (line_end(text), indent_at(text, parent.span().start));
            let inner = format!("{end}{outer}{}", unit(text));
            format!("{inner}{}{end}{outer}", member(name, value, Some((&inner, unit(text)))))
        } else {
            member(name, value, None)
        };
        return spliced(text, inside, &written);
    };
    let start = all.len().checked_sub(2).and_then(|i| all.get(i)).map_or(parent.span().start + 1, |before| before.end);
    let between = text.get(start..last.start).unwrap_or_default();
    let space = between.rsplit(',').next().unwrap_or_default();
    let lines = space.contains('\n').then(|| (space.get(line_start(space)..).unwrap_or(space), unit(text)));
    spliced(text, last.end..last.end, &format!(",{space}{}", member(name, value, lines)))
}

/// A value with its name, on lines that begin with what is given, or on one line.
fn member(name: Option<&str>, value: &serde_json::Value, lines: Option<(&str, &str)>) -> String {
    let (written, colon) = match lines {
        Some((begin, unit)) => {
            let mut bytes = Vec::new();
            let mut to = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(unit.as_bytes()));
            // A value of ours is written into memory.
            let pretty = value.serialize(&mut to).ok().and_then(|()| String::from_utf8(bytes).ok()).unwrap_or_default();
            (pretty.replace('\n', begin), ": ")
        }
        None => (value.to_string(), ":"),
    };
    name.map_or_else(|| written.clone(), |name| format!("{}{colon}{written}", quote(name)))
}

fn at<'a>(doc: &'a Document, path: &[Key<'_>]) -> Option<Value<'a>> {
    path.iter().try_fold(doc.root(), |value, key| match key {
        Key::Name(name) => value.get(name),
        Key::Index(index) => value.items().nth(*index),
    })
}

/// The members or items, each with its bytes.
fn children(parent: Value<'_>) -> Vec<Range<usize>> {
    if parent.is_object() {
        parent.keyed().map(|(_, key, value)| key.start..value.span().end).collect()
    } else {
        parent.items().map(Value::span).collect()
    }
}

fn spliced(text: &str, range: Range<usize>, new: &str) -> String {
    let mut text = text.to_owned();
    text.replace_range(range, new);
    text
}

/// Whether values stand on lines of their own; what is empty so far will.
fn is_on_lines(text: &str) -> bool {
    text.trim().contains('\n') || text.trim() == "{}"
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// What the first line that is indented is indented by.
fn unit(text: &str) -> &str {
    let indented = text.lines().find(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
    indented.map_or("  ", |line| line.get(..line.len() - line.trim_start().len()).unwrap_or("  "))
}

/// The indentation of the line that `position` is on.
fn indent_at(text: &str, position: usize) -> &str {
    let before = text.get(..position).unwrap_or_default();
    let line = text.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

/// Where the last line break in `space` begins.
fn line_start(space: &str) -> usize {
    let at = space.rfind('\n').unwrap_or(0);
    if at > 0 && space.as_bytes().get(at - 1) == Some(&b'\r') { at - 1 } else { at }
}

fn shown(path: &[Key<'_>]) -> String {
    let word = |key: &Key<'_>| match key {
        Key::Name(name) => (*name).to_owned(),
        Key::Index(index) => index.to_string(),
    };
    if path.is_empty() {
        "the file".to_owned()
    } else {
        format!("`{}`", path.iter().map(word).collect::<Vec<_>>().join("."))
    }
}
