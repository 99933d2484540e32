//! The binary at its door: words in, text and an exit code out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod agents;
mod approvals;
mod approve;
mod browser;
mod clients;
mod console;
mod demo;
mod docs;
mod exports;
mod hook;
mod keys;
mod kill;
mod live;
mod pairs;
mod place;
mod process;
mod scan;
mod secrets;
mod servers;
mod sse;
mod usage;
mod zero_secret;
