//! Other processes for end-to-end tests: our own test server, other people's clients and servers.
//!
//! What is not ours is installed by `cargo xtask setup`. A test that needs it asks [`installed`] first: without it the
//! test prints why it is skipped, unless `DOORWARD_PEERS_REQUIRED` is set (as `cargo xtask test` does), which makes its
//! absence a failure.
//!
//! ```no_run
//! use doorward_testkit::peers::{self, Fixture, Peer, Target};
//!
//! let server = Fixture::start(&[])?;
//! if peers::installed("clients against the test server")? {
//!     for peer in Peer::all() {
//!         let walk = peer.walk(Target::Url(server.url()))?;
//!         assert!(walk.ok, "{peer}: {}", walk.summary);
//!     }
//! }
//! # Ok::<(), std::io::Error>(())
//! ```

mod browser;
mod cache;
mod client;
pub mod http;
pub mod identity;
pub mod keys;
pub mod login;
mod process;
pub mod readers;
mod servers;
mod tour;

pub use browser::Browser;
pub use cache::installed;
pub use client::{Peer, Target, Walk};
pub use process::{Running, binary, free_port};
pub use servers::{
    Fixture, guarded_fixture, hostile_server, hostile_stdio, python_fixture, python_fixture_sse, python_fixture_stdio,
    server_everything, server_filesystem, server_memory, strict_fixture, typescript_fixture, wire_shape,
};
pub use tour::Tour;
