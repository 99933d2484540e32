//! What is judged of calls, in conversations as people have them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod desk;
mod judged;
mod odd;
mod trades;
