//! Messages of one era of MCP in the shape of the other.
//!
//! Up to 2025-11-25 a client opens a session, and servers ask their clients back in requests of their own. From
//! 2026-07-28 on every request stands alone, and what a server wants to know comes as an unfinished result. A gateway
//! whose client and server are of different eras says everything twice, once in each shape.
//!
//! This room knows the shapes. It keeps no state, opens nothing, waits for nothing and reads no clock: who asked what,
//! which stream is parked and when to give up is the caller's. A message is never re-typed: its original bytes stay but
//! for what the other era needs, so fields that nobody knows survive. What must not survive are the members that mean
//! something in one era only; they end here and are made anew.
//!
//! ```
//! use doorward_bridge::modern_on_legacy;
//! use doorward_mcp::{Id, Message, Side, decode, json::Limits};
//! let text = br#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","arguments":{"n":1.10},
//!     "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
//! let Message::Request(call) = decode(text.as_slice().into(), &Limits::default(), Side::Client)? else { unreachable!() };
//! let there = modern_on_legacy::request(&call, &Id::Int(7));
//! assert_eq!(there, br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"n":1.10}}}"#[..]);
//! # Ok::<(), doorward_mcp::DecodeError>(())
//! ```

mod client;
mod content;
mod filter;
#[doc(hidden)]
pub mod fuzzing;
mod input;
pub mod legacy_on_modern;
pub mod modern_on_legacy;
mod splice;
mod tools;

pub use client::Client;
pub use filter::Filter;
pub use input::Input;
