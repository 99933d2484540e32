//! Trains the classifier of orders and measures it: `train write CORPUS FILE`, `train leave-out CORPUS`, `train speed CORPUS`.
//! `cargo xtask train` and `cargo xtask score detect` run it.
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
mod material;
mod measure;
mod phrases;
mod plant;
mod speed;

use std::{fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["write", folder, file] => write(folder, file),
        ["leave-out", folder] => rows(folder).and_then(|rows| measure::leave_out(&rows)),
        ["speed", folder] => rows(folder).map(|rows| speed::speed(&rows)),
        _ => Err("usage: train write CORPUS FILE | train leave-out CORPUS | train speed CORPUS".to_owned()),
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

fn write(folder: &str, file: &str) -> Result<(), String> {
    let rows = rows(folder)?;
    let model = fit::train(&rows.iter().collect::<Vec<_>>());
    fs::write(file, model.write()).map_err(|e| format!("cannot write `{file}`: {e}"))
}
