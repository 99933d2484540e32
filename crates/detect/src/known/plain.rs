//! Secrets that are short, or look like words: whole, and byte for byte in each form.

use super::{Form, key::Key};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use std::{fmt::Write as _, ops::Range};
use zeroize::Zeroizing;

/// How many bytes are looked at together.
pub(super) const STRIDE: usize = 4;
/// How much of the end of a form is compared before all of it.
const TAIL: usize = 8;

/// What is kept of one form.
pub(super) struct Spelling {
    pub(super) form: Form,
    len: usize,
    tail: u64,
    whole: u64,
}

/// A look-up: the sum of four bytes, the number of the spelling, and how many bytes of it follow.
pub(super) type End = (u32, u8, u8);

/// The spellings of `secret`, and where to look them up.
pub(super) fn spellings(secret: &[u8], key: &Key) -> (Box<[Spelling]>, Vec<End>) {
    let (mut all, mut ends) = (Vec::new(), Vec::new());
    let mut seen: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    for (form, bytes) in forms(secret) {
        // Forms of a plain secret are often the same text.
        if bytes.len() < TAIL || seen.contains(&bytes) {
            continue;
        }
        let number = u8::try_from(all.len()).unwrap_or(u8::MAX);
        for after in 0..STRIDE {
            let end = bytes.len() - after;
            if let Some(window) = bytes.get(..end).and_then(|b| b.last_chunk::<STRIDE>()) {
                ends.push((window_sum(key, *window), number, u8::try_from(after).unwrap_or_default()));
            }
        }
        let tail = bytes.get(bytes.len() - TAIL..).unwrap_or_default();
        all.push(Spelling { form, len: bytes.len(), tail: key.sum(tail), whole: key.sum(&bytes) });
        seen.push(bytes);
    }
    (all.into(), ends)
}

pub(super) fn window_sum(key: &Key, window: [u8; STRIDE]) -> u32 {
    key.index(u64::from(u32::from_le_bytes(window)))
}

impl Spelling {
    /// Where it stands in `text`, of which `end` is its end.
    pub(super) fn at(&self, key: &Key, text: &[u8], end: usize) -> Option<Range<usize>> {
        let start = end.checked_sub(self.len)?;
        let bytes = text.get(start..end)?;
        let tail = bytes.get(bytes.len() - TAIL..)?;
        (key.sum(tail) == self.tail && key.sum(bytes) == self.whole).then_some(start..end)
    }
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
