use crate::Text;
use doorward_vocab::Digest;
use serde::Serialize;
use std::{fmt::Display, io::Write};

/// How much is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    /// Bytes of one text.
    pub(super) text: usize,
    /// Items of one list.
    pub(super) list: usize,
    /// Whether texts alone are written, and nothing that is of the gateway's own making.
    pub(super) texts_only: bool,
}

impl Caps {
    pub(super) const NONE: Self = Self { text: usize::MAX, list: usize::MAX, texts_only: false };
    pub(super) const TEXTS: Self = Self { texts_only: true, ..Self::NONE };
}

/// The members of one JSON object, written as they come. The caller keeps the keys sorted.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    caps: Caps,
    last: Option<&'static str>,
}

impl<'o> Object<'o> {
    pub(super) fn open(out: &'o mut Vec<u8>, caps: Caps) -> Self {
        out.push(b'{');
        Self { out, caps, last: None }
    }
    pub(super) fn close(self) {
        self.out.push(b'}');
    }
    /// The key of a value that the gateway makes itself; whether the value is wanted.
    fn own(&mut self, key: &'static str) -> bool {
        let wanted = !self.caps.texts_only;
        if wanted {
            self.key(key);
        }
        wanted
    }
    fn key(&mut self, key: &'static str) {
        debug_assert!(self.last.is_none_or(|l| l < key), "RFC 8785 §3.2.3: `{key}` after `{:?}`", self.last);
        if self.last.is_some() {
            self.out.push(b',');
        }
        self.last = Some(key);
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
    /// A text of any length and content; cut when too long.
    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        self.key(key);
        string(self.out, text, self.caps.text);
    }
    /// A word that needs no escape.
    pub(super) fn literal(&mut self, key: &'static str, word: &'static str) {
        if !self.own(key) {
            return;
        }
        quoted(self.out, word.as_bytes());
    }
    /// A value of an enumeration, or another plain value, as serde writes it.
    pub(super) fn word(&mut self, key: &'static str, word: &impl Serialize) {
        if !self.own(key) {
            return;
        }
        plain(self.out, word);
    }
    /// An id: its text needs no escape.
    pub(super) fn id(&mut self, key: &'static str, id: &impl Display) {
        if !self.own(key) {
            return;
        }
        self.out.push(b'"');
        // Writing to a vector does not fail.
        let _ = write!(self.out, "{id}");
        self.out.push(b'"');
    }
    pub(super) fn digest(&mut self, key: &'static str, digest: &Digest) {
        if !self.own(key) {
            return;
        }
        let mut text = [0; 64];
        for (slot, byte) in text.as_chunks_mut().0.iter_mut().zip(digest.as_bytes()) {
            *slot = hex(*byte);
        }
        self.out.extend_from_slice(b"\"sha256:");
        self.out.extend_from_slice(&text);
        self.out.push(b'"');
    }
    pub(super) fn number(&mut self, key: &'static str, n: u64) {
        if !self.own(key) {
            return;
        }
        number(self.out, n);
    }
    /// A number that is not whole; what is not finite is written as 0.
    pub(super) fn fraction(&mut self, key: &'static str, x: f32) {
        if !self.own(key) {
            return;
        }
        fraction(self.out, x);
    }
    pub(super) fn flag(&mut self, key: &'static str, flag: bool) {
        if !self.own(key) {
            return;
        }
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
    }
    pub(super) fn object(&mut self, key: &'static str, members: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        let mut o = Object::open(self.out, self.caps);
        members(&mut o);
        o.close();
    }
    /// A list of objects; an empty one is left out. Cut when too long.
    pub(super) fn objects<T>(&mut self, key: &'static str, items: &[T], members: impl Fn(&mut Object<'_>, &T)) {
        if items.is_empty() {
            return;
        }
        self.key(key);
        self.out.push(b'[');
        for (n, item) in items.iter().take(self.caps.list).enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            let mut o = Object::open(self.out, self.caps);
            members(&mut o, item);
            o.close();
        }
        self.out.push(b']');
    }
    /// A list of texts; an empty one is left out. Cut when too long.
    pub(super) fn texts(&mut self, key: &'static str, texts: &[Text]) {
        if texts.is_empty() {
            return;
        }
        self.key(key);
        self.out.push(b'[');
        for (n, text) in texts.iter().take(self.caps.list).enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            string(self.out, text, self.caps.text);
        }
        self.out.push(b']');
    }
    /// A list of words that need no escape.
    pub(super) fn words(&mut self, key: &'static str, words: impl Iterator<Item = &'static str>) {
        if !self.own(key) {
            return;
        }
        self.out.push(b'[');
        for (n, word) in words.enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            quoted(self.out, word.as_bytes());
        }
        self.out.push(b']');
    }
}

fn quoted(out: &mut Vec<u8>, word: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(word);
    out.push(b'"');
}

fn plain(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        // INVARIANT: a vector takes every byte and a unit variant has no way to fail; keep the text JSON anyway.
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// RFC 8785 §3.2.2.2: only `"`, `\` and the control characters are escaped.
fn string(out: &mut Vec<u8>, text: &str, cap: usize) {
    let (text, cut) = match text.len() > cap {
        true => (text.get(..text.floor_char_boundary(cap)).unwrap_or_default(), true),
        false => (text, false),
    };
    out.push(b'"');
    let bytes = text.as_bytes();
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    // Nearly all texts are, and without a way out of the loop many bytes are looked at at once.
    if bytes.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
        out.extend_from_slice(bytes);
        return end(out, cut);
    }
    let mut done = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if is_plain(*byte) {
            continue;
        }
        out.extend_from_slice(bytes.get(done..at).unwrap_or_default());
        done = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&hex(*other));
            }
        }
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    end(out, cut);
}

/// Ends a text, and says where it was cut.
fn end(out: &mut Vec<u8>, cut: bool) {
    if cut {
        out.extend_from_slice("…".as_bytes());
    }
    out.push(b'"');
}

/// RFC 8785 §3.2.2.3: numbers are IEEE 754 doubles, exact up to 2^53.
fn number(out: &mut Vec<u8>, n: u64) {
    let mut n = n.min((1 << 53) - 1);
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while at > 0 {
        at -= 1;
        if let Some(slot) = digits.get_mut(at) {
            // INVARIANT: a remainder of 10 fits into a byte.
            *slot = b'0' + u8::try_from(n % 10).unwrap_or(0);
        }
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// The shortest digits that give the same `f32`. They have at most nine digits, so they are the shortest of their
/// `f64` too, which is what RFC 8785 asks for.
fn fraction(out: &mut Vec<u8>, x: f32) {
    let size = x.abs();
    let _ = if !x.is_finite() || x == 0.0 {
        out.write_all(b"0")
    } else if f64::from(size) >= 1e21 {
        out.write_all(format!("{x:e}").replace('e', "e+").as_bytes())
    } else if f64::from(size) < 1e-6 {
        write!(out, "{x:e}")
    } else {
        write!(out, "{x}")
    };
}

/// Two lower-case hex digits.
const fn hex(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 15)]
}
const fn digit(n: u8) -> u8 {
    if n < 10 { b'0' + n } else { b'a' + n - 10 }
}
