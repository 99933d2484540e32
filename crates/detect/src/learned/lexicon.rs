//! Words and their classes, found by a hash.

use super::words::{Class, WORDS};
use std::{ops::Range, sync::LazyLock};

/// Words by the hash of their letters: open addressing. Small, so that it stays in the nearest cache: of a hash 16 bits are
/// kept, and one of ten thousand unlisted words is taken for a listed one.
pub(super) struct Lexicon {
    tags: Box<[u16; SLOTS]>,
    classes: Box<[Class; SLOTS]>,
}

const SLOTS: usize = 1 << 12;

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut lexicon = Lexicon { tags: Box::new([0; SLOTS]), classes: Box::new([Class::Other; SLOTS]) };
    for (class, words) in WORDS {
        for word in words.split_whitespace() {
            let hash = hash(word.as_bytes(), 0..word.len());
            if lexicon.class(hash) == Class::Other {
                let at = lexicon.slot(hash);
                if let (Some(tag), Some(slot)) = (lexicon.tags.get_mut(at), lexicon.classes.get_mut(at)) {
                    (*tag, *slot) = (tag_of(hash), *class);
                }
            }
        }
    }
    lexicon
});

/// What is kept of a hash; 0 is an empty slot.
#[inline]
fn tag_of(hash: u32) -> u16 {
    (hash >> 16) as u16 | 1
}

/// A hash of the first and last eight bytes of a word and its length, without regard to the case of ASCII letters.
#[inline]
pub(super) fn hash(bytes: &[u8], word: Range<usize>) -> u32 {
    let length = word.len();
    let head = eight(bytes, word.start);
    let (head, tail) = match length {
        0..8 => (head & ((1 << (length * 8)) - 1), 0),
        _ => (head, eight(bytes, word.end - 8)),
    };
    let mixed = (head ^ (length as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ tail.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32) as u32
}

/// Eight bytes as a number, in lower case; what lies beyond the text is 0.
#[inline]
fn eight(bytes: &[u8], from: usize) -> u64 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let whole = bytes.get(from..from + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
    let number = whole.unwrap_or_else(|| {
        bytes.get(from..).unwrap_or_default().iter().take(8).rev().fold(0, |n, b| n << 8 | u64::from(*b))
    });
    number | LOWER
}

impl Lexicon {
    /// Where a word is, or would be.
    #[inline]
    fn slot(&self, hash: u32) -> usize {
        let mut at = (hash ^ (hash >> 14)) as usize % SLOTS;
        while self.tags.get(at).is_some_and(|tag| *tag != 0 && *tag != tag_of(hash)) {
            at = (at + 1) % SLOTS;
        }
        at
    }

    #[inline]
    pub(super) fn class(&self, hash: u32) -> Class {
        let at = self.slot(hash);
        if self.tags.get(at).is_some_and(|tag| *tag != 0) {
            self.classes.get(at).copied().unwrap_or(Class::Other)
        } else {
            Class::Other
        }
    }
}

/// The class of a word that is not in the list, by its ending.
pub(super) fn by_ending(word: &[u8]) -> Class {
    let ends = |e: &[u8]| {
        word.len() > e.len() + 2 && word.get(word.len() - e.len()..).is_some_and(|w| w.eq_ignore_ascii_case(e))
    };
    if word.len() >= 28 && word.is_ascii() && !word.contains(&b'_') {
        Class::Blob
    } else if word.first().is_some_and(|b| *b >= 0x80) || word.iter().filter(|b| **b >= 0x80).count() >= 2 {
        Class::Foreign
    } else if word.contains(&b'_')
        || word.iter().skip(1).zip(word).any(|(b, a)| b.is_ascii_uppercase() && a.is_ascii_lowercase())
    {
        Class::Name
    } else if ends(b"ing") {
        Class::Ing
    } else if ends(b"ed") {
        Class::Past
    } else if ends(b"ly") {
        Class::Adverb
    } else if ends(b"tion") || ends(b"ment") || ends(b"ness") || ends(b"ity") || ends(b"tions") {
        Class::Noun
    } else {
        Class::Other
    }
}
