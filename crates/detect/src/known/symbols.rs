//! Texts as symbols: letters and digits without regard to case. Everything else is dropped, so a secret with line
//! breaks, spaces, quotes or commas between its characters is the same line of symbols as the secret itself.
//!
//! A letter after a backslash is dropped too. It belongs to an escape (`\n`, `\x41`, `\u0041`), of which the digits are left.

/// Symbols are below this.
const SYMBOLS: u8 = 64;
/// Not a symbol.
const OTHER: u8 = 0x40;
/// Not a symbol, and what follows is none either.
const ESCAPE: u8 = 0x60;

/// What each byte is.
const CODES: [u8; 256] = {
    let mut codes = [OTHER; 256];
    let mut b = 0_u8;
    loop {
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256; this runs in the compiler")]
        {
            codes[b as usize] = match b {
                b'0'..=b'9' => b - b'0',
                b'a'..=b'z' => b - b'a' + 10,
                b'A'..=b'Z' => b - b'A' + 10,
                b'\\' => ESCAPE,
                _ => OTHER,
            };
        }
        if b == u8::MAX {
            break;
        }
        b += 1;
    }
    codes
};

const fn code(b: u8) -> u8 {
    #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
    CODES[b as usize]
}

/// The symbols of `bytes`.
pub(super) fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut escaped = false;
    for b in bytes {
        let v = code(*b);
        if v < SYMBOLS && !escaped {
            out.push(v);
        }
        escaped = v == ESCAPE;
    }
    out
}

/// The symbols from `at` on with their places, until `gap` bytes hold none.
pub(super) fn rightward(bytes: &[u8], at: usize, gap: usize) -> impl Iterator<Item = (u8, usize)> + '_ {
    let mut escaped = at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'\\');
    let mut last = at;
    bytes
        .get(at..)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .map_while(move |(i, &b)| {
            let (v, place) = (code(b), at + i);
            let kept = v < SYMBOLS && !escaped;
            escaped = v == ESCAPE;
            if kept {
                last = place;
            }
            (place - last <= gap).then_some(kept.then_some((v, place)))
        })
        .flatten()
}

/// The symbols before `at` with their places, the nearest first, until `gap` bytes hold none.
pub(super) fn leftward(bytes: &[u8], at: usize, gap: usize) -> impl Iterator<Item = (u8, usize)> + '_ {
    let mut last = at;
    bytes
        .get(..at)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .rev()
        .map_while(move |(place, &b)| {
            let v = code(b);
            let kept = v < SYMBOLS && place.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'\\');
            if kept {
                last = place;
            }
            (last - place <= gap).then_some(kept.then_some((v, place)))
        })
        .flatten()
}

/// Whether a text in an encoding goes on over `b`: letters, digits, the marks of base64 and of signed
/// tokens, line breaks, and what begins an escape.
pub(super) const fn joins(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=' | b'.' | b'%' | b'\r' | b'\n' | b'\\')
}

/// Whether it may go on over `b`: of what [`joins`] all, and a few more, in a few steps.
#[inline]
const fn may_join(b: u8) -> bool {
    let letter = (b | 0x20).wrapping_sub(b'a') < 26;
    let percent_to_nine = b.wrapping_sub(b'%') < 21;
    letter | percent_to_nine | (b.wrapping_sub(b'\\') < 4) | (b == b'=') | (b.wrapping_sub(b'\n') < 4)
}

/// How many bytes are squeezed at once.
pub(super) const BLOCK: usize = 1024;
/// How many bytes are looked at together for whether they may belong to a text in an encoding.
pub(super) const PIECE: usize = 16;
const ROOM: usize = 2 * BLOCK;

/// The symbols of one block of a text.
pub(super) struct Block {
    symbols: [u8; ROOM],
    len: usize,
    /// How many of them belong to the block before.
    carried: usize,
    /// How many symbols stand before each piece.
    before: [u16; BLOCK / PIECE],
    /// Bit by bit, the pieces without a byte that ends an encoding.
    pub(super) unbroken: u64,
}

impl Block {
    pub(super) const fn new() -> Self {
        Self { symbols: [0; ROOM], len: 0, carried: 0, before: [0; BLOCK / PIECE], unbroken: 0 }
    }

    /// Takes the next block of a text, of at most [`BLOCK`] bytes, and keeps what symbols the last one left over.
    /// `escaped` is whether a backslash stands before it.
    pub(super) fn take(&mut self, bytes: &[u8], escaped: bool) {
        let whole = self.len - self.len % 8;
        self.symbols.copy_within(whole..self.len, 0);
        self.carried = self.len - whole;
        let (mut n, mut unbroken, mut escaped) = (self.carried, 0, escaped);
        let (pieces, rest) = bytes.as_chunks::<PIECE>();
        for (i, piece) in pieces.iter().enumerate() {
            self.note(i, n);
            let broken = piece.iter().fold(false, |broken, b| broken | !may_join(*b));
            unbroken |= u64::from(!broken) << (i & 63);
            n += self.squeeze(n, piece, &mut escaped);
        }
        if !rest.is_empty() {
            let mut piece = [b' '; PIECE];
            piece.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.note(pieces.len(), n);
            n += self.squeeze(n, &piece, &mut escaped);
        }
        self.len = n;
        self.unbroken = unbroken;
    }

    fn note(&mut self, piece: usize, n: usize) {
        if let Some(before) = self.before.get_mut(piece) {
            *before = u16::try_from(n).unwrap_or(u16::MAX);
        }
    }

    /// Puts the symbols of `piece` at `n`; tells how many.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, clippy::inline_always, reason = "masked to the length, which is a power of two")]
    fn squeeze(&mut self, n: usize, piece: &[u8; PIECE], escaped: &mut bool) -> usize {
        let Some(to) = self.symbols.get_mut(n..).and_then(|s| s.first_chunk_mut::<PIECE>()) else { return 0 };
        let mut k = 0;
        // Most pieces have no escape, and an eighth of the work is to know that.
        if !*escaped && !piece.iter().fold(false, |any, b| any | (*b == b'\\')) {
            for b in piece {
                let v = code(*b);
                to[k & (PIECE - 1)] = v;
                k += usize::from(v < SYMBOLS);
            }
        } else {
            for b in piece {
                let v = code(*b);
                to[k & (PIECE - 1)] = v;
                k += usize::from(v < SYMBOLS && !*escaped);
                *escaped = v == ESCAPE;
            }
        }
        k
    }

    /// The windows of eight symbols, one after the other.
    pub(super) fn windows(&self) -> &[[u8; 8]] {
        self.symbols.get(..self.len).unwrap_or_default().as_chunks().0
    }

    /// Where the `window`th window begins in `text`, of which this block begins at `start`.
    pub(super) fn place(&self, text: &[u8], start: usize, window: usize) -> Option<usize> {
        let symbol = window * 8;
        if let Some(back) = self.carried.checked_sub(symbol + 1) {
            return leftward(text, start, usize::MAX).nth(back).map(|(_, place)| place);
        }
        let pieces = text.len().saturating_sub(start).min(BLOCK).div_ceil(PIECE);
        let before = self.before.get(..pieces)?;
        let piece = before.partition_point(|n| usize::from(*n) <= symbol).checked_sub(1)?;
        let skip = symbol - usize::from(*before.get(piece)?);
        rightward(text, start + piece * PIECE, usize::MAX).nth(skip).map(|(_, place)| place)
    }
}

/// The character of a symbol.
pub(super) const fn letter(symbol: u8) -> u8 {
    if symbol < 10 { b'0' + symbol } else { b'a' + (symbol - 10) % 26 }
}
