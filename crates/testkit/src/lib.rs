//! Real peers for tests: MCP servers and scripted agents. Workshop only; never in the release graph.
//!
//! - [`fixture`]: an MCP server that speaks both eras, answers the conformance suite and misbehaves on request.
//! - [`memory`]: what of a process a core dump would hold.
//! - [`peers`]: that server as a process, and other people's clients and servers.

#[allow(deprecated, reason = "sampling, roots and logging are deprecated in the protocol and still have to work")]
pub mod fixture;
pub mod memory;
pub mod peers;
