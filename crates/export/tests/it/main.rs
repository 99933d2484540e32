//! What is exported, read by other people's readers.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what the tests share may stop a test")]

mod kit;
mod ocsf;
mod otlp;
mod tables;
mod tell;
