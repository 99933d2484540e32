//! Things that are made up, the same in each run.

use doorward_vocab::{CallId, Entropy, Timestamp, TurnId};

/// Numbers that are the same in each run (xorshift).
pub(crate) struct Dice(pub(crate) u64);

impl Entropy for Dice {
    fn draw(&self) -> [u8; 16] {
        u128::from(self.0).to_le_bytes()
    }
}

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }
    pub(crate) fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
    pub(crate) fn text(&mut self, letters: &str, length: usize) -> String {
        (0..length).map(|_| char::from(letters.as_bytes()[self.below(letters.len())])).collect()
    }
    pub(crate) fn call(&mut self) -> CallId {
        self.below(2);
        CallId::mint(Timestamp::from_micros(1), self)
    }
    pub(crate) fn turn(&mut self) -> TurnId {
        self.below(2);
        TurnId::mint(Timestamp::from_micros(1), self)
    }
    /// A name that nobody has: two to three syllables, twice.
    pub(crate) fn name(&mut self) -> String {
        let mut part = |syllables: usize| {
            let all: String = (0..syllables).map(|_| self.of(SYLLABLES)).collect();
            let (head, tail) = all.split_at(1);
            head.to_uppercase() + tail
        };
        let (first, last) = (part(2), part(3));
        format!("{first} {last}")
    }
    /// Words that everybody uses.
    pub(crate) fn sentence(&mut self, words: usize) -> String {
        let all: Vec<&str> = (0..words).map(|_| self.of(WORDS)).collect();
        all.join(" ")
    }
    pub(crate) fn date(&mut self) -> String {
        format!("20{}-{:02}-{:02}", 20 + self.below(15), 1 + self.below(12), 1 + self.below(28))
    }
}

const SYLLABLES: &[&str] = &[
    "ka", "ro", "mi", "ten", "dor", "vel", "sa", "lin", "bru", "no", "hal", "vor", "ji", "pe", "tra", "gus", "wen",
    "ol", "fri", "zan",
];
pub(crate) const WORDS: &[&str] = &[
    "the", "report", "for", "our", "team", "is", "ready", "and", "meeting", "on", "monday", "please", "send", "file",
    "to", "project", "budget", "review", "next", "week", "update", "client", "order", "with", "new", "plan", "check",
    "list", "of", "open", "issue", "before", "release", "main", "branch", "draft", "notes", "from", "office", "travel",
    "hotel", "invoice",
];

/// A result of about `bytes` bytes with honest contents, and `value` in one field of one of its records. Gives its number too.
pub(crate) fn result(dice: &mut Dice, bytes: usize, value: Option<&str>) -> (String, usize) {
    let mut records = Vec::new();
    let mut length = 0;
    while length < bytes {
        let record = format!(
            r#"{{"id":"{}","owner":"{}","amount":{}.{:02},"due":"{}","note":"{}"}}"#,
            dice.text("0123456789abcdef", 12),
            dice.name(),
            dice.below(9000) + 10,
            dice.below(100),
            format_args!("2026-04-{:02}", 1 + dice.below(20)),
            dice.sentence(18)
        );
        length += record.len() + 1;
        records.push(record);
    }
    let at = dice.below(records.len());
    if let Some(value) = value {
        records[at] = format!(
            r#"{{"id":"{}","detail":"{value}","note":"{}"}}"#,
            dice.text("0123456789abcdef", 12),
            dice.sentence(12)
        );
    }
    (format!(r#"{{"items":[{}]}}"#, records.join(",")), at + 1)
}
