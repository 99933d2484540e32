//! One pass over a text: sentences and fields as lists of word classes, with the shapes of the lines around them.

use super::{
    bytes::{BYTES, Byte, shape, word_end},
    lexicon::{LEXICON, Lexicon, by_ending, hash},
    words::{CLASSES, Class},
};
use std::ops::Range;

/// A word or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it does.
    pub class: Class,
    /// Whether it is a word in capitals.
    pub loud: bool,
    /// Whether it is a word that begins with a capital.
    pub capital: bool,
}

/// A sentence, a field or a cell that may say something to its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its bytes.
    pub span: Range<usize>,
    /// Its tokens, in [`Sentences::tokens`].
    pub tokens: Range<usize>,
    /// Its number among all sentences of the text, those without cues too.
    pub number: usize,
    /// How its line begins and that before and after: see [`shape`].
    pub lines: [u8; 3],
    /// Whether it begins its line, and whether it ends it.
    pub edges: [bool; 2],
}

/// A text as the classifier sees it.
#[derive(Clone, Debug, Default)]
pub struct Sentences {
    /// The sentences with a cue, in order.
    pub list: Vec<Sentence>,
    /// Tokens of those sentences.
    pub tokens: Vec<Token>,
    /// How many sentences there are in all.
    pub all: usize,
    /// How many lines of each shape there are.
    pub shapes: [u32; SHAPES],
}

/// How many shapes of lines there are.
pub const SHAPES: usize = 10;
/// No line.
pub const NO_LINE: u8 = 9;
/// The most tokens of a sentence: what is longer goes on in the next one.
const LONGEST: usize = 56;

/// Reads a text.
pub fn read(text: &str) -> Sentences {
    let mut reader = Reader::new(text.as_bytes());
    reader.run();
    reader.out
}

struct Reader<'a> {
    bytes: &'a [u8],
    lexicon: &'static Lexicon,
    out: Sentences,
    /// Where the tokens of the open sentence begin, and its first byte and that after its last token.
    first: usize,
    start: usize,
    end: usize,
    lead: Option<(Token, usize)>,
    cue: bool,
    tag: bool,
    /// Whether a verb here would begin a clause.
    opens: bool,
    /// Shapes of the line before and of this one.
    before: u8,
    line: u8,
    fresh: bool,
    /// Where this line begins.
    begun: usize,
    /// The first sentence that does not know the line after its own.
    waiting: usize,
    /// Unlisted words of the open sentence, whose endings are looked at if it is kept.
    unknown: Vec<(usize, Range<usize>)>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            lexicon: &LEXICON,
            out: Sentences::default(),
            first: 0,
            start: 0,
            end: 0,
            lead: None,
            cue: false,
            tag: false,
            opens: true,
            before: NO_LINE,
            line: NO_LINE,
            fresh: true,
            begun: 0,
            waiting: 0,
            unknown: Vec::new(),
        }
    }

    #[inline]
    fn at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b' ')
    }

    fn run(&mut self) {
        let mut at = 0;
        while let Some(&byte) = self.bytes.get(at) {
            #[expect(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
            let kind = BYTES[byte as usize];
            if kind == Byte::Space {
                at += 1;
                continue;
            }
            if kind == Byte::Line {
                if !self.goes_on(at) {
                    self.close();
                }
                self.end_line();
                self.begun = at + 1;
                at += 1;
                continue;
            }
            if self.line == NO_LINE {
                self.line = shape(byte);
                self.know_line();
            }
            at = match kind {
                Byte::Letter => self.word(at),
                Byte::Digit => self.number(at),
                Byte::Backslash => self.escape(at),
                Byte::Apostrophe => at + 1,
                Byte::End(class) => self.stop(at, class),
                Byte::Sign(class) => self.sign(at, class),
                Byte::Space | Byte::Line => at + 1,
            };
        }
        self.close();
        self.end_line();
    }

    /// Whether the line break at `at` only wraps a sentence: the line was long, and the next one begins small.
    fn goes_on(&self, at: usize) -> bool {
        let next = self.bytes.get(at + 1..).unwrap_or_default();
        let next = next.iter().take(16).find(|b| !matches!(b, b' ' | b'\t'));
        at - self.begun >= 50 && next.is_some_and(u8::is_ascii_lowercase) && self.out.tokens.len() > self.first
    }

    fn word(&mut self, start: usize) -> usize {
        let at = word_end(self.bytes, start);
        let length = at - start;
        match self.at(at) {
            b':' if self.at(at + 1) == b'/' && self.at(at + 2) == b'/' => return self.lump(start, at, Class::Url),
            b'@' if self.at(at + 1).is_ascii_alphanumeric() => return self.lump(start, at, Class::Address),
            b'/' if self.at(at + 1).is_ascii_alphanumeric() && length > 1 => {}
            b'.' if self.at(at + 1).is_ascii_lowercase() && !self.at(at + 1).is_ascii_whitespace() => {
                return self.lump(start, at, Class::Name);
            }
            _ => {}
        }
        let apostrophe = start.checked_sub(1).is_some_and(|b| self.at(b) == b'\'');
        if apostrophe && length == 1 && (self.at(start) | 0x20) == b's' {
            return at;
        }
        let class = self.lexicon.class(hash(self.bytes, start..at));
        let capital = self.at(start).is_ascii_uppercase();
        let loud =
            capital && length > 1 && self.bytes.get(start..at).is_some_and(|w| w.iter().all(u8::is_ascii_uppercase));
        self.push(Token { class, loud, capital }, start, at);
        if class == Class::Other {
            self.unknown.push((self.out.tokens.len() - 1, start..at));
        }
        at
    }

    /// An address or name that goes on to the next space or quote.
    fn lump(&mut self, start: usize, from: usize, class: Class) -> usize {
        let mut at = from;
        while let Some(&b) = self.bytes.get(at) {
            if b <= b' '
                || matches!(b, b'"' | b'\'' | b'<' | b'>' | b'`' | b')' | b']' | b'|' | b'\\' | b',' | b';' | b'}')
            {
                break;
            }
            at += 1;
        }
        while at > from + 1 && matches!(self.at(at - 1), b'.' | b'!' | b'?' | b':') {
            at -= 1;
        }
        let class = if class == Class::Name && self.bytes.get(from..at).is_some_and(|rest| rest.contains(&b'@')) {
            Class::Address
        } else {
            class
        };
        self.push(Token { class, loud: false, capital: false }, start, at);
        at
    }

    fn number(&mut self, start: usize) -> usize {
        let mut at = start;
        while let Some(b) = self.bytes.get(at) {
            let goes_on =
                b.is_ascii_alphanumeric() || (matches!(b, b'.' | b',' | b':') && self.at(at + 1).is_ascii_digit());
            if !goes_on {
                break;
            }
            at += 1;
        }
        self.push(Token { class: Class::Number, loud: false, capital: false }, start, at);
        at
    }

    /// A line break within a string of JSON ends a sentence; other escapes are nothing.
    fn escape(&mut self, at: usize) -> usize {
        let mut next = at;
        while self.at(next) == b'\\' {
            next += 1;
        }
        if matches!(self.at(next), b'n' | b'r' | b't') {
            self.close();
            return next + 1;
        }
        if self.at(next) == b'u' {
            return next + 5;
        }
        next
    }

    fn stop(&mut self, start: usize, class: Class) -> usize {
        let mut at = start;
        let mut class = class;
        while let Byte::End(next) = BYTES.get(self.at(at) as usize).copied().unwrap_or(Byte::Space) {
            if next != Class::Stop {
                class = next;
            }
            at += 1;
        }
        // What closes a sentence together with its full stop.
        let mut end = at;
        while matches!(self.at(end), b'"' | b'\'' | b')' | b'*' | b'`') {
            end += 1;
        }
        self.push(Token { class, loud: at - start > 1, capital: false }, start, at);
        if end >= self.bytes.len()
            || self.at(end) <= b' '
            || self.at(end) == b'\\'
            || self.at(end) == b'<'
            || self.at(end) == b'|'
        {
            self.end = at;
            self.close();
        }
        at
    }

    fn sign(&mut self, start: usize, class: Class) -> usize {
        let byte = self.at(start);
        let mut at = start + 1;
        while self.at(at) == byte {
            at += 1;
        }
        match class {
            // The next field of an object.
            Class::Quote if matches!(self.at(at), b',' | b':' | b'}' | b']') => {
                self.push(Token { class, loud: false, capital: false }, start, at);
                self.close();
                return at;
            }
            Class::Quote if matches!(self.at(at), b'\\') => {}
            Class::Pipe => {
                self.close();
                return at;
            }
            Class::Tag => {
                let class = match (self.at(at), self.at(at + 1)) {
                    (b'!', b'-') => Class::Comment,
                    (b'|', _) => Class::Frame,
                    _ => Class::Tag,
                };
                self.push(Token { class, loud: at - start > 1, capital: false }, start, at);
                return if class == Class::Tag { at } else { at + 1 };
            }
            Class::Sign if byte == b'/' || byte == b'~' => {
                let rooted = start
                    .checked_sub(1)
                    .is_none_or(|b| matches!(self.at(b), b' ' | b'"' | b'\'' | b'`' | b'(' | b'=' | b'\n'));
                if rooted
                    && (self.at(at).is_ascii_alphanumeric() || matches!(self.at(at), b'.' | b'/'))
                    && byte != self.at(at)
                {
                    return self.lump(start, at, Class::Path);
                }
            }
            _ => {}
        }
        self.push(Token { class, loud: at - start > 2, capital: false }, start, at);
        at
    }

    /// Of what stands before the first word of a sentence, the last sign is kept, or that which opens a tag: most of a table
    /// or an object is nothing but signs and numbers.
    #[inline]
    fn lead(&mut self, token: Token, start: usize) {
        let opens = |class| matches!(class, Class::Tag | Class::Frame | Class::Comment);
        if opens(token.class) || !self.lead.is_some_and(|(lead, _)| opens(lead.class)) {
            self.lead = Some((token, start));
        }
    }

    /// Ends a sentence that is full.
    fn room(&mut self) {
        if self.out.tokens.len() - self.first >= LONGEST {
            self.close();
        }
    }

    fn push(&mut self, token: Token, start: usize, end: usize) {
        if self.out.tokens.len() == self.first {
            self.opens = true;
            self.start = start;
            if token.class.is_sign() || token.class == Class::Number {
                self.lead(token, start);
                return;
            }
            if let Some((lead, start)) = self.lead.take() {
                self.start = start;
                self.tag = matches!(lead.class, Class::Tag | Class::Frame | Class::Comment);
                self.cue = lead.class.is_cue();
                self.out.tokens.push(lead);
            }
        } else {
            self.room();
        }
        let class = token.class;
        self.tag |= matches!(class, Class::Tag | Class::Frame | Class::Comment);
        self.cue |= class.is_cue() || (self.opens && class.is_verb());
        self.opens = class.is_sign()
            || matches!(
                class,
                Class::Please
                    | Class::And
                    | Class::After
                    | Class::First
                    | Class::Instead
                    | Class::Now
                    | Class::Must
                    | Class::Always
            )
            || (self.opens && matches!(class, Class::Adverb | Class::Not | Class::Number));
        self.out.tokens.push(token);
        self.end = end;
    }

    /// Ends the open sentence.
    fn close(&mut self) {
        let tokens = self.first..self.out.tokens.len();
        self.lead = None;
        if tokens.is_empty() {
            return;
        }
        // A tag stands alone and says what the lines within are.
        let kept = (self.cue || self.tag) && self.speaks(&tokens);
        if kept {
            for (at, word) in self.unknown.drain(..) {
                if let (Some(token), Some(word)) = (self.out.tokens.get_mut(at), self.bytes.get(word)) {
                    token.class = by_ending(word);
                }
            }
            let lines = [self.before, self.line, NO_LINE];
            let starts = std::mem::replace(&mut self.fresh, false);
            self.out.list.push(Sentence {
                span: self.start..self.end,
                tokens,
                number: self.out.all,
                lines,
                edges: [starts, false],
            });
        } else {
            self.fresh = false;
            self.out.tokens.truncate(tokens.start);
            self.unknown.clear();
        }
        self.out.all += 1;
        self.first = self.out.tokens.len();
        (self.cue, self.tag, self.opens) = (false, false, true);
    }

    /// Whether the tokens are at least two words, or a tag with a word that matters.
    fn speaks(&self, tokens: &Range<usize>) -> bool {
        let open = self.out.tokens.get(tokens.clone()).unwrap_or_default();
        match open.iter().filter(|t| !t.class.is_sign()).take(2).count() {
            2 => self.cue,
            1 => self.tag && open.iter().any(|t| t.loud || t.class.is_cue()),
            _ => false,
        }
    }

    fn end_line(&mut self) {
        if self.line != NO_LINE {
            if let Some(count) = self.out.shapes.get_mut(usize::from(self.line)) {
                *count += 1;
            }
            if let Some(last) = self.out.list.last_mut().filter(|s| s.number + 1 == self.out.all) {
                last.edges[1] = true;
            }
            self.before = self.line;
        }
        self.line = NO_LINE;
        self.fresh = true;
    }

    /// The shape of this line is known: tell the sentences of the line before.
    fn know_line(&mut self) {
        let line = self.line;
        for sentence in self.out.list.get_mut(self.waiting..).unwrap_or_default() {
            sentence.lines[2] = line;
        }
        self.waiting = self.out.list.len();
    }
}

const _: () = assert!(CLASSES <= 128, "classes fit into seven bits");
