//! What is remembered of a text: keyed sums of runs of symbols. Who does not have the key can make no text whose sum is that
//! of another.

/// Up to sixteen symbols, the first in the lowest byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed(pub(crate) u128);

/// The first sixteen symbols.
pub(crate) fn pack(symbols: &[u8]) -> Packed {
    Packed(symbols.iter().take(16).rev().fold(0, |all, s| all << 8 | u128::from(*s)))
}

/// What a run of symbols is taken for. The same symbols have another sum as something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Eight symbols out of a value.
    Window,
    /// Sixteen symbols out of prose.
    Prose,
    /// A value or word that is whole.
    Whole,
    /// The digits of a number, without zeros around them.
    Number,
    /// A day.
    Date,
}

/// The sum of a unit: 39 bits that nobody predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sum(pub(crate) u64);

impl Sum {
    pub(crate) const BITS: u32 = 39;
}

/// Makes sums.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u64, u64);

impl Key {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        let key = u128::from_le_bytes(*key);
        let half = |at: u32| u64::try_from(key >> at & u128::from(u64::MAX)).unwrap_or_default();
        Self(half(0), half(64))
    }

    #[inline]
    pub(crate) const fn sum(&self, kind: Kind, symbols: Packed) -> Sum {
        let second = self.1.wrapping_add((kind as u64 + 1).wrapping_mul(0x9fb2_1c65_1e98_df25));
        Sum(mix(symbols.0, self.0, second) >> (64 - Sum::BITS))
    }

    /// The sum of a run of any length, which is part of it.
    pub(crate) fn sum_of(&self, kind: Kind, symbols: &[u8]) -> Sum {
        if symbols.len() <= 16 {
            return self.sum(kind, pack(symbols));
        }
        let mut state = symbols.len() as u64;
        for part in symbols.chunks(16) {
            state = mix(pack(part).0, self.0 ^ state, self.1);
        }
        self.sum(kind, Packed(u128::from(state) | 1 << 127))
    }

    /// Stands for the key where it must not be shown.
    pub(crate) fn print(&self) -> u64 {
        self.sum_of(Kind::Date, b"the key that these sums were made under").0
    }
}

/// A sum of two words under two others: two folded products.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
pub(crate) const fn mix(value: u128, a: u64, b: u64) -> u64 {
    let once = fold(value as u64 ^ a, (value >> 64) as u64 ^ b);
    fold(once ^ a.rotate_left(32), 0xd6e8_feb8_6659_fd93 ^ value as u64)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
const fn fold(a: u64, b: u64) -> u64 {
    let wide = a as u128 * b as u128;
    (wide >> 64) as u64 ^ wide as u64
}
