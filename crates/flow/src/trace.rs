//! From a text to where its parts came from: as it is, then whatever it may have been before it was encoded.

use crate::{
    Index, bits,
    origin::{Form, Origin, Part, Place},
    scan::{Region, margin},
    symbols::{Symbols, Token},
    unit::Kind,
    views::{DEPTH, ROOM, VIEWS, View},
};
use doorward_vocab::{Integrity, Standing};
use std::ops::Range;

/// A view with fewer letters and digits shows nothing.
const LEAST: usize = 4;
/// As many places are told of one part.
const PLACES: usize = 8;
/// Bits that a text must carry more when it was turned around first: there are more ways to find something.
const TURNED: f32 = 1.0;

impl Index {
    /// Where the parts of `leaf`, a string of an argument, came from.
    pub fn trace(&self, leaf: &str) -> Origin {
        let mut found = Found::default();
        let mut symbols = Symbols::default();
        symbols.read(leaf);
        self.look(&View::plain(leaf), leaf, &symbols, &mut found);
        let mut unknown = self.unknown(leaf, &symbols, &found.parts);
        if !unknown.is_empty() && self.table.len() > 0 {
            self.undo(leaf, &mut found, &mut symbols);
            symbols.read(leaf);
            unknown = self.unknown(leaf, &symbols, &found.parts);
        }
        found.parts.sort_by_key(|p| p.span.start);
        Origin { parts: found.parts, unknown, forgotten: self.lost.clone() }
    }

    /// The parts of `text` that stood somewhere as they are: for long texts, of which no other reading is tried.
    pub fn find(&self, text: &str) -> Vec<Part> {
        let mut found = Found::default();
        let mut symbols = Symbols::default();
        symbols.read(text);
        self.look(&View::plain(text), text, &symbols, &mut found);
        found.parts
    }

    /// Looks at every view of a text that is not found as it is.
    pub(crate) fn undo(&self, leaf: &str, found: &mut Found, symbols: &mut Symbols) {
        let mut views = Vec::new();
        let mut room = 2 * leaf.len() + ROOM;
        let mut take = |views: &mut Vec<View>, view: View| {
            let symbols = view.text.chars().filter(|c| c.is_alphanumeric()).take(LEAST).count();
            let new = symbols == LEAST && views.iter().all(|known: &View| known.text != view.text);
            if new && views.len() < VIEWS && view.text.len() <= room {
                room -= view.text.len();
                views.push(view);
            }
        };
        let plain = View::plain(leaf);
        plain.undo(&mut |v| take(&mut views, v));
        for view in plain.turned() {
            take(&mut views, view);
        }
        let mut at = 0;
        while let Some(view) = views.get(at).cloned() {
            symbols.read(&view.text);
            self.look(&view, leaf, symbols, found);
            at += 1;
            if view.layers < DEPTH {
                view.undo(&mut |v| take(&mut views, v));
                if !matches!(view.form, Form::Reversed | Form::Rotated) && view.layers == 1 {
                    for view in view.turned() {
                        take(&mut views, view);
                    }
                }
            }
        }
    }

    /// Adds the parts that one view shows.
    pub(crate) fn look(&self, view: &View, leaf: &str, symbols: &Symbols, found: &mut Found) {
        for region in self.regions(symbols) {
            let turned = matches!(view.form, Form::Reversed | Form::Rotated);
            if turned && region.bits < self.least(region.kind) + TURNED {
                continue;
            }
            let within = widened(&region, symbols);
            let span = view.origin(&symbols.bytes(&within, &view.text));
            if span.is_empty() || span.end > leaf.len() {
                continue;
            }
            let form = match (view.layers, region.kind) {
                (0, Kind::Number) => Form::Number,
                (0, Kind::Date) => Form::Date,
                (0, _) if is_spread(symbols, &region.symbols) => Form::Spread,
                _ => view.form,
            };
            let dear = self.sources.is_dear(region.zone.source).then(|| span.clone());
            let (place, bits) = (Place { source: self.sources.id(region.zone.source), zone: region.zone }, region.bits);
            Self::add(
                &mut found.parts,
                Part {
                    span,
                    places: vec![place],
                    form,
                    kind: region.kind,
                    layers: view.layers.saturating_sub(1),
                    split: false,
                    bits,
                    standing: Standing::BOTTOM,
                },
            );
            // What stands within something longer that was copied along is told too, where it must not be missed.
            for known in found.parts.iter_mut().filter(|_| dear.is_some()) {
                let span = dear.clone().unwrap_or_default();
                let common = known.span.end.min(span.end).saturating_sub(known.span.start.max(span.start));
                if common * 10 >= span.len() * 7 && known.places.len() < PLACES && !known.places.contains(&place) {
                    known.places.push(place);
                }
            }
        }
        for part in &mut found.parts {
            part.standing = self.alternatives(&part.places);
        }
    }

    /// Adds a part, or its place to the part that tells of the same text.
    pub(crate) fn add(parts: &mut Vec<Part>, part: Part) {
        let over = |a: &Range<usize>, b: &Range<usize>| a.end.min(b.end).saturating_sub(a.start.max(b.start));
        let Some(known) = parts.iter_mut().max_by_key(|p| over(&p.span, &part.span)) else {
            return parts.push(part);
        };
        let common = over(&known.span, &part.span);
        if common == 0 {
            parts.push(part);
        } else if common * 10 >= known.span.len() * 7 {
            for place in part.places {
                if known.places.len() < PLACES && !known.places.contains(&place) {
                    known.places.push(place);
                }
            }
        } else if common * 2 < part.span.len() {
            let after = part.span.end > known.span.end;
            let span = if after { known.span.end..part.span.end } else { part.span.start..known.span.start };
            if !parts.iter().any(|p| over(&p.span, &span) > 0) {
                parts.push(Part { span, ..part });
            }
        }
    }

    /// The standing of a value that came from one of `places`.
    pub(crate) fn alternatives(&self, places: &[Place]) -> Standing {
        let mut believed = false;
        let mut all = Standing::BOTTOM;
        for place in places {
            if let Some(standing) = self.sources.standing_of(place.zone.source) {
                believed |= standing.label.integrity == Integrity::Trusted;
                let classes = self.sources.about(place.zone);
                all = all.join(&Standing { classes, ..standing.clone() });
            }
        }
        if believed {
            all.label.integrity = Integrity::Trusted;
        }
        all
    }

    /// The runs of tokens that say something and belong to no part.
    pub(crate) fn unknown(&self, leaf: &str, symbols: &Symbols, parts: &[Part]) -> Vec<Range<usize>> {
        let mut unknown: Vec<Range<usize>> = Vec::new();
        let mut open = Open::default();
        let mut close = |open: &mut Open| {
            let Open { span, said, crumbs, more } = std::mem::take(open);
            let says = said >= self.settings.least_bits || (more >= CRUMBS && crumbs >= self.settings.least_bits);
            unknown.extend(span.filter(|_| says));
        };
        for token in &symbols.tokens {
            let span = symbols.bytes(&token.range(), leaf);
            let bits = bits::token(symbols, token);
            // Many short tokens in a row are no words, whatever each of them says.
            let crumb = token.len() <= 2 && (token.len() == 1 || bits > 7.0) || token.digits;
            let known = parts.iter().any(|p| p.span.start < span.end && span.start < p.span.end);
            if known || (bits <= 7.0 && !crumb) {
                close(&mut open);
                continue;
            }
            open.said += if bits > 7.0 || token.digits { bits } else { 0.0 };
            open.crumbs += bits;
            open.more += usize::from(crumb);
            open.span = Some(open.span.map_or(span.clone(), |o| o.start..span.end));
        }
        close(&mut open);
        unknown
    }
}

/// So many short tokens in a row may be something that was taken apart.
const CRUMBS: usize = 6;

/// A run of tokens that no part explains so far.
#[derive(Default)]
struct Open {
    span: Option<Range<usize>>,
    said: f32,
    crumbs: f32,
    more: usize,
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) parts: Vec<Part>,
}

/// A region with the rest of the tokens that it begins and ends in, as far as that was only not looked at.
fn widened(region: &Region, symbols: &Symbols) -> Range<usize> {
    let margin = margin(region.kind);
    if margin == 0 {
        return region.symbols.clone();
    }
    let (mut start, mut end) = (region.symbols.start, region.symbols.end);
    let fits = |t: &Token| region.kind != Kind::Prose || !t.digits;
    for token in symbols.tokens.iter().filter(|t| fits(t)) {
        let (from, to) = (token.start as usize, token.end as usize);
        if to > start && from < start && from + margin >= region.symbols.start {
            start = from;
        }
        if from < end && to > end && to <= region.symbols.end + margin {
            end = to;
        }
    }
    start..end
}

/// Whether symbols stand one by one.
fn is_spread(symbols: &Symbols, region: &Range<usize>) -> bool {
    let within = symbols.tokens.iter().filter(|t| (t.start as usize) < region.end && t.end as usize > region.start);
    let (all, single) = within.fold((0, 0), |(all, single), t| (all + 1, single + usize::from(t.len() == 1)));
    all >= 4 && single * 4 >= all * 3
}
