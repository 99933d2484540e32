//! Texts as lists of numbers: bytes in hexadecimal, in bits, or as the codes of characters.

use super::{Way, excerpt::Undone, place::Place};
use std::ops::Range;

/// Shorter lists are lists.
const LEAST: usize = 6;
/// The longest sign between two numbers.
const BETWEEN: usize = 3;

pub(super) fn places(text: &str, parts: &[Range<usize>], out: &mut Vec<Place>) {
    let bytes = text.as_bytes();
    let count = |at: usize, most: usize, letters: bool| {
        let rest = bytes.get(at..).unwrap_or_default();
        rest.iter().take(most).take_while(|b| b.is_ascii_alphanumeric() == letters).count()
    };
    let mut to = 0;
    for part in parts {
        let mut list = List::default();
        let mut at = part.start.max(to);
        // A list goes on where the part ends.
        while at < part.end || (at < bytes.len() && list.count > 0) {
            let word = count(at, usize::MAX, true);
            list.take(at..at + word, bytes.get(at..at + word).unwrap_or_default(), out);
            at += word;
            let gap = count(at, usize::MAX, false);
            if gap > BETWEEN {
                list.close(out);
            }
            at += gap;
        }
        list.close(out);
        to = at;
    }
}

#[derive(Default)]
struct List {
    /// In which ways all of its words can be read.
    radixes: u8,
    span: Range<usize>,
    count: usize,
}

impl List {
    /// The next word of the text: one more number of the list, or what ends it.
    fn take(&mut self, span: Range<usize>, said: &[u8], out: &mut Vec<Place>) {
        let all = radixes(said);
        let common = if self.count == 0 { all } else { all & self.radixes };
        if common == 0 {
            self.close(out);
        }
        if self.count == 0 {
            (self.radixes, self.span) = (all, span.clone());
        } else {
            self.radixes = common;
        }
        self.span.end = span.end;
        self.count = if all == 0 { 0 } else { self.count + 1 };
    }

    fn close(&mut self, out: &mut Vec<Place>) {
        if self.count >= LEAST {
            out.push(Place { span: self.span.clone(), way: Way::Numbers, undo });
        }
        self.count = 0;
    }
}

const BITS: u8 = 1;
const CODES: u8 = 2;
const BYTES: u8 = 4;

/// How a number of one byte may be written: as eight bits, the code of a printed character, two hexadecimal digits.
fn radixes(said: &[u8]) -> u8 {
    match said {
        bits if bits.len() == 8 && bits.iter().all(|b| matches!(b, b'0' | b'1')) => BITS,
        [b'0', b'x', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => BYTES,
        [b'1', a, b] if a.is_ascii_digit() && b.is_ascii_digit() => CODES,
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() && *a >= b'3' => CODES | BYTES,
        [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => BYTES,
        _ => 0,
    }
}

fn undo(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    let said = text.get(span.clone()).unwrap_or_default();
    let words = || {
        let mut at = span.start;
        said.split(|c: char| !c.is_ascii_alphanumeric()).map(move |word| {
            let start = at;
            at += word.len() + 1;
            (word, start..start + word.len())
        })
    };
    [2, 10, 16].into_iter().any(|radix| {
        out.clear();
        for (word, from) in words().filter(|(w, _)| !w.is_empty()) {
            let digits = word.strip_prefix("0x").unwrap_or(word);
            out.push(&[u8::from_str_radix(digits, radix).unwrap_or(0)], from);
        }
        let letters = out.bytes().iter().filter(|b| b.is_ascii_alphabetic() || **b == b' ').count();
        letters * 10 >= out.bytes().len() * 7
    })
}
