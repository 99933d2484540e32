//! Long runs of letters and digits: base64, base32 and hexadecimal (RFC 4648), and words that were joined.

use super::{Way, excerpt::Undone, place::Place, quick, words};
use crate::digits::{BASE32, BASE64, Digits, HEX};
use std::ops::Range;

/// Shorter runs are words.
const LEAST: usize = 16;
/// From this length on a run may go on in the next line.
const LINE: usize = 40;

fn digit(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
}

pub(super) fn places(text: &str, found: &[usize], out: &mut Vec<Place>) {
    let bytes = text.as_bytes();
    let mut open: Option<Range<usize>> = None;
    for run in quick::stretches(bytes, found, digit) {
        let wrapped = open.as_ref().is_some_and(|o| {
            let between = bytes.get(o.end..run.start).unwrap_or_default();
            o.len() >= LINE
                && between.len() <= 8
                && between.first().is_some_and(|b| matches!(b, b'\n' | b'\r'))
                && between.iter().all(u8::is_ascii_whitespace)
        });
        match &mut open {
            Some(o) if wrapped => o.end = run.end,
            _ => {
                out.extend(open.take().and_then(|o| place(bytes, o)));
                open = Some(run);
            }
        }
    }
    out.extend(open.and_then(|o| place(bytes, o)));
}

/// What a run may be, judged by its beginning.
fn place(bytes: &[u8], run: Range<usize>) -> Option<Place> {
    let said = bytes.get(run.clone()).filter(|said| said.len() >= LEAST)?;
    let hex = said.iter().all(|b| b.is_ascii_hexdigit() || b.is_ascii_whitespace());
    if hex {
        return begins(&HEX, said, 0).then_some(Place { span: run, way: Way::Hex, undo: hexadecimal });
    }
    if (0..4).any(|skip| begins(&BASE64, said, skip)) {
        return Some(Place { span: run, way: Way::Base64, undo: base64 });
    }
    if begins(&BASE32, said, 0) {
        return Some(Place { span: run, way: Way::Base64, undo: base32 });
    }
    words::joined(said).then_some(Place { span: run, way: Way::Joined, undo: words::undo })
}

/// Whether the first bytes are those of a text.
fn begins(digits: &Digits, said: &[u8], skip: usize) -> bool {
    const SAMPLE: usize = 24;
    let sample = said.get(skip..said.len().min(skip + SAMPLE)).unwrap_or_default();
    if !sample.iter().all(|b| digits.value(*b).is_some() || b.is_ascii_whitespace()) {
        return false;
    }
    let bytes = || digits.decoded(sample).map(|(byte, _)| byte);
    bytes().nth(5).is_some() && (is_said(bytes()) || is_wide(bytes()))
}

/// Whether bytes are words, or their beginning, in UTF-8. Most that are not say so by their second.
fn is_said(bytes: impl Iterator<Item = u8>) -> bool {
    let mut more = 0;
    for byte in bytes {
        more = match byte {
            0x80..0xc0 if more > 0 => more - 1,
            _ if more > 0 => return false,
            b' '..=b'~' | b'\t' | b'\n' | b'\r' | 0x1b => 0,
            0xc2..0xe0 => 1,
            0xe0..0xf0 => 2,
            0xf0..0xf5 => 3,
            _ => return false,
        };
    }
    true
}

/// Whether they are ASCII in UTF-16, as some shells want it.
fn is_wide(bytes: impl Iterator<Item = u8>) -> bool {
    let mut high = false;
    for byte in bytes {
        let fits = if high { byte == 0 } else { matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r') };
        if !fits {
            return false;
        }
        high = !high;
    }
    true
}

fn hexadecimal(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    decode(&HEX, 1, text.as_bytes(), span, out)
}

fn base32(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    decode(&BASE32, 5, text.as_bytes(), span, out)
}

fn base64(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    let bytes = text.as_bytes();
    let said = bytes.get(span.clone()).unwrap_or_default();
    // What stands before the first digit may be digits by accident.
    let Some(skip) = (0..4).find(|skip| begins(&BASE64, said, *skip)) else { return false };
    for (n, b) in said.iter().take(skip).enumerate() {
        out.push(&[*b], span.start + n..span.start + n + 1);
    }
    out.put(b" ");
    decode(&BASE64, 3, bytes, span.start + skip..span.end, out)
}

/// Decodes, so many bytes as one unit, and tells whether text came out.
fn decode(digits: &Digits, unit: usize, text: &[u8], span: Range<usize>, out: &mut Undone) -> bool {
    let said = text.get(span.clone()).unwrap_or_default();
    let wide = {
        let mut begin = digits.decoded(said).map(|(b, _)| b).skip(1).step_by(2);
        (0..3).all(|_| begin.next() == Some(0))
    };
    let mut held = Vec::with_capacity(unit);
    let mut from = 0..0;
    for (byte, place) in digits.decoded(said) {
        if held.is_empty() {
            from = place.start..place.end;
        }
        from.end = place.end;
        held.push(byte);
        if held.len() == unit {
            flush(&mut held, wide, span.start + from.start..span.start + from.end, out);
        }
    }
    flush(&mut held, wide, span.start + from.start..span.start + from.end, out);
    let letters = out.bytes().iter().filter(|b| b.is_ascii_alphanumeric() || **b == b' ' || **b >= 0x80).count();
    letters * 10 >= out.bytes().len() * 6
}

fn flush(held: &mut Vec<u8>, wide: bool, from: Range<usize>, out: &mut Undone) {
    if wide {
        held.retain(|b| *b != 0);
    }
    out.push(held, from);
    held.clear();
}
