use std::ops::Range;

/// A text with the name that people know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the operator wrote it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// The first line of a span, and where the span stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The text of the line, without its break.
    pub(crate) text: &'a str,
    /// The line's number, from 1.
    pub(crate) number: usize,
    /// Bytes of the line that the span covers; clipped to the line.
    pub(crate) span: Range<usize>,
}

impl Line<'_> {
    /// The column of the span in characters, from 1.
    pub(crate) fn column(&self) -> usize {
        1 + self.text.get(..self.span.start).map_or(0, |before| before.chars().count())
    }
}

impl Source {
    /// The line on which `span` starts.
    pub(crate) fn line(&self, span: &Range<usize>) -> Line<'_> {
        let start = floor(&self.text, span.start);
        let (before, after) = self.text.split_at_checked(start).unwrap_or((&self.text, ""));
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let end = start + after.find('\n').unwrap_or(after.len());
        let text = self.text.get(begin..end).unwrap_or_default().trim_end_matches('\r');
        let stop = floor(&self.text, span.end).min(begin + text.len());
        let start = (start - begin).min(text.len());
        Line { text, number: 1 + before.matches('\n').count(), span: start..(stop.saturating_sub(begin)).max(start) }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}
