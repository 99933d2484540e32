//! The two decisions, at the door of the crate.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod approval;
#[allow(dead_code, reason = "tests of another crate need more of it")]
#[path = "../../../flow/tests/it/canaries.rs"]
mod canaries;
mod channels;
mod consequences;
#[allow(dead_code, reason = "tests of another crate need more of it")]
#[path = "../../../flow/tests/it/dice.rs"]
mod dice;
mod exfiltration;
mod flows;
mod given;
mod inputs;
mod instances;
mod leaks;
mod scene;
#[allow(dead_code, reason = "tests of another crate need more of it")]
#[path = "../../../bridge/tests/it/schema.rs"]
mod schema;
mod talk;
