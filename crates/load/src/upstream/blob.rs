//! The large result: text that looks like work, so that whoever reads it reads what he would read in earnest.

use std::fmt::Write as _;
use std::sync::OnceLock;

/// Bytes of text in one `blob` result.
pub(crate) const SIZE: usize = 256 << 10;

const WORDS: [&str; 24] = [
    "parcel", "pallet", "crate", "letter", "sorted", "loaded", "weighed", "scanned", "delayed", "returned", "to",
    "from", "bay", "dock", "lorry", "carrier", "north", "south", "before", "after", "fragile", "upright", "cold",
    "signed",
];

/// The rest of a `blob` result after its first line: JSON-escaped text, then the end of the message.
pub(crate) fn tail() -> &'static [u8] {
    static TAIL: OnceLock<Vec<u8>> = OnceLock::new();
    TAIL.get_or_init(|| [ledger(SIZE).as_bytes(), br#""}],"isError":false}}"#].concat())
}

/// Lines of a depot's ledger, each ending in an escaped line feed.
fn ledger(size: usize) -> String {
    let mut text = String::with_capacity(size + 256);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    while text.len() < size {
        let (day, hour, minute) = (1 + dice.roll(28), dice.roll(24), dice.roll(60));
        let (depot, number) = (1 + dice.roll(40), 10_000 + dice.roll(90_000));
        let _ = write!(text, "2026-03-{day:02} {hour:02}:{minute:02} depot-{depot} #{number}");
        for _ in 0..4 + dice.roll(8) {
            let _ = write!(text, " {}", dice.pick(&WORDS));
        }
        let _ = write!(text, ", {}.{} kg\\n", dice.roll(30), dice.roll(10));
    }
    text
}

/// Repeatable numbers (SplitMix64): every run serves the same ledger.
struct Dice(u64);

impl Dice {
    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.roll(words.len() as u64);
        usize::try_from(at).ok().and_then(|at| words.get(at)).copied().unwrap_or_default()
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}
