//! The room at its doors: real sockets and real child processes.

mod fetch;
mod serve;
mod serve_limits;
mod stdio;
mod stream;
mod support;
mod tls;
mod upstream;
