//! The strings of a message, one after the other: who gets a secret in pieces puts them together.

use super::{
    Form, KnownSecrets, Reflection,
    scan::{GAP, Odd},
    undo::Layer,
};
use doorward_mcp::json::{Kind, Value};
use std::{collections::HashMap, ops::Range};

/// How much of the beginning and of the end of a long string may belong to a secret that goes on elsewhere, in bytes.
const EDGE: usize = 2048;

/// What holds a piece of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A string; the span is within its quotes.
    Text,
    /// The key of a member; the span is within its quotes.
    Key,
    /// A number, all of it.
    Number,
}

/// A piece of a known secret in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where and what; the span is of the document.
    pub reflection: Reflection,
    /// In what it stands.
    pub holder: Holder,
    /// Whether the same reflection began in an earlier piece.
    pub goes_on: bool,
}

impl KnownSecrets {
    /// Where the secrets occur in `value`, in its keys, strings and numbers, and over several of them: ordered, not
    /// overlapping, and each within one.
    pub fn find_in(&self, value: Value<'_>) -> Vec<Held> {
        if self.is_empty() {
            return Vec::new();
        }
        let (text, start) = (value.raw().as_bytes(), value.span().start);
        let (mut found, mut odd) = (Vec::new(), Odd::default());
        self.scan(text, &mut found, &mut odd);
        self.undo(text, odd, &mut found);
        let mut strings = Strings { start, ..Strings::default() };
        strings.walk(value, 0);
        let mut found: Vec<Vec<Reflection>> = found.into_iter().map(|r| vec![r]).collect();
        for line in strings.lines(text) {
            self.scan_line(&line, &mut found);
        }
        if found.is_empty() { Vec::new() } else { held(value, found) }
    }

    fn scan_line(&self, line: &Line, found: &mut Vec<Vec<Reflection>>) {
        let (mut within, mut odd) = (Vec::new(), Odd::default());
        self.scan(&line.layer.bytes, &mut within, &mut odd);
        self.undo(&line.layer.bytes, odd, &mut within);
        for reflection in within {
            let spans = line.spans(&reflection.span);
            // What stands in one string was found there.
            if spans.len() > 1 {
                let piece = |span| Reflection { span, form: Form::Split, ..reflection.clone() };
                found.push(spans.into_iter().map(piece).collect());
            }
        }
    }
}

/// The strings of a value, by the keys that lead to them.
#[derive(Default)]
struct Strings {
    /// Where the value begins in its document.
    start: usize,
    all: Vec<Range<usize>>,
    alike: HashMap<u64, Vec<Range<usize>>>,
}

impl Strings {
    fn walk(&mut self, value: Value<'_>, path: u64) {
        match value.kind() {
            Kind::Object => {
                for (key, _, member) in value.keyed() {
                    let step = key
                        .bytes()
                        .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
                    self.walk(member, path.rotate_left(7) ^ step);
                }
            }
            Kind::Array => value.items().for_each(|item| self.walk(item, path.rotate_left(7) ^ 1)),
            Kind::String => {
                let span = value.span();
                let inside = span.start + 1 - self.start..span.end.saturating_sub(1) - self.start;
                if !inside.is_empty() {
                    self.all.push(inside.clone());
                    self.alike.entry(path).or_default().push(inside);
                }
            }
            Kind::Null | Kind::False | Kind::True | Kind::Number | Kind::Key => {}
        }
    }

    /// All strings as a line, and those that stand at the same keys.
    fn lines(self, text: &[u8]) -> impl Iterator<Item = Line> + '_ {
        let all = self.all.len();
        let alike = self.alike.into_values().filter(move |strings| strings.len() < all);
        std::iter::once(self.all).chain(alike).filter(|strings| strings.len() > 1).map(|s| Line::of(text, &s))
    }
}

/// Some strings in a row.
#[derive(Default)]
struct Line {
    layer: Layer,
    /// Where each string begins.
    strings: Vec<usize>,
}

impl Line {
    fn of(text: &[u8], strings: &[Range<usize>]) -> Self {
        let mut line = Self::default();
        for string in strings {
            line.strings.push(line.layer.bytes.len());
            if string.len() <= 2 * EDGE {
                line.add(text, string.clone());
            } else {
                line.add(text, string.start..string.start + EDGE);
                // Nothing goes on over so many of these.
                (0..=GAP).for_each(|_| line.layer.push(b' ', string.start..string.start));
                line.add(text, string.end - EDGE..string.end);
            }
        }
        line
    }

    fn add(&mut self, text: &[u8], part: Range<usize>) {
        for (at, byte) in part.clone().zip(text.get(part).unwrap_or_default()) {
            self.layer.push(*byte, at..at + 1);
        }
    }

    /// Where a part of the line stands, string by string.
    fn spans(&self, part: &Range<usize>) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let first = self.strings.partition_point(|s| *s <= part.start).saturating_sub(1);
        for (i, begin) in self.strings.iter().enumerate().skip(first).take_while(|(_, begin)| **begin < part.end) {
            let end = self.strings.get(i + 1).copied().unwrap_or(self.layer.bytes.len());
            let (from, to) = (part.start.max(*begin), part.end.min(end));
            if from < to {
                spans.push(self.layer.origin(&(from..to)));
            }
        }
        spans
    }
}

/// What was found in a value, cut to what holds it.
fn held(value: Value<'_>, found: Vec<Vec<Reflection>>) -> Vec<Held> {
    let (text, start) = (value.raw().as_bytes(), value.span().start);
    let mut holders = Vec::new();
    tokens(value, &mut holders);
    let mut out: Vec<Held> = Vec::new();
    for reflection in found {
        let mut goes_on = false;
        for piece in reflection {
            let (from, to) = (start + piece.span.start, start + piece.span.end);
            let first = holders.partition_point(|(_, span): &(Holder, Range<usize>)| span.end <= from);
            for (holder, within) in holders.iter().skip(first).take_while(|(_, span)| span.start < to) {
                let cut = from.max(within.start)..to.min(within.end);
                let span = match holder {
                    Holder::Number => within.clone(),
                    Holder::Text | Holder::Key => whole_characters(text, start, within, cut),
                };
                let reflection = Reflection { span, ..piece.clone() };
                out.push(Held { reflection, holder: *holder, goes_on });
                goes_on = true;
            }
        }
    }
    merged(out)
}

fn merged(mut all: Vec<Held>) -> Vec<Held> {
    all.sort_by_key(|h| (h.reflection.span.start, h.goes_on, std::cmp::Reverse(h.reflection.span.end)));
    let mut out: Vec<Held> = Vec::with_capacity(all.len());
    for next in all {
        let span = &next.reflection.span;
        match out.last_mut().map(|last| &mut last.reflection.span) {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => out.push(next),
        }
    }
    out
}

/// Keys, strings without their quotes and numbers, in the order in which they stand.
fn tokens(value: Value<'_>, out: &mut Vec<(Holder, Range<usize>)>) {
    let inside = |span: Range<usize>| span.start + 1..span.end.saturating_sub(1);
    match value.kind() {
        Kind::Object => {
            for (_, at, member) in value.keyed() {
                out.push((Holder::Key, inside(at)));
                tokens(member, out);
            }
        }
        Kind::Array => value.items().for_each(|item| tokens(item, out)),
        Kind::String => out.push((Holder::Text, inside(value.span()))),
        Kind::Number => out.push((Holder::Number, value.span())),
        Kind::Null | Kind::False | Kind::True | Kind::Key => {}
    }
}

/// `cut` grown so that it parts no character and no escape of the string `within` (RFC 8259 §7).
fn whole_characters(text: &[u8], start: usize, within: &Range<usize>, cut: Range<usize>) -> Range<usize> {
    let byte = |at: usize| at.checked_sub(start).and_then(|at| text.get(at)).copied().unwrap_or_default();
    // An escape that covers `at` and begins before it.
    let escape = |at: usize| {
        (within.start.max(at.saturating_sub(5))..at).rev().find_map(|from| {
            let slashes = (within.start..=from).rev().take_while(|i| byte(*i) == b'\\').count();
            let end = from + if byte(from + 1) == b'u' { 6 } else { 2 };
            (slashes % 2 == 1 && end > at).then_some(from..end)
        })
    };
    let mut cut = cut;
    if let Some(escape) = escape(cut.start) {
        cut.start = escape.start;
    }
    if let Some(escape) = escape(cut.end) {
        cut.end = escape.end.min(within.end);
    }
    while cut.start > within.start && byte(cut.start) & 0xc0 == 0x80 {
        cut.start -= 1;
    }
    while cut.end < within.end && byte(cut.end) & 0xc0 == 0x80 {
        cut.end += 1;
    }
    cut
}
