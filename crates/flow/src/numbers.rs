//! Numbers, however their digits are grouped and wherever their point stands: 48,213.50 is 48213.5 and 4.821.350.

use crate::{
    bits,
    symbols::{Gap, Symbols, Token},
};
use std::ops::Range;

/// A number in a text: its tokens and its digits without the zeros around them.
pub(crate) struct Number {
    pub(crate) tokens: Range<usize>,
    digits: [u8; 16],
    len: usize,
    pub(crate) bits: f32,
}

impl Number {
    pub(crate) fn digits(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    fn of(symbols: &Symbols, tokens: Range<usize>) -> Option<Self> {
        let (first, last) = (symbols.tokens.get(tokens.start)?, symbols.tokens.get(tokens.end.checked_sub(1)?)?);
        let all = symbols.slice(first.start as usize..last.end as usize);
        let cut = bits::significant(all);
        let mut digits = [0; 16];
        digits.get_mut(..cut.len())?.copy_from_slice(cut);
        Some(Self { tokens, digits, len: cut.len(), bits: bits::digits(all) })
    }
}

/// The number that begins with token `at`, as long as it goes.
pub(crate) fn number(symbols: &Symbols, at: usize) -> Option<Number> {
    let tokens = symbols.tokens.get(at..)?;
    let (first, rest) = tokens.split_first().filter(|(t, _)| !t.letters)?;
    // Thousands: groups of three after one to three digits, with the same mark between all of them.
    let mark = rest.first().and_then(between).filter(|_| first.len() <= 3);
    let groups = rest.iter().take_while(|t| !t.letters && t.len() == 3 && mark.is_some() && between(t) == mark).count();
    let point = rest.get(groups).filter(|t| {
        let point = matches!(between(t), Some(b'.' | b',')) && (groups == 0 || between(t) != mark);
        !t.letters && point
    });
    let len = 1 + groups + usize::from(point.is_some());
    // What goes on after that is an address, a version or a date.
    let goes_on = tokens.get(len).is_some_and(|t| matches!(t.gap, Gap::Glue(_)) && !t.letters);
    Number::of(symbols, at..at + if goes_on { 1 } else { len })
}

/// The mark before a token, where it may stand within a number.
fn between(token: &Token) -> Option<u8> {
    match token.gap {
        Gap::Glue(mark @ (b'.' | b'_')) | Gap::One(mark @ (b',' | b'\'' | b' ')) => Some(mark),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_are_one() {
        let read = |text: &str| {
            let mut s = Symbols::default();
            s.read(text);
            let n = number(&s, 0).unwrap();
            (String::from_utf8(n.digits().to_vec()).unwrap(), n.tokens.len())
        };
        for (text, tokens) in
            [("4821357", 1), ("48,213.57", 3), ("48.213,57", 3), ("48 213,57", 3), ("48213.57", 2), ("0048213570", 1)]
        {
            assert_eq!(read(text), ("4821357".to_owned(), tokens), "{text}");
        }
        assert_eq!(read("10.0.0.7").1, 1);
        assert_eq!(read("14.03.2026").1, 1);
    }
}
