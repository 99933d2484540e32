use super::document::{Kind, NODE_ESCAPED, Node};
use std::borrow::Cow;

/// Bounds on what is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most values and keys in one document.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, nodes: 2_000_000 }
    }
}

/// How keys of one object are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Keys that differ in case only are refused too: some servers match keys without regard to case
    /// (CVE-2026-27896).
    Request,
    /// Only equal keys are refused: data may well hold `a` and `A`.
    Result,
}

/// Why a text was refused. Offsets are bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not UTF-8.
    #[error("invalid UTF-8 at byte {at}")]
    Utf8 {
        /// Where.
        at: usize,
    },
    /// Not JSON (RFC 8259).
    #[error("not JSON at byte {at}: expected {expected}")]
    Syntax {
        /// Where.
        at: usize,
        /// What would have been right.
        expected: &'static str,
    },
    /// The same key twice in one object.
    #[error("duplicate key `{key}` at byte {at}")]
    DuplicateKey {
        /// Where the second one stands.
        at: usize,
        /// The key.
        key: String,
    },
    /// Two keys of one object that differ in case only, or a protocol key in a wrong case.
    #[error("key `{key}` at byte {at} differs from another only in case")]
    CaseVariant {
        /// Where.
        at: usize,
        /// The key.
        key: String,
    },
    /// Nested too deeply.
    #[error("nested deeper than {limit} levels")]
    Depth {
        /// The bound.
        limit: usize,
    },
    /// Too many values.
    #[error("more than {limit} values")]
    Nodes {
        /// The bound.
        limit: usize,
    },
}

/// One pass: fills the empty `nodes` with the tape of `text`, or says why not.
pub(super) fn scan(
    text: &str,
    limits: &Limits,
    strictness: Strictness,
    nodes: &mut Vec<Node>,
) -> Result<(), JsonError> {
    if u32::try_from(text.len()).is_err() {
        return Err(JsonError::Nodes { limit: u32::MAX as usize });
    }
    nodes.reserve((text.len() / 24).clamp(16, 4096));
    let mut s = Scan { text, at: 0, nodes, limits, strictness };
    s.space();
    s.document()?;
    s.space();
    if s.at != text.len() {
        return Err(s.syntax("the end"));
    }
    Ok(())
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    nodes: &'a mut Vec<Node>,
    limits: &'a Limits,
    strictness: Strictness,
}

impl<'a> Scan<'a> {
    const fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn syntax(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax { at: self.at, expected }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, flags: u8) -> Result<usize, JsonError> {
        if self.nodes.len() >= self.limits.nodes {
            return Err(JsonError::Nodes { limit: self.limits.nodes });
        }
        let index = self.nodes.len();
        self.nodes.push(Node::new(kind, flags, start, self.at, index + 1));
        Ok(index)
    }

    /// The whole document, without recursion: `open` holds the containers that are not closed yet.
    fn document(&mut self) -> Result<(), JsonError> {
        let mut open: Vec<usize> = Vec::with_capacity(16);
        'value: loop {
            let start = self.at;
            match self.peek() {
                Some(b'{') => {
                    self.enter(Kind::Object, &mut open)?;
                    if self.peek() == Some(b'}') {
                        self.leave(&mut open)?;
                    } else {
                        self.key()?;
                        continue 'value;
                    }
                }
                Some(b'[') => {
                    self.enter(Kind::Array, &mut open)?;
                    if self.peek() == Some(b']') {
                        self.leave(&mut open)?;
                    } else {
                        continue 'value;
                    }
                }
                Some(b'"') => {
                    let flags = self.string()?;
                    self.push(Kind::String, start, flags)?;
                }
                Some(b't') => self.word(b"true", Kind::True)?,
                Some(b'f') => self.word(b"false", Kind::False)?,
                Some(b'n') => self.word(b"null", Kind::Null)?,
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                    self.push(Kind::Number, start, 0)?;
                }
                _ => return Err(self.syntax("a value")),
            }
            // A value just ended: close what ends here, or go on to the next one.
            loop {
                let Some(&container) = open.last() else { return Ok(()) };
                let object = self.nodes.get(container).is_some_and(|n| n.kind() == Kind::Object);
                self.space();
                match (self.peek(), object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.space();
                        self.key()?;
                        continue 'value;
                    }
                    (Some(b','), false) => {
                        self.at += 1;
                        self.space();
                        continue 'value;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => self.leave(&mut open)?,
                    (_, true) => return Err(self.syntax("`,` or `}`")),
                    (_, false) => return Err(self.syntax("`,` or `]`")),
                }
            }
        }
    }

    fn enter(&mut self, kind: Kind, open: &mut Vec<usize>) -> Result<(), JsonError> {
        if open.len() >= self.limits.depth {
            return Err(JsonError::Depth { limit: self.limits.depth });
        }
        let start = self.at;
        self.at += 1;
        open.push(self.push(kind, start, 0)?);
        self.space();
        Ok(())
    }

    fn leave(&mut self, open: &mut Vec<usize>) -> Result<(), JsonError> {
        self.at += 1;
        let Some(index) = open.pop() else { return Err(self.syntax("a value")) };
        let (end, after) = (self.at, self.nodes.len());
        let Some(node) = self.nodes.get_mut(index) else { return Err(self.syntax("a value")) };
        node.close(end, after);
        if node.kind() == Kind::Object { self.check_keys(index) } else { Ok(()) }
    }

    fn key(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.syntax("a key"));
        }
        let flags = self.string()?;
        self.push(Kind::Key, start, flags)?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.syntax("`:`"));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// Steps over a string; says whether it holds escapes.
    fn string(&mut self) -> Result<u8, JsonError> {
        self.at += 1;
        let mut flags = 0;
        loop {
            let Some(stop) = plain(self.bytes().get(self.at..).unwrap_or_default()) else {
                self.at = self.text.len();
                return Err(self.syntax("`\"`"));
            };
            self.at += stop;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(flags);
                }
                Some(b'\\') => {
                    flags = NODE_ESCAPED;
                    self.escape()?;
                }
                _ => return Err(self.syntax("an escaped control character")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                let high = self.hex()?;
                match high {
                    // A surrogate half alone is read differently by different parsers.
                    0xd800..=0xdbff => {
                        if self.bytes().get(self.at..self.at + 2) != Some(b"\\u") {
                            return Err(self.syntax("the second half of a surrogate pair"));
                        }
                        self.at += 1;
                        if !(0xdc00..=0xdfff).contains(&self.hex()?) {
                            return Err(self.syntax("the second half of a surrogate pair"));
                        }
                        Ok(())
                    }
                    0xdc00..=0xdfff => Err(self.syntax("the first half of a surrogate pair")),
                    _ => Ok(()),
                }
            }
            _ => Err(self.syntax("an escape")),
        }
    }

    /// Four hex digits after the `u` that stands at the cursor.
    fn hex(&mut self) -> Result<u32, JsonError> {
        self.at += 1;
        let digits = self.bytes().get(self.at..self.at + 4).filter(|d| d.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else { return Err(self.syntax("four hex digits")) };
        self.at += 4;
        Ok(digits.iter().fold(0, |n, d| n * 16 + char::from(*d).to_digit(16).unwrap_or(0)))
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.syntax("a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        // Beyond the range of a double, some parsers read infinity and some refuse.
        let text = self.text.get(start..self.at).unwrap_or_default();
        let exponent = text.len() > 300 || text.contains(['e', 'E']);
        if exponent && !text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(self.syntax("a number within the range of a double"));
        }
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.digits();
        if self.at == start { Err(self.syntax("a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static [u8], kind: Kind) -> Result<(), JsonError> {
        let start = self.at;
        if self.bytes().get(start..start + word.len()) != Some(word) {
            return Err(self.syntax("a value"));
        }
        self.at += word.len();
        self.push(kind, start, 0).map(|_| ())
    }

    /// No two keys of the object at `index` may be equal, nor, in requests, differ in case only.
    fn check_keys(&self, index: usize) -> Result<(), JsonError> {
        let keys = Keys { scan: self, at: index + 1, end: self.nodes.len() };
        let fold = self.strictness == Strictness::Request;
        let count = keys.clone().count();
        if count <= 12 {
            for (i, node) in keys.clone().enumerate() {
                for other in keys.clone().take(i) {
                    self.check_pair(node, other, fold)?;
                }
            }
        } else {
            let mut seen = std::collections::HashMap::with_capacity(count);
            for node in keys {
                let key = node.unescape(self.text);
                let form = if fold { Cow::Owned(folded(&key)) } else { key };
                if let Some(other) = seen.insert(form, node) {
                    self.check_pair(node, other, fold)?;
                }
            }
        }
        Ok(())
    }

    fn check_pair(&self, node: Node, other: Node, fold: bool) -> Result<(), JsonError> {
        // Nearly all keys are plain ASCII, and nearly all pairs differ in length.
        if let (Some(a), Some(b)) = (node.plain(self.text), other.plain(self.text))
            && a.is_ascii()
            && b.is_ascii()
            && (a.len() != b.len() || !a.eq_ignore_ascii_case(b))
        {
            return Ok(());
        }
        check_pair(node, &node.unescape(self.text), &other.unescape(self.text), fold)
    }
}

/// How far a string goes on without an end, an escape, or what must not stand in one; `None` where it never ends. Eight
/// bytes are looked at in one number: nearly all that is in a message is in its strings.
pub(super) fn plain(rest: &[u8]) -> Option<usize> {
    let (words, tail) = rest.as_chunks();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = below(word, 0x20);
        let stops = control | below(word ^ all(b'"'), 1) | below(word ^ all(b'\\'), 1);
        if stops != 0 {
            return Some(n * 8 + stops.trailing_zeros() as usize / 8);
        }
    }
    let stop = tail.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20))?;
    Some(words.len() * 8 + stop)
}

/// `byte` eight times.
const fn all(byte: u8) -> u64 {
    u64::MAX / 0xff * byte as u64
}

/// The high bit of the first byte of `word` that is less than `least`, which is at most 0x80. The borrow may set those
/// behind it too, never one before it.
const fn below(word: u64, least: u8) -> u64 {
    word.wrapping_sub(all(least)) & !word & all(0x80)
}

fn check_pair(node: Node, key: &str, other: &str, fold: bool) -> Result<(), JsonError> {
    if key == other {
        return Err(JsonError::DuplicateKey { at: node.start(), key: key.to_owned() });
    }
    if fold && same_but_case(key, other) {
        return Err(JsonError::CaseVariant { at: node.start(), key: key.to_owned() });
    }
    Ok(())
}

/// Folds as lenient parsers do: ASCII case, and the two other characters that fold to an ASCII letter.
fn fold_char(c: char) -> char {
    match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    }
}

fn folded(key: &str) -> String {
    key.chars().map(fold_char).collect()
}

/// Whether two keys are equal to a parser that ignores case.
pub fn same_but_case(a: &str, b: &str) -> bool {
    a.chars().map(fold_char).eq(b.chars().map(fold_char))
}

#[derive(Clone)]
struct Keys<'s, 'a> {
    scan: &'s Scan<'a>,
    at: usize,
    end: usize,
}

impl Iterator for Keys<'_, '_> {
    type Item = Node;
    fn next(&mut self) -> Option<Node> {
        if self.at >= self.end {
            return None;
        }
        let key = *self.scan.nodes.get(self.at)?;
        self.at = self.scan.nodes.get(self.at + 1)?.after();
        Some(key)
    }
}
