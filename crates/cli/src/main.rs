//! The binary `doorward`: one file for each verb under `verbs`, one line for each in [`Verb`].
//!
//! What a verb prints goes through [`Out`]; what goes wrong is a [`Failure`], which one place turns into text and exit
//! code: 0 fine, 1 the thing asked about failed, 2 usage or configuration.

mod console;
mod demo;
mod failure;
mod hook;
mod log;
mod out;
mod policy;
mod process;
mod verbs;
mod whoami;

pub(crate) use failure::{Done, Failure};
pub(crate) use out::Out;

use clap::{Parser, Subcommand};
use doorward_store::SystemClock;
use doorward_vocab::Clock as _;
use mimalloc::MiMalloc;
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

// Calls are many small allocations on many threads, which the system's allocator does slowly. What is given back is wiped:
// buffers of HTTP and TLS, and all that libraries copy, may have held a secret.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

/// A security gateway for the Model Context Protocol: it stands between agents and MCP servers and judges every call.
#[derive(Parser)]
#[command(name = "doorward", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    /// Print records as JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Demo(demo::Args),
    Run(verbs::run::Args),
    Wrap(verbs::wrap::Args),
    Add(verbs::add::Args),
    List(verbs::list::Args),
    Remove(verbs::remove::Args),
    Approve(verbs::approve::Args),
    Approvals(verbs::approvals::Args),
    Console(verbs::console::Args),
    Delegation(verbs::delegation::Args),
    Credentials(verbs::credentials::Args),
    Sources(verbs::sources::Args),
    Seal(verbs::seal::Args),
    Hook(hook::Args),
    Whoami(whoami::Args),
    Check(verbs::check::Args),
    Scan(verbs::scan::Args),
    Log(log::LogArgs),
    Policy(policy::PolicyArgs),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return hook::misspelt(std::env::args_os(), &error).unwrap_or_else(|| error.exit()),
    };
    let out = Out::new(cli.json);
    let done = match cli.verb {
        Verb::Demo(args) => demo::run(args, &out),
        Verb::Run(args) => verbs::run::run(args, &out),
        Verb::Wrap(args) => verbs::wrap::run(args, &out),
        Verb::Add(args) => verbs::add::run(args, &out),
        Verb::List(args) => verbs::list::run(args, &out),
        Verb::Remove(args) => verbs::remove::run(args, &out),
        Verb::Approve(args) => verbs::approve::run(args, &out),
        Verb::Approvals(args) => verbs::approvals::run(args, &out),
        Verb::Console(args) => verbs::console::run(args, &out),
        Verb::Delegation(args) => verbs::delegation::run(args, &out),
        Verb::Credentials(args) => verbs::credentials::run(args, &out),
        Verb::Sources(args) => verbs::sources::run(args, &out),
        Verb::Seal(args) => verbs::seal::run(args, &out),
        Verb::Whoami(args) => whoami::run(&args, &out),
        Verb::Check(args) => verbs::check::run(args, &out),
        Verb::Scan(args) => verbs::scan::run(&args, &out),
        Verb::Policy(args) => policy::run(&args, &out),
        Verb::Hook(args) => return hook::run(args, &out),
        Verb::Log(args) => return logged(&args, &out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(&out),
    }
}

/// `log` judges the trail itself: its exit code is its answer.
fn logged(args: &log::LogArgs, out: &Out) -> ExitCode {
    match doorward_store::state_dir() {
        Ok(state) => log::run(args, &state, SystemClock.now()),
        Err(error) => Failure::Broken(error.to_string()).tell(out),
    }
}
