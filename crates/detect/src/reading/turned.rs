//! Texts that were turned around, or whose letters were: from right to left, ROT13, A to Z for Z to A.

use super::{
    Way,
    excerpt::Undone,
    place::{Place, Undo},
    words,
};
use crate::text::{snap, spend};
use aho_corasick::packed::{Config, MatchKind, Searcher};
use std::{ops::Range, sync::LazyLock};

/// The most bytes before and after a word that tells.
const REACH: usize = 1024;
/// So many words must come out.
const LEAST: usize = 3;

/// Words that hardly any text does without, and the words of orders, as they look then; with the way that they tell of.
#[rustfmt::skip]
const TELLING: &[(&str, Undo)] = &[
    (" gur ", rot13), (" naq ", rot13), ("lbhe ", rot13), (" nyy ", rot13), 
    ("vafgehp", rot13), ("VAFGEHP", rot13), ("flfgrz", rot13), (" eht ", backwards), (" dna ", backwards),
    ("ruoy", backwards), (" lla ", backwards), ("erong", backwards), ("ERONG", backwards), ("itcurts", backwards),
    ("ITCURTS", backwards), ("metsys", backwards), (" haq ", rot13), ("nyyr ", rot13), (" ynf ", rot13), (" yrf ", rot13), (" ibf ", rot13), ("vtabe", rot13), ("Vtabe", rot13),
    (" nf ", rot13), (" yr ", rot13), (" dnu ", backwards), (" ella ", backwards), (" sal ", backwards),
    (" sel ", backwards), (" sov ", backwards), ("arong", backwards), ("odot", backwards), ("ettut", backwards), (" el ", backwards),
    (" sa ", backwards), (" gsv ", mirrored), (" zmw ", mirrored), ("blfi ", mirrored),
    ("rtmliv", mirrored), ("rmhgifx", mirrored), ("hbhgvn", mirrored),
];

static SEARCH: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let mut config = Config::new();
    config.match_kind(MatchKind::LeftmostFirst).builder().extend(TELLING.iter().map(|(word, _)| word)).build()
});

pub(super) fn places(text: &str, out: &mut Vec<Place>) {
    let Some(search) = &*SEARCH else { return };
    let bytes = text.as_bytes();
    let mut to = 0;
    let mut at = 0;
    while let Some(found) = search.find_in(bytes, aho_corasick::Span { start: at, end: bytes.len() }) {
        at = found.end();
        let Some((_, undo)) = TELLING.get(found.pattern().as_usize()) else { continue };
        if found.start() < to {
            continue;
        }
        let span = line(text, found.start()..found.end(), to);
        to = span.end;
        out.push(Place { span, way: Way::Turned, undo: *undo });
    }
}

/// The line around `span`, as far as it is looked at.
fn line(text: &str, span: Range<usize>, least: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    spend(2 * REACH);
    let low = span.start.saturating_sub(REACH).max(least);
    let high = (span.end + REACH).min(bytes.len());
    let before = memchr::memrchr(b'\n', bytes.get(low..span.start).unwrap_or_default());
    let after = memchr::memchr(b'\n', bytes.get(span.end..high).unwrap_or_default());
    snap(text, before.map_or(low, |n| low + n + 1)..after.map_or(high, |n| span.end + n))
}

/// Whether what comes out is more of a text than what went in.
fn better(text: &str, said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said);
    let count = words::count(&said);
    count >= LEAST && count > 2 * words::count(text)
}

fn letters(text: &str, span: Range<usize>, out: &mut Undone, turn: impl Fn(u8) -> u8) -> bool {
    let said = text.get(span.clone()).unwrap_or_default();
    for (n, b) in said.bytes().enumerate() {
        out.push(&[turn(b)], span.start + n..span.start + n + 1);
    }
    better(said, out.bytes())
}

fn rot13(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    letters(text, span, out, |b| match b {
        b'a'..=b'm' | b'A'..=b'M' => b + 13,
        b'n'..=b'z' | b'N'..=b'Z' => b - 13,
        _ => b,
    })
}

fn mirrored(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    letters(text, span, out, |b| match b {
        b'a'..=b'z' => b'a' + (b'z' - b),
        b'A'..=b'Z' => b'A' + (b'Z' - b),
        _ => b,
    })
}

/// The whole from right to left, and each word for itself: which of the two was done shows in the order of words alone.
fn backwards(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    let said = text.get(span.clone()).unwrap_or_default();
    let whole: String = said.chars().rev().collect();
    if !better(said, whole.as_bytes()) {
        return false;
    }
    out.push(whole.as_bytes(), span.clone());
    out.put(b"\n");
    let words: Vec<String> = said.split(' ').map(|word| word.chars().rev().collect()).collect();
    out.push(words.join(" ").as_bytes(), span);
    true
}
