//! The console at its door: over HTTP, over a real trail.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what the tests share may stop a test"
)]

mod acts;
mod inert;
mod kit;
mod looks;
mod roles;
mod sign_in;
