//! Days, however they are written: 2026-03-14, 14.03.2026, 3/14/2026, 20260314, 14 March 2026, March 14, 2026.

use crate::symbols::{Gap, Symbols, Token};
use std::ops::Range;

/// Bits of a day among those that people speak of.
pub(crate) const BITS: f32 = 13.0;

/// A day in a text: its tokens, and year, month and day as eight digits. Two of them where it can be read in two ways.
pub(crate) struct Date {
    pub(crate) tokens: Range<usize>,
    pub(crate) days: [Option<[u8; 8]>; 2],
}

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

/// The day that begins with token `at`.
pub(crate) fn date(symbols: &Symbols, at: usize) -> Option<Date> {
    let first = symbols.tokens.get(at)?;
    if first.len() > 9 || !(first.digits || first.capital || first.small) {
        return None;
    }
    let text = symbols.slice(first.range());
    if first.len() == 8 && !first.letters {
        let (year, rest) = text.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        return Some(Date { tokens: at..at + 1, days: [day_of(value(year)?, value(month)?, value(day)?), None] })
            .filter(|d| d.days[0].is_some());
    }
    let (second, third) = (symbols.tokens.get(at + 1)?, symbols.tokens.get(at + 2)?);
    let near = |t: &Token| !matches!(t.gap, Gap::Far) || month(symbols, first).is_some();
    if !near(second) || !near(third) {
        return None;
    }
    let number = |t: &Token| leading(symbols.slice(t.range()));
    let (a, b, c) = (number(first), number(second), number(third));
    let days = match (a, b, c) {
        (Some((year, 4)), Some((month, _)), Some((day, ..=2))) => [day_of(year, month, day), None],
        (Some((a, ..=2)), Some((b, ..=2)), Some((year, 4))) => {
            [day_of(year, b, a), day_of(year, a, b).filter(|_| a != b)]
        }
        (Some((day, ..=2)), None, Some((year, 4))) => [day_of(year, month(symbols, second)?, day), None],
        (None, Some((day, ..=2)), Some((year, 4))) => [day_of(year, month(symbols, first)?, day), None],
        _ => return None,
    };
    (days != [None, None]).then_some(Date { tokens: at..at + 3, days })
}

/// The digits that a token begins with, as a number, and how many they are. Behind them may stand a time or an ending.
fn leading(text: &[u8]) -> Option<(u32, usize)> {
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = text.get(len..)?;
    let goes = matches!(rest, [] | [b't', ..] | b"st" | b"nd" | b"rd");
    if len == 0 || len > 4 || !goes { None } else { Some((value(text.get(..len)?)?, len)) }
}

fn value(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(d - b'0')))
}

fn month(symbols: &Symbols, token: &Token) -> Option<u32> {
    let text = symbols.slice(token.range());
    let at = MONTHS.iter().position(|m| text.len() >= 3 && (m.get(..3) == Some(text) || *m == text))?;
    u32::try_from(at + 1).ok()
}

fn day_of(year: u32, month: u32, day: u32) -> Option<[u8; 8]> {
    let good = (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let mut rest = year * 10_000 + month * 100 + day;
    let mut digits = [b'0'; 8];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    good.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_are_one_day() {
        let days = |text: &str| {
            let mut s = Symbols::default();
            s.read(text);
            date(&s, 0).map(|d| d.days.into_iter().flatten().collect::<Vec<_>>()).unwrap_or_default()
        };
        for text in [
            "2026-03-14",
            "14.03.2026",
            "3/14/2026",
            "20260314",
            "14 March 2026",
            "March 14, 2026",
            "14th Mar 2026",
            "2026-03-14T09:26:53Z",
        ] {
            assert!(days(text).contains(b"20260314"), "{text}");
        }
        assert_eq!(days("03/04/2026").len(), 2);
        for none in ["2026-13-14", "10.0.0.1", "1 of 2026", "version 2026 3 1", "99999999"] {
            assert!(days(none).is_empty(), "{none}");
        }
    }
}
