//! The room at its door: by hand, and over random instances of the official schemas.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod answers_with_sessions;
mod answers_without_sessions;
mod crossing;
mod handshake;
mod inputs;
mod legacy_client;
mod make;
mod modern_client;
mod requests;
mod schema;
mod streams;
mod text;
