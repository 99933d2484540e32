//! `cargo xtask score`: what is measured on texts and runs that are not part of the project.
//!
//! `score detect --corpus DIR`: how good the detectors are on labelled texts. First the release binary as it is,
//! by the `score.py` of the corpus; then the classifier on sources and techniques that were left out of its training.
//!
//! `score behaviour --corpus DIR [PART...]`: what the statistics of behaviour are worth on recorded runs of real models, and on
//! synthetic ones, which need no folder. Parts: who, hijack, loops, cost, alarms, poison.

use crate::{
    Outcome, Verdict, process,
    train::{corpus, trainer},
    workspace,
};
use std::process::Command;

/// Scores what the first word says.
pub(crate) fn run(args: &[String]) -> Outcome {
    match args.first().map(String::as_str) {
        Some("detect") => detect(args),
        Some("behaviour") => behaviour(args),
        _ => Err("what is scored is `detect` or `behaviour`: cargo xtask score WHAT --corpus DIR".to_owned()),
    }
}

/// Behaviour; the words are `behaviour [--corpus DIR] [PART...]`.
fn behaviour(args: &[String]) -> Outcome {
    let corpus = corpus(args)?;
    if corpus.is_none() {
        println!("no recorded runs are named with --corpus DIR, so only what is synthetic is scored");
    }
    let named = args.iter().skip(1).position(|word| word == "--corpus").map(|at| at + 1);
    let parts = args.iter().enumerate().skip(1).filter(|(at, _)| named.is_none_or(|n| *at != n && *at != n + 1));
    let mut score = Command::new(process::cargo());
    score.args(["run", "--quiet", "--release", "--package", "doorward-behave", "--example", "score", "--"]);
    score.arg(corpus.unwrap_or_else(|| "-".into())).args(parts.map(|(_, word)| word)).current_dir(workspace::root());
    let (ok, _) = process::shown_lines(&mut score)?;
    Ok(if ok { Verdict::Pass } else { Verdict::Fail })
}

/// The detectors; the words are `detect --corpus DIR [--shipped]`. With `--shipped` nothing is trained.
fn detect(args: &[String]) -> Outcome {
    let Some(corpus) = corpus(args)? else {
        println!("no corpus is named with --corpus DIR, so nothing is scored");
        return Ok(Verdict::Pass);
    };
    let mut build = Command::new(process::cargo());
    process::quiet(build.args(["build", "--release", "--package", "doorward"]).current_dir(workspace::root()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace::root().join("target"), Into::into);
    println!("# The release binary on the whole corpus: its classifier learned from these texts\n");
    let mut score = Command::new("python3");
    score.arg(corpus.join("score.py")).arg(&corpus).args(["--kind", "tool_output,tool_description", "--"]);
    let (ok, _) = process::shown_lines(score.arg(target.join("release/doorward")).args(["scan", "--jsonl", "-"]))?;
    if !ok || args.iter().any(|word| word == "--shipped") {
        return Ok(if ok { Verdict::Pass } else { Verdict::Fail });
    }
    println!();
    let (ok, _) = process::shown_lines(trainer("leave-out").arg(&corpus))?;
    Ok(if ok { Verdict::Pass } else { Verdict::Fail })
}
