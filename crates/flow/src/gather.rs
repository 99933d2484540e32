//! What of a text is remembered: values by windows of their symbols, short ones and words whole, numbers and days as what
//! they mean, prose by a window here and there.

use crate::{
    bits, dates, numbers,
    symbols::{Gap, Symbols, Token},
    table::Class,
    unit::{Key, Kind, Sum, pack},
};
use std::ops::Range;

/// How many symbols a window of a value has, and one of prose; and how far apart they begin.
pub(crate) const WINDOW: usize = 8;
pub(crate) const STEP: usize = 4;
pub(crate) const PROSE: usize = 16;
pub(crate) const STRIDE: usize = 12;
/// A value carries at least so many bits; with fewer it is a word.
const VALUE: f32 = 12.0;
const WORD: f32 = 8.0;
/// The longest text that is also remembered as a whole, in symbols.
pub(crate) const WHOLE: usize = 64;

/// A unit of a text: what it is, its sum, how long it is.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    pub(crate) kind: Kind,
    pub(crate) class: Class,
    pub(crate) sum: Sum,
    pub(crate) len: u8,
}

/// Tells every unit of what was read.
pub(crate) fn gather(key: &Key, symbols: &Symbols, each: &mut impl FnMut(Unit)) {
    let bits: Vec<f32> = symbols.tokens.iter().map(|token| bits::token(symbols, token)).collect();
    let mut each = Each { key, symbols, bits: &bits, each };
    let tokens = &symbols.tokens;
    let mut at = 0;
    while at < tokens.len() {
        let end = at + group(tokens.get(at..).unwrap_or_default());
        each.group(at..end);
        at = end;
    }
    each.whole();
    each.prose();
}

/// How many tokens belong to one value: those that are glued, groups of digits, and names of several words.
fn group(tokens: &[Token]) -> usize {
    let Some(first) = tokens.first() else { return 0 };
    let name = |t: &Token| t.capital && t.small && t.letters && !t.digits;
    let mut before = first;
    let mut len = 1;
    for token in tokens.iter().skip(1) {
        let goes_on = match token.gap {
            Gap::Glue(_) => true,
            Gap::One(b' ') => (before.digits && token.digits) || (name(before) && name(token)),
            _ => false,
        };
        if !goes_on || len >= 64 {
            break;
        }
        (before, len) = (token, len + 1);
    }
    len
}

struct Each<'a, F> {
    key: &'a Key,
    symbols: &'a Symbols,
    /// Of each token.
    bits: &'a [f32],
    each: &'a mut F,
}

impl<F: FnMut(Unit)> Each<'_, F> {
    fn group(&mut self, group: Range<usize>) {
        let tokens = self.symbols.tokens.get(group.clone()).unwrap_or_default();
        let [first, .., last] = tokens else {
            if let [token] = tokens {
                self.token(token, group.start);
            }
            return;
        };
        let (first, last) = (first.start as usize, last.end as usize);
        let mut all = 0.0;
        for (at, token) in group.clone().zip(tokens) {
            all += self.bits_of(at);
            if token.digits {
                self.meanings(at);
            }
        }
        if all >= VALUE {
            self.value(first..last);
        }
    }

    fn token(&mut self, token: &Token, at: usize) {
        let bits = self.bits_of(at);
        if token.digits {
            self.meanings(at);
        }
        if bits < WORD {
            return;
        }
        if (token.digits && token.letters && bits >= VALUE) || bits >= 2.0 * VALUE {
            self.value(token.range());
        } else if token.letters {
            self.unit(Kind::Whole, Class::Weak, token.range());
        } else if token.len() >= WINDOW {
            self.value(token.range());
        }
    }

    fn bits_of(&self, token: usize) -> f32 {
        self.bits.get(token).copied().unwrap_or_default()
    }

    /// Numbers and days that begin with a token.
    fn meanings(&mut self, at: usize) {
        if let Some(number) = numbers::number(self.symbols, at).filter(|n| n.digits().len() > 2 && n.bits >= WORD) {
            let digits = number.digits();
            let class = if digits.len() > 4 { Class::End } else { Class::Weak };
            self.tell(Kind::Number, class, self.key.sum(Kind::Number, pack(digits)), digits.len());
        }
        for day in dates::date(self.symbols, at).into_iter().flat_map(|d| d.days).flatten() {
            self.tell(Kind::Date, Class::Begin, self.key.sum(Kind::Date, pack(&day)), day.len());
        }
    }

    fn value(&mut self, symbols: Range<usize>) {
        let len = symbols.len();
        if len < WINDOW {
            return self.unit(Kind::Whole, Class::Begin, symbols);
        }
        let (step, last) = (if len <= 64 { STEP } else { len.div_ceil(64) * STEP }, symbols.end - WINDOW);
        for at in symbols.clone().step_by(step).take_while(|at| *at < last) {
            let class = if at == symbols.start { Class::Begin } else { Class::Inner };
            self.unit(Kind::Window, class, at..at + WINDOW);
        }
        let class = if len == WINDOW { Class::Begin } else { Class::End };
        self.unit(Kind::Window, class, last..symbols.end);
    }

    /// The text as one value, where it is as short as one.
    fn whole(&mut self) {
        let tokens = &self.symbols.tokens;
        if (2..=10).contains(&tokens.len()) && self.symbols.len() <= WHOLE {
            let all: f32 = self.bits.iter().sum();
            if all >= VALUE {
                self.unit(Kind::Whole, Class::End, 0..self.symbols.len());
            }
        }
    }

    fn prose(&mut self) {
        let (len, mut tokens) = (self.symbols.len(), self.symbols.tokens.iter().zip(self.bits).peekable());
        if len < PROSE || self.symbols.tokens.len() < 3 {
            return;
        }
        let mut rare_until = 0;
        for at in (0..=len - PROSE).step_by(STRIDE) {
            while let Some((token, bits)) = tokens.next_if(|(t, _)| (t.start as usize) < at + PROSE) {
                if token.letters && *bits > 7.0 {
                    rare_until = token.end as usize;
                }
            }
            let class = if rare_until > at { Class::Rare } else { Class::Prose };
            self.unit(Kind::Prose, class, at..at + PROSE);
        }
    }

    fn unit(&mut self, kind: Kind, class: Class, symbols: Range<usize>) {
        let len = symbols.len();
        let sum = if len <= 16 {
            self.key.sum(kind, self.symbols.packed(symbols.start, len))
        } else {
            self.key.sum_of(kind, self.symbols.slice(symbols))
        };
        self.tell(kind, class, sum, len);
    }

    fn tell(&mut self, kind: Kind, class: Class, sum: Sum, len: usize) {
        (self.each)(Unit { kind, class, sum, len: u8::try_from(len).unwrap_or(u8::MAX) });
    }
}
