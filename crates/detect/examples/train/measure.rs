//! How good models are on texts of sources and techniques that they did not learn from.

use crate::{corpus::Row, draw::Draw, fit::train};
use doorward_detect::{Assessment, Scanner, Settings};
use std::collections::{BTreeMap, BTreeSet};

/// How many parts the sources are dealt into; each part is left out once.
const PARTS: usize = 8;

/// A row of the corpus as a model saw it that did not learn from it.
struct Seen<'a> {
    row: &'a Row,
    score: f32,
    /// Bytes that were planted, those of them that are marked, and others that are marked.
    marks: [usize; 3],
    /// Whether the score is one at which a result is taken out.
    severe: bool,
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

fn scanner() -> Result<Scanner, String> {
    Scanner::new(&Settings::default()).map_err(|e| e.to_string())
}

/// Prints what holds where sources are left out; gives the thresholds of 0.1 % and 1 %.
pub(crate) fn sources(rows: &[Row]) -> Result<[f32; 2], String> {
    let scanner = scanner()?;
    let sources = by_source(rows, &scanner);
    println!("# Sources left out\n");
    let limits = summary(&sources);
    spans(&sources);
    honest(&sources, &limits);
    println!("\n| technique (source left out) | at 0.1 % | at 1 % | all |\n|---|---|---|---|");
    table(&sources, &limits, |r| format!("{}/{}", r.source, r.technique));
    Ok(limits)
}

fn by_source<'a>(rows: &'a [Row], scanner: &Scanner) -> Vec<Seen<'a>> {
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
    techniques.into_iter().flat_map(|t| left_out(rows, scanner, &|r| r.technique == t, &|r| r.technique == t)).collect()
}

/// Trains without the rows of `out` and looks at those of `test`.
fn left_out<'a>(
    rows: &'a [Row],
    scanner: &Scanner,
    out: &dyn Fn(&Row) -> bool,
    test: &dyn Fn(&Row) -> bool,
) -> Vec<Seen<'a>> {
    let model = train(&rows.iter().filter(|r| !out(r)).collect::<Vec<_>>());
    let look = |row: &'a Row| {
        let seen = scanner.assess_by(&row.text, row.channel(), &model);
        let mut marks = [0; 3];
        if let Some(planted) = &row.span {
            marks[0] = planted.len();
            for span in seen.spans {
                let both = span.end.min(planted.end).saturating_sub(span.start.max(planted.start));
                marks[1] += both;
                marks[2] += span.len() - both;
            }
        }
        Seen { row, score: seen.score, marks, severe: seen.score >= model.confidence(model.severe) }
    };
    rows.iter().filter(|r| r.is_content() && test(r)).map(look).collect()
}

/// Prints recall at rates of false positives; gives the thresholds of 0.1 % and 1 %.
fn summary(seen: &[Seen<'_>]) -> [f32; 2] {
    let first = |attack: bool| seen.iter().filter(move |s| s.row.first_tier && s.row.attack == attack);
    let mut limits = [0.0; 2];
    println!("| texts | recall at 0.1 % | at 1 % | without a false positive |\n|---|---|---|---|");
    for (name, kind) in [("outputs", "tool_output"), ("descriptions", "tool_description"), ("both", "")] {
        let of =
            |attack: bool| first(attack).filter(|s| s.row.kind.starts_with(kind)).map(|s| s.score).collect::<Vec<_>>();
        let (attacks, mut honest) = (of(true), of(false));
        honest.sort_by(|a, b| b.total_cmp(a));
        let limit = |rate: f64| honest.get((honest.len() as f64 * rate) as usize).copied().unwrap_or(1.0);
        let recall = |limit: f32| attacks.iter().filter(|s| **s > limit).count();
        limits = [limit(0.001), limit(0.01)];
        println!(
            "| {name} ({} attacks, {} honest) | {} | {} | {} |",
            attacks.len(),
            honest.len(),
            recall(limits[0]),
            recall(limits[1]),
            recall(limit(0.0))
        );
    }
    let found = |attack| first(attack).filter(|s| s.score >= Assessment::LIMIT).count();
    println!(
        "\nat the shipped setting: {} of {} attacks, {} of {} honest texts",
        found(true),
        first(true).count(),
        found(false),
        first(false).count()
    );
    let severe = |attack| first(attack).filter(|s| s.severe).count();
    println!("severe: {} attacks, {} honest texts", severe(true), severe(false));
    let mut by: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for s in first(true) {
        let entry = by.entry(format!("{}/{}", s.row.source, s.row.technique)).or_default();
        *entry = (entry.0 + usize::from(s.score > limits[1]), entry.1 + 1);
    }
    let mean = by.values().map(|(n, all)| *n as f64 / *all as f64).sum::<f64>() / by.len() as f64;
    println!("mean recall of {} techniques at 1 %: {:.1} %", by.len(), mean * 100.0);
    limits
}

fn spans(seen: &[Seen<'_>]) {
    let sum = |at: usize| seen.iter().map(|s| s.marks[at]).sum::<usize>() as f64;
    println!(
        "planted bytes that are marked: {:.1} %, others for each of them: {:.3}",
        sum(1) / sum(0) * 100.0,
        sum(2) / sum(0)
    );
}

fn honest(seen: &[Seen<'_>], limits: &[f32; 2]) {
    println!(
        "\n| honest source (left out) | tier | at the shipped setting | at 0.1 % | at 1 % | all |\n|---|---|---|---|---|---|"
    );
    let mut by: BTreeMap<(bool, &str), [usize; 4]> = BTreeMap::new();
    for s in seen.iter().filter(|s| !s.row.attack) {
        let counts = by.entry((!s.row.first_tier, &s.row.source)).or_default();
        let over = [s.score >= Assessment::LIMIT, s.score > limits[0], s.score > limits[1], true];
        counts.iter_mut().zip(over).for_each(|(n, over)| *n += usize::from(over));
    }
    for ((second, source), [shipped, tenth, one, all]) in by {
        println!("| {source} | {} | {shipped} | {tenth} | {one} | {all} |", if second { 2 } else { 1 });
    }
}

fn table(seen: &[Seen<'_>], limits: &[f32; 2], name: impl Fn(&Row) -> String) {
    let mut by: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for s in seen.iter().filter(|s| s.row.attack && s.row.first_tier) {
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
