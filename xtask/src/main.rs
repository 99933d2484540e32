//! Tasks of the workshop: `cargo xtask TASK`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool whose output is its result")]

mod bench;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("bench") => bench::run(words),
        _ => {
            eprintln!("usage: cargo xtask bench [--help]");
            ExitCode::from(2)
        }
    }
}
