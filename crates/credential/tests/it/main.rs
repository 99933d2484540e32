//! Providers against counterparts that nobody here wrote.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod aws;
mod drive;
mod github;
mod issuer;
