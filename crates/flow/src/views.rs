//! What a text may have been before it was encoded. Each view knows for each of its bytes where in the text it came from.

mod coded;
mod escapes;
mod spread;

use crate::origin::Form;
use std::ops::Range;

/// How many encodings are undone, one within the other; how many views there are of one text; and how long they are
/// together, in bytes, beside twice the text.
pub(crate) const DEPTH: u8 = 3;
pub(crate) const VIEWS: usize = 48;
pub(crate) const ROOM: usize = 2048;
/// Fewer characters in a row look like text by chance; and so do fewer that are all.
const STRETCH: usize = 6;
const SHORT: usize = 4;

/// A text that came out of another.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) text: String,
    /// For each byte the bytes of the outermost text that it came from.
    from: Vec<(u32, u32)>,
    pub(crate) form: Form,
    pub(crate) layers: u8,
}

impl View {
    /// The text itself.
    pub(crate) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), from: Vec::new(), form: Form::Plain, layers: 0 }
    }

    /// Where `span` came from.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Range<usize> {
        if self.from.is_empty() {
            return span.clone();
        }
        let bytes = self.from.get(span.clone()).unwrap_or_default();
        let start = bytes.iter().map(|b| b.0).min().unwrap_or_default();
        let end = bytes.iter().map(|b| b.1).max().unwrap_or_default();
        start as usize..end as usize
    }

    /// Tells what this may have been before.
    pub(crate) fn undo(&self, each: &mut dyn FnMut(Self)) {
        escapes::undo(self, each);
        coded::undo(self, each);
        spread::undo(self, each);
    }

    /// Backwards, and with each letter moved by thirteen.
    pub(crate) fn turned(&self) -> [Self; 2] {
        let mut back = Writer::default();
        for (at, c) in self.text.char_indices().rev() {
            back.push_char(c, at..at + c.len_utf8());
        }
        let turn = |c: char| match c {
            'a'..='m' | 'A'..='M' => char::from_u32(c as u32 + 13).unwrap_or(c),
            'n'..='z' | 'N'..='Z' => char::from_u32(c as u32 - 13).unwrap_or(c),
            _ => c,
        };
        let rotated = Self {
            text: self.text.chars().map(turn).collect(),
            from: self.from.clone(),
            form: Form::Rotated,
            layers: self.layers + 1,
        };
        [back.view(self, Form::Reversed), rotated]
    }
}

/// Writes a view.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    from: Vec<Range<usize>>,
}

impl Writer {
    fn push(&mut self, byte: u8, from: Range<usize>) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    fn push_char(&mut self, c: char, from: Range<usize>) {
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            self.push(byte, from.clone());
        }
    }

    /// Adds another text, with a space before it.
    fn part(&mut self, other: Self) {
        if let Some(last) = self.from.last().cloned() {
            self.push(b' ', last);
        }
        self.bytes.extend(other.bytes);
        self.from.extend(other.from);
    }

    /// The same with one that is being written, where it is long enough to be anything.
    fn part_of(&mut self, other: &mut Self) {
        let done = std::mem::take(other);
        if done.bytes.len() >= SHORT {
            self.part(done);
        }
    }

    /// Leaves only what reads like text, and spaces for the rest; whether there is anything.
    fn only_text(&mut self) -> bool {
        let text = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r');
        if std::str::from_utf8(&self.bytes).is_ok() && !self.bytes.iter().any(|b| *b < 0x80 && !text(b)) {
            return self.bytes.len() >= SHORT;
        }
        let mut any = false;
        for stretch in self.bytes.chunk_by_mut(|a, b| text(a) == text(b)) {
            if stretch.first().is_some_and(text) && stretch.len() >= STRETCH {
                any = true;
            } else {
                stretch.fill(b' ');
            }
        }
        any
    }

    /// The view of `parent`. What is no UTF-8 is a space in it.
    #[expect(clippy::cast_possible_truncation, reason = "a text has fewer than 2^32 bytes")]
    fn view(mut self, parent: &View, form: Form) -> View {
        while let Err(error) = std::str::from_utf8(&self.bytes) {
            let bad = error.valid_up_to();
            let len = error.error_len().unwrap_or(self.bytes.len() - bad);
            self.bytes.get_mut(bad..bad + len).unwrap_or_default().fill(b' ');
        }
        let from = self.from.iter().map(|r| parent.origin(r)).map(|r| (r.start as u32, r.end as u32)).collect();
        let text = String::from_utf8(self.bytes).unwrap_or_default();
        View { text, from, form, layers: parent.layers + 1 }
    }
}
