//! The forms of a secret as lines of symbols, and what is kept of each: sums of windows, and no symbol.

use super::{Form, index::Anchor, key::Key, symbols::squeezed};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use std::{fmt::Write as _, ops::Range};
use zeroize::Zeroizing;

/// How many symbols a window has.
pub(super) const WINDOW: usize = 8;
/// So many symbols in a row hold a whole window of those that are looked at, wherever they begin.
const SURE: usize = 2 * WINDOW - 1;
/// Fewer symbols of a secret than these prove nothing, unless they are the whole of it.
const PART: usize = 12;
/// How many runs of windows are indexed, at most: of the secret as it is, and of each other form.
const GROUPS: (usize, usize) = (40, 4);

/// What is kept of one form of a secret.
pub(super) struct Shape {
    pub(super) form: Form,
    /// How many symbols it has.
    pub(super) len: usize,
    /// How many symbols are a part that proves something.
    pub(super) least: usize,
    step: usize,
    /// The sums of windows from its beginning to its end; the lowest bit is whether the window looks random.
    checks: Box<[u32]>,
    /// Where runs of indexed windows begin.
    groups: Box<[u16]>,
}

/// A window that is to be indexed, and its sum.
pub(super) type Sum = (u32, u8, u16);

/// What was recognized around an indexed window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The places of its first and last symbol.
    pub(super) first: usize,
    pub(super) last: usize,
    /// How many symbols it has.
    pub(super) len: usize,
    pub(super) whole: bool,
}

/// The shapes of `secret` and the windows to index, or nothing where no part of it looks random: to such a secret honest
/// texts come too near when spaces and case are dropped.
pub(super) fn shapes(secret: &[u8], key: &Key) -> Option<(Box<[Shape]>, Vec<Sum>)> {
    let random = Random::of(secret);
    random.parts.iter().find(|part| part.len() >= SURE)?;
    let (mut shapes, mut sums) = (Vec::new(), Vec::new());
    let mut seen: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    for (form, symbols) in forms(secret) {
        if symbols.len() < SURE || symbols.len() > usize::from(u16::MAX) || seen.contains(&symbols) {
            continue;
        }
        let number = u8::try_from(shapes.len()).unwrap_or(u8::MAX);
        shapes.push(Shape::new(form, &symbols, &random, key, number, &mut sums));
        seen.push(symbols);
    }
    Some((shapes.into(), sums))
}

impl Shape {
    fn new(form: Form, symbols: &[u8], random: &Random, key: &Key, number: u8, sums: &mut Vec<Sum>) -> Self {
        let random_parts = random.within(form, symbols.len());
        let counts = |at: usize| {
            let next = random_parts.partition_point(|part| part.end <= at);
            random_parts.get(next).is_some_and(|part| part.start <= at && at + WINDOW <= part.end)
        };
        let window =
            |at: usize| symbols.get(at..).and_then(|s| s.first_chunk::<WINDOW>()).map_or(0, |w| u64::from_le_bytes(*w));
        let step = if form == Form::Raw { 4 } else { WINDOW };
        let last = symbols.len() - WINDOW;
        let check = |at: usize| key.check(window(at)) & !1 | u32::from(counts(at));
        let checks = (0..=last.div_ceil(step)).map(|k| check((k * step).min(last))).collect();
        let groups = groups(form, symbols.len(), &random_parts);
        for (i, start) in groups.iter().enumerate() {
            for at in 0..WINDOW {
                if let Ok(window_number) = u16::try_from(i * WINDOW + at) {
                    sums.push((key.index(window(usize::from(*start) + at)), number, window_number));
                }
            }
        }
        let least = (PART * symbols.len()).div_ceil(random.len.max(1)).clamp(PART, symbols.len());
        Self { form, len: symbols.len(), least, step, checks, groups }
    }

    /// Where the check `k` begins.
    fn start(&self, k: usize) -> usize {
        (k * self.step).min(self.len - WINDOW)
    }

    /// Goes from the indexed window `anchor`, which has `sum`, in both directions as far as the symbols are those of this
    /// form. `right` begins with the first symbol of the window, `left` before it.
    pub(super) fn part(
        &self,
        key: &Key,
        (anchor, sum): (Anchor, u32),
        mut right: impl Iterator<Item = (u8, usize)>,
        left: impl Iterator<Item = (u8, usize)>,
    ) -> Option<Part> {
        let group = self.groups.get(usize::from(anchor.window) / WINDOW)?;
        let offset = usize::from(*group) + usize::from(anchor.window) % WINDOW;
        let (mut window, mut first, mut last) = (0_u64, None, 0);
        for (symbol, place) in right.by_ref().take(WINDOW) {
            window = window >> 8 | u64::from(symbol) << 56;
            first.get_or_insert(place);
            last = place;
        }
        let (mut first, middle) = (first?, window);
        if key.index(middle) != sum {
            return None;
        }
        let (mut begin, mut end, mut random) = (offset, offset + WINDOW, false);
        let mut matches = |k: usize, window: u64| {
            let check = self.checks.get(k).copied().unwrap_or_default();
            let same = key.check(window) & !1 == check & !1;
            random |= same && check & 1 == 1;
            same
        };
        let mut k = offset.div_ceil(self.step).min(self.checks.len() - 1);
        if self.start(k) == offset {
            matches(k, middle);
            k += 1;
        }
        let mut at = offset;
        for (symbol, place) in right {
            if k >= self.checks.len() {
                break;
            }
            window = window >> 8 | u64::from(symbol) << 56;
            at += 1;
            if at == self.start(k) {
                if !matches(k, window) {
                    break;
                }
                (end, last, k) = (at + WINDOW, place, k + 1);
            }
        }
        let (mut window, mut at) = (middle, offset);
        let mut below = offset.div_ceil(self.step);
        for (symbol, place) in left {
            let Some(k) = below.checked_sub(1) else { break };
            window = window << 8 | u64::from(symbol);
            at -= 1;
            if at == self.start(k) {
                if !matches(k, window) {
                    break;
                }
                (begin, first, below) = (at, place, k);
            }
        }
        let whole = begin == 0 && end == self.len;
        (whole || (end - begin >= self.least && random)).then_some(Part { first, last, len: end - begin, whole })
    }
}

/// Where windows are indexed: eight in a row, so that one of them is looked at in every text that holds them all. As
/// many as may be of the secret as it is, so that its parts are found; of other forms a few.
fn groups(form: Form, len: usize, random: &[Range<usize>]) -> Box<[u16]> {
    let mut good: Vec<Range<usize>> =
        random.iter().filter(|p| p.len() >= SURE).map(|p| p.start..p.end + 1 - SURE).collect();
    if good.is_empty() {
        good.push(0..len + 1 - SURE);
    }
    let total: usize = good.iter().map(Range::len).sum();
    let nth = |mut n: usize| {
        for part in &good {
            match n.checked_sub(part.len()) {
                None => return u16::try_from(part.start + n).ok(),
                Some(rest) => n = rest,
            }
        }
        None
    };
    let (apart, most) = match form {
        Form::Raw => (WINDOW, GROUPS.0),
        Form::Base64 | Form::Reversed => (32, GROUPS.1),
        _ => (64, GROUPS.1 / 2),
    };
    let count = total.div_ceil(apart).clamp(1, most);
    // From the last one on backwards: the end of a token is random where its beginning is not.
    let mut places: Vec<u16> = (0..count).filter_map(|i| nth(total - 1 - i * total / count)).collect();
    if form == Form::Raw && places.len() < most {
        places.extend(nth(0));
    }
    places.into()
}

/// What neighbours of a secret say of whether it is random; summed up.
#[derive(Clone, Copy, Default)]
struct Pair {
    all: usize,
    /// A digit, a small letter or a capital, and then another of these.
    turns: usize,
    /// Two letters that are rarely neighbours in a word.
    odd: usize,
}

impl Pair {
    fn of(a: u8, b: u8) -> Self {
        let class = |b: u8| if b.is_ascii_digit() { 0 } else { 1 + u8::from(b.is_ascii_uppercase()) };
        let odd = a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && !is_usual(a, b);
        Self { all: 1, turns: usize::from(class(a) != class(b)), odd: usize::from(odd) }
    }

    const fn and(self, more: Self) -> Self {
        Self { all: self.all + more.all, turns: self.turns + more.turns, odd: self.odd + more.odd }
    }

    const fn without(self, less: Self) -> Self {
        Self { all: self.all - less.all, turns: self.turns - less.turns, odd: self.odd - less.odd }
    }
}

/// Whether two letters are neighbours in many words.
fn is_usual(a: u8, b: u8) -> bool {
    /// For each letter, bit by bit those that follow it.
    static AFTER: [u32; 32] = {
        let mut after = [0; 32];
        let mut i = 0;
        while i < USUAL.len() {
            #[expect(clippy::indexing_slicing, reason = "runs in the compiler")]
            {
                after[(USUAL[i][0] & 31) as usize] |= 1 << (USUAL[i][1] & 31);
            }
            i += 1;
        }
        after
    };
    AFTER.get(usize::from(a & 31)).is_some_and(|after| after >> (b & 31) & 1 == 1)
}

/// Neighbours in words of English, and of names in programs.
#[rustfmt::skip]
const USUAL: &[[u8; 2]] = &[
    *b"th", *b"he", *b"in", *b"er", *b"an", *b"re", *b"on", *b"at", *b"en", *b"nd", *b"ti", *b"es", *b"or", *b"te",
    *b"of", *b"ed", *b"is", *b"it", *b"al", *b"ar", *b"st", *b"to", *b"nt", *b"ng", *b"se", *b"ha", *b"as", *b"ou",
    *b"io", *b"le", *b"ve", *b"co", *b"me", *b"de", *b"hi", *b"ri", *b"ro", *b"ic", *b"ne", *b"ea", *b"ra", *b"ce",
    *b"li", *b"ch", *b"ll", *b"be", *b"ma", *b"si", *b"om", *b"ur", *b"ca", *b"el", *b"ta", *b"la", *b"ns", *b"di",
    *b"fo", *b"ho", *b"pe", *b"ec", *b"pr", *b"no", *b"ct", *b"us", *b"ac", *b"ot", *b"il", *b"tr", *b"ly", *b"nc",
    *b"et", *b"ut", *b"ss", *b"so", *b"rs", *b"un", *b"lo", *b"wa", *b"ge", *b"ie", *b"wh", *b"ee", *b"wi", *b"em",
    *b"ad", *b"ol", *b"rt", *b"po", *b"we", *b"na", *b"ul", *b"ni", *b"ts", *b"mo", *b"ow", *b"pa", *b"im", *b"mi",
    *b"ai", *b"sh", *b"ir", *b"su", *b"id", *b"os", *b"iv", *b"ia", *b"am", *b"fi", *b"ci", *b"vi", *b"pl", *b"ig",
    *b"tu", *b"ev", *b"ld", *b"ry", *b"mp", *b"fe", *b"bl", *b"ab", *b"gh", *b"ty", *b"op", *b"wo", *b"sa", *b"ay",
    *b"ex", *b"ke", *b"fr", *b"oo", *b"av", *b"ag", *b"if", *b"ap", *b"gr", *b"od", *b"bo", *b"sp", *b"rd", *b"do",
    *b"uc", *b"bu", *b"ei", *b"ov", *b"by", *b"rm", *b"ep", *b"tt", *b"oc", *b"fa", *b"ef", *b"cu", *b"rn", *b"sc",
];

/// Whether so many neighbours are a turn or odd that all of it was drawn, though some places by themselves look like a word:
/// of small letters and digits that are drawn four of five pairs are, in words one of four. Eight more than a third of them
/// do not come together in what people make up.
fn is_random(symbols: &[(u8, bool)]) -> bool {
    const MORE: usize = 8;
    let (mut all, mut strange) = (0, 0);
    for ((a, _), (b, _)) in symbols.iter().zip(symbols.iter().skip(1)).filter(|((_, a), (_, b))| !a && !b) {
        let pair = Pair::of(*a, *b);
        all += usize::from(!(a.is_ascii_digit() && b.is_ascii_digit()));
        strange += usize::from(pair.turns + pair.odd > 0);
    }
    strange * 3 >= all + MORE * 3
}

/// Which parts of a secret look random: letters of both cases and digits in turns, or letters that no word has side
/// by side. What tokens of one kind have in common does not count.
#[derive(Debug)]
pub(super) struct Random {
    /// How many symbols the secret has.
    len: usize,
    pub(super) parts: Vec<Range<usize>>,
}

impl Random {
    pub(super) fn of(secret: &[u8]) -> Self {
        const NEAR: usize = 8;
        const TURNS: usize = 3;
        let common = common(secret);
        // Each symbol, and whether others have it too.
        let mut symbols = Zeroizing::new(Vec::with_capacity(secret.len()));
        let mut escaped = false;
        for (at, b) in secret.iter().enumerate() {
            if b.is_ascii_alphanumeric() && !escaped {
                symbols.push((*b, common.iter().any(|c| c.contains(&at))));
            }
            escaped = *b == b'\\';
        }
        let pair = |at: usize| match (at.checked_sub(1).and_then(|a| symbols.get(a)), symbols.get(at)) {
            (Some((a, _)), Some((b, _))) => Pair::of(*a, *b),
            _ => Pair::default(),
        };
        let random = is_random(&symbols);
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut near = (1..NEAR).map(pair).fold(Pair::default(), Pair::and);
        for (at, (_, shared)) in symbols.iter().enumerate() {
            // Of the pairs of letters in a word, most are among those of most words.
            let odd = near.all >= NEAR - 1 && near.odd * 15 >= near.all * 11;
            if !shared && (random || near.turns >= TURNS || odd) {
                match parts.last_mut().filter(|last| last.end == at) {
                    Some(last) => last.end += 1,
                    None => parts.push(at..at + 1),
                }
            }
            near = near.and(pair(at + NEAR));
            if let Some(gone) = (at + 1).checked_sub(NEAR) {
                near = near.without(pair(gone + 1));
            }
        }
        Self { len: symbols.len(), parts }
    }

    /// The parts of a form of so many symbols that stand for these.
    fn within(&self, form: Form, len: usize) -> Vec<Range<usize>> {
        let place = |at: usize| at * len / self.len.max(1);
        let parts = self.parts.iter().map(|part| match form {
            Form::Reversed => place(self.len - part.end)..place(self.len - part.start),
            _ => place(part.start)..place(part.end),
        });
        if form == Form::Reversed { parts.rev().collect() } else { parts.collect() }
    }
}

/// The parts of a secret that others of its kind share: the header and the claims of a signed token (RFC 7519), which
/// are known to many, and the beginning of a key in DER.
fn common(secret: &[u8]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = 0;
    for part in secret.split(|b| *b == b'.') {
        if part.starts_with(b"eyJ") && at + part.len() < secret.len() {
            parts.push(at..at + part.len() + 1);
        }
        at += part.len() + 1;
    }
    if let Some(der) = memchr::memmem::find(secret, b"\nMI") {
        parts.push(der..der + 48);
    }
    parts
}

/// The ways in which `secret` may be written, as symbols. At most sixteen.
fn forms(secret: &[u8]) -> Vec<(Form, Zeroizing<Vec<u8>>)> {
    let mut all = Vec::with_capacity(16);
    let mut add = |form, symbols: Vec<u8>| all.push((form, Zeroizing::new(symbols)));
    let raw = Zeroizing::new(squeezed(secret));
    let backwards: Zeroizing<Vec<u8>> = Zeroizing::new(secret.iter().rev().copied().collect());
    add(Form::Raw, raw.to_vec());
    for shift in 0..3 {
        // Between unknown bytes: of the characters, those that depend on the secret alone.
        let mut padded = Zeroizing::new(vec![0; shift]);
        padded.extend_from_slice(secret);
        let (first, last) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(&padded).into_bytes());
        add(Form::Base64, squeezed(text.get(first..last).unwrap_or_default()));
    }
    let each = |write: fn(u8) -> ([u8; 4], usize)| {
        let mut out = Vec::with_capacity(secret.len() * 4);
        for b in secret {
            let (symbols, len) = write(*b);
            out.extend_from_slice(symbols.get(..len).unwrap_or_default());
        }
        out
    };
    const X: u8 = 33;
    add(Form::Reversed, squeezed(&backwards));
    // As `68 65`, `0x68`, `&#x68;` and `104`; what is in escapes is undone.
    add(Form::Hex, each(|b| ([b >> 4, b & 15, 0, 0], 2)));
    add(Form::Hex, each(|b| ([0, X, b >> 4, b & 15], 4)));
    add(Form::Entities, each(|b| ([X, b >> 4, b & 15, 0], 3)));
    add(
        Form::Codes,
        each(|b| match b {
            100.. => ([b / 100, b / 10 % 10, b % 10, 0], 3),
            10.. => ([b / 10, b % 10, 0, 0], 2),
            _ => ([b, 0, 0, 0], 1),
        }),
    );
    add(Form::Rotated, raw.iter().map(|s| if *s < 10 { *s } else { (*s - 10 + 13) % 26 + 10 }).collect());
    if !secret.iter().all(u8::is_ascii_alphanumeric) {
        add(Form::Url, squeezed(&Zeroizing::new(percent(secret, b""))));
    }
    if !secret.iter().all(|b| is_unreserved(*b)) {
        add(Form::Url, squeezed(&Zeroizing::new(percent(secret, b"-._~"))));
        add(Form::Url, squeezed(&Zeroizing::new(percent(secret, b"-._~/"))));
        if let Ok(text) = std::str::from_utf8(secret) {
            let special = |c: char| !c.is_ascii() || "<>&'+".contains(c);
            add(Form::Json, squeezed(&Zeroizing::new(escaped(text, special))));
            add(Form::Json, squeezed(&Zeroizing::new(escaped(text, |c| !c.is_ascii()))));
            add(Form::Entities, squeezed(&Zeroizing::new(entities(text))));
        }
    }
    all
}

/// Whether a character stands as it is in every form of a URL, of JSON and of HTML (RFC 3986 §2.3).
const fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn percent(secret: &[u8], kept: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(secret.len() * 2);
    for &b in secret {
        if b.is_ascii_alphanumeric() || kept.contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02x}");
        }
    }
    out.into_bytes()
}

/// With the characters that `special` names as escapes of JSON (RFC 8259 §7).
fn escaped(text: &str, special: impl Fn(char) -> bool) -> Vec<u8> {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '"' if !special(c) => out.extend(['\\', c]),
            c if special(c) || c.is_control() && !matches!(c, '\n' | '\r' | '\t') => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.into_bytes()
}

fn entities(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out.into_bytes()
}
