//! What holds for a sentence, as places in the table of weights.
#![expect(clippy::cast_possible_truncation, reason = "classes, buckets and shares, which are small")]

use super::{
    sentences::{NO_LINE, Sentence, Sentences, Token},
    words::{CLASSES, Class},
};

/// How many places the table has.
pub const PLACES: usize = 1 << 15;

/// Collects the places of one sentence, each once.
pub struct Features {
    seen: [u64; PLACES / 64],
    /// The places.
    pub places: Vec<u16>,
}

impl Default for Features {
    fn default() -> Self {
        Self { seen: [0; PLACES / 64], places: Vec::with_capacity(256) }
    }
}

/// Kinds of features. Each holds for all texts, and for definitions once more by themselves.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Kind {
    One = 1,
    Two,
    Three,
    Apart,
    Both,
    First,
    FirstTwo,
    FirstThree,
    Last,
    Loud,
    Earlier,
    Later,
    Lines,
    LinesFirst,
    Company,
    CompanyFirst,
    Length,
    Plain,
    Text,
}

/// The classes that are worth knowing together, wherever they stand.
const TELLING: u128 = {
    let mut mask = 0_u128;
    let mut at = 0;
    while at < CLASSES {
        let sign = at >= Class::Stop as usize && at <= Class::Sign as usize;
        let dull = at == Class::Other as usize
            || at == Class::Article as usize
            || at == Class::Preposition as usize
            || at == Class::And as usize
            || at == Class::Be as usize
            || at == Class::To as usize
            || at == Class::Number as usize;
        let loud = at == Class::Frame as usize
            || at == Class::Comment as usize
            || at == Class::Tag as usize
            || at == Class::Question as usize;
        if (!sign && !dull) || loud {
            mask |= 1 << at;
        }
        at += 1;
    }
    mask
};

impl Features {
    #[inline]
    fn add(&mut self, kind: Kind, a: u32, b: u32, c: u32, own: u32) {
        let mut hash = (kind as u32) << 27 ^ a << 18 ^ b << 9 ^ c ^ own << 31;
        hash = hash.wrapping_mul(0x9e37_79b1);
        hash ^= hash >> 15;
        hash = hash.wrapping_mul(0x85eb_ca6b);
        let place = (hash >> 17) as usize & (PLACES - 1);
        if let Some(word) = self.seen.get_mut(place >> 6) {
            let bit = 1 << (place & 63);
            if *word & bit == 0 {
                *word |= bit;
                self.places.push(place as u16);
            }
        }
    }

    /// Finds what holds for the sentence `at` of a text.
    pub fn of(&mut self, text: &Sentences, at: usize, definition: bool) {
        self.clear();
        let Some(sentence) = text.list.get(at) else { return };
        let tokens = text.tokens.get(sentence.tokens.clone()).unwrap_or_default();
        self.spoken(tokens, 0);
        self.around(text, at, sentence, tokens, 0);
        if definition {
            self.opening(tokens, 1);
            self.around(text, at, sentence, tokens, 1);
            for token in tokens {
                self.add(Kind::One, token.class as u32, 0, 0, 1);
            }
        }
    }

    fn clear(&mut self) {
        for place in self.places.drain(..) {
            if let Some(word) = self.seen.get_mut(usize::from(place) >> 6) {
                *word = 0;
            }
        }
    }

    /// The words by themselves.
    fn spoken(&mut self, tokens: &[Token], own: u32) {
        let mut mask = 0_u128;
        let (mut one, mut two) = (CLASSES as u32, CLASSES as u32);
        for token in tokens {
            let class = token.class as u32;
            mask |= 1 << class;
            self.add(Kind::One, class, 0, 0, own);
            self.add(Kind::Two, one, class, 0, own);
            self.add(Kind::Three, two, one, class, own);
            self.add(Kind::Apart, two, class, 0, own);
            if token.loud {
                self.add(Kind::Loud, class, 0, 0, own);
            }
            (two, one) = (one, class);
        }
        self.add(Kind::Last, one, two, 0, own);
        self.opening(tokens, own);
        let mut rest = mask & TELLING;
        while rest != 0 {
            let a = rest.trailing_zeros();
            rest &= rest - 1;
            let mut others = rest;
            while others != 0 {
                let b = others.trailing_zeros();
                others &= others - 1;
                self.add(Kind::Both, a, b, 0, own);
            }
        }
    }

    fn opening(&mut self, tokens: &[Token], own: u32) {
        let mut words = tokens.iter().filter(|t| !t.class.is_sign()).map(|t| t.class as u32);
        let mut next = || words.next().unwrap_or(CLASSES as u32);
        let (a, b, c) = (next(), next(), next());
        self.add(Kind::First, a, 0, 0, own);
        self.add(Kind::FirstTwo, a, b, 0, own);
        self.add(Kind::FirstThree, a, b, c, own);
    }

    /// What stands around.
    fn around(&mut self, text: &Sentences, at: usize, sentence: &Sentence, tokens: &[Token], own: u32) {
        let neighbour = |other: Option<usize>| {
            let other = text.list.get(other?)?;
            (other.number.abs_diff(sentence.number) == 1)
                .then(|| text.tokens.get(other.tokens.clone()).unwrap_or_default())
        };
        for (kind, other) in [(Kind::Earlier, at.checked_sub(1)), (Kind::Later, Some(at + 1))] {
            match neighbour(other) {
                Some(tokens) => tokens
                    .iter()
                    .filter(|t| TELLING & (1 << t.class as u32) != 0)
                    .for_each(|t| self.add(kind, t.class as u32, 0, 0, own)),
                None => self.add(kind, CLASSES as u32, 0, 0, own),
            }
        }
        let first = tokens.iter().find(|t| !t.class.is_sign());
        let first = first.map_or(CLASSES as u32, |t| t.class as u32);
        let [before, line, after] = sentence.lines;
        let alike = |other: u8| if other == NO_LINE { 2 } else { u32::from(other == line) };
        let lines: u32 = text.shapes.iter().sum();
        let same = text.shapes.get(usize::from(line)).copied().unwrap_or(0);
        let share = (same * 4).checked_div(lines).unwrap_or(0);
        let strange = alike(before) * 3 + alike(after);
        let edges = u32::from(sentence.edges[0]) * 2 + u32::from(sentence.edges[1]);
        self.add(Kind::Lines, strange, share, edges, own);
        self.add(Kind::LinesFirst, strange, first, edges, own);
        let company = bucket(text.list.len() - 1);
        let density = (text.list.len() * 4 / text.all.max(1)) as u32;
        let first_of = u32::from(sentence.number == 0) * 2 + u32::from(sentence.number + 1 == text.all);
        self.add(Kind::Company, company, density, first_of, own);
        self.add(Kind::CompanyFirst, company, density, first, own);
        self.add(Kind::Length, bucket(tokens.len()), 0, 0, own);
        let plain = tokens.iter().filter(|t| t.class == Class::Other).count();
        self.add(Kind::Plain, (plain * 6 / tokens.len().max(1)) as u32, bucket(tokens.len()), 0, own);
        let most = text.shapes.iter().enumerate().max_by_key(|(_, n)| **n).map_or(0, |(at, _)| at as u32);
        self.add(Kind::Text, most, u32::from(line), first, own);
    }
}

/// 0, 1, 2, 4, 8 … as 0, 1, 2, 3, 4 …
fn bucket(n: usize) -> u32 {
    (usize::BITS - n.leading_zeros()).min(10)
}
