use super::set;
use doorward_policy::cases;
use std::{io::Write as _, path::PathBuf, process::ExitCode};

#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// Files of cases (TOML)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    set: set::SetArgs,
    /// Print one JSON object per case
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TestArgs) -> ExitCode {
    match try_run(args) {
        Ok(code) | Err(code) => code,
    }
}

fn try_run(args: &TestArgs) -> Result<ExitCode, ExitCode> {
    let policies = args.set.compile()?;
    let mut all = Vec::new();
    for file in &args.files {
        all.extend(cases::read(&file.display().to_string(), &set::read(file)?).map_err(|errors| set::show(&errors))?);
    }
    let ran: Vec<_> = all.iter().map(|case| case.run(&policies)).collect();
    let failed = ran.iter().filter(|r| !r.passed()).count();
    let mut out = std::io::stdout().lock();
    for r in &ran {
        // Whoever closes the pipe has seen enough; the exit code still tells.
        let _ = if args.json {
            let line = serde_json::json!({
                "case": r.case.name, "place": r.case.place, "passed": r.passed(),
                "expect": r.case.expect, "decision": r.verdict.decision, "explanation": r.explanation,
            });
            writeln!(out, "{line}")
        } else {
            writeln!(out, "{r}")
        };
    }
    if !args.json {
        let _ = writeln!(out, "\n{} of {} cases passed", ran.len() - failed, ran.len());
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
