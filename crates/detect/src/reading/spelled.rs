//! Words that are spelled: `i g n o r e`, `i-g-n-o-r-e`, one letter in each line.

use super::{Way, excerpt::Undone, place::Place, words};
use std::ops::Range;

/// Fewer letters in a row are letters.
const LEAST: usize = 6;
/// The longest sign between two letters, and between two words.
const BETWEEN: usize = 4;

pub(super) fn places(text: &str, parts: &[Range<usize>], out: &mut Vec<Place>) {
    let bytes = text.as_bytes();
    let mut to = 0;
    for part in parts {
        let mut at = part.start.max(to);
        while at < part.end {
            let row = row(bytes, at);
            if row.letters >= LEAST {
                out.push(Place { span: at..row.end, way: Way::Spelled, undo });
            }
            at = row.end.max(at + 1);
        }
        to = at;
    }
}

struct Row {
    end: usize,
    letters: usize,
}

/// The letters from `at` on that stand alone.
fn row(bytes: &[u8], at: usize) -> Row {
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut row = Row { end: at, letters: 0 };
    if at > 0 && letter(at - 1) {
        return row;
    }
    let mut next = at;
    while letter(next) && !letter(next + 1) && bytes.get(next + 1).is_none_or(u8::is_ascii) {
        row.letters += 1;
        row.end = next + 1;
        let gap = bytes
            .get(next + 1..)
            .unwrap_or_default()
            .iter()
            .take(BETWEEN)
            .take_while(|b| !b.is_ascii_alphanumeric())
            .count();
        next += 1 + gap;
    }
    row
}

fn undo(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    let bytes = text.as_bytes();
    let letters: Vec<usize> = span.clone().filter(|at| bytes.get(*at).is_some_and(u8::is_ascii_alphanumeric)).collect();
    // What stands between most letters is nothing, whatever else stands there parts words.
    let gap = |n: usize| {
        let (from, to) = (letters.get(n).map(|at| at + 1), letters.get(n + 1));
        from.zip(to).and_then(|(from, to)| bytes.get(from..*to)).unwrap_or_default()
    };
    let usual = (0..letters.len().saturating_sub(1).min(32)).map(gap).fold(
        (&[][..], 0_usize),
        |(held, votes), next| match votes {
            0 => (next, 1),
            _ if held == next => (held, votes + 1),
            _ => (held, votes - 1),
        },
    );
    let joined: String = letters.iter().filter_map(|at| bytes.get(*at)).map(|b| char::from(*b)).collect();
    let parted = (0..letters.len().saturating_sub(1)).any(|n| gap(n) != usual.0);
    let cuts = if parted { Vec::new() } else { words::cuts(&joined) };
    for (n, at) in letters.iter().enumerate() {
        let end = letters.get(n + 1).copied().unwrap_or(span.end);
        out.push(bytes.get(*at..at + 1).unwrap_or_default(), *at..at + 1);
        if end > at + 1 && n + 1 < letters.len() && ((parted && gap(n) != usual.0) || cuts.contains(&(n + 1))) {
            out.push(b" ", at + 1..end);
        }
    }
    true
}
