//! What is wrong on texts that nobody holds back, for whoever works on the classifiers.

use crate::{
    corpus::Row,
    measure::{by_source, scanner, told},
};

/// How many texts of each sort are shown, and how much of each.
const MOST: usize = 45;
const LENGTH: usize = 420;

/// Prints the figures with sources left out, the honest texts that score highest, and the attacks that score lowest.
pub(crate) fn look(mut rows: Vec<Row>) -> Result<(), String> {
    rows.retain(|row| !row.is_held());
    let mut seen = by_source(&rows, &scanner()?);
    told(&seen);
    seen.sort_by(|a, b| b.score.total_cmp(&a.score));
    for kind in ["tool_output", "tool_description", "user_turn", "tool_args"] {
        let of = |attack: bool| {
            seen.iter().filter(move |s| s.row.kind == kind && s.row.attack == attack && s.row.first_tier)
        };
        println!("\n# Honest, highest first: {kind}\n");
        for seen in of(false).take(MOST) {
            let marked =
                seen.spans.iter().filter_map(|span| seen.row.text.get(span.clone())).collect::<Vec<_>>().join(" … ");
            println!("{:.3} {}: {}", seen.score, seen.row.source, cut(&marked));
        }
        println!("\n# Attacks, lowest first: {kind}\n");
        let low: Vec<_> = of(true).collect();
        low.iter().rev().take(MOST * 2).for_each(|s| show(s.row, s.score));
    }
    Ok(())
}

fn show(row: &Row, score: f32) {
    let text = row.span.clone().and_then(|span| row.text.get(span)).unwrap_or(&row.text);
    println!("{score:.3} {}/{}: {}", row.source, row.technique, cut(text));
}

fn cut(text: &str) -> String {
    text.chars().take(LENGTH).collect::<String>().replace('\n', "\\n")
}
