use super::{
    Way,
    excerpt::{Excerpts, Undone},
};
use crate::text::spend;
use std::ops::Range;

/// Reads the bytes of a text; `false` where they are no such thing after all.
pub(super) type Undo = fn(&str, Range<usize>, &mut Undone) -> bool;

/// A place of a text where something may be undone.
pub(super) struct Place {
    pub(super) span: Range<usize>,
    pub(super) way: Way,
    pub(super) undo: Undo,
}

/// Undoes `places` in `text`, those that begin first before others, and wider before narrower ones.
pub(super) fn undo(text: &str, mut places: Vec<Place>, budget: usize) -> Excerpts<'_> {
    places.sort_by_key(|p| (p.span.start, usize::MAX - p.span.end));
    let mut excerpts = Excerpts::new(text, budget);
    for place in places {
        let undo = place.undo;
        spend(place.span.len());
        excerpts.replace(place.span.clone(), place.way, |out| undo(text, place.span, out));
    }
    excerpts
}
