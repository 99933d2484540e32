//! How agents behave: what they use, whether they go in circles, whether they are who they say, and whether a conversation is
//! like those before it.
//!
//! It ranks, asks and slows down. It never grants anything, holds no text, reads no clock, does no I/O and draws no randomness.
//!
//! ```
//! use doorward_behave::{Conversation, Held, Key, event::{Answer, Arguments, Asked, Call, Polling}, limit::{Cost, Holders, Ledger, Quotas}};
//! use doorward_vocab::{Effect, Effects, Timestamp};
//! let key = Key::new(&[7; 16]);
//! let call = Call {
//!     at: Timestamp::from_micros(1),
//!     server: key.sum("files"),
//!     tool: key.tool("files", "read_file"),
//!     effects: Effects::just(Effect::Read),
//!     arguments: Arguments::default(),
//!     batch: 0,
//!     polling: Polling::Never,
//!     asked: Asked::Untold,
//! };
//! let (mut conversation, mut ledger) = (Conversation::default(), Ledger::new(Quotas::default()));
//! for _ in 0..5 {
//!     let pass = conversation.before(&call, Cost::call(100), Holders::default(), &mut ledger).unwrap();
//!     conversation.after(pass, &Answer::default(), Cost::call(120), &mut ledger);
//! }
//! let pause = conversation.before(&call, Cost::call(100), Holders::default(), &mut ledger).unwrap_err();
//! assert_eq!(pause.reason.to_string(), "the same call got the same answer 5 times");
//! ```

pub mod alarm;
pub mod baseline;
mod conversation;
pub mod course;
pub mod event;
pub mod explain;
pub mod fingerprint;
#[cfg(test)]
mod laws;
mod learner;
pub mod limit;
pub mod loops;
mod sum;

pub use conversation::{Conversation, Held, Pass, Pause};
pub use sum::{Key, Sum};
