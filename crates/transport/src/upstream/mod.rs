//! The client of MCP servers over HTTP: Streamable HTTP of both eras, and the plain fetches of discovery and token exchange.
//!
//! [`HttpLink`] is one server. A message goes out with [`HttpLink::post`], which spends its permit; a stream of events is
//! an [`SseStream`], and dropping it closes the connection to the server, which in revision 2026-07-28 is how a call is
//! cancelled. The 2024 transport (HTTP+SSE) is the same link: [`HttpLink::listen`] for the events, and
//! [`HttpLink::endpoint`] for the address that their first event names.
//!
//! Connections are HTTP/1.1 and are driven by the task that uses them, so a call wakes no second task.

mod fetch;
mod headers;
pub(crate) mod http1;
mod link;
mod pool;
mod reply;
mod stream;
mod webhook;
mod wire;

pub use fetch::{Fetch, Fetched, Payload, Report, fetch, fetch_from};
pub use headers::{Credential, SessionHeaders, Sign, Unsigned};
pub use link::{HttpLink, HttpSettings};
pub use reply::{Ended, Listening, PostBody, PostReply};
pub use stream::SseStream;
pub use webhook::signature;
