//! Words that everybody uses. That one of them stands in two texts says nothing.

use crate::unit::{self, Packed};
use std::sync::LazyLock;

/// The words by how common they are: above the line of dashes the most common.
const WORDS: &str = include_str!("words.txt");
/// As many places as are twice the words and a power of two.
const PLACES: usize = 8192;

/// How common a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Common {
    /// Among the words of every sentence.
    Everywhere,
    /// A word that everybody knows.
    Known,
}

/// A set of the sums of words; the lowest bit says how common one is.
static TABLE: LazyLock<Box<[u32]>> = LazyLock::new(|| {
    let mut table = vec![0_u32; PLACES].into_boxed_slice();
    let (everywhere, known) = WORDS.split_once("--").unwrap_or((WORDS, ""));
    for (words, mark) in [(everywhere, 1), (known, 0)] {
        for word in words.split_whitespace() {
            let (sum, mut at) = sum(unit::pack(word.as_bytes()));
            while table.get(at).is_some_and(|s| *s != 0 && *s | 1 != sum | 1) {
                at = (at + 1) % PLACES;
            }
            match table.get_mut(at) {
                Some(free) if *free == 0 => *free = sum & !1 | mark,
                _ => {}
            }
        }
    }
    table
});

/// How common a word of at most sixteen symbols is, if it or what it is made of is.
pub(crate) fn common(word: Packed) -> Option<Common> {
    listed(word).or_else(|| {
        let len = 16 - word.0.leading_zeros() as usize / 8;
        let bytes = word.0.to_le_bytes();
        let text = bytes.get(..len).filter(|t| t.len() > 4 && t.is_ascii())?;
        let stem = |end: &[u8]| text.strip_suffix(end).filter(|stem| stem.len() > 2);
        let endings: [&[u8]; 6] = [b"s", b"d", b"ed", b"ing", b"ly", b"er"];
        let stems = endings.iter().filter_map(|end| stem(end));
        let found = |stem: &[u8]| listed(unit::pack(stem)).or_else(|| listed(unit::pack(&[stem, b"e"].concat())));
        stems.into_iter().find_map(found).map(|_| Common::Known)
    })
}

fn listed(word: Packed) -> Option<Common> {
    let (sum, mut at) = sum(word);
    loop {
        match *TABLE.get(at)? {
            0 => return None,
            found if found | 1 == sum | 1 => {
                return Some(if found & 1 == 1 { Common::Everywhere } else { Common::Known });
            }
            _ => at = (at + 1) % PLACES,
        }
    }
}

/// What stands for a word, never zero, and where to begin to look for it.
#[expect(clippy::cast_possible_truncation, reason = "a sum is cut to the bits that are kept")]
fn sum(word: Packed) -> (u32, usize) {
    let sum = unit::mix(word.0, 0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f);
    ((sum >> 32) as u32 | 2, sum as usize % PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_known_and_others_are_not() {
        for word in WORDS.split_whitespace().filter(|w| *w != "--") {
            assert!(word.len() <= 16 && common(unit::pack(word.as_bytes())).is_some(), "{word}");
        }
        assert_eq!(common(unit::pack(b"the")), Some(Common::Everywhere));
        assert_eq!(common(unit::pack(b"main")), Some(Common::Known));
        assert!((0..20_000).filter(|n| common(unit::pack(format!("qz{n}x").as_bytes())).is_some()).count() < 2);
        assert!(TABLE.iter().filter(|s| **s != 0).count() < PLACES / 2);
    }
}
