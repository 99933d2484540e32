//! The room at its door: by hand, and over random instances of the official schemas.

mod by_hand;
mod crossing;
mod handshake;
mod legacy_client;
mod make;
mod modern_client;
mod schema;
mod streams;
