//! `doorward policy`: work on policies without a gateway.

mod explain;
pub(crate) mod set;
mod test;

use crate::{Done, Out};

/// Test and explain policies
#[derive(clap::Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Ask the questions of case files and compare the answers with the expected ones
    Test(test::TestArgs),
    /// Ask one question and show how the answer comes about
    Explain(Box<explain::ExplainArgs>),
}

pub(crate) fn run(args: &PolicyArgs, out: &Out) -> Done {
    match &args.verb {
        Verb::Test(args) => test::run(args, out),
        Verb::Explain(args) => explain::run(args, out),
    }
}
