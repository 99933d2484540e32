//! Bytes written in digits: hexadecimal, base32 and base64.

use std::ops::Range;

/// The digits of an encoding (RFC 4648).
pub(crate) struct Digits {
    /// How many bits each stands for.
    bits: u32,
    /// The value of each byte, or [`NO_DIGIT`].
    values: [u8; 256],
}

const NO_DIGIT: u8 = u8::MAX;
pub(crate) static HEX: Digits = Digits::new(4, b"0123456789abcdef", b"0123456789ABCDEF");
pub(crate) static BASE32: Digits =
    Digits::new(5, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"abcdefghijklmnopqrstuvwxyz234567");
pub(crate) static BASE64: Digits = Digits::new(
    6,
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
);

impl Digits {
    #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs in the compiler")]
    const fn new(bits: u32, digits: &[u8], others: &[u8]) -> Self {
        let mut values = [NO_DIGIT; 256];
        let mut i = 0;
        while i < digits.len() {
            values[digits[i] as usize] = i as u8;
            values[others[i] as usize] = i as u8;
            i += 1;
        }
        Self { bits, values }
    }

    #[inline]
    pub(crate) fn value(&self, b: u8) -> Option<u8> {
        self.values.get(usize::from(b)).copied().filter(|v| *v != NO_DIGIT)
    }

    /// Where within `part` nothing but digits stands, at least so many.
    pub(crate) fn stretches<'a>(
        &'a self,
        run: &'a [u8],
        part: Range<usize>,
        least: usize,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut at = part.start;
        run.get(part).unwrap_or_default().split(|b| self.value(*b).is_none()).filter_map(move |stretch| {
            let start = at;
            at += stretch.len() + 1;
            (stretch.len() >= least).then_some(start..start + stretch.len())
        })
    }

    /// The bytes that digits stand for, each with the places of the first and the last digit that it is of.
    pub(crate) fn decoded<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (u8, Range<usize>)> + 'a {
        let (mut kept, mut bits, mut first) = (0_u32, 0, 0);
        bytes.iter().enumerate().filter_map(move |(i, b)| {
            let value = self.value(*b)?;
            if bits == 0 {
                first = i;
            }
            kept = kept << self.bits | u32::from(value);
            bits += self.bits;
            if bits < 8 {
                return None;
            }
            bits -= 8;
            let byte = u8::try_from(kept >> bits & 0xff).unwrap_or_default();
            kept &= (1 << bits) - 1;
            let from = first..i + 1;
            first = i;
            Some((byte, from))
        })
    }

    /// Whether there is text in it: at its beginning, in its middle or at its end.
    pub(crate) fn hold_text(&self, bytes: &[u8]) -> bool {
        /// So many digits make whole bytes in every encoding, and so do eight.
        const SAMPLE: usize = 24;
        let last = bytes.len().saturating_sub(SAMPLE);
        [0, last / 2, last].iter().any(|at| {
            let at = at - at % 8;
            let sample = bytes.get(at..(at + SAMPLE).min(bytes.len())).unwrap_or_default();
            let text = |b: u8| matches!(b, 0 | b'\t' | b'\n' | b'\r' | b' '..=b'~');
            self.decoded(sample).all(|(b, _)| text(b))
        })
    }

    /// Whether it begins as compressed bytes do.
    pub(crate) fn hold_packed(&self, bytes: &[u8]) -> bool {
        let mut begin = self.decoded(bytes).map(|(b, _)| b);
        match (begin.next(), begin.next()) {
            (Some(a), Some(b)) => is_packed([a, b]),
            _ => false,
        }
    }
}

/// Whether bytes begin as compressed ones do (RFC 1952 §2.3.1, RFC 1950 §2.2).
fn is_packed(begin: [u8; 2]) -> bool {
    match begin {
        [0x1f, 0x8b] => true,
        [0x78, flags] => (0x7800 + u32::from(flags)).is_multiple_of(31),
        _ => false,
    }
}
