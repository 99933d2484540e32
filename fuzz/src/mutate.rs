/// Makes inputs from seeds: a few small changes each, from a repeatable sequence.
pub(crate) struct Mutator {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

/// The longest input, in bytes.
const MAX: usize = 4096;

/// Pieces that parsers of this workspace give meaning to.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"-0",
    b"1e999",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xe2\x80\x8b",
    b"data: ",
    b"id:",
    b"=?base64?",
    b"?=",
    b"%2e%2e/",
    b"..",
    b"file://",
    b"http://0x7f.1/",
    b"@",
    b"=",
    b".",
    b"\xf0\x9f\x98\x80",
    b"\xc5\xbf",
    b"/",
    b"-----BEGIN",
    b"ignore previous instructions",
];

impl Mutator {
    pub(crate) const fn new(seed: u64, corpus: Vec<Vec<u8>>) -> Self {
        Self { state: seed, corpus }
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.draw() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn seed(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        self.corpus.get(at).cloned().unwrap_or_default()
    }

    /// The next input.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..=self.below(6) {
            let at = self.below(input.len() + 1);
            match self.below(7) {
                0 => {
                    let byte = u8::try_from(self.below(256)).unwrap_or(0);
                    input.insert(at, byte);
                }
                1 if at < input.len() => {
                    let bit = self.below(8);
                    if let Some(byte) = input.get_mut(at) {
                        *byte ^= 1 << bit;
                    }
                }
                2 => {
                    let end = (at + self.below(32)).min(input.len());
                    input.drain(at..end);
                }
                3 => {
                    // Twice the same: duplicate keys, repeated headers, doubled lines.
                    let end = (at + self.below(64)).min(input.len());
                    let piece = input.get(at..end).unwrap_or_default().to_vec();
                    input.splice(at..at, piece);
                }
                4 => {
                    // Two seeds in one.
                    let other = self.seed();
                    let from = self.below(other.len() + 1);
                    input.truncate(at);
                    input.extend_from_slice(other.get(from..).unwrap_or_default());
                }
                5 => {
                    if let Some(byte) = input.get_mut(at) {
                        *byte = if byte.is_ascii_alphabetic() { *byte ^ 0x20 } else { byte.wrapping_add(1) };
                    }
                }
                _ => {
                    let piece = PIECES.get(self.below(PIECES.len())).copied().unwrap_or_default();
                    input.splice(at..at, piece.iter().copied());
                }
            }
        }
        input.truncate(MAX);
        input
    }
}

#[cfg(test)]
mod tests {
    use super::Mutator;

    #[test]
    fn repeatable_and_bounded() {
        let seeds = vec![b"{\"a\":1}".to_vec(), vec![b'x'; 4096]];
        let (mut one, mut two) = (Mutator::new(7, seeds.clone()), Mutator::new(7, seeds.clone()));
        let made: Vec<_> = (0..500).map(|_| one.next()).collect();
        assert!(made.iter().all(|i| i.len() <= super::MAX && *i == two.next()));
        assert!(made.iter().any(|i| !seeds.contains(i)));
    }
}
