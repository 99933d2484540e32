//! Characters that are not what they seem: taken out, or put in ASCII.

use super::{
    Way,
    excerpt::Undone,
    invisible::{Class, complex_script, right_to_left},
    letters::{Letter, letter},
    place::{Place, Undo},
};
use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A word with letters of another shape or script, and marks on it.
    Word,
    /// Characters that are not seen.
    Hidden,
    Tags,
    Selectors,
}

/// The places of `text` where characters are not what they seem, from left to right.
pub(super) fn places(text: &str, out: &mut Vec<Place>) {
    let mut walk = Walk { text, word: None, hidden: None, out };
    let mut before = None;
    let mut rest = text;
    // Stretches of ASCII without a word that goes on are not looked at.
    while let Some(skip) = next_strange(rest) {
        let at = text.len() - rest.len() + skip;
        let Some(c) = text.get(at..).and_then(|t| t.chars().next()) else { break };
        before = text.get(..at).and_then(|t| t.chars().next_back()).or(before);
        walk.take(at, c, before.unwrap_or(' '));
        rest = text.get(at + c.len_utf8()..).unwrap_or_default();
    }
    walk.end();
}

/// Where the next character beyond ASCII is that does not just stand for itself.
fn next_strange(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let bytes = text.as_bytes().get(at..)?;
        at += bytes.iter().position(|b| *b >= 0x80)?;
        let c = text.get(at..)?.chars().next()?;
        if letter(c) != Letter::Plain {
            return Some(at);
        }
        at += c.len_utf8();
    }
}

struct Walk<'t, 'o> {
    text: &'t str,
    word: Option<Word>,
    hidden: Option<(Range<usize>, Kind, usize)>,
    out: &'o mut Vec<Place>,
}

/// A word that has at least one letter that is not what it seems.
struct Word {
    span: Range<usize>,
}

impl Walk<'_, '_> {
    fn take(&mut self, at: usize, c: char, before: char) {
        let end = at + c.len_utf8();
        match letter(c) {
            Letter::Plain => {}
            Letter::Hidden(class) => self.hide(at..end, class, before),
            Letter::Mark if !before.is_ascii_alphabetic() && letter(before) == Letter::Plain => {}
            Letter::Shape(_) | Letter::Alike(_) | Letter::Mark => self.letter(at..end),
        }
    }

    fn hide(&mut self, span: Range<usize>, class: Class, before: char) {
        let kind = match class {
            Class::Tag => Kind::Tags,
            Class::Selector | Class::FarSelector => Kind::Selectors,
            _ => Kind::Hidden,
        };
        if let Some((run, last, count)) = &mut self.hidden
            && run.end == span.start
            && *last == kind
        {
            (run.end, *count) = (span.end, *count + 1);
            return;
        }
        self.close_hidden();
        let after = self.text.get(span.end..).and_then(|t| t.chars().next());
        let honest = kind == Kind::Hidden && (span.start == 0 || in_its_place(class, before, after.unwrap_or(' ')));
        if !honest {
            self.hidden = Some((span, kind, 1));
        }
    }

    fn close_hidden(&mut self) {
        let Some((span, kind, count)) = self.hidden.take() else { return };
        // One selector after a sign only says how the sign is drawn.
        if kind != Kind::Selectors || count > 1 {
            self.place(span, kind);
        }
    }

    /// Letters are undone by words: whether one is a look-alike is seen by those around it.
    fn letter(&mut self, span: Range<usize>) {
        if self.word.as_ref().is_some_and(|w| span.start < w.span.end) {
            return;
        }
        self.close_word();
        let part = |c: char| c.is_alphanumeric() || matches!(letter(c), Letter::Shape(_) | Letter::Mark);
        let least = self.out.last().map_or(0, |p| p.span.end).min(span.start);
        let before = self.text.get(least..span.start).unwrap_or_default();
        // A word is no longer than this; what looks longer is taken in parts.
        const LONGEST: usize = 64;
        let start = before
            .char_indices()
            .rev()
            .take(LONGEST)
            .take_while(|(_, c)| part(*c))
            .last()
            .map_or(span.start, |(at, _)| least + at);
        let after = self.text.get(span.end..).unwrap_or_default();
        let end = after
            .char_indices()
            .take(LONGEST)
            .take_while(|(_, c)| part(*c))
            .last()
            .map_or(span.end, |(at, c)| span.end + at + c.len_utf8());
        self.word = Some(Word { span: start..end });
    }

    fn close_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        let said = self.text.get(word.span.clone()).unwrap_or_default();
        if is_disguised(said) {
            self.place(word.span, Kind::Word);
        }
    }

    fn place(&mut self, span: Range<usize>, kind: Kind) {
        let (way, undo): (Way, Undo) = match kind {
            Kind::Word => (Way::Letters, word),
            Kind::Hidden => (Way::Invisible, hidden),
            Kind::Tags => (Way::Tags, tags),
            Kind::Selectors => (Way::Selectors, selectors),
        };
        self.out.push(Place { span, way, undo });
    }

    fn end(&mut self) {
        self.close_hidden();
        self.close_word();
    }
}

/// Whether a hidden character does there what it is for.
fn in_its_place(class: Class, before: char, after: char) -> bool {
    let ideograph = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
    let complex = |c: char| complex_script(c) && !ideograph(c);
    match class {
        Class::Joiner => complex(before) || !(before.is_alphanumeric() || after.is_alphanumeric()),
        Class::Embedding => right_to_left(before) || right_to_left(after),
        Class::ZeroWidth => complex(before) || right_to_left(before) || right_to_left(after),
        _ => false,
    }
}

/// Whether a word is ASCII in disguise: with letters of another shape, with marks, or with look-alikes and nothing that
/// its script has alone.
fn is_disguised(word: &str) -> bool {
    let (mut ascii, mut alike, mut shape, mut plain, mut mark) = (0, 0, 0, 0, 0);
    for c in word.chars() {
        match letter(c) {
            Letter::Plain if c.is_ascii_alphabetic() => ascii += 1,
            Letter::Plain if c.is_ascii() => {}
            Letter::Plain => plain += 1,
            Letter::Alike(_) => alike += 1,
            Letter::Shape(_) => shape += 1,
            Letter::Mark => mark += 1,
            Letter::Hidden(_) => {}
        }
    }
    shape > 0 || (mark > 0 && ascii > 0) || (alike > 0 && (ascii > 0 || (plain == 0 && alike > 1)))
}

/// The characters of a place, each with its bytes.
fn chars(text: &str, span: Range<usize>) -> impl Iterator<Item = (char, Range<usize>)> + Clone {
    let said = text.get(span.clone()).unwrap_or_default();
    said.char_indices().map(move |(at, c)| (c, span.start + at..span.start + at + c.len_utf8()))
}

fn word(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    for (c, from) in chars(text, span) {
        match letter(c) {
            Letter::Plain => out.push_char(c, from),
            Letter::Shape(b) | Letter::Alike(b) => out.push(&[b], from),
            Letter::Mark | Letter::Hidden(_) => {}
        }
    }
    true
}

fn hidden(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    bits(chars(text, span), out);
    true
}

fn tags(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    for (c, from) in chars(text, span) {
        let said = (u32::from(c) & 0x7f) as u8;
        if said.is_ascii_graphic() || matches!(said, b' ' | b'\n') {
            apart(said, from, out);
        }
    }
    true
}

/// Adds a byte of a hidden text, which is none with the word that it stands in.
fn apart(byte: u8, from: Range<usize>, out: &mut Undone) {
    if out.bytes().is_empty() {
        out.push(&[b' ', byte], from);
    } else {
        out.push(&[byte], from);
    }
}

fn selectors(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    // Two ways of counting are in use: selectors as one row of 256, and the far ones alone.
    [16, 0].into_iter().any(|first| {
        out.clear();
        for (c, from) in chars(text, span.clone()) {
            let byte = match u32::from(c) {
                n @ 0xfe00..=0xfe0f => n - 0xfe00,
                n => n - 0xe0100 + first,
            };
            apart(u8::try_from(byte).unwrap_or(b'?'), from, out);
        }
        is_text(out.bytes())
    })
}

/// The text that two hidden characters spell in bits, where they do.
fn bits(hidden: impl Iterator<Item = (char, Range<usize>)> + Clone, out: &mut Undone) {
    let mut kinds: Vec<char> = Vec::new();
    for (c, _) in hidden.clone() {
        if !kinds.contains(&c) {
            kinds.push(c);
        }
        if kinds.len() > 2 {
            return;
        }
    }
    let [zero, one] = kinds.as_slice() else { return };
    for (zero, width) in [(*zero, 8), (*one, 8), (*zero, 7), (*one, 7)] {
        out.clear();
        let (mut byte, mut count, mut start) = (0_u8, 0, 0);
        for (c, from) in hidden.clone() {
            if count == 0 {
                start = from.start;
            }
            byte = byte << 1 | u8::from(c != zero);
            count += 1;
            if count == width {
                apart(byte, start..from.end, out);
                (byte, count) = (0, 0);
            }
        }
        if out.bytes().len() > 4 && is_text(out.bytes()) {
            return;
        }
    }
    out.clear();
}

/// Whether bytes are a text that a person could have written.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')))
}
