//! MCP over pipes: one JSON-RPC message per line.
//!
//! [`StdioLink`] starts a server as a child process and speaks to it; [`StdioServer`] is the other half, for a gateway
//! that a client has started as *its* child. A process is started only from a [`Command`], which comes from the
//! configuration: nothing of a message ever reaches a command line.

mod child;
mod command;
mod lines;
mod link;
mod server;
mod stderr;

pub use child::Exit;
pub use command::{Command, Executable};
pub use lines::Lines;
pub use link::{StdioInbox, StdioLink, StdioSettings};
pub use server::{StdioInput, StdioOutput, StdioServer};
pub use stderr::StderrLine;
