//! What bytes are, for whoever looks for words and sentences.
#![expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "constants, evaluated by the compiler")]

use super::words::Class;

/// What a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Byte {
    Letter,
    Digit,
    Space,
    Line,
    Apostrophe,
    Backslash,
    Sign(Class),
    End(Class),
}

pub(super) const BYTES: [Byte; 256] = {
    let mut table = [Byte::Sign(Class::Sign); 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Byte::Letter,
            b'0'..=b'9' => Byte::Digit,
            b'\n' => Byte::Line,
            b'\'' => Byte::Apostrophe,
            b'\\' => Byte::Backslash,
            0..=32 => Byte::Space,
            b'.' => Byte::End(Class::Stop),
            b'!' => Byte::End(Class::Bang),
            b'?' => Byte::End(Class::Question),
            b':' | b';' => Byte::Sign(Class::Colon),
            b',' => Byte::Sign(Class::Comma),
            b'"' => Byte::Sign(Class::Quote),
            b'`' => Byte::Sign(Class::Tick),
            b'(' | b'[' | b'{' => Byte::Sign(Class::Open),
            b')' | b']' | b'}' | b'>' => Byte::Sign(Class::Close),
            b'<' => Byte::Sign(Class::Tag),
            b'#' => Byte::Sign(Class::Hash),
            b'*' => Byte::Sign(Class::Star),
            b'|' => Byte::Sign(Class::Pipe),
            b'-' => Byte::Sign(Class::Dash),
            _ => Byte::Sign(Class::Sign),
        };
        b += 1;
    }
    table
};

/// How a line begins: with a letter in capitals or not, a digit, a sign of some kind.
pub(super) fn shape(first: u8) -> u8 {
    match first {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' | b'_' => 1,
        b'0'..=b'9' => 2,
        b'|' => 3,
        b'"' | b'\'' => 4,
        b'{' | b'}' | b'[' | b']' => 5,
        b'-' | b'*' | b'#' | b'+' | b'>' => 6,
        0x80.. => 7,
        _ => 8,
    }
}

/// What words are made of.
pub(super) const LETTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = matches!(BYTES[b], Byte::Letter | Byte::Digit);
        b += 1;
    }
    table
};

/// Where the word ends that goes on at `at`: eight bytes at a time, without a branch for each of them.
#[inline]
pub(super) fn word_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()) {
        let other = !letters(u64::from_le_bytes(eight)) & HIGH;
        if other != 0 {
            return at + (other.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|b| !LETTERS.get(usize::from(*b)).is_some_and(|l| *l)).unwrap_or(rest.len())
}

const fn each(b: u8) -> u64 {
    u64::from_le_bytes([b; 8])
}

/// The high bit of each of eight bytes.
const HIGH: u64 = each(0x80);

/// The high bit of each byte that words are made of. Sums of bytes below 0x80 stay within their bytes.
#[inline]
const fn letters(eight: u64) -> u64 {
    let low = eight & !HIGH;
    let small = low | each(0x20);
    let letter = (small + each(0x80 - b'a')) & !(small + each(0x80 - b'z' - 1));
    let digit = (low + each(0x80 - b'0')) & !(low + each(0x80 - b'9' - 1));
    let line = !((low ^ each(b'_')) + each(0x7f));
    (eight | letter | digit | line) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_the_table_says() {
        for b in 0..=u8::MAX {
            for at in 0..8 {
                let mut eight = [b'x'; 8];
                eight[at] = b;
                let expected = LETTERS[usize::from(b)];
                assert_eq!(letters(u64::from_le_bytes(eight)) == HIGH, expected, "{b:#x} at {at}");
                let text = [&eight[..], b"yz !"].concat();
                assert_eq!(word_end(&text, 0), if expected { 10 } else { at }, "{b:#x} at {at}");
            }
        }
    }
}
