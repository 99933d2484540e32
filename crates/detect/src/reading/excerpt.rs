//! Texts with some places replaced, cut to what surrounds these places.

use super::{Way, Ways, origin::Origin};
use crate::text::snap;
use std::{borrow::Cow, ops::Range};

/// So many bytes before and after a place are read with it.
const CONTEXT: usize = 256;

/// A part of a text in which places were undone.
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) origin: Origin,
    pub(super) ways: Ways,
}

/// What a place says once it is undone.
#[derive(Default)]
pub(super) struct Undone {
    bytes: Vec<u8>,
    /// Lengths of units, and where each came from.
    units: Vec<(usize, Range<usize>)>,
}

impl Undone {
    /// Adds bytes that came from `from`.
    pub(super) fn push(&mut self, bytes: &[u8], from: Range<usize>) {
        self.bytes.extend_from_slice(bytes);
        self.units.push((bytes.len(), from));
    }

    /// Adds bytes that came from nowhere, and are taken for a part of what was added before them.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        if let Some((length, _)) = self.units.last_mut() {
            *length += bytes.len();
            self.bytes.extend_from_slice(bytes);
        }
    }

    pub(super) fn push_char(&mut self, c: char, from: Range<usize>) {
        self.push(c.encode_utf8(&mut [0; 4]).as_bytes(), from);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, with a question mark for each that belongs to no character.
    fn readable(&self) -> Cow<'_, [u8]> {
        let mut bytes = Cow::Borrowed(&*self.bytes);
        let mut at = 0;
        while let Err(error) = std::str::from_utf8(bytes.get(at..).unwrap_or_default()) {
            at += error.valid_up_to();
            let length = error.error_len().unwrap_or(bytes.len() - at).max(1);
            bytes.to_mut().iter_mut().skip(at).take(length).for_each(|b| *b = b'?');
            at += length;
        }
        bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.units.clear();
    }
}

/// Takes places of `text` from left to right and makes excerpts of them.
pub(super) struct Excerpts<'t> {
    text: &'t str,
    done: Vec<Excerpt>,
    open: Option<Excerpt>,
    /// Up to here `text` is in the excerpt that is open.
    to: usize,
    undone: Undone,
    /// How many bytes may still be made.
    pub(super) budget: usize,
}

impl<'t> Excerpts<'t> {
    pub(super) fn new(text: &'t str, budget: usize) -> Self {
        Self { text, done: Vec::new(), open: None, to: 0, undone: Undone::default(), budget }
    }

    /// Replaces `span` by what `undo` makes of it; `undo` says whether it made something of it. What makes no text is left.
    pub(super) fn replace(&mut self, span: Range<usize>, way: Way, undo: impl FnOnce(&mut Undone) -> bool) {
        let mut undone = std::mem::take(&mut self.undone);
        undone.clear();
        if span.start >= self.to && undo(&mut undone) {
            self.splice(span, way, &undone);
        }
        self.undone = undone;
    }

    fn splice(&mut self, span: Range<usize>, way: Way, undone: &Undone) {
        let bytes = undone.readable();
        let Ok(said) = std::str::from_utf8(&bytes) else { return };
        let far = self.open.is_some() && span.start > self.to + 2 * CONTEXT;
        if far {
            self.close();
        }
        let from = match self.open {
            Some(_) => self.to,
            // What an excerpt before this one holds may be in this one too.
            None => snap(self.text, span.start.saturating_sub(CONTEXT)..span.start).start.max(self.to),
        };
        let between = self.text.get(from..span.start).unwrap_or_default();
        let cost = between.len() + said.len() + CONTEXT;
        if cost > self.budget {
            return;
        }
        self.budget -= between.len() + said.len();
        let open = self.open.get_or_insert_with(|| Excerpt {
            text: String::new(),
            origin: Origin::default(),
            ways: Ways::default(),
        });
        if !between.is_empty() {
            open.origin.copy(open.text.len(), from);
            open.text.push_str(between);
        }
        let mut at = open.text.len();
        for (length, from) in undone.units.iter().filter(|(length, _)| *length > 0) {
            open.origin.push(at, *length, from.clone());
            at += length;
        }
        open.text.push_str(said);
        open.ways.add(way);
        self.to = span.end;
    }

    fn close(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        let after = snap(self.text, self.to..self.to.saturating_add(CONTEXT.min(self.budget)));
        let rest = self.text.get(after.clone()).unwrap_or_default();
        self.budget = self.budget.saturating_sub(rest.len());
        if !rest.is_empty() {
            open.origin.copy(open.text.len(), after.start);
            open.text.push_str(rest);
        }
        self.to = after.end;
        self.done.push(open);
    }

    /// The excerpts, and what is left of the budget.
    pub(super) fn finish(mut self) -> (Vec<Excerpt>, usize) {
        self.close();
        (self.done, self.budget)
    }
}
