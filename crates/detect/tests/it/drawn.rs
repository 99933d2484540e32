//! Secrets as generators draw them, given back in pieces: nothing that could be put together is left, whichever was drawn.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use doorward_detect::KnownSecrets;
use doorward_mcp::json::{Document, Edits, Limits, Strictness};
use serde_json::{Value, json};

/// How many secrets are drawn.
const DRAWN: u64 = 1_600;
/// A part of a secret below this is in many texts by chance, in characters.
const PART: usize = 12;

/// Numbers that look random (SplitMix64), the same ones for the same seed.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
    fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(LETTERS[usize::try_from(self.next() % 62).unwrap()])).collect()
    }
    /// A secret of one of the shapes that people keep.
    fn secret(&mut self, shape: u64) -> String {
        match shape % 8 {
            0 => format!("ghp_{}", self.letters(36)),
            1 => format!("{}.{}.{}", self.letters(20), self.letters(60), self.letters(43)),
            2 => [8, 4, 4, 4, 12].map(|n| self.letters(n)).join("-"),
            3 => format!("{}+/{}==", self.letters(20), self.letters(18)),
            4 => self.letters(64).to_lowercase(),
            5 => format!("p@ss {}\"\\&<{}>", self.letters(24), self.letters(8)),
            6 => format!("sk-live-{}", self.letters(48)),
            _ => self.letters(40),
        }
    }
}

type Encode = fn(&str) -> String;
const ENCODINGS: [(&str, Encode); 5] = [
    ("raw", str::to_owned),
    ("base64", |s| STANDARD.encode(s)),
    ("base64url", |s| URL_SAFE_NO_PAD.encode(s)),
    ("hex", |s| s.bytes().map(|b| format!("{b:02x}")).collect()),
    ("reversed", |s| s.chars().rev().collect()),
];

type Split = fn(&[char]) -> Vec<String>;
const SPLITS: [(&str, Split); 6] = [
    ("whole", |t| vec![format!("the value is {} as you know", t.iter().collect::<String>())]),
    ("halves", |t| [&t[..t.len() / 2], &t[t.len() / 2..]].map(String::from_iter).into()),
    ("lines", |t| vec![t.chunks(8).map(String::from_iter).collect::<Vec<_>>().join("\n")]),
    ("dashes", |t| vec![t.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")]),
    ("characters", |t| t.iter().map(char::to_string).collect()),
    ("thirds", |t| t.chunks(t.len().div_ceil(3)).map(String::from_iter).collect()),
];

fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(all) => all.iter().for_each(|v| strings(v, out)),
        Value::Object(all) => all.values().for_each(|v| strings(v, out)),
        _ => {}
    }
}

/// All strings of a message after what is known was taken out.
fn cleaned(known: &KnownSecrets, message: &Value) -> String {
    let doc = Document::parse(Bytes::from(message.to_string()), &Limits::default(), Strictness::Result).unwrap();
    let mut edits = Edits::new();
    for held in known.find_in(doc.root()) {
        let instead = held.instead();
        edits.splice(held.reflection.span, instead);
    }
    let mut all = String::new();
    strings(&serde_json::from_slice(&edits.apply(&doc)).unwrap(), &mut all);
    all
}

/// The seed of the run; another one finds out whether the luck of this one holds.
fn seed() -> u64 {
    std::env::var("DOORWARD_SEED").ok().map_or(0x5eed, |seed| seed.parse().expect("DOORWARD_SEED is a number"))
}

#[test]
fn nothing_is_left_whichever_secret_was_drawn() {
    let (mut draw, mut left) = (Draw(seed()), Vec::new());
    for shape in 0..DRAWN {
        let secret = draw.secret(shape);
        let known = KnownSecrets::new(&[7; 32]);
        known.add("drawn", secret.as_bytes()).unwrap();
        // A message speaks of several secrets, as a rule.
        let other = draw.secret(shape + 1);
        known.add("other", other.as_bytes()).unwrap();
        for (encoding, encode) in ENCODINGS {
            for (split, pieces_of) in SPLITS {
                let text = encode(&secret);
                let pieces = pieces_of(&text.chars().collect::<Vec<_>>());
                let block = |text: &String| json!({ "type": "text", "text": text });
                let blocks: Vec<_> = pieces.iter().map(block).collect();
                let all = cleaned(&known, &json!({ "result": { "content": blocks } }));
                let whole = squeezed(&all).contains(&squeezed(&text));
                let part = pieces.iter().any(|p| p.len() >= PART && !p.starts_with("the value") && all.contains(p));
                if whole || part {
                    left.push(format!("{encoding}, {split}: {secret} left {all}"));
                }
            }
        }
    }
    assert!(left.is_empty(), "{} of {}: {:#?}", left.len(), DRAWN * 30, left.iter().take(8).collect::<Vec<_>>());
}
