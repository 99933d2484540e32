//! The index at its door: what is exfiltrated is seen, honest calls are left alone, memory is bounded.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests that tell their figures may stop")]

mod canaries;
mod dice;
mod exfiltration;
mod honest;
mod scene;
