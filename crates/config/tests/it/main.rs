//! The room at its door: text in, settings or one report out.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod examples;
mod mistakes;
mod settings;
