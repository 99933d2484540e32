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

/// Pages of the ledger: who reads one after the other reads something new for as long as anybody remembers.
const PAGES: u64 = 32;
/// No line is longer.
const LINE: usize = 256;

/// The rest of a `blob` result after its first line: JSON-escaped text of one length, then the end of the message.
pub(crate) fn tail(page: u64) -> &'static [u8] {
    static TAILS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let end = br#""}],"isError":false}}"#;
    let tails = TAILS.get_or_init(|| (0..PAGES).map(|page| [ledger(page).as_bytes(), end].concat()).collect());
    tails.get(usize::try_from(page % PAGES).unwrap_or_default()).map_or(&[], Vec::as_slice)
}

/// Lines of a depot's ledger, each ending in an escaped line feed.
fn ledger(page: u64) -> String {
    let mut text = String::with_capacity(SIZE + LINE);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(page + 1));
    while text.len() < SIZE {
        let (day, hour, minute) = (1 + dice.roll(28), dice.roll(24), dice.roll(60));
        let (depot, number) = (1 + dice.roll(40), 10_000 + dice.roll(90_000));
        let _ = write!(text, "2026-03-{day:02} {hour:02}:{minute:02} depot-{depot} #{number}");
        for _ in 0..4 + dice.roll(8) {
            let _ = write!(text, " {}", dice.pick(&WORDS));
        }
        let _ = write!(text, ", {}.{} kg\\n", dice.roll(30), dice.roll(10));
    }
    // All pages are of one length.
    let rest = (SIZE + LINE).saturating_sub(text.len());
    text.extend(std::iter::repeat_n('-', rest));
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
