use super::{Context, LogError};
use clap::Args;
use doorward_audit::{Report, VerifierKey, evidence};
use doorward_store::trail::{Trust, verify};
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Evidence that `doorward log bundle` wrote, in the place of the trail: nothing else is needed
    #[arg(value_name = "FILE", conflicts_with_all = ["checkpoint", "trail"])]
    bundle: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: shows a trail that was rolled back or replaced as a whole
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The verifier key that was kept elsewhere: the text of `key.pub`, or a file with it
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
    /// The trail, where it is not that of the state directory
    #[arg(long, value_name = "DIR")]
    trail: Option<PathBuf>,
}

pub(super) fn run(args: &VerifyArgs, context: &mut Context<'_>) -> Result<bool, LogError> {
    let dir = args.trail.clone().unwrap_or_else(|| context.trail.clone());
    let read = |path: &PathBuf| {
        fs::read_to_string(path).map_err(|e| LogError::Usage(format!("cannot read `{}`: {e}", path.display())))
    };
    if let Some(path) = &args.bundle {
        let key = args.key.as_deref().map(key).transpose()?;
        return tell_evidence(path, &read(path)?, key.as_ref(), context);
    }
    let trust = Trust {
        checkpoint: args.checkpoint.as_ref().map(read).transpose()?,
        key: args.key.as_deref().map(key).transpose()?,
    };
    let mut terminal = io::stderr().is_terminal().then(io::stderr);
    let progress = |records| {
        if let Some(t) = &mut terminal {
            // Progress that cannot be shown is not worth an error.
            let _ = write!(t, "\r{records} records");
        }
    };
    let report = verify(&dir, &trust, progress)?;
    if terminal.is_some_and(|_| report.records >= 4096) {
        let _ = write!(io::stderr(), "\r{:30}\r", "");
    }
    if context.json {
        let text = serde_json::to_string(&report).map_err(io::Error::other)?;
        writeln!(context.out, "{text}")?;
    } else {
        tell(&report, &trust, context.out)?;
    }
    Ok(report.is_good())
}

fn tell(report: &Report, trust: &Trust, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{} records, {} of them under {} good checkpoints",
        report.records, report.signed, report.checkpoints
    )?;
    if let Some(root) = &report.root {
        writeln!(out, "root {root}")?;
    }
    for note in &report.notes {
        writeln!(out, "note: {note}")?;
    }
    for p in &report.problems {
        let kind = serde_json::to_value(p.kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        let at = p.index.map_or_else(String::new, |i| format!(" from record {i}"));
        writeln!(out, "problem: {kind}{at}: {}", super::row::clean(&p.text))?;
    }
    if report.more > 0 {
        writeln!(out, "and {} more problems", report.more)?;
    }
    match (report.is_good(), report.first_bad()) {
        (false, Some(index)) => writeln!(out, "FAILED: not trustworthy from record {index} on"),
        (false, None) => {
            writeln!(out, "FAILED: the signatures or files around the records are not as they were written")
        }
        (true, _) if trust.checkpoint.is_none() && trust.key.is_none() => {
            writeln!(
                out,
                "ok; to also notice a trail replaced as a whole, keep its `checkpoint` elsewhere and give it with `--checkpoint`"
            )
        }
        (true, _) => writeln!(out, "ok"),
    }
}

/// Whether the evidence holds, and what it is.
fn tell_evidence(
    path: &Path,
    text: &str,
    key: Option<&VerifierKey>,
    context: &mut Context<'_>,
) -> Result<bool, LogError> {
    let proved = match evidence::prove(text, key) {
        Ok(proved) => proved,
        Err(error) if context.json => {
            writeln!(context.out, "{}", serde_json::json!({ "good": false, "problem": error.to_string() }))?;
            return Ok(false);
        }
        Err(error) => {
            writeln!(context.out, "problem: {error}\nFAILED: `{}` proves nothing", path.display())?;
            return Ok(false);
        }
    };
    let (head, checkpoint) = (&proved.head, &proved.checkpoint);
    if context.json {
        let told = serde_json::json!({ "good": true, "about": head.about, "records": head.records, "made": head.made,
            "key": head.key, "size": checkpoint.size, "root": checkpoint.root.to_string(), "trusted": key.is_some() });
        writeln!(context.out, "{told}")?;
        return Ok(true);
    }
    let about = super::row::clean(&head.about);
    writeln!(context.out, "{about}: {} records, each proved to stand in the trail", head.records)?;
    writeln!(context.out, "trail of {} records, root {}\nkey {}", checkpoint.size, checkpoint.root, head.key)?;
    match key {
        Some(_) => writeln!(context.out, "ok")?,
        None => writeln!(
            context.out,
            "ok, if this is the key of the gateway: compare it with one that was kept elsewhere, or give that with `--key`"
        )?,
    }
    Ok(true)
}

fn key(text: &str) -> Result<VerifierKey, LogError> {
    let content = fs::read_to_string(text).unwrap_or_else(|_| text.to_owned());
    VerifierKey::parse(content.trim_end()).map_err(|e| LogError::Usage(format!("`{text}` is {e}, nor a file with one")))
}
