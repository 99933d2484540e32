//! What left before, so that a value that leaves piece by piece is still seen.

use crate::{
    Index, SourceId,
    origin::{Origin, Part},
    pieces::{Seam, cores, longest, pieces, split_at_dots},
    symbols::Symbols,
    trace::Found,
    unit::{self, Kind},
    views::View,
};
use doorward_vocab::ServerName;
use std::{collections::VecDeque, ops::Range};

/// As many strings that left are remembered, and as many of the same argument; so much of each, in bytes.
const KEPT: usize = 24;
const OF_ONE: usize = 6;
const LENGTH: usize = 160;
/// The longest text that is put together of pieces, in bytes.
const JOINED: usize = 1024;
/// Bits that what was put together must carry more than what stands together.
const TOGETHER: f32 = 2.5;
/// Short values are looked for in as many pieces in a row, of so many bytes together.
const RUN: usize = 4;
const SHORT: usize = 40;

/// A string of an argument: the pointer to it, and what it says.
pub type Leaf<'a> = (&'a str, &'a str);

/// Strings that left, the oldest first.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Outbox {
    pub(crate) all: VecDeque<(u32, Box<str>)>,
}

impl Outbox {
    fn keep(&mut self, channel: u32, text: &str) {
        let same = self.all.iter().filter(|(c, _)| *c == channel).count();
        let goes = if same >= OF_ONE {
            self.all.iter().position(|(c, _)| *c == channel)
        } else {
            (self.all.len() >= KEPT).then_some(0)
        };
        if let Some(at) = goes {
            self.all.remove(at);
        }
        self.all.push_back((channel, text.into()));
    }

    fn of(&self, channel: u32) -> impl Iterator<Item = &str> {
        self.all.iter().filter(move |(c, _)| *c == channel).map(|(_, text)| &**text)
    }

    /// In bytes, at most.
    pub(crate) fn memory(&self) -> usize {
        self.all.capacity() * size_of::<(u32, Box<str>)>() + self.all.iter().map(|(_, t)| t.len() + 16).sum::<usize>()
    }
}

impl Index {
    /// Where the strings of one call came from, each alone and together with the others and with what left before.
    pub fn trace_call(&self, server: &ServerName, tool: &str, leaves: &[Leaf<'_>]) -> Vec<Origin> {
        let mut origins: Vec<Origin> = leaves.iter().map(|(_, text)| self.trace(text)).collect();
        if self.table.len() == 0 {
            return origins;
        }
        let mut symbols = Symbols::default();
        let odd: Vec<Vec<Range<usize>>> = leaves.iter().map(|(_, text)| pieces(text, &mut symbols)).collect();
        for sequence in self.sequences(server, tool, leaves, &odd) {
            if self.is_open(&sequence, &origins) {
                self.join(&sequence, leaves, &mut origins, &mut symbols);
            }
        }
        for (origin, (_, text)) in origins.iter_mut().zip(leaves) {
            if origin.parts.iter().any(|p| p.split) {
                symbols.read(text);
                origin.parts.sort_by_key(|p| p.span.start);
                origin.unknown = self.unknown(text, &symbols, &origin.parts);
            }
        }
        origins
    }

    /// Remembers that a call left, with what was traced of it.
    pub fn left(&mut self, server: &ServerName, tool: &str, leaves: &[Leaf<'_>], origins: &[Origin]) {
        let mut symbols = Symbols::default();
        for (pointer, text) in leaves {
            let odd = pieces(text, &mut symbols);
            if odd.is_empty() {
                continue;
            }
            let channel = self.channel(server, tool, pointer);
            if text.len() <= LENGTH {
                self.outbox.keep(channel, text);
            } else {
                let short: String = odd.iter().filter_map(|r| text.get(r.clone())).flat_map(|t| [t, " "]).collect();
                self.outbox.keep(channel, short.get(..short.floor_char_boundary(LENGTH)).unwrap_or_default());
            }
        }
        for part in origins.iter().flat_map(|o| &o.parts) {
            for place in &part.places {
                if let Some(kept) = self.sources.all.get_mut(usize::from(place.zone.source)) {
                    kept.left = kept.left.saturating_add(u32::try_from(part.span.len()).unwrap_or(u32::MAX));
                }
            }
        }
        self.forget();
    }

    /// How many bytes of arguments came from a source so far, as far as they were recognized.
    pub fn left_of(&self, source: SourceId) -> u32 {
        let kept = self.sources.number(source).and_then(|number| self.sources.all.get(usize::from(number)));
        kept.map_or(0, |kept| kept.left)
    }

    /// Stands for one argument of one tool.
    fn channel(&self, server: &ServerName, tool: &str, pointer: &str) -> u32 {
        let of = |text: &str| self.key.sum_of(Kind::Whole, text.as_bytes()).0;
        let all = unit::mix(u128::from(of(server.as_str())) << 64 | u128::from(of(tool)), of(pointer), 1);
        u32::try_from(all >> 32).unwrap_or_default()
    }

    /// The orders in which pieces may belong together.
    fn sequences<'a>(
        &'a self,
        server: &ServerName,
        tool: &str,
        leaves: &[Leaf<'a>],
        odd: &[Vec<Range<usize>>],
    ) -> Vec<Vec<Seam<'a>>> {
        let mut all = Vec::new();
        let seams = |number: usize, text: &'a str, ranges: &[Range<usize>]| -> Vec<Seam<'a>> {
            ranges.iter().map(|range| Seam { leaf: Some(number), range: range.clone(), text }).collect()
        };
        let mut call: Vec<Seam<'a>> = Vec::new();
        let mut before: Option<(usize, &'a str)> = None;
        for (number, ((pointer, text), odd)) in leaves.iter().zip(odd).enumerate() {
            if odd.is_empty() {
                continue;
            }
            let own = seams(number, text, odd);
            // Within one string, and with its dots for gaps.
            let fine = split_at_dots(text, odd);
            if fine.len() > own.len() {
                all.push(seams(number, text, &fine));
            }
            if own.len() > 1 {
                all.push(own.clone());
            }
            // With the string before, without what both have around it.
            if let Some((other, text_before)) = before {
                let (a, b) = cores(text_before, text);
                all.push([seams(other, text_before, &[a]), seams(number, text, &[b])].concat());
            }
            before = Some((number, text));
            call.extend(own);
            // With what left in the same argument before.
            let past: Vec<&str> = self.outbox.of(self.channel(server, tool, pointer)).collect();
            if let Some(last) = past.last() {
                let (_, mine) = cores(last, text);
                let of_past = |past: &&'a str| Seam { leaf: None, range: cores(past, text).0, text: past };
                let whole: Vec<Seam<'a>> =
                    past.iter().map(of_past).chain(seams(number, text, std::slice::from_ref(&mine))).collect();
                let longest: Vec<Seam<'a>> = whole.iter().filter_map(longest).collect();
                if longest.iter().zip(&whole).any(|(a, b)| a.range != b.range) {
                    all.push(longest);
                }
                all.push(whole);
            }
        }
        if call.iter().any(|s| Some(s.leaf) != call.first().map(|f| f.leaf)) {
            all.push(call.clone());
        }
        // With what left lately, wherever it went.
        let mut symbols = Symbols::default();
        let mut lately = Vec::new();
        for (_, text) in self.outbox.all.iter().skip(self.outbox.all.len().saturating_sub(OF_ONE)) {
            lately.extend(pieces(text, &mut symbols).into_iter().map(|range| Seam { leaf: None, range, text }));
        }
        if !lately.is_empty() && !call.is_empty() {
            all.push(lately.into_iter().chain(call).collect());
        }
        all
    }

    /// Whether something of this call is in a sequence that is not explained yet.
    fn is_open(&self, sequence: &[Seam<'_>], origins: &[Origin]) -> bool {
        sequence.len() > 1
            && sequence.iter().any(|seam| {
                let parts = seam.leaf.and_then(|n| origins.get(n)).map(|o| &o.parts);
                let covers = |p: &Part| p.span.start <= seam.range.start && seam.range.end <= p.span.end;
                parts.is_some_and(|parts| !parts.iter().any(covers))
            })
    }

    /// Looks at the pieces as one text, and at a few in a row, and tells each string of the call which of its pieces belong
    /// to something.
    fn join(&self, sequence: &[Seam<'_>], leaves: &[Leaf<'_>], origins: &mut [Origin], symbols: &mut Symbols) {
        self.join_all(sequence, true, leaves, origins, symbols);
        for from in 0..sequence.len() {
            for len in 2..=RUN.min(sequence.len() - from) {
                let run = sequence.get(from..from + len).unwrap_or_default();
                let length: usize = run.iter().map(|s| s.range.len()).sum();
                if length > SHORT || len == sequence.len() {
                    break;
                }
                if self.is_open(run, origins) {
                    let escaped =
                        run.iter().any(|s| s.text.get(s.range.clone()).is_some_and(|t| t.contains(['%', '&', '\\'])));
                    self.join_all(run, escaped, leaves, origins, symbols);
                }
            }
        }
    }

    fn join_all(
        &self,
        sequence: &[Seam<'_>],
        undo: bool,
        leaves: &[Leaf<'_>],
        origins: &mut [Origin],
        symbols: &mut Symbols,
    ) {
        let mut text = String::new();
        let mut at = Vec::with_capacity(sequence.len());
        for seam in sequence {
            let begin = text.len();
            text.push_str(seam.text.get(seam.range.clone()).unwrap_or_default());
            at.push(begin..text.len());
        }
        if text.len() > JOINED {
            return;
        }
        let mut found = Found::default();
        symbols.read(&text);
        self.look(&View::plain(&text), &text, symbols, &mut found);
        if undo {
            self.undo(&text, &mut found, symbols);
        }
        for part in found.parts {
            let touches = |r: &Range<usize>| r.start < part.span.end && part.span.start < r.end;
            // There are many ways to put pieces together, so that more must be said than by one text.
            let few = part.kind != Kind::Date && part.bits < self.settings.least_bits + TOGETHER;
            if few || at.iter().filter(|r| touches(r)).count() < 2 {
                continue;
            }
            for (seam, at) in sequence.iter().zip(&at).filter(|(_, at)| touches(at)) {
                let (Some(number), from) = (seam.leaf, part.span.start.max(at.start)) else { continue };
                let shift = |place: usize| place - at.start + seam.range.start;
                let span = shift(from)..shift(part.span.end.min(at.end));
                let good = leaves.get(number).is_some_and(|(_, text)| text.get(span.clone()).is_some());
                if let Some(origin) = origins.get_mut(number).filter(|_| good) {
                    Self::add(&mut origin.parts, Part { span, split: true, ..part.clone() });
                }
            }
        }
    }
}
