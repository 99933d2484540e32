//! How much it says that a token stands somewhere: the bits that somebody needs who wants to guess it.

use crate::{
    symbols::{Symbols, Token},
    words::{Common, common},
};

/// More bits than these need not be told apart.
pub(crate) const MOST: f32 = 96.0;

/// The bits of a token in any text.
pub(crate) fn token(symbols: &Symbols, token: &Token) -> f32 {
    let word = if token.len() <= 16 { common(symbols.of(token)) } else { None };
    match word {
        Some(Common::Everywhere) => return 3.0,
        Some(Common::Known) => return 7.0,
        None => {}
    }
    let text = symbols.slice(token.range());
    match (token.letters, token.digits) {
        (_, false) => letters(text),
        (false, true) => digits(text),
        (true, true) => mixed(text),
    }
}

/// The same within prose, where the words before say much of what comes next.
pub(crate) fn in_prose(bits: f32, token: &Token) -> f32 {
    if token.digits { bits } else { bits.min(12.0) * 0.6 }
}

/// The bits of a word that is not common. There are some hundred thousand, and the rare ones are as likely as names.
fn letters(word: &[u8]) -> f32 {
    let len = word.len() as f32;
    let vowels = word.iter().filter(|b| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | 0x80..)).count() as f32;
    if len >= 8.0 && vowels < len * 0.2 {
        return (len * 4.0).min(MOST);
    }
    // Longer words than languages have are run together, or no words.
    (4.0 + 2.0 * len).min(18.0) + (len - 20.0).clamp(0.0, 40.0) * 1.5
}

/// The bits of a number: of its digits without the zeros around them, unless it is a year or counts up.
pub(crate) fn digits(number: &[u8]) -> f32 {
    let trimmed = significant(number);
    if number.len() == 4 && matches!(number, [b'1', b'9', ..] | [b'2', b'0', ..]) {
        return 3.0;
    }
    let steps = |by: i16| trimmed.windows(2).all(|w| matches!(w, [a, b] if i16::from(*b) - i16::from(*a) == by));
    if trimmed.len() > 2 && (steps(0) || steps(1) || steps(-1)) {
        return 5.0;
    }
    (trimmed.len() as f32 * 3.3).min(MOST)
}

/// Letters and digits together: names of versions have few of both, keys have many.
fn mixed(text: &[u8]) -> f32 {
    let turns = text.windows(2).filter(|w| matches!(w, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())).count();
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count() as f32;
    let letters = text.len() as f32 - digits;
    let few = (turns as f32 - 1.0).max(0.0);
    (digits * 3.3 + (letters * 2.5).min(14.0 + few * 8.0) + few * 1.5).min(MOST)
}

/// Digits without the zeros before and after them.
pub(crate) fn significant(digits: &[u8]) -> &[u8] {
    let start = digits.iter().position(|d| *d != b'0').unwrap_or(digits.len());
    let end = digits.iter().rposition(|d| *d != b'0').map_or(start, |last| last + 1);
    digits.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> f32 {
        let mut s = Symbols::default();
        s.read(text);
        s.tokens.iter().map(|t| token(&s, t)).sum()
    }

    #[test]
    fn what_everybody_says_carries_little() {
        for little in ["yes", "2024", "the", "main", "true", "10", "5000", "12345", "report", "Monday", "v2", "000"] {
            assert!(of(little) < 10.0, "{little}: {}", of(little));
        }
        for much in ["sk7f9a2kq0", "4821357", "DE89370400440532013000", "a1b2c3d4e5", "kowalczyk", "xkcdqwrtzp"] {
            assert!(of(much) > 16.0, "{much}: {}", of(much));
        }
    }
}
