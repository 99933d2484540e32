use super::set;
use crate::{Done, Failure, Out};
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct TestArgs {
    /// Files of cases (TOML)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    set: set::SetArgs,
}

pub(super) fn run(args: &TestArgs, out: &Out) -> Done {
    let policies = args.set.compile()?;
    let mut all = Vec::new();
    for file in &args.files {
        all.extend(set::cases(file)?);
    }
    let ran: Vec<_> = all.iter().map(|case| case.run(&policies)).collect();
    let failed = ran.iter().filter(|r| !r.passed()).count();
    for r in &ran {
        if out.is_json() {
            out.record(&json!({
                "case": r.case.name, "place": r.case.place, "passed": r.passed(),
                "expect": r.case.expect, "decision": r.verdict.decision, "explanation": r.explanation,
            }));
        } else {
            out.say(r.to_string());
        }
    }
    if !out.is_json() {
        out.say(format!("\n{} of {} cases passed", ran.len() - failed, ran.len()));
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Asked) }
}
