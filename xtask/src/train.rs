//! `cargo xtask train --corpus DIR`: the weights of the classifiers anew, from labelled texts. The same texts give the same
//! weights on every machine, so a committed file can be checked: with `--check` nothing is written.

use crate::{Outcome, Verdict, process, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the weights are kept: for what servers send, and for what people say.
const WEIGHTS: [&str; 2] = ["crates/detect/src/learned/weights.bin", "crates/detect/src/learned/turns.bin"];

/// Trains; the words are `--corpus DIR [--check]`.
pub(crate) fn run(args: &[String]) -> Outcome {
    let Some(corpus) = corpus(args)? else {
        println!("no corpus is named with --corpus DIR, so nothing is trained");
        return Ok(Verdict::Pass);
    };
    let fresh =
        ["weights", "turns"].map(|what| std::env::temp_dir().join(format!("doorward-{what}-{}", std::process::id())));
    let (ok, _) = process::shown_lines(trainer("write").arg(&corpus).args(&fresh))?;
    if !ok {
        return Ok(Verdict::Fail);
    }
    let check = args.iter().any(|word| word == "--check");
    let mut verdict = Verdict::Pass;
    for (kept, fresh) in WEIGHTS.iter().zip(&fresh) {
        if replace(kept, fresh, check)? == Verdict::Fail {
            verdict = Verdict::Fail;
        }
    }
    Ok(verdict)
}

/// Puts the file `fresh` in the place of what is kept; with `check` it says whether they are the same.
fn replace(kept: &str, fresh: &Path, check: bool) -> Outcome {
    let place = workspace::root().join(kept);
    let read = |path: &Path| fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()));
    let (new, old) = (read(fresh)?, read(&place)?);
    let _ = fs::remove_file(fresh);
    if new == old {
        println!("{kept} is what this corpus gives");
        return Ok(Verdict::Pass);
    }
    if check {
        println!("{kept} is not what this corpus gives");
        return Ok(Verdict::Fail);
    }
    fs::write(&place, new).map_err(|error| format!("cannot write `{}`: {error}", place.display()))?;
    println!("{kept} was written; its digest and figures belong into the model card beside it");
    Ok(Verdict::Pass)
}

/// The folder after `--corpus`.
///
/// # Errors
/// There is no such folder, or no word after the flag.
pub(crate) fn corpus(args: &[String]) -> Result<Option<PathBuf>, String> {
    let Some(at) = args.iter().position(|word| word == "--corpus") else { return Ok(None) };
    let folder = args.get(at + 1).map(PathBuf::from).ok_or("--corpus needs a folder")?;
    if folder.is_dir() { Ok(Some(folder)) } else { Err(format!("there is no folder `{}`", folder.display())) }
}

/// The program that trains and measures, told to do `what`.
pub(crate) fn trainer(what: &str) -> Command {
    let mut command = Command::new(process::cargo());
    let build = ["run", "--quiet", "--release", "--package", "doorward-detect", "--example", "train", "--", what];
    command.args(build).current_dir(workspace::root());
    command
}
