//! Encodings within encodings. Where a run of characters looks like one, it is undone, and what comes out is looked at
//! like any text. The depth is bounded, and so is what comes out; nothing is undone that is no candidate.

use super::{
    Form, KnownSecrets, Reflection,
    scan::{GAP, Odd},
    symbols::{joins, letter, rightward},
};
use crate::digits::{BASE32, BASE64, Digits, HEX};
use std::ops::Range;

/// How many encodings are undone, one within the other.
const DEPTH: usize = 4;
/// Shorter runs hold no secret in two encodings.
const LEAST: usize = 32;
/// How much longer a text may be than what it was compressed to.
const SWELLS: usize = 32;

/// A text that came out of another, and for each byte the bytes that it came from.
#[derive(Default)]
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    pub(super) from: Vec<Range<usize>>,
}

impl Layer {
    pub(super) fn push(&mut self, byte: u8, from: Range<usize>) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    /// Where `span` came from.
    pub(super) fn origin(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.from.get(span.start).map_or(0, |r| r.start);
        let end = span.end.checked_sub(1).and_then(|last| self.from.get(last)).map_or(start, |r| r.end);
        start..end.max(start)
    }
}

impl KnownSecrets {
    /// Looks into what of `text` is odd.
    pub(super) fn undo(&self, text: &[u8], odd: Odd, found: &mut Vec<Reflection>) {
        let mut budget = text.len() * 4 + 4096;
        self.descend(text, odd, DEPTH, &mut budget, found);
    }

    fn descend(&self, text: &[u8], odd: Odd, depth: usize, budget: &mut usize, found: &mut Vec<Reflection>) {
        let mut end = 0;
        for place in odd.interleaved {
            if place >= end {
                let layer = every_second(text, place);
                end = layer.from.last().map_or(place, |r| r.end).max(place + 1);
                self.read(&layer, Form::Interleaved, 0, budget, found);
            }
        }
        let Some(deeper) = depth.checked_sub(1) else { return };
        let mut end = 0;
        for place in odd.unbroken {
            if place < end {
                continue;
            }
            let run = run_around(text, place, end);
            end = run.end;
            let Some(bytes) = text.get(run.clone()).filter(|r| r.len() >= LEAST && r.len() <= *budget) else {
                continue;
            };
            *budget -= bytes.len();
            if memchr::memchr3(b'\\', b'%', b'\n', bytes).is_some() {
                let (clean, escapes) = cleaned(text, run);
                if escapes {
                    self.read(&clean, Form::Nested, 0, budget, found);
                }
                for part in parts(&clean.bytes) {
                    self.decode(&clean.bytes, part, |s| clean.origin(&s), deeper, budget, found);
                }
            } else {
                for part in parts(bytes) {
                    self.decode(bytes, part, |s| run.start + s.start..run.start + s.end, deeper, budget, found);
                }
            }
        }
    }

    /// Decodes `part` of a run in the ways that it may be encoded.
    fn decode(
        &self,
        run: &[u8],
        part: Range<usize>,
        origin: impl Fn(Range<usize>) -> Range<usize>,
        depth: usize,
        budget: &mut usize,
        found: &mut Vec<Reflection>,
    ) {
        let hex = || HEX.stretches(run, part.clone(), LEAST);
        let (ways, all_hex) = (hex().map(|s| (&HEX, 2, s)), hex().any(|s| s == part));
        let ways = ways.chain(BASE32.stretches(run, part.clone(), LEAST).filter(|_| !all_hex).map(|s| (&BASE32, 8, s)));
        let ways = ways.chain((!all_hex).then(|| (&BASE64, 4, part.clone())));
        for (digits, alignments, stretch) in ways {
            for skip in 0..alignments {
                let start = stretch.start + skip;
                let Some(bytes) = run.get(start..stretch.end) else { continue };
                let packed = skip == 0 && digits.hold_packed(bytes);
                if !packed && !digits.hold_text(bytes) || *budget < bytes.len() {
                    continue;
                }
                *budget -= bytes.len();
                let mut layer = decoded(digits, bytes, start);
                layer.from.iter_mut().for_each(|span| *span = origin(span.clone()));
                match packed.then(|| unpacked(&layer, (*budget).min(bytes.len() * SWELLS))).flatten() {
                    Some(layer) => {
                        *budget = budget.saturating_sub(layer.bytes.len());
                        self.read(&layer, Form::Nested, depth, budget, found);
                    }
                    None => self.read(&layer, Form::Nested, depth, budget, found),
                }
            }
        }
    }

    /// Looks at what came out, and into it.
    fn read(&self, layer: &Layer, form: Form, depth: usize, budget: &mut usize, found: &mut Vec<Reflection>) {
        let (mut within, mut odd) = (Vec::new(), Odd::default());
        self.scan(&layer.bytes, &mut within, &mut odd);
        if depth > 0 {
            odd.interleaved.clear();
            self.descend(&layer.bytes, odd, depth, budget, &mut within);
        }
        found.extend(within.into_iter().map(|r| Reflection { span: layer.origin(&r.span), form, ..r }));
    }
}

/// The characters around `place` without those between them, which are all the same.
fn every_second(text: &[u8], place: usize) -> Layer {
    let same = |at: usize| (0..8).step_by(2).all(|i| text.get(at + i).is_some() && text.get(at + i) == text.get(at));
    let mut layer = Layer::default();
    // In symbols, where the characters themselves are apart.
    let Some(first) = [place, place + 1].into_iter().find(|at| same(*at)) else {
        let symbols: Vec<_> = rightward(text, place, GAP).map_while(Some).collect();
        let even = symbols.first().map(|(s, _)| s) == symbols.get(2).map(|(s, _)| s);
        let between = symbols.get(usize::from(!even)).map(|(s, _)| *s);
        let (pairs, _) = symbols.get(usize::from(even)..).unwrap_or_default().as_chunks::<2>();
        for [(symbol, at), (_, _)] in pairs.iter().take_while(|[_, (s, _)]| Some(*s) == between) {
            layer.push(letter(*symbol), *at..*at + 1);
        }
        return layer;
    };
    let between = text.get(first);
    let left = (1..).map_while(|i| first.checked_sub(2 * i)).take_while(|at| text.get(*at) == between).last();
    for at in (left.unwrap_or(first)..text.len()).step_by(2).take_while(|at| text.get(*at) == between) {
        // With the character before the first of them, too.
        if layer.bytes.is_empty()
            && let Some(before) = at.checked_sub(1)
        {
            layer.push(text.get(before).copied().unwrap_or_default(), before..before + 1);
        }
        if let Some(byte) = text.get(at + 1) {
            layer.push(*byte, at + 1..at + 2);
        }
    }
    layer
}

/// The run of characters around `place`, which does not begin before `least`.
fn run_around(text: &[u8], place: usize, least: usize) -> Range<usize> {
    let before = text.get(least..place).unwrap_or_default().iter().rev().take_while(|b| joins(**b)).count();
    let after = text.get(place..).unwrap_or_default().iter().take_while(|b| joins(**b)).count();
    place - before..place + after
}

/// A run without its line breaks and escapes, and whether some of these stood for characters.
fn cleaned(text: &[u8], run: Range<usize>) -> (Layer, bool) {
    let (mut clean, mut escapes, mut at) = (Layer::default(), false, run.start);
    let hex = |at: usize, digits: usize| {
        let digits = std::str::from_utf8(text.get(at..at + digits)?).ok()?;
        u8::try_from(u32::from_str_radix(digits, 16).ok()?).ok()
    };
    while at < run.end {
        let (byte, len) = match (text.get(at), text.get(at + 1)) {
            (Some(b'%'), _) => hex(at + 1, 2).map_or((None, 1), |b| (Some(b), 3)),
            (Some(b'\\'), Some(b'x')) => hex(at + 2, 2).map_or((None, 1), |b| (Some(b), 4)),
            (Some(b'\\'), Some(b'u')) => hex(at + 2, 4).map_or((None, 1), |b| (Some(b), 6)),
            (Some(b'\\'), Some(b'n' | b'r' | b't')) => (None, 2),
            (Some(b'\\' | b'\r' | b'\n'), _) | (None, _) => (None, 1),
            (Some(b), _) => (Some(*b), 1),
        };
        if let Some(byte) = byte {
            escapes |= len > 1;
            clean.push(byte, at..at + len);
        }
        at += len;
    }
    (clean, escapes)
}

/// The parts of a run between the marks that end a text in base64, or a part of a signed token.
fn parts(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    bytes.split(|b| matches!(b, b'=' | b'.')).filter_map(move |part| {
        let start = at;
        at += part.len() + 1;
        (part.len() >= LEAST).then_some(start..start + part.len())
    })
}

/// What was compressed, as far as it can be read, of at most `most` bytes. All of it comes from all of them.
fn unpacked(layer: &Layer, most: usize) -> Option<Layer> {
    use miniz_oxide::inflate::{decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};
    let bytes = match layer.bytes.as_slice() {
        packed @ [0x1f, 0x8b, ..] => decompress_to_vec_with_limit(packed.get(gzip_header(packed)?..)?, most),
        packed => decompress_to_vec_zlib_with_limit(packed, most),
    };
    let bytes = bytes.unwrap_or_else(|error| error.output);
    let all = layer.origin(&(0..layer.bytes.len()));
    let from = vec![all; bytes.len()];
    Some(Layer { bytes, from })
}

/// How long the header is (RFC 1952 §2.3).
fn gzip_header(bytes: &[u8]) -> Option<usize> {
    const HEADER_CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let flags = *bytes.get(3)?;
    let mut at = 10;
    if flags & EXTRA != 0 {
        at += 2 + usize::from(*bytes.get(at)?) + (usize::from(*bytes.get(at + 1)?) << 8);
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    Some(at + if flags & HEADER_CHECK != 0 { 2 } else { 0 })
}

fn decoded(digits: &Digits, bytes: &[u8], start: usize) -> Layer {
    let mut layer = Layer::default();
    digits.decoded(bytes).for_each(|(byte, from)| layer.push(byte, start + from.start..start + from.end));
    layer
}
