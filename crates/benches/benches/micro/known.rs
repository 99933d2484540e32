//! The secrets that the gateway handles: what it costs to look for one of them and for ten thousand, and to learn one more.

use doorward_benches::Suite;
use doorward_detect::{KnownSecrets, Scanner, Settings, Text};
use doorward_vocab::Channel;

use crate::texts;

pub(crate) fn benches(suite: &mut Suite) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let scanner = Scanner::new(&Settings::default()).expect("settings without names");
    let texts = [
        ("lines of a log", texts::lines(256)),
        ("prose", texts::prose(256)),
        ("a result in JSON", texts::result(256)),
        ("digests and paths", texts::digests(256)),
    ];
    for (name, text) in &texts {
        suite.bench_bytes(&format!("detectors alone on {name}"), text.len(), || {
            scanner.scan(&[Text { path: "", text, channel: Channel::Result }])
        });
    }
    for (many, how_many) in [(1, "one secret"), (10_000, "10,000 secrets")] {
        let known = KnownSecrets::new(&[7; 32]);
        for _ in 0..many {
            let length = 40 + dice.below(160);
            known.add("a token", dice.token(length).as_bytes()).expect("long enough");
        }
        for (name, text) in texts.iter().map(|(n, t)| (*n, t.as_str())).chain([("a small result", texts::ANSWER)]) {
            assert!(known.find(text.as_bytes()).is_empty(), "no secret stands there");
            suite.bench_bytes(&format!("look for {how_many} in {name}"), text.len(), || known.find(text.as_bytes()));
        }
        for length in [100, 1024] {
            let one = dice.token(length);
            suite.bench(&format!("learn and forget a token of {length} bytes beside {how_many}"), || {
                let print = known.add("a token", one.as_bytes()).expect("long enough");
                known.forget(&print);
            });
        }
    }
}

/// Numbers that are the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }

    fn token(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..length).filter_map(|_| LETTERS.get(self.below(LETTERS.len()))).map(|b| char::from(*b)).collect()
    }
}
