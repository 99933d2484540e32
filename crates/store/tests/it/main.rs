//! The store at its doors, on a real directory.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what the tests share may stop a test")]

mod crash;
mod index;
mod kit;
mod tamper;
mod trail;
