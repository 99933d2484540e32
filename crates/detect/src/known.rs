use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use std::{fmt::Write as _, ops::Range, sync::Arc};
use zeroize::Zeroizing;

/// How a known secret was written where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is.
    Raw,
    /// Base64, standard or URL alphabet, at any alignment.
    Base64,
    /// Hexadecimal, either case.
    Hex,
    /// Percent-encoded.
    Url,
    /// With JSON escapes.
    Json,
    /// Backwards.
    Reversed,
}

/// A known secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    /// The name of the secret.
    pub name: Arc<str>,
    /// How it was written.
    pub form: Form,
    /// The bytes to redact.
    pub span: Range<usize>,
}

/// A secret that cannot be matched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret `{name}` has {len} bytes; fewer than {least} occur by chance, so it is not looked for", least = KnownSecrets::MIN)]
pub struct TooShort {
    /// The name of the secret.
    pub name: Arc<str>,
    /// Its length in bytes.
    pub len: usize,
}

/// Finds the secrets that the gateway handles, in every common encoding, in one pass. Built anew when they change.
///
/// The automaton holds the last few bytes of each written form only; what is compared after it strikes is wiped when
/// the matcher is dropped.
pub struct KnownSecrets {
    tails: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
}

struct Pattern {
    name: Arc<str>,
    form: Form,
    bytes: Zeroizing<Vec<u8>>,
}

/// How much of the end of a pattern the automaton sees. The end of a token is random where its beginning is not.
const TAIL: usize = 8;

impl KnownSecrets {
    /// The shortest secret that is looked for, in bytes.
    pub const MIN: usize = 8;

    /// A matcher for `secrets` (name and value), and those that are too short for it.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> (Self, Vec<TooShort>) {
        let (mut patterns, mut short) = (Vec::new(), Vec::new());
        for (name, secret) in secrets {
            let name: Arc<str> = name.into();
            if secret.len() < Self::MIN {
                short.push(TooShort { name, len: secret.len() });
                continue;
            }
            let from = patterns.len();
            for (form, bytes) in forms(secret) {
                // Forms of a plain secret are often the same text.
                if !patterns.iter().skip(from).any(|p: &Pattern| p.bytes == bytes) {
                    patterns.push(Pattern { name: name.clone(), form, bytes });
                }
            }
        }
        let tails = patterns.iter().map(|p| p.bytes.get(p.bytes.len().saturating_sub(TAIL)..).unwrap_or_default());
        let tails = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(tails)
            .ok()
            .filter(|_| !patterns.is_empty());
        (Self { tails, patterns }, short)
    }

    /// Whether there is nothing to look for.
    pub const fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Where the secrets occur in `bytes`: ordered, not overlapping. Redacting these spans leaves nothing of them.
    pub fn find(&self, bytes: &[u8]) -> Vec<Reflection> {
        let Some(tails) = &self.tails else { return Vec::new() };
        let mut found: Vec<Reflection> = Vec::new();
        for tail in tails.find_overlapping_iter(bytes) {
            let Some(pattern) = self.patterns.get(tail.pattern().as_usize()) else { continue };
            let Some(start) = tail.end().checked_sub(pattern.bytes.len()) else { continue };
            if bytes.get(start..tail.end()) == Some(pattern.bytes.as_slice()) {
                found.push(Reflection {
                    name: pattern.name.clone(),
                    form: pattern.form,
                    span: pattern.widened(bytes, start..tail.end()),
                });
            }
        }
        merge(found)
    }
}

impl Pattern {
    /// In base64 the characters at both ends hold bits of the secret and of its neighbours.
    fn widened(&self, bytes: &[u8], span: Range<usize>) -> Range<usize> {
        if self.form != Form::Base64 {
            return span;
        }
        let letter = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b))
        };
        let start = if letter(span.start.checked_sub(1)) { span.start - 1 } else { span.start };
        start..span.end + usize::from(letter(Some(span.end)))
    }
}

/// Overlapping reflections become one span, named after the first.
fn merge(mut found: Vec<Reflection>) -> Vec<Reflection> {
    found.sort_by_key(|r| (r.span.start, std::cmp::Reverse(r.span.end)));
    let mut out: Vec<Reflection> = Vec::with_capacity(found.len());
    for next in found {
        match out.last_mut() {
            Some(last) if next.span.start < last.span.end => last.span.end = last.span.end.max(next.span.end),
            _ => out.push(next),
        }
    }
    out
}

/// The ways in which `secret` may be written.
fn forms(secret: &[u8]) -> Vec<(Form, Zeroizing<Vec<u8>>)> {
    let mut all = vec![(Form::Raw, Zeroizing::new(secret.to_vec()))];
    let mut add = |form, bytes: Vec<u8>| all.push((form, Zeroizing::new(bytes)));
    add(Form::Reversed, secret.iter().rev().copied().collect());
    for shift in 0..3 {
        // Between unknown bytes: of the characters, those that depend on the secret alone.
        let mut padded = Zeroizing::new(vec![0; shift]);
        padded.extend_from_slice(secret);
        let (first, last) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = Zeroizing::new(engine.encode(&padded).into_bytes());
            add(Form::Base64, text.get(first..last).unwrap_or_default().to_vec());
        }
    }
    let hex = |upper: bool| {
        secret.iter().fold(String::new(), |mut s, b| {
            let _ = if upper { write!(s, "{b:02X}") } else { write!(s, "{b:02x}") };
            s
        })
    };
    add(Form::Hex, hex(false).into_bytes());
    add(Form::Hex, hex(true).into_bytes());
    for upper in [false, true] {
        for plus in [false, true] {
            add(Form::Url, percent(secret, upper, plus));
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        for style in [Json::Short, Json::Solidus, Json::Ascii] {
            add(Form::Json, escaped(text, style));
        }
    }
    all
}

fn percent(secret: &[u8], upper: bool, plus: bool) -> Vec<u8> {
    let mut out = String::new();
    for &b in secret {
        let _ = match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => write!(out, "{}", char::from(b)),
            b' ' if plus => write!(out, "+"),
            b if upper => write!(out, "%{b:02X}"),
            b => write!(out, "%{b:02x}"),
        };
    }
    out.into_bytes()
}

/// How writers of JSON differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Json {
    /// Escapes what must be.
    Short,
    /// The solidus too.
    Solidus,
    /// Everything that is not ASCII, and what is special in HTML.
    Ascii,
}

fn escaped(text: &str, style: Json) -> Vec<u8> {
    let mut out = String::new();
    for c in text.chars() {
        let special = style == Json::Ascii && (!c.is_ascii() || matches!(c, '<' | '>' | '&' | '\'' | '+'));
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if style == Json::Solidus => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if special || c.is_control() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"k/9+\"\\Zq pw\xc3\xa9!7";

    fn one(bytes: &[u8]) -> Option<(Form, Range<usize>)> {
        let (known, short) = KnownSecrets::new([("crm", SECRET)]);
        assert_eq!(short, []);
        let found = known.find(bytes);
        assert!(found.len() <= 1, "{found:?}");
        found.first().map(|r| (r.form, r.span.clone()))
    }

    #[test]
    fn every_form_is_found() {
        let text = std::str::from_utf8(SECRET).unwrap();
        let json = serde_json::to_string(text).unwrap();
        let hex: String = SECRET.iter().map(|b| format!("{b:02x}")).collect();
        let url: String = percent_encoding::percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC).to_string();
        let url = url.replace("%2D", "-").replace("%2E", ".");
        let reversed: Vec<u8> = SECRET.iter().rev().copied().collect();
        for (bytes, form) in [
            (SECRET.to_vec(), Form::Raw),
            (json.trim_matches('"').into(), Form::Json),
            (hex.to_uppercase().into_bytes(), Form::Hex),
            (hex.into_bytes(), Form::Hex),
            (url.into_bytes(), Form::Url),
            (reversed, Form::Reversed),
        ] {
            let inside = [b"<< ".as_slice(), &bytes, b" >>"].concat();
            assert_eq!(one(&inside), Some((form, 3..3 + bytes.len())));
            let cut = inside.get(..inside.len() - 4).unwrap();
            assert_eq!(one(cut), None, "{form:?}");
        }
    }

    proptest! {
        #[test]
        fn base64_is_found_between_anything(before in prop::collection::vec(any::<u8>(), 0..7), after in prop::collection::vec(any::<u8>(), 0..7)) {
            let inside = [before.as_slice(), SECRET, &after].concat();
            for text in [STANDARD.encode(&inside), URL_SAFE_NO_PAD.encode(&inside)] {
                let (form, span) = one(text.as_bytes()).unwrap();
                prop_assert_eq!(form, Form::Base64);
                // What is left decodes to the neighbours at most.
                prop_assert!(span.start <= (before.len() * 8).div_ceil(6) && span.end >= (before.len() + SECRET.len()) * 8 / 6);
            }
        }

        #[test]
        fn nothing_is_found_where_nothing_is(text in "[a-z ]{0,200}") {
            prop_assert_eq!(one(text.as_bytes()), None);
        }
    }

    #[test]
    fn short_ones_are_named_and_many_are_told_apart() {
        let (known, short) =
            KnownSecrets::new([("pin", b"1234567".as_slice()), ("a", b"aaaaaaaaX"), ("b", b"bbaaaaaaaaX")]);
        assert_eq!(short, [TooShort { name: "pin".into(), len: 7 }]);
        assert!(!known.is_empty());
        let found = known.find(b"__bbaaaaaaaaX__aaaaaaaaX");
        let spans: Vec<_> = found.iter().map(|r| (&*r.name, r.span.clone())).collect();
        assert_eq!(spans, [("b", 2..13), ("a", 15..24)]);
        assert!(KnownSecrets::new([]).0.is_empty());
    }
}
