//! `cargo xtask score detect --corpus DIR`: how good the detectors are on labelled texts. First the release binary as it is,
//! by the `score.py` of the corpus; then the classifier on sources and techniques that were left out of its training.

use crate::{
    Outcome, Verdict, process,
    train::{corpus, trainer},
    workspace,
};
use std::process::Command;

/// Scores; the words are `detect --corpus DIR [--shipped]`. With `--shipped` nothing is trained.
pub(crate) fn run(args: &[String]) -> Outcome {
    if args.first().is_none_or(|word| word != "detect") {
        return Err("what is scored is `detect`: cargo xtask score detect --corpus DIR [--shipped]".to_owned());
    }
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
