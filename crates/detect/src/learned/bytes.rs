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
