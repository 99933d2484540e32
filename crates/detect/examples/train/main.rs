//! Trains the classifiers and measures them. `train write CORPUS FILE TURNS` writes the weights; `train leave-out CORPUS` measures
//! with sources and techniques left out, `train held CORPUS` on what is held back from whoever works on them, `train look CORPUS`
//! shows what is wrong with the rest; `train speed CORPUS` says what they cost. `cargo xtask train` and `cargo xtask score detect`
//! run it.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a workshop tool"
)]

mod corpus;
mod draw;
mod fit;
mod look;
mod material;
mod measure;
mod phrases;
mod plant;
mod speed;
mod turns;

use std::{fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["write", folder, file, turns] => write(folder, file, turns),
        ["leave-out", folder] => rows(folder).and_then(|rows| measure::leave_out(&rows)),
        ["held", folder] => rows(folder).and_then(|rows| measure::held(&rows)),
        ["look", folder] => rows(folder).and_then(look::look),
        ["speed", folder] => rows(folder).and_then(|rows| speed::speed(&rows)),
        _ => Err("usage: train write CORPUS FILE TURNS | train leave-out CORPUS | train held CORPUS | train look CORPUS | train speed CORPUS".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("error: {what}");
            ExitCode::from(2)
        }
    }
}

fn rows(folder: &str) -> Result<Vec<corpus::Row>, String> {
    corpus::load(Path::new(folder))
}

fn write(folder: &str, file: &str, turns: &str) -> Result<(), String> {
    let rows = rows(folder)?;
    let rows: Vec<_> = rows.iter().collect();
    for (file, model) in [(file, fit::train(&rows)), (turns, fit::train_turns(&rows))] {
        fs::write(file, model.write()).map_err(|e| format!("cannot write `{file}`: {e}"))?;
    }
    Ok(())
}
