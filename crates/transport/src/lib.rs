//! Sockets, pipes and framing: everything that Doorward reads from or writes to the outside passes this room.
//!
//! | module | what goes in | what comes out | what it refuses |
//! |---|---|---|---|
//! | [`serve`] | connections | HTTP requests with their peer | slow heads, idle and stalled peers, more connections than the cap |
//! | [`guard`] | a request head | nothing, or a refusal | foreign hosts and origins, doubled headers |
//! | [`sse`] | bytes | events over the original bytes | oversized events |
//! | [`stdio`] | a command, permitted messages | lines of a child process | oversized lines, messages that span lines |
//! | [`egress`] | an origin and how far it is trusted | one connection to a checked address | private and special addresses, plain text to strangers |
//! | [`upstream`] | permitted messages | replies and event streams of a server | oversized, compressed, redirecting and stalling answers |
//! | [`workload`] | the socket of a Workload API | bundles of trust domains | oversized and malformed answers |
//!
//! Invariants: this room makes no rulings and reads no policy. A JSON-RPC message leaves only as a
//! [`Permitted`](doorward_engine::Permitted), by value, together with the [`Receipt`](doorward_audit::Receipt) of its
//! decision. Every buffer and every queue has a ceiling in bytes. Only [`egress`] opens outbound sockets, [`workload`] that of the Workload API, and only
//! [`stdio`] starts processes.
//!
//! ```
//! use doorward_transport::sse::Splitter;
//! let mut splitter = Splitter::new(1 << 20);
//! splitter.push(&b"event: message\ndata: {\"jsonrpc\""[..]);
//! assert!(splitter.next_event().unwrap().is_none());
//! splitter.push(&b":\"2.0\"}\n\n"[..]);
//! let event = splitter.next_event().unwrap().unwrap();
//! assert_eq!(event.data().unwrap(), &br#"{"jsonrpc":"2.0"}"#[..]);
//! assert_eq!(&event.raw()[..], b"event: message\ndata: {\"jsonrpc\":\"2.0\"}\n\n");
//! ```

mod link;
mod queue;
mod turn;

pub mod egress;
pub mod guard;
pub mod serve;
pub mod sse;
pub mod stdio;
pub mod upstream;
pub mod workload;

#[doc(hidden)]
pub mod fuzzing;

pub use link::{Delivery, Fault, LinkError, Stage};
pub use queue::Disconnected;
