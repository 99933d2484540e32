//! `doorward policy`: work on policies without a gateway.

mod explain;
mod glob;
mod set;
mod test;

use std::process::ExitCode;

/// Test and explain policies.
#[derive(Debug, clap::Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Ask the questions of case files and compare the answers with the expected ones
    Test(test::TestArgs),
    /// Ask one question and show how the answer comes about
    Explain(explain::ExplainArgs),
}

/// Exit codes: 0 fine, 1 a case failed, 2 the policies or cases cannot be read.
pub(crate) fn run(args: &PolicyArgs) -> ExitCode {
    match &args.verb {
        Verb::Test(args) => test::run(args),
        Verb::Explain(args) => explain::run(args),
    }
}
