//! The room at its door: tokens in, principals or refusals out.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod bound;
mod certificates;
mod chains;
mod dpop;
mod forge;
mod good;
mod hostile;
mod jwt_svid;
mod keys;
mod laws;
mod many;
mod platforms;
mod without_token;
mod workload;
