//! The listeners: accept loop, TLS, HTTP/1.1 and HTTP/2, limits and drain.
//!
//! A service is a function from a request and its [`Peer`] to a response. Routing is a `match` in that function.
//!
//! When a client goes away before its response is complete, hyper drops the future of the service, and a streamed body's
//! [`StreamSender`] learns it. Work that must outlive the client belongs into a task of its own.

mod activity;
mod body;
mod client_certificates;
mod connection;
mod listener;
mod quiet;
mod read;
mod settings;
mod tls;
mod unix;

pub use body::{Body, Ends, StreamOptions, StreamSender};
pub use client_certificates::ClientCertificates;
pub use listener::{Bound, Drained, Running, Serve, ServeError};
pub use read::{BodyError, read_body};
pub use settings::ServeSettings;
pub(crate) use tls::certificates;
pub use tls::{Asking, Peer, TlsError, TlsFiles, TlsSlot};
pub use unix::{BoundUnix, PeerProcess};
