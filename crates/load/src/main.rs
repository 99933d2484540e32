//! The workshop's load tool: everything that `cargo xtask bench` needs besides the gateway itself.
//!
//! One binary with four modes, so that a benchmark starts with one build:
//!
//! | mode | is |
//! |---|---|
//! | `upstream` | a very cheap MCP server of both protocol eras |
//! | `bare` | a reverse proxy of hyper and nothing else: the floor of our HTTP stack |
//! | `drive` | the load driver: closed loop, open loop, or many idle conversations |
//! | `spin` | a loop that keeps a core from halting |
//! | `disk` | the price of one `fdatasync` where the gateway keeps its trail |
//!
//! Results leave as `key value` lines on standard output, times in microseconds, memory in KiB.
//!
//! Invariant: this crate knows no room of the gateway. It speaks to it as a stranger would, over HTTP.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool whose output is its result")]

mod args;
mod bare;
mod client;
mod disk;
mod drive;
mod histogram;
mod process;
mod upstream;
mod wire;

use std::process::ExitCode;

use args::Args;

const USAGE: &str = "usage: doorward-load MODE [--option value]…

  upstream  --listen ADDR                       paths /mcp/bench (2025-11-25) and /mcp/bench26 (2026-07-28)
  bare      --listen ADDR --upstream ADDR
  drive     --target ADDR [--path /mcp/bench] [--era 2025|2026] [--tool echo|blob|record]
            [--connections N] [--warm SECONDS] [--seconds SECONDS] [--rate CALLS_PER_SECOND]
            [--calls-per-conversation N] [--gateway PID] [--upstream PID]
            [--host-token FILE]                 opens a turn for every conversation
            [--conversations N --calls N]       opens N conversations and leaves them idle
            [--streams 1]                       each with its stream open, on a connection of its own
  disk      --dir DIR
  spin

`upstream` and `bare` print `listening ADDR`; with `--until stdin` they and `spin` end when their standard input closes.";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mode = words.next().unwrap_or_default();
    let outcome = Args::parse(words).and_then(|args| match mode.as_str() {
        "upstream" => upstream::serve(&args),
        "bare" => bare::serve(&args),
        "drive" => drive::run(&args),
        "spin" => spin(&args),
        "disk" => disk::price(&args),
        _ => Err(USAGE.into()),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("doorward-load: {message}");
            ExitCode::from(2)
        }
    }
}

/// Not `spin_loop`: a hypervisor takes a core that says it is idling away from the machine.
fn spin(args: &Args) -> Result<(), String> {
    args.obey_until()?;
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}
