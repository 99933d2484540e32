//! The ways in which a text can be read. What a person or a model makes of a text is not its bytes: letters come in many
//! shapes, some characters are not seen, and texts are encoded, spelled or turned around. Detectors look at every
//! reading, and what they find points to the bytes that it came from.
//!
//! Invariant: all readings together are at most twice as long as the text, and a bit; the first is the text itself, and
//! the only one where there is nothing to undo.

mod broken;
mod escapes;
mod excerpt;
mod invisible;
mod leet;
mod letters;
mod numbers;
mod origin;
mod place;
mod quick;
mod runs;
mod spelled;
mod strange;
mod turned;
mod words;

pub(crate) use invisible::{Class, class, complex_script, is_invisible, right_to_left};

use crate::text::spend;
use excerpt::Excerpt;
use origin::Origin;
use std::{borrow::Cow, ops::Range, sync::Arc};

/// How many times something is undone in what was undone.
pub const DEPTH: usize = 4;

/// What was undone to get a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Way {
    /// Letters of other shapes and scripts became those of ASCII, marks on them went.
    Letters,
    /// Characters that are not seen went, or what they spelled in bits was read.
    Invisible,
    /// Tag characters became what they spell.
    Tags,
    /// Variation selectors became the bytes that they number.
    Selectors,
    /// Characters that were written as numbers or names.
    Escapes,
    /// Base64 or base32 was decoded.
    Base64,
    /// Hexadecimal was decoded.
    Hex,
    /// A list of numbers became the text that they are the codes of.
    Numbers,
    /// Letters that stood alone became words.
    Spelled,
    /// Digits in words became letters.
    Leet,
    /// Words that were joined were parted.
    Joined,
    /// Text was turned around, or its letters were.
    Turned,
    /// Markup and colours within words went.
    Broken,
}

/// A set of ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways(u32);

impl Ways {
    fn add(&mut self, way: Way) {
        self.0 |= 1 << way as u32;
    }

    /// Whether `way` was taken.
    pub const fn has(self, way: Way) -> bool {
        self.0 & (1 << way as u32) != 0
    }

    /// Whether none was taken: it is the text itself.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// One way in which a text, or a part of it, can be read.
#[derive(Clone, Debug)]
pub struct Reading<'t> {
    text: Cow<'t, str>,
    ways: Ways,
    original: &'t str,
    /// From this reading to the text itself; empty for the first reading.
    origins: Vec<(Arc<Origin>, Option<Arc<str>>)>,
}

impl<'t> Reading<'t> {
    /// The text itself.
    pub fn itself(text: &'t str) -> Self {
        Self { text: Cow::Borrowed(text), ways: Ways::default(), original: text, origins: Vec::new() }
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many times something was undone: 0 for the text itself.
    pub fn depth(&self) -> usize {
        self.origins.len()
    }

    /// What was undone.
    pub fn ways(&self) -> Ways {
        self.ways
    }

    /// The bytes of the original text that the bytes `span` of this reading came from. Both ends are at character
    /// boundaries, and a wider span gives a span that is no less wide.
    pub fn original(&self, span: Range<usize>) -> Range<usize> {
        self.origins
            .iter()
            .fold(span, |span, (origin, source)| origin.of(&span, source.as_deref().unwrap_or(self.original)))
    }

    /// Whether anything within the bytes `span` of this reading is other than in the text itself.
    pub fn is_undone(&self, span: &Range<usize>) -> bool {
        let mut span = span.clone();
        self.origins.iter().any(|(origin, source)| {
            let undone = origin.is_undone(&span);
            span = origin.of(&span, source.as_deref().unwrap_or(self.original));
            undone
        })
    }

    /// What comes out where something is undone in this reading, within `budget`.
    fn undone(&self, budget: &mut usize) -> Vec<Self> {
        let text = self.text();
        if self.depth() > 0 {
            spend(text.len());
        }
        let mut places = Vec::new();
        if !text.is_ascii() {
            strange::places(text, &mut places);
        }
        let odd = quick::look(text);
        runs::places(text, &odd.runs, &mut places);
        numbers::places(text, &odd.numbers, &mut places);
        spelled::places(text, &odd.lone, &mut places);
        leet::places(text, &odd.mixed, &mut places);
        escapes::places(text, &mut places);
        broken::places(text, &mut places);
        turned::places(text, &mut places);
        if places.is_empty() {
            return Vec::new();
        }
        let excerpts = place::undo(text, places, *budget);
        let (done, left) = excerpts.finish();
        *budget = left;
        let source: Option<Arc<str>> = (self.depth() > 0).then(|| Arc::from(text));
        done.into_iter().map(|excerpt| self.after(excerpt, source.clone())).collect()
    }

    fn after(&self, excerpt: Excerpt, source: Option<Arc<str>>) -> Self {
        let own = (Arc::new(excerpt.origin), source);
        Self {
            text: Cow::Owned(excerpt.text),
            ways: Ways(self.ways.0 | excerpt.ways.0),
            original: self.original,
            origins: std::iter::once(own).chain(self.origins.iter().cloned()).collect(),
        }
    }
}

/// All readings of a text.
#[derive(Clone, Debug)]
pub struct Readings<'t> {
    itself: Reading<'t>,
    others: Vec<Reading<'t>>,
}

impl<'t> Readings<'t> {
    /// Undoes what can be undone in `text`.
    pub fn of(text: &'t str) -> Self {
        let itself = Reading::itself(text);
        if u32::try_from(text.len()).is_err() {
            return Self { itself, others: Vec::new() };
        }
        let mut budget = text.len() * 2 + 1024;
        let mut others = itself.undone(&mut budget);
        let mut next = 0;
        while let Some(reading) = others.get(next).filter(|r| r.depth() < DEPTH) {
            let deeper = reading.undone(&mut budget);
            others.extend(deeper);
            next += 1;
        }
        Self { itself, others }
    }

    /// The readings, the text itself first.
    pub fn iter(&self) -> impl Iterator<Item = &Reading<'t>> {
        std::iter::once(&self.itself).chain(&self.others)
    }
}

#[cfg(test)]
mod tests;
