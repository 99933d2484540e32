//! What the classifier costs on real results of tools.

use crate::corpus::Row;
use doorward_detect::learned::{model::Model, scores, sentences};
use std::{hint::black_box, time::Instant};

/// Prints microseconds per KiB of the classifier alone: over the honest results of the corpus, and over one long text of them.
pub(crate) fn speed(rows: &[Row]) {
    let model = Model::shipped();
    let texts: Vec<&str> =
        rows.iter().filter(|r| !r.attack && r.kind == "tool_output" && r.first_tier).map(|r| &*r.text).collect();
    let mut long: String = texts.concat();
    long.truncate(long.char_indices().map(|(at, _)| at).take_while(|at| *at <= 1 << 20).last().unwrap_or(0));
    // The fastest of some runs: the machine has other work.
    let cost = |text: &str, times: u32| {
        let run = |_| {
            let start = Instant::now();
            black_box(scores(&sentences::read(black_box(text)), false, model));
            start.elapsed().as_secs_f64() * 1e6 / (text.len() as f64 / 1024.0)
        };
        (0..times).map(run).fold(f64::MAX, f64::min)
    };
    let reading = |text: &str| {
        let run = |_| {
            let start = Instant::now();
            black_box(sentences::read(black_box(text)));
            start.elapsed().as_secs_f64() * 1e6 / (text.len() as f64 / 1024.0)
        };
        (0..20).map(run).fold(f64::MAX, f64::min)
    };
    let mut first: Vec<f64> = texts.iter().filter(|t| t.len() >= 256).map(|t| reading(t)).collect();
    first.sort_by(f64::total_cmp);
    println!("of that, to read sentences: median {:.2}", first.get(first.len() / 2).copied().unwrap_or_default());
    let mut each: Vec<f64> = texts.iter().filter(|t| t.len() >= 256).map(|t| cost(t, 20)).collect();
    each.sort_by(f64::total_cmp);
    let at = |part: usize| each.get(each.len() * part / 100).copied().unwrap_or_default();
    println!("µs/KiB over {} texts: median {:.2}, p90 {:.2}, p99 {:.2}", each.len(), at(50), at(90), at(99));
    for text in [&long[..long.len() / 16], &long[..]] {
        if text.is_char_boundary(text.len()) {
            println!("µs/KiB of one text of {} KiB: {:.2}", text.len() / 1024, cost(text, 9));
        }
    }
}
