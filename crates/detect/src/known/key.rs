//! Keyed sums of windows of eight symbols.

use zeroize::ZeroizeOnDrop;

/// The key of all sums. Who does not have it learns nothing from them.
#[derive(ZeroizeOnDrop)]
pub(super) struct Key {
    parts: [u64; 4],
    whole: [u8; 32],
}

impl Key {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let mut parts = [0; 4];
        let tag = aws_lc_rs::hmac::sign(&hmac(key), b"parts");
        let (words, _) = tag.as_ref().as_chunks::<8>();
        for (part, word) in parts.iter_mut().zip(words) {
            *part = u64::from_le_bytes(*word);
        }
        Self { parts, whole: *key }
    }

    /// The sum under which a window stands in the index.
    #[inline]
    pub(super) const fn index(&self, window: u64) -> u32 {
        let [a, b, ..] = self.parts;
        fold(window ^ a, b | 1)
    }

    /// The same for many windows.
    #[inline]
    pub(super) fn indexer(&self) -> impl Fn(u64) -> u32 + Copy + use<> {
        let [a, b, ..] = self.parts;
        move |window| fold(window ^ a, b | 1)
    }

    /// The sum with which a window is compared.
    #[inline]
    pub(super) const fn check(&self, window: u64) -> u32 {
        let [.., c, d] = self.parts;
        fold(window ^ c, d | 1)
    }

    /// A short sum of any bytes.
    pub(super) fn sum(&self, bytes: &[u8]) -> u64 {
        let [.., c, d] = self.parts;
        let (words, rest) = bytes.as_chunks::<8>();
        let mut sum = c ^ bytes.len() as u64;
        for word in words {
            sum = wide(sum ^ u64::from_le_bytes(*word), d | 1).rotate_left(23) ^ c;
        }
        let last = rest.iter().rev().fold(0, |last, b| last << 8 | u64::from(*b));
        wide(sum ^ last, d | 1)
    }

    /// The sum of any bytes (HMAC-SHA-256, RFC 2104).
    pub(super) fn print(&self, bytes: &[u8]) -> [u8; 16] {
        let tag = aws_lc_rs::hmac::sign(&hmac(&self.whole), bytes);
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

fn hmac(key: &[u8; 32]) -> aws_lc_rs::hmac::Key {
    aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
const fn wide(a: u64, b: u64) -> u64 {
    let wide = a as u128 * b as u128;
    (wide >> 64) as u64 ^ wide as u64
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
const fn fold(a: u64, b: u64) -> u32 {
    let mixed = wide(a, b);
    (mixed >> 32) as u32 ^ mixed as u32
}
