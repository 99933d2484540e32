//! Credentials for servers, as far as they are judgement: which one serves whom, what its provider is asked for, what it
//! answers, and where the result goes. Secrets live here for one exchange.
//!
//! | file | story |
//! |---|---|
//! | `order` | what is wanted: for which server, for whom, how much |
//! | `provider` | the seam: an order becomes requests, and their answers a credential |
//! | `step` | a request to a provider, and what follows its answer |
//! | `issued` | what came of it: the material, whose account it is, until when |
//! | `failure` | why there is none, and what to do about that |
//! | `choice` | which credential serves which agent, human and tool |
//! | `key` | under what a credential is kept |
//! | `keeper` | where the operator's secrets lie meanwhile |
//! | `mark` | placeholders and canaries: texts that look like secrets and open nothing |
//! | `own_token` | the gateway's own token, for providers that trust it |
//! | `sigv4` | AWS Signature Version 4 |
//! | `xml`, `time` | answers and moments as providers write them |
//! | `wire` | what OAuth providers understand: forms, proofs of a client, discovery, answers with tokens |
//! | `providers` | one file for each kind |
//!
//! Invariant: no I/O, no clock. Who signs for the gateway, the moment and a fresh name come with the [`Order`]; requests
//! and answers are data. Nothing that is printed or serialized holds a secret.

pub mod choice;
mod failure;
mod issued;
mod keeper;
mod key;
pub mod mark;
mod order;
mod own_token;
mod provider;
pub mod providers;
mod sigv4;
mod step;
#[cfg(test)]
mod testing;
mod time;
pub mod wire;
mod xml;

pub use choice::Rule;
pub use failure::Failure;
pub use issued::{Issued, Material};
pub use keeper::Keeper;
pub use key::Key;
pub use mark::{Mark, Marker, Shape};
pub use order::{Agent, Alg, Call, Granted, Human, Order, Signer, Subject};
pub use own_token::OwnToken;
pub use provider::{Needs, PerWhom, Provider, Source};
pub use sigv4::{Signable, Sigv4};
pub use step::{Answer, Body, Named, Request, Step, Svid, Then};
