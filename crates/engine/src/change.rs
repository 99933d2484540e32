//! Changes to one text in which something was found: the finding is cut out, or the text is said to be data. A text that is
//! itself JSON stays JSON: what is changed are the strings in it.

use crate::readable::in_json;
use bytes::Bytes;
use doorward_mcp::json::{Document, Kind, Limits, Strictness, Value, quote};
use std::ops::Range;

/// What is done to a text.
#[derive(Debug)]
pub(crate) enum Change {
    /// What was found goes, and a note says how much it was.
    Cut {
        /// Where the decision can be looked up.
        reference: String,
    },
    /// The text stays, between these two.
    Enclose {
        /// What is put before it.
        before: String,
        /// What is put after it.
        after: String,
    },
}

/// `text` in the place of what stands at `span`. Spans begin and end between characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) span: Range<usize>,
    pub(crate) text: String,
}

/// What was found in a text: where.
pub(crate) type Look<'a> = &'a dyn Fn(&str) -> Vec<Range<usize>>;

/// JSON within JSON is looked into so deep.
const DEPTH: usize = 4;

impl Change {
    /// The changes to `text`, where `found` was found in it. `None` where they would leave some of it, or where it cannot
    /// be told what of the text is to be changed: then it has to go as a whole.
    pub(crate) fn to(&self, text: &str, found: &[Range<usize>], look: Look<'_>) -> Option<Vec<Splice>> {
        let splices = self.within(text, found, look, DEPTH)?;
        self.is_clean(text, &splices, look).then_some(splices)
    }

    /// The same for a text that is JSON. What was found in it as a whole may not be where it stands there.
    pub(crate) fn to_json(&self, text: &str, look: Look<'_>) -> Option<Vec<Splice>> {
        let splices = self.in_json(json(text)?.root(), look, DEPTH)?;
        self.is_clean(text, &splices, look).then_some(splices)
    }

    fn is_clean(&self, text: &str, splices: &[Splice], look: Look<'_>) -> bool {
        match self {
            Self::Cut { .. } => look(&applied(text, splices)).is_empty(),
            Self::Enclose { .. } => true,
        }
    }

    fn within(&self, text: &str, found: &[Range<usize>], look: Look<'_>, depth: usize) -> Option<Vec<Splice>> {
        match json(text) {
            Some(document) => self.in_json(document.root(), look, depth.checked_sub(1)?),
            // It was read without its escapes, so what was found is not where it stands.
            None if in_json(text).is_some() => None,
            None => Some(self.in_plain(text, found)),
        }
    }

    fn in_plain(&self, text: &str, found: &[Range<usize>]) -> Vec<Splice> {
        match self {
            Self::Cut { reference } => pieces(text, found).into_iter().map(|span| cut(text, span, reference)).collect(),
            Self::Enclose { before, after } => {
                let at = |at: usize, text: &str| Splice { span: at..at, text: text.to_owned() };
                vec![at(0, before), at(text.len(), after)]
            }
        }
    }

    /// Every string in which something is found for itself. Keys are names: one that is not fit to be read takes all with it.
    fn in_json(&self, root: Value<'_>, look: Look<'_>, depth: usize) -> Option<Vec<Splice>> {
        let mut all = Vec::new();
        for value in root.walk() {
            if value.members().any(|(key, _)| !look(&key).is_empty()) {
                return None;
            }
            let Some(text) = value.as_str().filter(|_| value.kind() == Kind::String) else { continue };
            let found = look(&text);
            if !found.is_empty() {
                all.extend(in_string(value.raw(), value.span().start, self.within(&text, &found, look, depth)?));
            }
        }
        // What no string has by itself stands across several of them.
        (!all.is_empty()).then_some(all)
    }
}

/// `text` with the changes made; they stand in order and do not overlap.
pub(crate) fn applied(text: &str, splices: &[Splice]) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for Splice { span, text: new } in splices {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(new);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Changes to a string as changes to its JSON text, which begins at `start`.
pub(crate) fn in_string(raw: &str, start: usize, splices: Vec<Splice>) -> Vec<Splice> {
    let mut places = Written { raw: raw.as_bytes(), raw_at: 1, at: 0 };
    let mut moved = Vec::with_capacity(splices.len());
    for Splice { span, text } in splices {
        let span = start + places.find(span.start)..start + places.find(span.end);
        let quoted = quote(&text);
        let text = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
        moved.push(Splice { span, text });
    }
    moved
}

/// Walks the JSON text of a string, and the string beside it.
struct Written<'a> {
    raw: &'a [u8],
    raw_at: usize,
    at: usize,
}

impl Written<'_> {
    /// Where the byte `to` of the string is written. Must not be asked for an earlier one than before.
    fn find(&mut self, to: usize) -> usize {
        while self.at < to {
            let (written, long) = match self.raw.get(self.raw_at..) {
                Some([b'\\', b'u', rest @ ..]) => match unit(rest) {
                    0..0x80 => (6, 1),
                    0x80..0x800 => (6, 2),
                    0xd800..0xe000 => (12, 4),
                    _ => (6, 3),
                },
                Some([b'\\', ..]) => (2, 1),
                Some([_, ..]) => (1, 1),
                Some([]) | None => return self.raw.len().saturating_sub(1),
            };
            self.raw_at += written;
            self.at += long;
        }
        self.raw_at
    }
}

/// The UTF-16 unit in the first four of `digits`.
fn unit(digits: &[u8]) -> u32 {
    let digits = digits.get(..4).and_then(|d| std::str::from_utf8(d).ok());
    digits.and_then(|d| u32::from_str_radix(d, 16).ok()).unwrap_or_default()
}

/// The document that `text` is, where it is an object or a list.
fn json(text: &str) -> Option<Document> {
    text.trim_start().starts_with(['{', '[']).then_some(())?;
    Document::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default(), Strictness::Result).ok()
}

/// What is to be cut: whole words, without the blanks around, in order and apart.
fn pieces(text: &str, found: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = found.iter().filter_map(|span| whole_words(text, span.clone())).collect();
    spans.sort_unstable_by_key(|span| span.start);
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match apart.last_mut() {
            // What stands between two cuts is worth keeping only where it says something.
            Some(last) if text.get(last.end..span.start).is_none_or(|between| between.trim().is_empty()) => {
                last.end = last.end.max(span.end);
            }
            _ => apart.push(span),
        }
    }
    apart
}

/// The longest word that a span is widened to.
const WORD: usize = 64;

fn whole_words(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let (mut start, mut end) = (text.floor_char_boundary(span.start), text.ceil_char_boundary(span.end));
    let within = text.get(start..end)?;
    start += within.len() - within.trim_start().len();
    end -= within.len() - within.trim_end().len();
    let inner = text.get(start..end).filter(|inner| !inner.is_empty())?;
    if inner.chars().next().is_some_and(is_letter) {
        let before = text.get(..start)?;
        let word = before.chars().rev().take_while(|c| is_letter(*c)).take(WORD).map(char::len_utf8).sum::<usize>();
        start -= word;
    }
    if inner.chars().next_back().is_some_and(is_letter) {
        let after = text.get(end..)?;
        end += after.chars().take_while(|c| is_letter(*c)).take(WORD).map(char::len_utf8).sum::<usize>();
    }
    Some(start..end)
}

/// Whether a character goes on a word. Scripts without cases set no blanks between words, so there each stands for itself.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_lowercase() || c.is_uppercase()
}

/// The note in the place of what is cut: it touches no word.
fn cut(text: &str, span: Range<usize>, reference: &str) -> Splice {
    let count = text.get(span.clone()).unwrap_or_default().chars().count();
    let apart = |c: Option<char>| if c.is_none_or(char::is_whitespace) { "" } else { " " };
    let before = apart(text.get(..span.start).and_then(|t| t.chars().next_back()));
    let after = apart(text.get(span.end..).and_then(|t| t.chars().next()));
    Splice { span, text: format!("{before}[{count} characters removed by Doorward: {reference}]{after}") }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
