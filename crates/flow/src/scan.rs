//! Where units of one text stand in the index, and how much that says.

use crate::{
    Index, bits, dates,
    gather::{PROSE, STEP, STRIDE, WHOLE, WINDOW},
    numbers,
    sources::Zone,
    symbols::Symbols,
    unit::{Kind, Sum, pack},
};
use std::ops::Range;

/// How many tokens may make up a short value, and how many symbols.
const TOKENS: usize = 6;
const SHORT: usize = 16;
/// Windows of one place may have so many symbols between them that were not remembered.
const HOLE: u32 = 24;

/// A run of symbols that stood in one source.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) symbols: Range<usize>,
    pub(crate) zone: Zone,
    pub(crate) kind: Kind,
    pub(crate) bits: f32,
}

/// One unit that was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    source: u16,
    prose: bool,
    start: u32,
    end: u32,
    kind: Kind,
    len: u8,
    zone: Zone,
}

impl Index {
    /// The regions of a text that say enough, the most telling first.
    pub(crate) fn regions(&self, symbols: &Symbols) -> Vec<Region> {
        let mut hits = Vec::new();
        self.windows(symbols, &mut hits);
        self.tokens(symbols, &mut hits);
        if hits.is_empty() {
            return Vec::new();
        }
        hits.sort_unstable();
        let weights = Weights::of(symbols);
        let mut regions = Vec::new();
        let mut rest = hits.as_slice();
        while let Some((first, after)) = rest.split_first() {
            let len = if matches!(first.kind, Kind::Window | Kind::Prose) { 1 + run(*first, after) } else { 1 };
            let (these, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            regions.extend(self.region(these, &weights));
            rest = after;
        }
        regions.retain(|r: &Region| r.bits >= self.least(r.kind));
        regions.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.symbols.start.cmp(&b.symbols.start)));
        regions
    }

    /// The bits that a match must carry; fewer for units of which a text has few, so that few can be hit by chance.
    pub(crate) fn least(&self, kind: Kind) -> f32 {
        self.settings.least_bits - if matches!(kind, Kind::Date) { 3.0 } else { 0.0 }
    }

    fn windows(&self, symbols: &Symbols, hits: &mut Vec<Hit>) {
        for (kind, width) in [(Kind::Window, WINDOW), (Kind::Prose, PROSE)] {
            if self.counts.of(kind, width) == 0 {
                continue;
            }
            for at in 0..(symbols.len() + 1).saturating_sub(width) {
                self.hit(kind, self.key.sum(kind, symbols.packed(at, width)), at..at + width, width, hits);
            }
        }
    }

    fn tokens(&self, symbols: &Symbols, hits: &mut Vec<Hit>) {
        let tokens = &symbols.tokens;
        for (at, first) in tokens.iter().enumerate() {
            let start = first.start as usize;
            for last in tokens.iter().skip(at).take(TOKENS) {
                let len = last.end as usize - start;
                if len > SHORT {
                    break;
                }
                if len > 2 && self.counts.of(Kind::Whole, len) > 0 {
                    let sum = self.key.sum(Kind::Whole, symbols.packed(start, len));
                    self.hit(Kind::Whole, sum, start..start + len, len, hits);
                }
            }
            let span = |range: &Range<usize>| {
                tokens.get(range.end.saturating_sub(1)).map_or(start..start, |last| start..last.end as usize)
            };
            if first.digits
                && let Some(number) = numbers::number(symbols, at).filter(|n| n.digits().len() > 2)
            {
                let sum = self.key.sum(Kind::Number, pack(number.digits()));
                self.hit(Kind::Number, sum, span(&number.tokens), number.digits().len(), hits);
            }
            if let Some(date) = dates::date(symbols, at) {
                for day in date.days.iter().flatten() {
                    self.hit(Kind::Date, self.key.sum(Kind::Date, pack(day)), span(&date.tokens), day.len(), hits);
                }
            }
        }
        if (SHORT + 1..=WHOLE).contains(&symbols.len()) {
            let sum = self.key.sum_of(Kind::Whole, symbols.all());
            self.hit(Kind::Whole, sum, 0..symbols.len(), symbols.len(), hits);
        }
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a text has fewer than 2^32 symbols, and a unit fewer than 256"
    )]
    fn hit(&self, kind: Kind, sum: Sum, symbols: Range<usize>, len: usize, hits: &mut Vec<Hit>) {
        for number in self.table.find(sum) {
            let zone = self.zone(self.table.zone(number));
            let (start, end) = (symbols.start as u32, symbols.end as u32);
            hits.push(Hit { source: zone.source, prose: kind == Kind::Prose, start, end, kind, len: len as u8, zone });
        }
    }

    /// What the hits of one run say together.
    fn region(&self, hits: &[Hit], weights: &Weights) -> Option<Region> {
        let (first, mut covered, mut raw) = (hits.first()?, 0, 0.0);
        // The place of most of them; windows that two values share are remembered at one place only.
        let (mut zone, mut votes) = (first.zone, 0_i32);
        for hit in hits {
            let from = hit.start.max(covered);
            raw += match hit.kind {
                Kind::Number | Kind::Date => 0.0,
                Kind::Window | Kind::Prose | Kind::Whole => weights.between(from, hit.end, hit.prose),
            };
            covered = covered.max(hit.end);
            match (hit.zone == zone, votes) {
                (true, _) => votes += 1,
                (false, 0) => (zone, votes) = (hit.zone, 1),
                (false, _) => votes -= 1,
            }
        }
        let raw = match first.kind {
            Kind::Number => weights.number(first),
            Kind::Date => dates::BITS,
            _ => raw,
        };
        let bits = raw - (1.0 + f32::from(self.counts.of(first.kind, usize::from(first.len)))).log2();
        Some(Region {
            symbols: first.start as usize..covered as usize,
            zone,
            kind: first.kind,
            bits: bits.min(bits::MOST),
        })
    }
}

/// How many of the hits that follow belong to the same run.
fn run(first: Hit, rest: &[Hit]) -> usize {
    let mut before = first;
    rest.iter()
        .take_while(|hit| {
            let same = hit.source == first.source && hit.kind == first.kind;
            let near = hit.start < before.end || (hit.zone == before.zone && hit.start <= before.end + HOLE);
            let goes_on = same && near;
            before = Hit { end: hit.end.max(before.end), ..**hit };
            goes_on
        })
        .count()
}

/// The bits of all symbols up to each, in a value and in prose.
struct Weights {
    value: Vec<f32>,
    prose: Vec<f32>,
    digits: Vec<(u32, f32)>,
}

impl Weights {
    fn of(symbols: &Symbols) -> Self {
        let (mut value, mut prose) = (Vec::with_capacity(symbols.len() + 1), Vec::with_capacity(symbols.len() + 1));
        let mut digits = Vec::new();
        let (mut v, mut p) = (0.0, 0.0);
        value.push(v);
        prose.push(p);
        for (at, token) in symbols.tokens.iter().enumerate() {
            let bits = bits::token(symbols, token);
            let (each, in_prose) = (bits / token.len() as f32, bits::in_prose(bits, token) / token.len() as f32);
            for _ in token.range() {
                (v, p) = (v + each, p + in_prose);
                value.push(v);
                prose.push(p);
            }
            if token.digits
                && let Some(number) = numbers::number(symbols, at)
            {
                digits.push((token.start, number.bits));
            }
        }
        Self { value, prose, digits }
    }

    fn between(&self, from: u32, to: u32, prose: bool) -> f32 {
        let row = if prose { &self.prose } else { &self.value };
        let up_to = |at: u32| row.get(at as usize).copied().unwrap_or_default();
        (up_to(to) - up_to(from)).max(0.0)
    }

    fn number(&self, hit: &Hit) -> f32 {
        self.digits.iter().find(|(start, _)| *start == hit.start).map_or(0.0, |(_, bits)| *bits)
    }
}

/// So many symbols beside a region may belong to it without having been looked at.
pub(crate) const fn margin(kind: Kind) -> usize {
    match kind {
        Kind::Window => STEP - 1,
        Kind::Prose => STRIDE - 1,
        Kind::Whole | Kind::Number | Kind::Date => 0,
    }
}
