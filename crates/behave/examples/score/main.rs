//! What the statistics of behaviour are worth, on recorded runs of real models and on synthetic ones:
//! `cargo xtask score behaviour`. Figures are printed beside what was promised, met or missed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "a program that measures, for people"
)]

mod alarms;
mod cost;
mod figure;
mod hijack;
mod loops;
mod poison;
mod traces;
mod who;

use doorward_behave::Key;
use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wants = |part: &str| words.len() < 2 || words[1..].iter().any(|word| word == part);
    let key = Key::new(b"score: behaviour");
    let mut met = true;
    if let Some(folder) = words.first().map(PathBuf::from).filter(|folder| folder.is_dir()) {
        let runs = match traces::read(&folder, &key) {
            Ok(runs) => runs,
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::from(2);
            }
        };
        println!("{} recorded runs", runs.len());
        if wants("who") {
            met &= who::score(&runs, &key);
        }
        if wants("hijack") {
            met &= hijack::score(&runs, &key);
        }
        if wants("loops") {
            met &= loops::score(&runs);
        }
        if wants("cost") {
            met &= cost::score(&runs);
        }
    }
    if wants("alarms") {
        met &= alarms::score();
    }
    if wants("poison") {
        met &= poison::score();
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
