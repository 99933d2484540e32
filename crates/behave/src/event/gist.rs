use crate::{
    Key, Sum,
    sum::{SPREAD, stir},
};

/// What was in a result: the sum of all of it, and sums of some of its pairs of words.
#[derive(Clone, Debug, Default)]
pub struct Gist {
    /// The sum of all of it.
    pub same: Sum,
    /// Sums of pairs of neighbouring words; at most [`Gist::MOST`].
    pub pairs: Vec<u32>,
}

/// Up to this length a number says nothing new: it is a counter or a time. What is longer may be a table, of which the
/// numbers are what is said.
const SHORT: usize = 1_024;
/// What is longer than this many pieces is read in so many of them, spread over all of it.
const PIECES: usize = 16;
/// Bytes of a piece.
const PIECE: usize = 1_024;

impl Gist {
    /// How many pairs are kept.
    pub const MOST: usize = 96;

    /// The gist of a text. Of long texts the pairs are sampled by their sums, so that the same passage gives the same pairs;
    /// of those above 16 KiB the beginning, the end and fourteen passages between them are read.
    pub fn of(key: &Key, text: &str) -> Self {
        let all = text.as_bytes();
        let sample = match all.len() {
            0..=SHORT => 1,
            1_025..=8_192 => 8,
            _ => 32,
        };
        let mut pairs = Pairs { seed: key.sum("gist").bits(), sample, before: 0, found: Vec::new() };
        let numbers = all.len() > SHORT;
        for piece in pieces(all) {
            let is_word =
                |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii() || numbers && byte.is_ascii_digit();
            pairs.read(piece, is_word);
        }
        Self { same: key.sum_pieces(pieces(all)).and(all.len() as u64), pairs: pairs.found }
    }

    /// What stands for a result of which only a digest is known: it is told from others, and nothing of it is known to be old.
    pub const fn opaque(same: Sum) -> Self {
        Self { same, pairs: Vec::new() }
    }
}

/// All of a text, or passages of it at equal distances.
fn pieces(all: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (count, piece) = if all.len() <= PIECES * PIECE { (1, all.len()) } else { (PIECES, PIECE) };
    let last = all.len() - piece;
    (0..count).filter_map(move |n| {
        let at = last * n / (count - 1).max(1);
        all.get(at..at + piece)
    })
}

/// Pairs of words as they are found.
struct Pairs {
    /// What sums of words begin with.
    seed: u64,
    sample: u64,
    before: u64,
    found: Vec<u32>,
}

impl Pairs {
    fn read(&mut self, text: &[u8], is_word: impl Fn(&u8) -> bool) {
        let mut word = self.seed;
        for byte in text {
            if is_word(byte) {
                // As the hash of Fowler, Noll and Vo, from a secret beginning: whoever finds two words with one sum gains that
                // his answers look old.
                word = (word ^ u64::from(*byte)).wrapping_mul(SPREAD);
            } else if word != self.seed {
                self.end(std::mem::replace(&mut word, self.seed));
            }
        }
        if word != self.seed {
            self.end(word);
        }
    }

    fn end(&mut self, word: u64) {
        let pair = stir(self.before.rotate_left(32) ^ word);
        self.before = word;
        if pair.is_multiple_of(self.sample) && self.found.len() < Gist::MOST {
            self.found.push((pair >> 32) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gist(text: &str) -> Gist {
        Gist::of(&Key::new(&[1; 16]), text)
    }

    #[test]
    fn times_say_nothing_new() {
        let (one, two) = (gist("at 10:01 nothing came"), gist("at 10:02 nothing came"));
        assert_eq!(one.pairs, two.pairs);
        assert_ne!(one.same, two.same);
        assert_eq!(one.pairs.len(), 3);
    }

    #[test]
    fn a_table_of_numbers_is_news() {
        let table =
            |from: u32| (from..from + 200).map(|n| format!("parcel {n} weighs {} kg\n", n * 7)).collect::<String>();
        let (one, two) = (gist(&table(1_000)), gist(&table(2_000)));
        let known = two.pairs.iter().filter(|pair| one.pairs.contains(pair)).count();
        assert!(!two.pairs.is_empty() && known * 4 < two.pairs.len() * 3, "{known} of {}", two.pairs.len());
    }

    #[test]
    fn of_a_long_text_its_end_counts_too() {
        let long = "a word or two ".repeat(40_000);
        assert_ne!(gist(&long).same, gist(&format!("{long}!")).same);
        assert_ne!(gist(&format!("{long}a")).same, gist(&format!("{long}b")).same);
        assert_eq!(gist(&long).same, gist(&long.clone()).same);
    }
}
