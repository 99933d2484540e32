//! Words that signs of markup or of terminals break: `ig<b></b>nore`, `ig**no**re`, colours between letters.

use super::{Way, excerpt::Undone, place::Place};
use std::ops::Range;

pub(super) fn places(text: &str, out: &mut Vec<Place>) {
    let bytes = text.as_bytes();
    let letter =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    let mut to = 0;
    for at in memchr::memchr3_iter(b'<', 0x1b, b'*', bytes) {
        if at < to {
            continue;
        }
        let inside = letter(at.checked_sub(1));
        let length = match bytes.get(at) {
            Some(0x1b) => terminal(bytes.get(at..).unwrap_or_default()),
            Some(b'<') if inside => tags(bytes.get(at..).unwrap_or_default()),
            Some(b'*') if inside && bytes.get(at + 1) == Some(&b'*') => 2,
            _ => 0,
        };
        // A colour before a word makes one word of the two to those who read bytes.
        let breaks = length > 0 && letter(Some(at + length)) && (inside || bytes.get(at) == Some(&0x1b));
        if breaks {
            to = at + length;
            out.push(Place { span: at..to, way: Way::Broken, undo });
        }
    }
}

fn undo(_: &str, _: Range<usize>, _: &mut Undone) -> bool {
    true
}

/// How long the sequence is that begins here (ECMA-48 §5.4, §5.6): of control, or of the operating system.
fn terminal(bytes: &[u8]) -> usize {
    const LONGEST: usize = 128;
    match bytes.get(1) {
        Some(b'[') => {
            let inner = bytes.iter().skip(2).take(LONGEST).take_while(|b| matches!(b, 0x20..=0x3f)).count();
            bytes.get(2 + inner).filter(|b| matches!(b, 0x40..=0x7e)).map_or(0, |_| inner + 3)
        }
        Some(b']') => {
            let end = bytes.iter().take(LONGEST).skip(2).position(|b| matches!(b, 0x07 | 0x1b));
            end.map_or(0, |n| n + 3 + usize::from(bytes.get(n + 2) == Some(&0x1b)))
        }
        _ => 0,
    }
}

/// How long the tags and comments are that begin here, one after the other, none of which ends a line of text.
fn tags(bytes: &[u8]) -> usize {
    const INLINE: &[&[u8]] = &[
        b"b", b"i", b"u", b"s", b"a", b"q", b"em", b"strong", b"span", b"font", b"wbr", b"sup", b"sub", b"small",
        b"mark", b"code", b"big", b"tt", b"ins", b"del", b"bdo", b"bdi",
    ];
    const LONGEST: usize = 96;
    let mut all = 0;
    while all < LONGEST {
        let rest = bytes.get(all..).unwrap_or_default();
        let length = if rest.starts_with(b"<!--") {
            memchr::memmem::find(rest.get(..rest.len().min(LONGEST)).unwrap_or_default(), b"-->")
                .map_or(0, |end| end + 3)
        } else if rest.first() == Some(&b'<') {
            let name = rest.get(1 + usize::from(rest.get(1) == Some(&b'/'))..).unwrap_or_default();
            let letters = name.iter().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
            let inline = name.get(..letters).is_some_and(|n| INLINE.iter().any(|i| n.eq_ignore_ascii_case(i)));
            let end = memchr::memchr(b'>', rest.get(..rest.len().min(LONGEST)).unwrap_or_default());
            if inline { end.map_or(0, |end| end + 1) } else { 0 }
        } else {
            break;
        };
        if length == 0 {
            return 0;
        }
        all += length;
    }
    all
}
