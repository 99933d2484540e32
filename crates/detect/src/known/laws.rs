//! Whatever a secret is written as, and however it is taken apart: it is found, and nothing of it is left.

use super::{symbols::squeezed, *};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use doorward_mcp::json::{Document, Edits, Limits, Strictness, quote};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A secret may be left in parts below this, in characters.
const LEFT: usize = 12;

type Write = fn(&str) -> String;

fn each(secret: &str, write: impl Fn(u8) -> String) -> String {
    secret.bytes().map(write).collect()
}

fn wrapped(text: &str, width: usize, end: &str) -> String {
    text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join(end)
}

fn base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
    let digit = |five: &[u8]| {
        let value = (0..5).fold(0, |v, i| v << 1 | five.get(i).copied().unwrap_or(0));
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(value)])
    };
    bits.chunks(5).map(digit).collect()
}

fn deflated(text: &str) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 6)
}

fn gzipped(text: &str) -> Vec<u8> {
    let raw = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
    [b"\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0".as_slice(), &raw, &[0; 8]].concat()
}

fn rot13(c: char) -> char {
    match c {
        'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
        c => c,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

const FORMS: &[(&str, Write)] = &[
    ("raw", |s| s.into()),
    ("upper case", |s| s.to_uppercase()),
    ("lower case", |s| s.to_lowercase()),
    ("base64", |s| STANDARD.encode(s)),
    ("base64 for URLs", |s| URL_SAFE_NO_PAD.encode(s)),
    ("base64 within one", |s| STANDARD.encode(format!("\x01{s}\x02"))),
    ("base64 within two", |s| STANDARD.encode(format!("{{\"{s}\"}}"))),
    ("base64 in lines", |s| wrapped(&STANDARD.encode(s), 20, "\r\n")),
    ("hex", |s| hex(s.as_bytes())),
    ("upper hex", |s| hex(s.as_bytes()).to_uppercase()),
    ("hex with colons", |s| each(s, |b| format!("{b:02X}:"))),
    ("hex with escapes", |s| each(s, |b| format!("\\x{b:02x}"))),
    ("hex with prefixes", |s| each(s, |b| format!("0x{b:02x}, "))),
    ("percent", |s| each(s, |b| format!("%{b:02X}"))),
    ("percent where it must", |s| {
        percent_encoding::utf8_percent_encode(s, percent_encoding::NON_ALPHANUMERIC).to_string()
    }),
    ("percent in part", |s| each(s, |b| if b % 3 == 0 { format!("%{b:02X}") } else { char::from(b).into() })),
    ("JSON", |s| quote(s)),
    ("JSON twice", |s| quote(&quote(s))),
    ("JSON escapes", |s| each(s, |b| format!("\\u{b:04x}"))),
    ("JSON escapes twice", |s| each(s, |b| format!("\\\\u{b:04X}"))),
    ("entities", |s| each(s, |b| format!("&#{b};"))),
    ("hex entities", |s| each(s, |b| format!("&#x{b:x};"))),
    ("quoted-printable", |s| wrapped(&each(s, |b| format!("={b:02X}")), 72, "=\r\n")),
    ("codes", |s| each(s, |b| format!("{b},"))),
    ("reversed", |s| s.chars().rev().collect()),
    ("rot13", |s| s.chars().map(rot13).collect()),
    ("UTF-16 in base64", |s| STANDARD.encode(wide(s))),
    ("base64 twice", |s| STANDARD.encode(STANDARD.encode(s))),
    ("base64 thrice", |s| STANDARD.encode(STANDARD.encode(STANDARD.encode(s)))),
    ("base64 in hex", |s| hex(STANDARD.encode(s).as_bytes())),
    ("hex in base64", |s| STANDARD.encode(hex(s.as_bytes()))),
    ("base64 twice in a URL", |s| {
        percent_encoding::utf8_percent_encode(&STANDARD.encode(STANDARD.encode(s)), percent_encoding::NON_ALPHANUMERIC)
            .to_string()
    }),
    ("base32", |s| base32(s.as_bytes())),
    ("gzip in base64", |s| STANDARD.encode(gzipped(s))),
    ("zlib in hex", |s| hex(&deflated(s))),
    ("zlib in base64 in base64", |s| STANDARD.encode(STANDARD.encode(deflated(s)))),
];

/// Of these those that no sum is kept of.
const UNDONE: &[&str] = &[
    "percent in part",
    "UTF-16 in base64",
    "base64 twice",
    "base64 thrice",
    "base64 in hex",
    "hex in base64",
    "base64 twice in a URL",
    "base32",
    "gzip in base64",
    "zlib in hex",
    "zlib in base64 in base64",
];

type Split = fn(&str, &str, &str) -> Value;

fn pieces(text: &str, count: usize) -> Vec<String> {
    let size = text.len().div_ceil(count);
    text.as_bytes().chunks(size.max(1)).map(|c| String::from_utf8_lossy(c).into_owned()).collect()
}

fn spelled(text: &str, between: &str) -> String {
    text.chars().map(String::from).collect::<Vec<_>>().join(between)
}

/// A message with `before`, the written secret and `after`.
const SPLITS: &[(&str, Split)] = &[
    ("whole", |a, s, z| json!({ "content": [{ "type": "text", "text": format!("{a} {s} {z}") }] })),
    ("halves of a list", |a, s, z| json!([a, pieces(s, 2), z])),
    ("thirds in blocks", |_, s, _| {
        let block = |text| json!({ "type": "text", "text": text });
        json!({ "content": pieces(s, 3).into_iter().map(block).collect::<Vec<_>>(), "isError": false })
    }),
    ("a line for each character", |a, s, z| json!({ "text": format!("{a}\n{}\n{z}", spelled(s, "\n")) })),
    ("a string for each character", |a, s, z| json!([a, s.chars().map(String::from).collect::<Vec<_>>(), z])),
    ("separated", |a, s, z| json!({ "log": format!("{a}\t{}\t{z}", spelled(s, " - ")) })),
    ("fields", |_, s, _| {
        let p = pieces(s, 3);
        json!({ "a": p.first(), "b": p.get(1), "c": p.get(2) })
    }),
];

/// `json` with what was found taken out; the number of findings.
fn redacted(known: &KnownSecrets, json: &str) -> (String, usize) {
    let doc = Document::parse(Bytes::from(json.to_owned()), &Limits::default(), Strictness::Result).unwrap();
    let mut edits = Edits::new();
    let found = known.find_in(doc.root());
    for held in &found {
        let at = held.reflection.span.start;
        edits.splice(
            held.reflection.span.clone(),
            match held.holder {
                Holder::Number => "0".to_owned(),
                Holder::Text if held.goes_on => String::new(),
                Holder::Text => "…".to_owned(),
                Holder::Key => format!("#{at}"),
            },
        );
    }
    (String::from_utf8(edits.apply(&doc).to_vec()).unwrap(), found.len())
}

/// The text of all strings of a message as who reads it gets it.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(strings).collect(),
        Value::Object(members) => members.values().map(strings).collect(),
        _ => String::new(),
    }
}

/// That less than [`LEFT`] characters in a row of `secret`, which is written as `written`, are in `text`.
#[track_caller]
fn nothing_left(text: &str, secret: &str, written: &str, how: &str) {
    let (line, written) = (squeezed(text.as_bytes()), squeezed(written.as_bytes()));
    let size = (LEFT * written.len()).div_ceil(secret.len());
    for window in written.windows(size.max(LEFT)) {
        assert!(!line.windows(window.len()).any(|w| w == window), "{how} of {secret}: {text}");
    }
}

fn knowing(secrets: &[&str]) -> KnownSecrets {
    let known = KnownSecrets::new(&[7; 32]);
    for secret in secrets {
        known.add("crm", secret.as_bytes()).unwrap();
    }
    known
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9]{24,64}",
        "[A-Za-z0-9_-]{40,120}",
        "sk-[a-z]{3}-[A-Za-z0-9]{32}",
        "[0-9a-f]{40}",
        "[A-Za-z0-9+/]{42}[AQgw]=",
        "eyJhbGciOiJIUzI1NiJ9\\.eyJpc3MiOiJodHRwczovL2lkcCJ9\\.[A-Za-z0-9_-]{43}",
    ]
    .prop_filter("what is no more random than a word is looked for byte for byte", |s| {
        shapes::shapes(s.as_bytes(), &key::Key::new(&[1; 32])).is_some()
    })
    .prop_filter("no token repeats itself", |s| {
        let symbols = squeezed(s.as_bytes());
        let mut seen = std::collections::HashSet::new();
        symbols.windows(4).all(|window| seen.insert(window))
    })
}

fn prose() -> impl Strategy<Value = String> {
    "[ a-zA-Z0-9,.:/_\n-]{0,200}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_form_and_split_is_found(secret in token(), before in prose(), after in prose()) {
        let known = knowing(&[&secret, "another-k3y-9fT2xQ7bL0pV5mZ8"]);
        for (form, write) in FORMS {
            let written = write(&secret);
            for (split, part) in SPLITS {
                // What has to be undone must be in one run, and what was compressed at its beginning.
                let undone = UNDONE.contains(form) || written.contains('\\');
                let begins = written.contains(['\\', '%']) || form.contains("zip") || form.contains("zlib");
                if undone && (*split == "separated" || begins && split.contains("character")) {
                    continue;
                }
                let how = format!("{form}, {split}");
                let message = part(&before, &written, &after);
                let (text, found) = redacted(&known, &message.to_string());
                prop_assert!(found > 0, "{how} of {secret}: {message}");
                let left: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{how}: {e}: {text}"));
                nothing_left(&strings(&left), &secret, &written, &how);
            }
        }
    }

    #[test]
    fn every_form_is_found_in_any_text(secret in token(), before in any::<Vec<u8>>(), after in any::<Vec<u8>>()) {
        let known = knowing(&[&secret]);
        for (form, write) in FORMS {
            let written = write(&secret);
            let text = [&before, b" ".as_slice(), written.as_bytes(), b" ", &after].concat();
            let found = known.find(&text);
            prop_assert!(!found.is_empty(), "{form} of {secret}");
            let mut left = text.clone();
            for reflection in found.iter().rev() {
                left.splice(reflection.span.clone(), *b"...");
            }
            nothing_left(&String::from_utf8_lossy(&left), &secret, &written, form);
        }
    }

    #[test]
    fn interleaved_is_found(secret in token(), other in "[a-z0-9]") {
        let written = spelled(&secret, &other);
        let known = knowing(&[&secret]);
        let found = known.find(format!("so: {written}.").as_bytes());
        prop_assert!(found.iter().any(|r| r.span.len() + 16 >= written.len()), "{written}: {found:?}");
    }

    #[test]
    fn parts_are_found(secret in "[A-Za-z0-9]{40,80}", start in 0_usize..20, length in 16_usize..20) {
        let known = knowing(&[&secret]);
        prop_assume!(shapes::Random::of(secret.as_bytes()).parts.iter().any(|p| p.start <= start && start + length <= p.end));
        let part = &secret[start..start + length];
        let found = known.find(format!("the key has {part} in it").as_bytes());
        prop_assert_eq!(found.len(), 1, "{} of {}", part, secret);
        prop_assert!(found[0].span.len() + 8 >= length);
    }

    #[test]
    fn nothing_is_found_where_nothing_is(secrets in prop::collection::vec(token(), 1..8), text in any::<Vec<u8>>(), more in prose(), token in "[A-Za-z0-9_/+-]{0,400}") {
        let known = knowing(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
        for text in [text.as_slice(), more.as_bytes(), token.as_bytes(), STANDARD.encode(&text).as_bytes()] {
            prop_assert_eq!(known.find(text), []);
        }
    }
}

#[test]
fn what_is_forgotten_is_not_found() {
    let known = KnownSecrets::new(&[3; 32]);
    let tokens: Vec<String> =
        (0..600_u64).map(|n| URL_SAFE_NO_PAD.encode(key::Key::new(&[1; 32]).print(&n.to_le_bytes()))).collect();
    let add = |t: &String| known.add("t", t.as_bytes()).unwrap();
    let prints: Vec<_> = tokens.iter().map(add).collect();
    assert_eq!(known.len(), 600);
    assert_eq!(add(&tokens[1]), prints[1]);
    let is_found = |t: &String| known.find(t.as_bytes()).first().is_some_and(|r| *r.name == *"t");
    assert!(tokens.iter().all(is_found));
    prints.iter().for_each(|p| known.forget(p));
    // One was added twice.
    assert_eq!(tokens.iter().filter(|t| is_found(t)).collect::<Vec<_>>(), [&tokens[1]]);
    known.forget(&prints[1]);
    assert!(known.is_empty() && !tokens.iter().any(is_found));
    let again: Vec<_> = tokens.iter().map(add).collect();
    assert!(tokens.iter().all(is_found));
    again.iter().skip(1).for_each(|p| known.forget(p));
    assert_eq!(known.len(), 1);
}

#[test]
fn they_come_and_go_while_others_look() {
    let known = KnownSecrets::new(&[5; 32]);
    let token = |n: u64| URL_SAFE_NO_PAD.encode(key::Key::new(&[1; 32]).print(&n.to_le_bytes()));
    let stays = token(0);
    known.add("stays", stays.as_bytes()).unwrap();
    std::thread::scope(|scope| {
        for worker in 1..4_u64 {
            let known = &known;
            scope.spawn(move || {
                for n in 0..300 {
                    let token = token(worker << 32 | n);
                    let print = known.add("passes", token.as_bytes()).unwrap();
                    assert_eq!(known.find(token.as_bytes()).len(), 1);
                    if n % 3 > 0 {
                        known.forget(&print);
                        assert!(known.find(token.as_bytes()).is_empty());
                    }
                }
            });
        }
        for _ in 0..2000 {
            assert_eq!(known.find(stays.as_bytes()).len(), 1);
        }
    });
    assert_eq!(known.len(), 1 + 3 * 100);
}

#[test]
fn short_ones_and_words_are_found_byte_for_byte() {
    let known = knowing(&["k/9+\"\\Zq", "correct horse battery staple", "4921073355"]);
    assert_eq!(known.add("pin", b"1234567").unwrap_err().len, 7);
    for text in
        ["<k/9+\"\\Zq>", "correct horse battery staple", "x4921073355", "ay85KyJcWnE", "6b2f392b225c5a71", "qZ\\\"+9/k"]
    {
        assert_eq!(known.find(text.as_bytes()).len(), 1, "{text}");
    }
    for text in ["Correct! A horse, a battery; staple it.", "492 107 3355", "k9zq"] {
        assert_eq!(known.find(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn what_tokens_have_in_common_is_no_secret() {
    let token = |mac: &str| {
        format!("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwic3ViIjoidS0xIn0.{mac}")
    };
    let known = knowing(&[&token("dGhpcyBpcyBub3QgYSByZWFsIHNpZ25hdHVyZSAxMjM0NTY3ODkw")]);
    let other = token("Zm9yIGFub3RoZXIgdG9rZW4gdGhhdCB3ZSBkbyBub3Qga25vdzU1");
    assert_eq!(known.find(other.as_bytes()), []);
    let own = token("dGhpcyBpcyBub3QgYSByZWFsIHNpZ25hdHVyZSAxMjM0NTY3ODkw");
    let found = known.find(own.as_bytes());
    assert_eq!(found.first().map(|r| r.span.clone()), Some(0..own.len()));
}

/// No secret, and nothing that looks like a form of one, is in memory that belongs to the matcher.
#[test]
fn nothing_shows_a_secret() {
    let known = knowing(&["k9XzR2mQ7vT4wL8pB1nC5dF6"]);
    assert_eq!(
        format!("{known:?} {:?}", known.add("x", b"k9XzR2mQ7vT4wL8pB1nC5dF6")),
        "KnownSecrets(1) Ok(Fingerprint)"
    );
}

#[test]
fn what_is_redacted_stays_json() {
    let known = knowing(&["k9XzR2mQ7vT4wL8pB1nC5dF6"]);
    let record = r#"{"kind":"ruling","target":"file:///k9XzR2mQ7vT4wL8pB1nC5dF6\n","values":["k9XzR2mQ7vT4","wL8pB1nC5dF6"],"n":1}"#;
    let clean = known.redact_json(record.as_bytes()).unwrap();
    let clean: Value = serde_json::from_slice(&clean).unwrap();
    assert_eq!(clean["target"], format!("file:///{REMOVED}\n"));
    assert_eq!(clean["values"], json!([REMOVED, ""]));
    assert_eq!(known.redactions(), 2);
    assert_eq!(known.redact(b"as k9XzR2mQ7vT4wL8pB1nC5dF6."), Some(format!("as {REMOVED}.").into_bytes()));
    assert_eq!((known.redact(b"nothing"), known.redact_json(b"{}")), (None, None));
}

/// What was clean is looked through again once there is another secret, and again when it comes back.
#[test]
fn what_was_clean_is_seen_with_a_new_secret() {
    let known = KnownSecrets::new(&[7; 32]);
    let (first, second) = ("kT9xQ2vLmP4rZs8wYb3n", "aW5jb3JyZWN0LWhvcnNl7");
    let text = format!("{{\"agent\":\"ann\",\"text\":\"{second}\"}}");
    assert!(!known.sees(text.as_bytes()));
    known.add("first", first.as_bytes()).unwrap();
    assert!(!known.sees(text.as_bytes()) && !known.sees(text.as_bytes()));
    let print = known.add("second", second.as_bytes()).unwrap();
    assert!(known.sees(text.as_bytes()) && known.sees(text.as_bytes()));
    known.forget(&print);
    assert!(!known.sees(text.as_bytes()));
    known.add("second", second.as_bytes()).unwrap();
    assert!(known.sees(text.as_bytes()));
}
