//! What is remembered of names and texts: keyed sums. Who does not have the key can make no two texts with one sum, and
//! cannot tell from a sum what it was made of.

use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// The sum of a text under a [`Key`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sum(u64);

impl Sum {
    /// The sum that is this number, of a store that kept it.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
    /// The sum as a number, for stores.
    pub const fn bits(self) -> u64 {
        self.0
    }
    /// This sum and a word more, in this order. Sums are chance already: no key is needed to join them.
    #[must_use]
    pub const fn and(self, word: u64) -> Self {
        Self(stir(self.0 ^ stir(word.wrapping_add(SPREAD))))
    }
    /// The upper half, where 32 bits are enough.
    pub(crate) const fn short(self) -> u32 {
        (self.0 >> 32) as u32
    }
    /// A place below `size`, which is a power of two.
    pub(crate) const fn place(self, size: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits are meant")]
        let low = self.0 as usize;
        low & (size - 1)
    }
    /// A number from zero to one, the same for the same sum.
    pub(crate) fn fraction(self) -> f64 {
        // 53 bits are what a double holds exactly.
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// An odd number without a pattern, by which a product spreads its factor over all bits: 2^64 ÷ the golden ratio.
pub(crate) const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finisher of SplitMix64: a permutation of 64 bits in which every bit depends on every other.
pub(crate) const fn stir(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Makes sums. One for each deployment, random and secret.
#[derive(Clone, Copy)]
pub struct Key(SipHasher13);

impl Key {
    /// A key of sixteen unpredictable bytes.
    pub fn new(bytes: &[u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(bytes))
    }
    /// The sum of a text.
    pub fn sum(&self, text: &str) -> Sum {
        self.sum_bytes(text.as_bytes())
    }
    /// The sum of bytes.
    pub fn sum_bytes(&self, bytes: &[u8]) -> Sum {
        let mut hasher = self.0;
        hasher.write(bytes);
        Sum(hasher.finish())
    }
    /// The sum of bytes that come in pieces: that of all of them together.
    pub(crate) fn sum_pieces<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) -> Sum {
        let mut hasher = self.0;
        pieces.for_each(|piece| hasher.write(piece));
        Sum(hasher.finish())
    }
    /// The sum of a tool: its server and its name on it.
    pub fn tool(&self, server: &str, name: &str) -> Sum {
        self.sum(server).and(self.sum(name).0)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole() {
        let key = Key::new(&[1; 16]);
        assert_eq!(key.sum_pieces([&b"on"[..], b"e", b" and all"].into_iter()), key.sum("one and all"));
    }

    #[test]
    fn order_and_key_matter() {
        let (a, b) = (Key::new(&[1; 16]), Key::new(&[2; 16]));
        assert_ne!(a.sum("read"), b.sum("read"));
        assert_ne!(a.tool("x", "y"), a.tool("y", "x"));
        assert_ne!(Sum(7).and(1).and(2), Sum(7).and(2).and(1));
    }
}
