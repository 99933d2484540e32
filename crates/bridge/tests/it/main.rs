//! The room at its door: by hand, and over random instances of the official schemas.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod by_hand;
mod crossing;
mod handshake;
mod legacy_client;
mod make;
mod modern_client;
mod schema;
mod streams;
