//! Characters that are written as numbers or names: `%41` (RFC 3986), `\u0041`, `\x41`, `\101`, `&#65;`, `&lt;`.

use super::{Way, excerpt::Undone, place::Place};
use std::ops::Range;

/// Escapes that are further apart have nothing to do with each other.
const GAP: usize = 64;
/// So much has to be said in escapes: two letters, or as much in less telling ones.
const ENOUGH: u32 = 2;

pub(super) fn places(text: &str, out: &mut Vec<Place>) {
    let bytes = text.as_bytes();
    let (mut span, mut worth) = (0..0, 0);
    let mut close = |span: Range<usize>, worth: u32| {
        if worth >= ENOUGH {
            out.push(Place { span, way: Way::Escapes, undo });
        }
    };
    for at in memchr::memchr3_iter(b'%', b'\\', b'&', bytes) {
        if at < span.end {
            continue;
        }
        let Some(escape) = Escape::at(bytes, at) else { continue };
        if escape.worth == 0 && (worth == 0 || at > span.end + GAP) {
            continue;
        }
        if at > span.end + GAP {
            close(span.clone(), worth);
            (span, worth) = (at..at, 0);
        } else if worth == 0 {
            span = at..at;
        }
        span.end = at + escape.length;
        worth = worth.saturating_add(escape.worth);
    }
    close(span, worth);
}

fn undo(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    let bytes = text.as_bytes();
    let mut at = span.start;
    while at < span.end {
        let rest = bytes.get(at..span.end).unwrap_or_default();
        let skip = memchr::memchr3(b'%', b'\\', b'&', rest).unwrap_or(rest.len());
        for (n, b) in rest.iter().take(skip).enumerate() {
            out.push(&[*b], at + n..at + n + 1);
        }
        at += skip;
        if at >= span.end {
            break;
        }
        match Escape::at(bytes, at) {
            Some(escape) => {
                let from = at..at + escape.length;
                at = from.end;
                match escape.said {
                    Said::Byte(b) => out.push(&[b], from),
                    Said::Char(c) => out.push_char(c, from),
                }
            }
            None => {
                out.push(rest.get(skip..skip + 1).unwrap_or_default(), at..at + 1);
                at += 1;
            }
        }
    }
    true
}

enum Said {
    Byte(u8),
    Char(char),
}

struct Escape {
    said: Said,
    length: usize,
    worth: u32,
}

impl Escape {
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let rest = bytes.get(at + 1..)?;
        let kind = *rest.first()?;
        match bytes.get(at)? {
            b'%' => Some(Self::byte(number(rest, 16, 2..=2)?.0, 3)),
            b'\\' => match kind {
                b'x' => Some(Self::byte(number(rest.get(1..)?, 16, 2..=2)?.0, 4)),
                b'u' if rest.get(1) == Some(&b'{') => {
                    let (code, digits) = number(rest.get(2..)?, 16, 1..=6)?;
                    let closed = rest.get(2 + digits) == Some(&b'}');
                    closed.then(|| Self::char(code, digits + 4)).flatten()
                }
                b'u' => utf16(rest),
                b'U' => Self::char(number(rest.get(1..)?, 16, 8..=8)?.0, 10),
                b'0'..=b'3' => Some(Self::byte(number(rest, 8, 3..=3)?.0, 4)),
                b'n' | b'r' => Some(Self { said: Said::Byte(b'\n'), length: 2, worth: 0 }),
                b't' => Some(Self { said: Said::Byte(b' '), length: 2, worth: 0 }),
                b'\\' => {
                    let again = matches!(rest.get(1), Some(b'u' | b'x'));
                    Some(Self { said: Said::Byte(b'\\'), length: 2, worth: 2 * u32::from(again) })
                }
                b'"' | b'/' | b'\'' => Some(Self { said: Said::Byte(kind), length: 2, worth: 0 }),
                _ => None,
            },
            b'&' if kind == b'#' => {
                let hex = matches!(rest.get(1), Some(b'x' | b'X'));
                let start = 1 + usize::from(hex);
                let (code, digits) = number(rest.get(start..)?, if hex { 16 } else { 10 }, 1..=8)?;
                let end = start + digits;
                Self::char(code, 1 + end + usize::from(rest.get(end) == Some(&b';')))
            }
            b'&' => {
                let name = rest.iter().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
                let (_, c) = NAMES.iter().find(|(n, _)| rest.get(..name) == Some(n.as_bytes()))?;
                (rest.get(name) == Some(&b';')).then_some(())?;
                // Angle brackets matter where they make a mark that nobody shows.
                let mark = *c == '<' && matches!(rest.get(name + 1), Some(b'|' | b'!'));
                Some(Self { said: Said::Char(*c), length: name + 2, worth: 2 * u32::from(mark) })
            }
            _ => None,
        }
    }

    fn byte(code: u32, length: usize) -> Self {
        let b = u8::try_from(code).unwrap_or(b'?');
        let worth = if b.is_ascii_alphabetic() { 2 } else { u32::from(b == b' ' || b >= 0x80) };
        Self { said: Said::Byte(b), length, worth }
    }

    fn char(code: u32, length: usize) -> Option<Self> {
        let c = char::from_u32(code)?;
        let worth = match c {
            c if c.is_ascii_alphabetic() || !c.is_ascii() => 2,
            ' ' | '<' => 1,
            _ => 0,
        };
        Some(Self { said: Said::Char(c), length, worth })
    }
}

/// `\uXXXX`, and two of them where they are the halves of one character.
fn utf16(rest: &[u8]) -> Option<Escape> {
    let (first, _) = number(rest.get(1..)?, 16, 4..=4)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Escape::char(first, 6);
    }
    let second = rest.get(5..).filter(|r| r.starts_with(b"\\u")).and_then(|r| number(r.get(2..)?, 16, 4..=4))?.0;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Escape::char(0x10000 + ((first - 0xd800) << 10) + low, 12)
}

/// The number that `bytes` begin with, and how many digits it has.
fn number(bytes: &[u8], radix: u32, digits: std::ops::RangeInclusive<usize>) -> Option<(u32, usize)> {
    let mut value = 0_u32;
    let mut count = 0;
    for digit in bytes.iter().take(*digits.end()).map_while(|b| char::from(*b).to_digit(radix)) {
        value = value.checked_mul(radix)?.checked_add(digit)?;
        count += 1;
    }
    (count >= *digits.start()).then_some((value, count))
}

const NAMES: &[(&str, char)] = &[
    ("lt", '<'),
    ("gt", '>'),
    ("amp", '&'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("lbrack", '['),
    ("vert", '|'),
    ("num", '#'),
];
