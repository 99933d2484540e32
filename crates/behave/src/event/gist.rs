use crate::{Key, Sum};

/// What was in a result: the sum of all of it, and sums of some of its pairs of words.
#[derive(Clone, Debug, Default)]
pub struct Gist {
    /// The sum of all of it.
    pub same: Sum,
    /// Sums of pairs of neighbouring words, without digits; at most [`Gist::MOST`].
    pub pairs: Vec<u32>,
}

impl Gist {
    /// How many pairs are kept.
    pub const MOST: usize = 96;

    /// The gist of a text. Of long texts the pairs are sampled by their sums, so that the same passage gives the same pairs.
    pub fn of(key: &Key, text: &str) -> Self {
        let sample = match text.len() {
            0..=1_024 => 1,
            1_025..=8_192 => 8,
            8_193..=65_536 => 64,
            _ => 512,
        };
        let mut before = Sum::default();
        let mut pairs = Vec::new();
        for word in words(text) {
            let word = key.sum_bytes(word.as_bytes());
            let pair = before.and(word.bits());
            before = word;
            if pair.bits() % sample == 0 && pairs.len() < Self::MOST {
                pairs.push(pair.short());
            }
        }
        Self { same: key.sum(text), pairs }
    }

    /// What stands for a result of which only a digest is known: it is told from others, and nothing of it is known to be old.
    pub const fn opaque(same: Sum) -> Self {
        Self { same, pairs: Vec::new() }
    }
}

/// Runs of letters; a run of digits is left out, since counters and times say nothing new.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_nothing_new() {
        let key = Key::new(&[1; 16]);
        let (one, two) = (Gist::of(&key, "at 10:01 nothing came"), Gist::of(&key, "at 10:02 nothing came"));
        assert_eq!(one.pairs, two.pairs);
        assert_ne!(one.same, two.same);
        assert_eq!(one.pairs.len(), 3);
    }
}
