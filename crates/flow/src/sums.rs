use crate::unit::{Key, Kind, Packed};

/// Sums of words under a key, for what is looked up by whole words. Who does not have the key can make no words whose sum is
/// that of others.
#[derive(Clone, Copy)]
pub struct Sums(Key);

impl Sums {
    /// Sums under `key`.
    pub fn new(key: &[u8; 16]) -> Self {
        Self(Key::new(key))
    }

    /// The sum of words in their order.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half of the sum is meant")]
    pub fn of<'w>(&self, words: impl Iterator<Item = &'w str>) -> u32 {
        let chain = |all: u64, word: &str| {
            let word = self.0.sum_of(Kind::Whole, word.as_bytes()).0;
            self.0.sum(Kind::Prose, Packed(u128::from(all) << 64 | u128::from(word))).0
        };
        words.fold(0, chain) as u32
    }
}

impl std::fmt::Debug for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sums")
    }
}
