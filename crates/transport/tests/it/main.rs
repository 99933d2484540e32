//! The room at its doors: real sockets and real child processes.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test may panic anywhere")]

mod fetch;
mod serve;
mod serve_limits;
mod stdio;
mod stream;
mod support;
mod tls;
mod upstream;
