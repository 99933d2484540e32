use crate::{DefinitionContext, reading::Reading};
use doorward_vocab::{Channel, FindingKind, Severity};
use std::{borrow::Cow, ops::Range};

/// A text to look at: a string of a message, unescaped.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// Where it stands in the message, as a JSON pointer (`/description`, `/inputSchema/properties/q/description`).
    pub path: &'a str,
    /// The text.
    pub text: &'a str,
    /// What kind of message it stands in.
    pub channel: Channel,
}

/// A place where a detector's literal occurs, without regard to the case of ASCII letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which of the detector's literals.
    pub literal: usize,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// What a detector gets to see of one text.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The text, in the reading that is looked at.
    pub text: &'a Text<'a>,
    /// That reading; spans are in bytes of it.
    pub reading: &'a Reading<'a>,
    /// Whether it is ASCII only.
    pub ascii: bool,
    /// Where the detector's own literals occur, ordered by their end; they may overlap.
    pub hits: &'a [Hit],
    /// The definition that the text belongs to, if it is one.
    pub definition: Option<&'a DefinitionContext<'a>>,
}

/// What a detector saw in one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// What kind of thing it is.
    pub kind: FindingKind,
    /// How bad it is if true.
    pub severity: Severity,
    /// How sure the detector is, 0 to 1.
    pub confidence: f32,
    /// Bytes of the text or reading that is looked at; both ends are at character boundaries.
    pub span: Range<usize>,
    /// One sentence for the operator; never holds a secret.
    pub note: Cow<'static, str>,
}

/// Collects what one detector sees in one text. Beyond [`Self::MAX`] sightings the last one grows to cover the rest, so
/// that a flood of harmless ones hides nothing.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub(crate) seen: Vec<Sighting>,
}

impl Findings {
    /// The most sightings of one detector in one text.
    pub const MAX: usize = 64;

    /// Adds a sighting.
    pub fn add(&mut self, sighting: Sighting) {
        let full = self.seen.len() >= Self::MAX;
        match self.seen.last_mut().filter(|_| full) {
            Some(last) => {
                last.span = last.span.start.min(sighting.span.start)..last.span.end.max(sighting.span.end);
                last.severity = last.severity.max(sighting.severity);
                last.confidence = last.confidence.max(sighting.confidence);
            }
            None => self.seen.push(sighting),
        }
    }

    /// Adds a sighting of another reading, unless the same was seen at the same place already.
    pub(crate) fn join(&mut self, sighting: Sighting) {
        let same = |s: &&mut Sighting| {
            s.kind == sighting.kind && s.span.start < sighting.span.end && sighting.span.start < s.span.end
        };
        match self.seen.iter_mut().find(same) {
            Some(s) => {
                s.span = s.span.start.min(sighting.span.start)..s.span.end.max(sighting.span.end);
                s.severity = s.severity.max(sighting.severity);
                s.confidence = s.confidence.max(sighting.confidence);
            }
            None => self.add(sighting),
        }
    }
}

/// `span` widened to character boundaries of `text` and cut to its length.
pub(crate) fn snap(text: &str, span: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (span.start.min(text.len()), span.end.min(text.len()));
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end.max(start)
}

/// Counts the bytes that detectors look at beyond the one pass over the text, so that a test can hold them to a bound.
#[inline]
pub(crate) fn spend(bytes: usize) {
    #[cfg(test)]
    work::SPENT.with(|spent| spent.set(spent.get() + bytes));
    let _ = bytes;
}

/// The part of `text` within `before` bytes before and `after` bytes after `span`, with its first byte.
pub(crate) fn window(text: &str, span: Range<usize>, before: usize, after: usize) -> (usize, &str) {
    let span = snap(text, span.start.saturating_sub(before)..span.end.saturating_add(after));
    spend(span.len());
    (span.start, text.get(span).unwrap_or_default())
}

#[cfg(test)]
pub(crate) mod work {
    use std::cell::Cell;

    thread_local! {
        pub(crate) static SPENT: Cell<usize> = const { Cell::new(0) };
    }
}
