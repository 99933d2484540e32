//! What the detectors cost on real results of tools: all of them, and each layer by itself.

use crate::corpus::Row;
use doorward_detect::{
    DETECTORS, Scanner, Settings, Switch, Text,
    learned::{model::Model, scores, sentences},
    reading::Readings,
};
use doorward_vocab::{Channel, Mode};
use std::{hint::black_box, time::Instant};

/// The fastest of so many runs counts: the machine has other work.
const RUNS: u32 = 15;
/// Shorter texts cost what a look costs, whatever their length is.
const SHORTEST: usize = 256;

/// Prints microseconds per KiB over the honest results of the corpus, and over one long text of them.
pub(crate) fn speed(rows: &[Row]) -> Result<(), String> {
    let honest = rows.iter().filter(|r| !r.attack && r.kind == "tool_output" && r.first_tier);
    let texts: Vec<&str> = honest.map(|r| &*r.text).collect();
    let mut long: String = texts.concat();
    long.truncate(long.floor_char_boundary(1 << 20));
    let part = &long[..long.floor_char_boundary(1 << 16)];
    let scanner = |default, detectors| Scanner::new(&Settings { default, detectors }).map_err(|e| e.to_string());
    let on = Switch::On(Mode::Enforce);
    let all = scanner(on, Vec::new())?;
    let rules = scanner(on, vec![("learned-injection".to_owned(), Switch::Off)])?;
    let alone: Vec<(&str, Scanner)> = DETECTORS
        .iter()
        .map(|d| Ok((d.name(), scanner(Switch::Off, vec![(d.name().to_owned(), on)])?)))
        .collect::<Result<_, String>>()?;
    println!("| layer | median µs/KiB | one in ten | 64 KiB | 1 MiB |\n|---|---|---|---|---|");
    let scan = |scanner: &Scanner, text: &str| {
        black_box(scanner.scan(&[Text { path: "", text: black_box(text), channel: Channel::Result }]));
    };
    let row = |name: &str, look: &dyn Fn(&str)| {
        let mut each: Vec<f64> =
            texts.iter().filter(|t| t.len() >= SHORTEST).map(|text| cost(text, RUNS, look)).collect();
        each.sort_by(f64::total_cmp);
        let at = |part: usize| each.get(each.len() * part / 100).copied().unwrap_or_default();
        let (some, whole) = (cost(part, 5, look), cost(&long, 3, look));
        println!("| {name} | {:.2} | {:.2} | {some:.2} | {whole:.2} |", at(50), at(90));
    };
    row("all detectors", &|text| scan(&all, text));
    row("all but the classifier", &|text| scan(&rules, text));
    row("readings alone", &|text| {
        black_box(Readings::of(black_box(text)).iter().count());
    });
    row("sentences alone", &|text| {
        black_box(sentences::read(black_box(text)));
    });
    row("sentences and scores", &|text| {
        black_box(scores(&sentences::read(black_box(text)), false, Model::shipped()));
    });
    for (name, scanner) in &alone {
        row(&format!("readings and `{name}`"), &|text| scan(scanner, text));
    }
    let few = texts.iter().filter(|t| t.len() >= SHORTEST).count();
    println!("\n{few} texts of {SHORTEST} bytes and more");
    Ok(())
}

fn cost(text: &str, times: u32, look: &dyn Fn(&str)) -> f64 {
    let run = |_| {
        let start = Instant::now();
        look(text);
        start.elapsed().as_secs_f64() * 1e6 / (text.len() as f64 / 1024.0)
    };
    (0..times).map(run).fold(f64::MAX, f64::min)
}
