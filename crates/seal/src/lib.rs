//! Keys at rest and secrets at rest in memory.
//!
//! - [`Shielded`] is a secret that lives in memory for longer than one exchange: sealed under a key of the process that is
//!   in no mapping of it, and opened into memory that is wiped, for the time of a closure.
//! - [`Keyring`] holds the data keys that everything in the store is sealed with. They are kept in `seal.ring` in the state
//!   folder, each wrapped under an outer key; what is sealed names its data key, so keys can be turned while a gateway runs.
//! - [`Outer`] is where the outer key is: a file, a descriptor that was handed over, a token of PKCS#11, or a TPM. Of the last
//!   two it never leaves.
//!
//! ```
//! use doorward_seal::Shielded;
//! use doorward_vocab::Secret;
//! let token = Shielded::new(Secret::new(b"hunter2".to_vec()))?;
//! assert_eq!(token.reveal(<[u8]>::len)?, 7);
//! assert_eq!(format!("{token:?}"), "Shielded(…)");
//! # Ok::<(), doorward_seal::ShieldError>(())
//! ```
//!
//! Invariant: no key leaves this crate but into a closure.

mod hand;
mod outer;
mod ring;
mod shield;

pub use hand::{hand_over, take_over};
pub use outer::{Outer, OuterId, Source, Token, Tpm};
pub use ring::{Entry, KeyId, Keyring, Moved, SealError, Status, status, sweep, turn, turn_outer};
pub use shield::{ShieldError, Shielded};
