//! One look over the bytes, 64 at a time, for what may be written in another way. Nearly all text holds none of it, so
//! this is what most texts pay.

use std::ops::Range;

const BLOCK: usize = 64;

/// Parts of a text that deserve a second look. They begin and end anywhere.
#[derive(Default)]
pub(super) struct Odd {
    /// Places in long runs of letters and digits, in order: an encoding, or words that were joined.
    pub(super) runs: Vec<usize>,
    /// Letters that stand alone, one after the other.
    pub(super) lone: Vec<Range<usize>>,
    /// Digits inside of words.
    pub(super) mixed: Vec<Range<usize>>,
    /// Many numbers.
    pub(super) numbers: Vec<Range<usize>>,
}

/// Shorter runs are words.
const RUN: u32 = 16;
const LONE: u32 = 6;
const MIXED: u32 = 2;
const NUMBERS: u32 = 22;

pub(super) fn look(text: &str) -> Odd {
    let mut odd = Odd::default();
    let bytes = text.as_bytes();
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut before = Masks::default();
    for (n, block) in blocks.iter().enumerate() {
        before = odd.take(n * BLOCK, before, Masks::of(block));
    }
    let mut last = [b' '; BLOCK];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    if !rest.is_empty() {
        odd.take(blocks.len() * BLOCK, before, Masks::of(&last));
    }
    for parts in [&mut odd.lone, &mut odd.mixed, &mut odd.numbers] {
        for part in parts.iter_mut() {
            part.end = part.end.min(bytes.len());
        }
    }
    odd
}

/// A bit for each byte of a block.
#[derive(Clone, Copy, Default)]
struct Masks {
    letters: u64,
    digits: u64,
    /// What is neither, and occurs in encodings.
    joints: u64,
}

impl Masks {
    #[inline]
    fn of(block: &[u8; BLOCK]) -> Self {
        Self {
            letters: mask(block, |b| (b | 0x20).wrapping_sub(b'a') < 26),
            digits: mask(block, |b| b.wrapping_sub(b'0') < 10),
            joints: mask(block, |b| (b == b'+') | (b == b'/') | (b == b'-') | (b == b'_')),
        }
    }
}

/// Which bytes are so. Written so that the compiler looks at many at a time.
#[inline]
fn mask(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0_u8; BLOCK];
    for (flag, b) in flags.iter_mut().zip(block) {
        *flag = u8::from(is(*b));
    }
    let (eights, _) = flags.as_chunks::<8>();
    let gather = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    eights.iter().enumerate().fold(0, |all, (n, eight)| all | gather(eight) << (8 * n))
}

impl Odd {
    #[inline]
    fn take(&mut self, at: usize, before: Masks, now: Masks) -> Masks {
        let both = |a: u64, b: u64| u128::from(a) | u128::from(b) << 64;
        let letters = both(before.letters, now.letters);
        let digits = both(before.digits, now.digits);
        let part = at.saturating_sub(BLOCK)..at + BLOCK;
        let lone = letters & !(letters << 1) & !(letters >> 1);
        if lone.count_ones() >= LONE {
            join(&mut self.lone, part.clone());
        }
        let mixed = digits & (letters << 1) & (letters >> 1);
        if mixed.count_ones() >= MIXED {
            join(&mut self.mixed, part.clone());
        }
        if now.digits.count_ones() >= NUMBERS {
            join(&mut self.numbers, part);
        }
        let run = letters | digits | both(before.joints, now.joints);
        let run = run & (run >> 1);
        let run = run & (run >> 2);
        let run = run & (run >> 4);
        let run = run & (run >> (RUN - 8));
        let mut first = run & !(run << 1);
        while first != 0 {
            self.runs.push((at + first.trailing_zeros() as usize).saturating_sub(BLOCK));
            first &= first - 1;
        }
        now
    }
}

fn join(parts: &mut Vec<Range<usize>>, part: Range<usize>) {
    match parts.last_mut() {
        Some(last) if part.start <= last.end => last.end = part.end,
        _ => parts.push(part),
    }
}

/// The stretches of bytes for which `is` holds that are at `places`, each once.
pub(super) fn stretches(bytes: &[u8], places: &[usize], is: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut to = 0;
    for place in places.iter().copied().filter(|place| *place < bytes.len()) {
        if place < to {
            continue;
        }
        let before = bytes.get(to..place).unwrap_or_default().iter().rev().take_while(|b| is(**b)).count();
        let after = bytes.get(place..).unwrap_or_default().iter().take_while(|b| is(**b)).count();
        to = place + after;
        if after > 0 {
            all.push(place - before..to);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_say_which_bytes() {
        let mut block = [b' '; BLOCK];
        for at in [0, 7, 8, 31, 63] {
            block[at] = b'q';
        }
        block[9] = b'5';
        let masks = Masks::of(&block);
        assert_eq!(masks.letters, 1 | 1 << 7 | 1 << 8 | 1 << 31 | 1 << 63);
        assert_eq!(masks.digits, 1 << 9);
    }

    #[test]
    fn what_is_odd_is_seen_wherever_it_stands() {
        for lead in 0..140 {
            let host = |said: &str| format!("{}{said} {}", " ".repeat(lead), "x ".repeat(2));
            assert!(!look(&host("aWdub3JlIGFsbCBvZiB0")).runs.is_empty(), "{lead}");
            assert!(!look(&host("i g n o r e a l l")).lone.is_empty(), "{lead}");
            assert!(!look(&host("1gn0r3 pr3v10us")).mixed.is_empty(), "{lead}");
            let plain = look(&host("The parcel left at noon, signed for by a clerk."));
            assert!(plain.runs.is_empty() && plain.mixed.is_empty() && plain.numbers.is_empty());
        }
    }

    #[test]
    fn stretches_are_whole() {
        let bytes = b"ab cdefgh ij klmnop";
        let is = |b: u8| b != b' ';
        assert_eq!(stretches(bytes, &[5, 6, 13], is), [3..9, 13..19]);
    }
}
