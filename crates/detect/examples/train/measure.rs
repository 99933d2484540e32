//! How good models are on texts of sources and techniques that they did not learn from.

use crate::{
    corpus::Row,
    draw::Draw,
    fit::{train, train_turns},
};
use doorward_detect::{Assessment, Models, Scanner, Settings};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// How many parts the sources are dealt into; each part is left out once.
const PARTS: usize = 8;

/// A row of the corpus as a model saw it that did not learn from it.
pub(crate) struct Seen<'a> {
    pub(crate) row: &'a Row,
    pub(crate) score: f32,
    /// Bytes that were planted, those of them that are marked, and others that are marked.
    marks: [usize; 3],
    /// Whether the score is one at which a result is taken out.
    severe: bool,
    /// What is marked.
    pub(crate) spans: Vec<Range<usize>>,
}

/// Prints all of it.
pub(crate) fn leave_out(rows: &[Row]) -> Result<(), String> {
    let limits = sources(rows)?;
    println!("\n# Techniques left out, against the honest texts of above\n");
    let techniques = by_technique(rows, &scanner()?);
    println!("| technique (left out) | at 0.1 % | at 1 % | all |\n|---|---|---|---|");
    table(&techniques, &limits, |r| r.technique.clone());
    Ok(())
}

/// Prints how good models are on what is held back, that did not learn from any of it.
pub(crate) fn held(rows: &[Row]) -> Result<(), String> {
    let scanner = scanner()?;
    println!("# Held back\n");
    let seen = left_out(rows, &scanner, &Row::is_held, &Row::is_held);
    let limits = summary(&seen);
    spans(&seen);
    honest(&seen, &limits);
    println!("\n| technique | at 0.1 % | at 1 % | all |\n|---|---|---|---|");
    table(&seen, &limits, |r| format!("{}/{}", r.source, r.technique));
    Ok(())
}

pub(crate) fn scanner() -> Result<Scanner, String> {
    Scanner::new(&Settings::default()).map_err(|e| e.to_string())
}

/// Prints what holds where sources are left out; gives the thresholds of 0.1 % and 1 %.
pub(crate) fn sources(rows: &[Row]) -> Result<[f32; 2], String> {
    let sources = by_source(rows, &scanner()?);
    println!("# Sources left out\n");
    Ok(told(&sources))
}

/// Prints all figures of these; gives the thresholds of 0.1 % and 1 %.
pub(crate) fn told(seen: &[Seen<'_>]) -> [f32; 2] {
    let limits = summary(seen);
    spans(seen);
    honest(seen, &limits);
    println!("\n| technique (source left out) | at 0.1 % | at 1 % | all |\n|---|---|---|---|");
    table(seen, &limits, |r| format!("{}/{}", r.source, r.technique));
    limits
}

pub(crate) fn by_source<'a>(rows: &'a [Row], scanner: &Scanner) -> Vec<Seen<'a>> {
    let mut sources: Vec<&str> = rows.iter().map(|r| &*r.source).collect::<BTreeSet<_>>().into_iter().collect();
    Draw(7).shuffle(&mut sources);
    let part: BTreeMap<&str, usize> = sources.iter().enumerate().map(|(at, s)| (*s, at % PARTS)).collect();
    (0..PARTS)
        .flat_map(|out| left_out(rows, scanner, &|r| part[&*r.source] == out, &|r| part[&*r.source] == out))
        .collect()
}

fn by_technique<'a>(rows: &'a [Row], scanner: &Scanner) -> Vec<Seen<'a>> {
    let attacks = rows.iter().filter(|r| r.attack && r.first_tier && r.is_content());
    let techniques: BTreeSet<&str> = attacks.map(|r| &*r.technique).collect();
    let of = |t: &str, r: &Row| r.technique == t && r.is_content();
    techniques.into_iter().flat_map(|t| left_out(rows, scanner, &|r| of(t, r), &|r| of(t, r))).collect()
}

/// Trains without the rows of `out` and looks at those of `test`.
fn left_out<'a>(
    rows: &'a [Row],
    scanner: &Scanner,
    out: &dyn Fn(&Row) -> bool,
    test: &dyn Fn(&Row) -> bool,
) -> Vec<Seen<'a>> {
    let kept: Vec<_> = rows.iter().filter(|r| !out(r)).collect();
    let asked = |turn: bool| rows.iter().any(|r| test(r) && r.is_turn() == turn);
    // Of what nobody asks nothing has to be learned.
    let content = if asked(false) { train(&kept) } else { Models::shipped().content.clone() };
    let turns = if asked(true) { train_turns(&kept) } else { Models::shipped().turns.clone() };
    let models = Models { content: &content, turns: &turns };
    let look = |row: &'a Row| {
        let seen = scanner.assess_by(&row.text, row.channel(), models);
        let mut marks = [0; 3];
        if let Some(planted) = row.span.as_ref().filter(|_| row.is_content()) {
            marks[0] = planted.len();
            for span in &seen.spans {
                let both = span.end.min(planted.end).saturating_sub(span.start.max(planted.start));
                marks[1] += both;
                marks[2] += span.len() - both;
            }
        }
        Seen {
            row,
            score: seen.score,
            marks,
            spans: seen.spans,
            severe: seen.score >= content.confidence(content.severe),
        }
    };
    rows.iter().filter(|r| test(r)).map(look).collect()
}

/// Prints recall at rates of false positives; gives the thresholds of 0.1 % and 1 % for outputs and descriptions together.
fn summary(seen: &[Seen<'_>]) -> [f32; 2] {
    let mut both = [0.0; 2];
    println!("| texts | attacks | honest | found at 0.1 % | found at 1 % | found without a false positive |");
    println!("|---|---|---|---|---|---|");
    for (name, kinds) in [
        ("outputs", &["tool_output"][..]),
        ("descriptions", &["tool_description"]),
        ("both", CONTENT),
        ("turns", &["user_turn"]),
        ("arguments", &["tool_args"]),
        ("all", &["tool_output", "tool_description", "user_turn", "tool_args"]),
    ] {
        let of = |attack: bool| {
            let rows = seen.iter().filter(|s| s.row.first_tier && s.row.attack == attack);
            rows.filter(|s| kinds.contains(&&*s.row.kind)).map(|s| s.score).collect::<Vec<_>>()
        };
        let (attacks, mut honest) = (of(true), of(false));
        honest.sort_by(|a, b| b.total_cmp(a));
        let limit = |rate: f64| honest.get((honest.len() as f64 * rate) as usize).copied().unwrap_or(1.0);
        let recall = |limit: f32| {
            let found = attacks.iter().filter(|s| **s > limit).count();
            format!("{found} ({:.1} %)", found as f64 / attacks.len().max(1) as f64 * 100.0)
        };
        let limits = [limit(0.001), limit(0.01)];
        if kinds == CONTENT {
            both = limits;
        }
        let (tenth, one, none) = (recall(limits[0]), recall(limits[1]), recall(limit(0.0)));
        println!("| {name} | {} | {} | {tenth} | {one} | {none} |", attacks.len(), honest.len());
    }
    println!("\n| at the shipped setting | attacks | honest |\n|---|---|---|");
    for (name, kinds) in
        [("outputs and descriptions", CONTENT), ("turns", &["user_turn"][..]), ("arguments", &["tool_args"])]
    {
        let of = |attack: bool| {
            seen.iter().filter(move |s| s.row.first_tier && s.row.attack == attack && kinds.contains(&&*s.row.kind))
        };
        let count = |attack, least: &dyn Fn(&Seen<'_>) -> bool| {
            let (found, all) = (of(attack).filter(|s| least(s)).count(), of(attack).count());
            format!("{found} of {all} ({:.2} %)", found as f64 / all.max(1) as f64 * 100.0)
        };
        let over: &dyn Fn(&Seen<'_>) -> bool = &|s| s.score >= Assessment::LIMIT;
        let severe: &dyn Fn(&Seen<'_>) -> bool = &|s| s.severe;
        println!("| {name}: seen at all | {} | {} |", count(true, over), count(false, over));
        if kinds == CONTENT {
            println!(
                "| {name}: with a confidence that takes the text out | {} | {} |",
                count(true, severe),
                count(false, severe)
            );
        }
    }
    let mut by: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for s in seen.iter().filter(|s| s.row.first_tier && s.row.attack && s.row.is_content()) {
        let entry = by.entry(format!("{}/{}", s.row.source, s.row.technique)).or_default();
        *entry = (entry.0 + usize::from(s.score > both[1]), entry.1 + 1);
    }
    let mean = by.values().map(|(n, all)| *n as f64 / *all as f64).sum::<f64>() / by.len() as f64;
    println!("\nMean recall of {} techniques of outputs and descriptions at 1 %: {:.1} %.", by.len(), mean * 100.0);
    both
}

/// What servers send.
const CONTENT: &[&str] = &["tool_output", "tool_description"];

fn spans(seen: &[Seen<'_>]) {
    let sum = |at: usize| seen.iter().map(|s| s.marks[at]).sum::<usize>() as f64;
    println!(
        "Of the bytes that were planted {:.1} % are marked, and {:.3} others for each of them.",
        sum(1) / sum(0) * 100.0,
        sum(2) / sum(0)
    );
}

fn honest(seen: &[Seen<'_>], limits: &[f32; 2]) {
    println!(
        "\n| honest source (left out) | tier | at the shipped setting | at 0.1 % | at 1 % | all |\n|---|---|---|---|---|---|"
    );
    let mut by: BTreeMap<(bool, String), [usize; 4]> = BTreeMap::new();
    for s in seen.iter().filter(|s| !s.row.attack) {
        let kind = if s.row.is_content() { "" } else { s.row.kind.split_once('_').map_or("", |(_, kind)| kind) };
        let name = format!("{} {kind}", s.row.source).trim_end().to_owned();
        let counts = by.entry((!s.row.first_tier, name)).or_default();
        let over = [s.score >= Assessment::LIMIT, s.score > limits[0], s.score > limits[1], true];
        counts.iter_mut().zip(over).for_each(|(n, over)| *n += usize::from(over));
    }
    for ((second, source), [shipped, tenth, one, all]) in by {
        println!("| {source} | {} | {shipped} | {tenth} | {one} | {all} |", if second { 2 } else { 1 });
    }
}

fn table(seen: &[Seen<'_>], limits: &[f32; 2], name: impl Fn(&Row) -> String) {
    let mut by: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for s in seen.iter().filter(|s| s.row.attack && s.row.first_tier && s.row.is_content()) {
        let counts = by.entry(name(s.row)).or_default();
        let over = [s.score > limits[0], s.score > limits[1], true];
        counts.iter_mut().zip(over).for_each(|(n, over)| *n += usize::from(over));
    }
    for (name, [tenth, one, all]) in &by {
        println!("| {name} | {tenth} | {one} | {all} |");
    }
    let mean = |at: usize| by.values().map(|c| c[at] as f64 / c[2] as f64).sum::<f64>() / by.len() as f64 * 100.0;
    println!("| mean of techniques | {:.1} % | {:.1} % | |", mean(0), mean(1));
}
