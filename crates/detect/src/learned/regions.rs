//! From scores of sentences to the parts of a text that give orders.

use super::{model::Model, sentences::Sentences};
use std::ops::Range;

/// A part of a text that gives orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Its bytes.
    pub span: Range<usize>,
    /// The highest score of its sentences.
    pub score: f32,
}

/// How many sentences without a cue may stand between those of one order.
const APART: usize = 2;
/// How far an order goes on that ends in a colon, in bytes.
const QUOTED: usize = 1500;

/// The parts of `text` around sentences of at least `least`.
pub fn regions(text: &str, sentences: &Sentences, scores: &[f32], model: &Model, least: f32) -> Vec<Region> {
    let list = &sentences.list;
    let score = |at: usize| scores.get(at).copied().unwrap_or(f32::MIN);
    let near = |a: usize, b: usize| match (list.get(a), list.get(b)) {
        (Some(a), Some(b)) => b.number - a.number <= APART && score_beside(text, a.span.end..b.span.start),
        _ => false,
    };
    let mut out: Vec<Region> = Vec::new();
    let mut at = 0;
    while at < list.len() {
        if score(at) < least {
            at += 1;
            continue;
        }
        let (mut first, mut last) = (at, at);
        while first > 0 && score(first - 1) >= model.beside && near(first - 1, first) {
            first -= 1;
        }
        while last + 1 < list.len() && score(last + 1) >= model.beside && near(last, last + 1) {
            last += 1;
        }
        let best = (first..=last).map(score).fold(f32::MIN, f32::max);
        if let (Some(from), Some(to)) = (list.get(first), list.get(last)) {
            let span = from.span.start..quoted(text, to.span.end);
            match out.last_mut().filter(|r| r.span.end >= span.start) {
                Some(before) => {
                    before.span.end = before.span.end.max(span.end);
                    before.score = before.score.max(best);
                }
                None => out.push(Region { span, score: best }),
            }
        }
        at = last + 1;
    }
    out
}

/// Whether what stands between two sentences is little enough for one order.
fn score_beside(text: &str, between: Range<usize>) -> bool {
    between.len() <= 300 && text.get(between).is_none_or(|t| !t.contains('|'))
}

/// Where an order ends that ends at `end`: with the block that it announces.
fn quoted(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let head = rest.trim_start_matches([':', ' ', '\n', '\r']);
    let skipped = rest.len() - head.len();
    let announced = text.get(..end).is_some_and(|t| t.ends_with(':')) || rest.starts_with(':');
    if !announced || !head.starts_with("```") {
        return end;
    }
    match head.get(3..).and_then(|body| body.find("```")) {
        Some(close) if close <= QUOTED => end + skipped + 3 + close + 3,
        _ => end,
    }
}
