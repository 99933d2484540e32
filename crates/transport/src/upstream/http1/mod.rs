//! HTTP/1.1 as the gateway speaks it to servers (RFC 9112): one request at a time on a connection, driven by the task that
//! waits for the answer.
//!
//! The head of an answer is read by `httparse`. What is left is little enough to be written for what a gateway needs:
//! a connection that waits for events holds no buffer, and no task, channel or second waker stands between a call and its
//! socket.
//!
//! Invariant: an answer whose end cannot be known for certain is refused, or its connection is not used again.

mod answer;
mod head;
mod length;
mod request;

pub(crate) use answer::Answer;
pub(crate) use head::{Head, Limits};
pub(crate) use request::Outgoing;
