//! Proof of a key by DPoP (RFC 9449): each request carries a small signed statement that names the request, the token and
//! the moment. Who steals the token without the key has nothing.

mod nonce;
mod proof;
mod replay;

pub(crate) use nonce::Nonces;
pub(crate) use proof::{Proof, ProofFor};
pub(crate) use replay::{Replay, Replays};

use crate::Algorithm;
use std::time::Duration;

/// The algorithms that proofs may be signed with.
pub(crate) const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Ps256, Algorithm::Rs256];
/// How old a proof may be, beside the difference of clocks (RFC 9449 §11.1: seconds or minutes).
pub(crate) const AGE: Duration = Duration::from_secs(60);

/// The algorithms as metadata and challenges name them.
pub fn proof_algorithms() -> Vec<&'static str> {
    ALGORITHMS.iter().map(|a| a.as_str()).collect()
}

/// The request that a proof must name.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its method, as it was sent.
    pub method: &'a str,
    /// The path of its target, as it was sent, without the query.
    pub path: &'a str,
    /// The value of its `DPoP` header; a request with two of them must be refused before.
    pub proof: Option<&'a str>,
}
