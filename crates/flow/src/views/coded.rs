//! Bytes written as letters and digits: hexadecimal, base64, base32, the numbers of characters.

use super::{View, Writer};
use crate::origin::Form;
use std::ops::Range;

/// Shorter runs hold nothing that could be told from chance.
const LEAST: usize = 6;

pub(super) fn undo(view: &View, each: &mut dyn FnMut(View)) {
    runs(view, each);
    listed(view, each);
}

/// Runs of characters of one alphabet.
fn runs(view: &View, each: &mut dyn FnMut(View)) {
    let bytes = view.text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let len = rest.iter().take_while(|b| sextet(**b).is_some()).count();
        if len >= LEAST {
            run(view, at..at + len, each);
            // An alphabet without marks may stand between marks of the other.
            let mut from = at;
            for part in rest.get(..len).unwrap_or_default().split(|b| matches!(b, b'-' | b'_' | b'/' | b'+')) {
                if (LEAST..len).contains(&part.len()) {
                    run(view, from..from + part.len(), each);
                }
                from += part.len() + 1;
            }
        }
        at += len + 1;
    }
}

fn run(view: &View, run: Range<usize>, each: &mut dyn FnMut(View)) {
    let bytes = view.text.as_bytes().get(run.clone()).unwrap_or_default();
    let (mut hex, mut thirty_two, mut digits, mut marks, mut lower, mut upper) =
        (true, true, false, false, false, false);
    for byte in bytes {
        hex &= byte.is_ascii_hexdigit();
        thirty_two &= quintet(*byte).is_some();
        digits |= byte.is_ascii_digit();
        marks |= !byte.is_ascii_alphanumeric();
        lower |= byte.is_ascii_lowercase();
        upper |= byte.is_ascii_uppercase();
    }
    if hex && bytes.len() >= 8 && digits {
        for start in 0..2 {
            grouped(view, &run, start, 2, 4, |b| char::from(b).to_digit(16), Form::Hex, each);
        }
    }
    if thirty_two && (digits || bytes.len() >= 16) && !(lower && upper) {
        for start in 0..8 {
            grouped(view, &run, start, 8, 5, quintet, Form::Base32, each);
        }
    }
    // A word in small letters is no base64, but for one in a million.
    if digits || upper || marks || bytes.len() >= 24 {
        for start in 0..4 {
            grouped(view, &run, start, 4, 6, sextet, Form::Base64, each);
        }
    }
}

/// Reads groups of `group` digits of `width` bits from the digit `start` on.
#[expect(clippy::too_many_arguments, reason = "what an alphabet is, and where it is read")]
fn grouped(
    view: &View,
    run: &Range<usize>,
    start: usize,
    group: usize,
    width: u32,
    digit: impl Fn(u8) -> Option<u32>,
    form: Form,
    each: &mut dyn FnMut(View),
) {
    let bytes = view.text.as_bytes().get(run.start + start..run.end).unwrap_or_default();
    let (mut writer, mut bits, mut held) = (Writer::default(), 0_u32, 0);
    let mut first = run.start + start;
    for (at, byte) in (run.start + start..).zip(bytes) {
        let Some(value) = digit(*byte) else { break };
        bits = bits << width | value;
        held += width;
        if held >= 8 {
            held -= 8;
            writer.push(u8::try_from(bits >> held & 0xff).unwrap_or_default(), first..at + 1);
            first = if held == 0 { at + 1 } else { at };
            bits &= (1 << held) - 1;
            // What begins like noise goes on like it.
            if writer.bytes.len() == 8 && !writer.is_text() {
                return;
            }
        }
    }
    if writer.bytes.len() >= 3 && bytes.len() + group > LEAST && writer.is_text() {
        each(writer.view(view, form));
    }
}

fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn quintet(byte: u8) -> Option<u32> {
    Some(match byte.to_ascii_uppercase() {
        upper @ b'A'..=b'Z' => u32::from(upper - b'A'),
        b'2'..=b'7' => u32::from(byte - b'2') + 26,
        _ => return None,
    })
}

/// Characters one by one as numbers, with marks between them: `41 6e`, `\x41\x6e`, `65,110`, `&#65;`, `u0041`.
fn listed(view: &View, each: &mut dyn FnMut(View)) {
    for (form, read) in [(Form::Hex, hex_code as fn(&str) -> Option<char>), (Form::Codes, decimal_code)] {
        let (mut writer, mut at) = (Writer::default(), 0);
        for token in view.text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let bare = token.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match read(bare) {
                Some(c) => writer.push_char(c, at..at + bare.len()),
                None if bare.is_empty() => {}
                None => finish(&mut writer, view, form, each),
            }
            at += token.len();
        }
        finish(&mut writer, view, form, each);
    }
}

fn finish(writer: &mut Writer, view: &View, form: Form, each: &mut dyn FnMut(View)) {
    let done = std::mem::take(writer);
    if done.bytes.len() >= 3 && done.is_text() {
        each(done.view(view, form));
    }
}

fn hex_code(token: &str) -> Option<char> {
    let digits = match token.as_bytes() {
        [_, _] => token,
        [b'x' | b'X', _, _] => token.get(1..)?,
        [b'0', b'x' | b'X', _, _] => token.get(2..)?,
        [b'u' | b'U', _, _, _, _] => token.get(1..)?,
        _ => return None,
    };
    char::from_u32(u32::from_str_radix(digits, 16).ok()?).filter(|c| *c >= ' ')
}

fn decimal_code(token: &str) -> Option<char> {
    let good = (2..=4).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit());
    good.then(|| token.parse().ok().and_then(char::from_u32)).flatten().filter(|c| *c >= ' ')
}
