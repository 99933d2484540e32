//! Texts of the shape of a secret that open nothing, and that the gateway knows when it sees them: placeholders, which stand
//! for a secret on one way, and canaries, which stand for nothing. They are computed from a key, so nothing is kept of them.

use aws_lc_rs::hmac;
use std::fmt;

/// The shape of a mark: letters and digits behind a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What it begins with, such as `ghp_`; at least three characters.
    pub prefix: Box<str>,
    /// How many letters and digits follow; from 24 to 60.
    pub length: usize,
}

impl Default for Shape {
    /// That of a personal access token, which thieves look for.
    fn default() -> Self {
        Self { prefix: "ghp_".into(), length: 36 }
    }
}

impl Shape {
    /// Whether marks of this shape can be told from other texts.
    pub fn is_sound(&self) -> bool {
        self.prefix.len() >= 3 && (24..=60).contains(&self.length)
    }

    /// Bytes that fit into so many letters and digits: 62^n ≥ 256^b.
    const fn bytes(&self) -> usize {
        self.length * 5954 / 8000
    }
}

/// Makes marks and knows them again.
#[derive(Clone)]
pub struct Marker(hmac::Key);

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marker")
    }
}

/// A mark that was made here, for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    nonce: [u8; 4],
    whom: Vec<u8>,
    what: Box<str>,
}

impl Marker {
    /// With a key that nobody else has.
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn tag(&self, parts: &[&[u8]], length: usize) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().iter().copied().take(length).collect()
    }

    /// The mark that means `what` for `whom`: always the same one.
    pub fn make(&self, shape: &Shape, what: &str, whom: &str) -> String {
        let nonce = self.tag(&[b"nonce", what.as_bytes(), whom.as_bytes()], 4);
        let ours = self.tag(&[b"ours", what.as_bytes(), &nonce], 4);
        let bound = self.tag(&[b"whom", what.as_bytes(), whom.as_bytes(), &nonce], shape.bytes().saturating_sub(8));
        let mut body = [nonce, ours, bound].concat();
        body.resize(shape.bytes(), 0);
        format!("{}{}", shape.prefix, digits(body, shape.length))
    }

    /// The mark that `text` is, where it was made here to mean `what`.
    pub fn read(&self, shape: &Shape, what: &str, text: &str) -> Option<Mark> {
        let body = number(text.strip_prefix(&*shape.prefix)?, shape.bytes())?;
        let (nonce, rest) = body.split_first_chunk::<4>()?;
        let (ours, whom) = rest.split_at_checked(4)?;
        (self.tag(&[b"ours", what.as_bytes(), nonce], 4) == ours).then(|| Mark {
            nonce: *nonce,
            whom: whom.to_vec(),
            what: what.into(),
        })
    }

    /// Whether it was made for `whom`.
    pub fn is_for(&self, mark: &Mark, whom: &str) -> bool {
        let mut bound = self.tag(&[b"whom", mark.what.as_bytes(), whom.as_bytes(), &mark.nonce], mark.whom.len());
        bound.resize(mark.whom.len(), 0);
        bound == mark.whom
    }
}

/// Where texts of this shape stand: no letter or digit beside them.
pub fn candidates<'t>(shape: &'t Shape, text: &'t str) -> impl Iterator<Item = (usize, &'t str)> + 't {
    let whole = shape.prefix.len() + shape.length;
    text.match_indices(&*shape.prefix).filter_map(move |(at, prefix)| {
        let candidate = text.get(at..at + whole)?;
        let body = candidate.get(prefix.len()..)?;
        let beside = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let alone = !beside(before) && !beside(text.as_bytes().get(at + whole));
        (alone && body.bytes().all(|b| b.is_ascii_alphanumeric())).then_some((at, candidate))
    })
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A number in base 62, with leading zeros.
fn digits(mut number: Vec<u8>, length: usize) -> String {
    let mut out = vec![b'0'; length];
    for place in out.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = (rest << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *place = DIGITS.get(rest as usize).copied().unwrap_or(b'0');
    }
    out.into_iter().map(char::from).collect()
}

/// The number in so many bytes; `None` where it has other digits or is larger.
fn number(digits: &str, bytes: usize) -> Option<Vec<u8>> {
    let mut number = vec![0_u8; bytes];
    for digit in digits.bytes() {
        let mut carry = u32::try_from(DIGITS.iter().position(|d| *d == digit)?).ok()?;
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = u8::try_from(value & 0xff).unwrap_or(0);
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_mark_is_known_and_belongs_to_one(what in "[a-z]{1,8}", whom in "[a-z:/.]{1,20}", other in "[a-z:/.]{1,20}", length in 24_usize..=60, key: [u8; 32]) {
            let shape = Shape { prefix: "sk-x".into(), length };
            prop_assert!(shape.is_sound());
            let marker = Marker::new(&key);
            let text = marker.make(&shape, &what, &whom);
            prop_assert_eq!(text.len(), 4 + length);
            prop_assert_eq!(&marker.make(&shape, &what, &whom), &text, "always the same");
            let mark = marker.read(&shape, &what, &text).unwrap();
            prop_assert!(marker.is_for(&mark, &whom));
            prop_assert!(other == whom || !marker.is_for(&mark, &other));
            prop_assert!(marker.read(&shape, "another", &text).is_none());
            prop_assert!(Marker::new(b"another").read(&shape, &what, &text).is_none());
            let inside = format!("Bearer {text}\",");
            let found: Vec<_> = candidates(&shape, &inside).collect();
            prop_assert_eq!(found, [(7, text.as_str())]);
            prop_assert_eq!(candidates(&shape, &format!("x{text}y")).count(), 0);
        }

        #[test]
        fn nothing_else_is_one(text in "ghp_[0-9A-Za-z]{36}") {
            let shape = Shape::default();
            prop_assert!(Marker::new(&[7; 32]).read(&shape, "canary", &text).is_none());
        }
    }
}
