//! A text as its letters and digits, without case and without what stands between them: so that what only looks different
//! is the same. Between symbols stand gaps, which part them into tokens.

use crate::unit::{self, Packed};
use std::ops::Range;

/// What a byte of a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Lower,
    Upper,
    Digit,
    Space,
    Mark,
    /// Joins tokens to one value: `.` in `a.b`.
    Glue,
    /// Part of a character that is not ASCII.
    High,
}

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "at compile time, for each byte")]
const BYTES: [Byte; 256] = {
    let mut all = [Byte::Mark; 256];
    let mut at = 0;
    while at < 256 {
        all[at] = match at as u8 {
            b'a'..=b'z' => Byte::Lower,
            b'A'..=b'Z' => Byte::Upper,
            b'0'..=b'9' => Byte::Digit,
            b' ' | b'\t' | b'\n' | b'\r' => Byte::Space,
            b'.' | b'_' | b'-' | b'@' | b'/' | b':' | b'+' | b'%' | b'#' | b'=' | b'&' | b'~' | b'\\' | b'?' => {
                Byte::Glue
            }
            0x80.. => Byte::High,
            _ => Byte::Mark,
        };
        at += 1;
    }
    all
};

/// What stands before a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Marks that join: both are parts of one value. The first of them.
    Glue(u8),
    /// One other mark or a space.
    One(u8),
    /// Anything else, or the beginning.
    Far,
}

/// A run of symbols without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) gap: Gap,
    pub(crate) digits: bool,
    pub(crate) letters: bool,
    /// Whether the first symbol was written large, and whether all letters were.
    pub(crate) capital: bool,
    pub(crate) small: bool,
}

impl Token {
    pub(crate) const fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
    pub(crate) const fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// As many zeros follow the symbols, so that sixteen can be taken at each.
const PAD: usize = 16;

/// The symbols of one text.
#[derive(Default)]
pub(crate) struct Symbols {
    symbols: Vec<u8>,
    /// Where the character of each symbol begins, and at last where the text ends.
    at: Vec<u32>,
    pub(crate) tokens: Vec<Token>,
}

impl Symbols {
    /// Reads `text`, which has fewer than 2^32 bytes, anew.
    #[expect(clippy::cast_possible_truncation, reason = "a text is cut before it gets so long")]
    pub(crate) fn read(&mut self, text: &str) {
        self.symbols.clear();
        self.at.clear();
        self.tokens.clear();
        let bytes = text.as_bytes().get(..u32::MAX as usize / 2).unwrap_or(text.as_bytes());
        self.symbols.reserve(bytes.len() + PAD);
        self.at.reserve(bytes.len() + 1);
        let (mut at, mut gap, mut open) = (0, Gap::Far, None::<Token>);
        let mut quiet = true;
        while let Some(byte) = bytes.get(at) {
            let (symbol, len) = match BYTES.get(*byte as usize).copied().unwrap_or(Byte::Mark) {
                Byte::Lower | Byte::Digit => (Some(*byte), 1),
                Byte::Upper => (Some(*byte | 0x20), 1),
                Byte::High => high(text, at),
                Byte::Space | Byte::Mark | Byte::Glue => (None, 1),
            };
            if let Some(symbol) = symbol {
                let place = self.symbols.len() as u32;
                self.symbols.push(symbol);
                self.at.push(at as u32);
                let token = open.get_or_insert(Token {
                    start: place,
                    end: place,
                    gap,
                    digits: false,
                    letters: false,
                    capital: byte.is_ascii_uppercase(),
                    small: false,
                });
                token.end = place + 1;
                token.digits |= byte.is_ascii_digit();
                token.letters |= !byte.is_ascii_digit();
                token.small |= byte.is_ascii_lowercase();
                quiet = true;
            } else if len == 1 {
                self.tokens.extend(open.take());
                let glue = BYTES.get(*byte as usize) == Some(&Byte::Glue);
                gap = match gap {
                    _ if quiet && glue => Gap::Glue(*byte),
                    _ if quiet => Gap::One(*byte),
                    Gap::Glue(first) if glue => Gap::Glue(first),
                    _ => Gap::Far,
                };
                quiet = false;
            } else if !invisible(text, at) {
                self.tokens.extend(open.take());
                (gap, quiet) = (Gap::Far, false);
            }
            at += len;
        }
        self.tokens.extend(open.take());
        if let Some(first) = self.tokens.first_mut() {
            first.gap = Gap::Far;
        }
        self.at.push(bytes.len() as u32);
        self.symbols.resize(self.symbols.len() + PAD, 0);
    }

    pub(crate) fn len(&self) -> usize {
        self.symbols.len().saturating_sub(PAD)
    }

    pub(crate) fn all(&self) -> &[u8] {
        self.symbols.get(..self.len()).unwrap_or_default()
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.symbols.get(range).unwrap_or_default()
    }

    /// The sixteen symbols from `at` on.
    #[inline]
    pub(crate) fn sixteen(&self, at: usize) -> Packed {
        Packed(self.symbols.get(at..).and_then(<[u8]>::first_chunk::<16>).map_or(0, |s| u128::from_le_bytes(*s)))
    }

    /// `len` symbols, at most sixteen, from `at` on.
    #[inline]
    pub(crate) fn packed(&self, at: usize, len: usize) -> Packed {
        let all = self.sixteen(at).0;
        Packed(if len < 16 { all & ((1 << (8 * len)) - 1) } else { all })
    }

    /// Any run of symbols, where it is short enough to be packed or not.
    pub(crate) fn of(&self, token: &Token) -> Packed {
        if token.len() <= 16 { self.packed(token.start as usize, token.len()) } else { unit::pack(&[]) }
    }

    /// The bytes of the text that the symbols in `range` were written with.
    pub(crate) fn bytes(&self, range: &Range<usize>, text: &str) -> Range<usize> {
        let place = |at: usize| self.at.get(at).map_or(text.len(), |at| *at as usize);
        let start = place(range.start);
        let last = range.end.checked_sub(1).map_or(start, place);
        let width = text.get(last..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
        start..(last + width).max(start)
    }
}

/// The symbol of the character at `at`, if it is a letter or digit, and its length.
fn high(text: &str, at: usize) -> (Option<u8>, usize) {
    let Some(c) = text.get(at..).and_then(|t| t.chars().next()) else { return (None, 1) };
    // A wide form of ASCII is what it looks like.
    let c = match c as u32 {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    };
    let lower = c.to_lowercase().next().unwrap_or(c);
    let symbol = match lower {
        c if c.is_ascii() => c.is_ascii_alphanumeric().then_some(c as u8),
        c if c.is_alphanumeric() => Some(0x80 | (c as u32 & 0x7f) as u8),
        _ => None,
    };
    (symbol, text.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8))
}

/// Whether nobody sees the character at `at`: it parts nothing.
fn invisible(text: &str, at: usize) -> bool {
    let c = text.get(at..).and_then(|t| t.chars().next()).unwrap_or_default();
    matches!(c as u32, 0xad | 0x300..=0x36f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe007f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Vec<String>) {
        let mut s = Symbols::default();
        s.read(text);
        let tokens = s.tokens.iter().map(|t| text[s.bytes(&t.range(), text)].to_owned()).collect();
        (String::from_utf8_lossy(s.all()).into_owned(), tokens)
    }

    #[test]
    fn case_and_gaps_do_not_count() {
        assert_eq!(read("Ann-Lee, 4 711").0, "annlee4711");
        assert_eq!(read("Ann-Lee, 4 711").1, ["Ann", "Lee", "4", "711"]);
        assert_eq!(read("se\u{200b}cret").1, ["se\u{200b}cret"]);
        assert_eq!(read("ＡＢ１").0, "ab1");
        assert_eq!(read("Ärger—Öl").1, ["Ärger", "Öl"]);
        assert_eq!(read("").0, "");
    }

    #[test]
    fn gaps_are_told_apart() {
        let mut s = Symbols::default();
        s.read("a.b c  d://e,f (g");
        let gaps: Vec<Gap> = s.tokens.iter().map(|t| t.gap).collect();
        let glue = Gap::Glue;
        assert_eq!(gaps, [Gap::Far, glue(b'.'), Gap::One(b' '), Gap::Far, glue(b':'), Gap::One(b','), Gap::Far]);
        assert_eq!(s.packed(1, 3), unit::pack(b"bcd"));
    }
}
