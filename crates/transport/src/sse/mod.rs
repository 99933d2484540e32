//! Server-sent events over the original bytes (WHATWG HTML, "Server-sent events", §9.2.5 and §9.2.6).
//!
//! A [`Splitter`] cuts a stream into [`Event`]s that keep their bytes; put together again they are the stream. An event
//! that must be changed is [rewritten](Event::rewrite): only its `data` and `id` lines change.

mod encode;
mod event;
mod splitter;

pub use encode::{comment, encode};
pub use event::Event;
pub use splitter::{Splitter, SseError};

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
