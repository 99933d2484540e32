//! Kinds of credentials at the door of the crate: what is asked, word for word, what is made of each answer, and what counterparts
//! say to it that nobody here wrote.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod aws;
mod drive;
mod github;
mod issuer;
mod kinds;
mod play;
