//! What the trail says, in the words of other tools: a [`Format`] for each, made of records alone, and those who are told while
//! it is recorded ([`tell`]).
//!
//! A format is pure: the same records give the same bytes, so what is sent twice can be told to be the same. Formats that
//! speak of a call with its ending remember the rulings whose endings may still come, within a ceiling ([`Calls`]).
//!
//! Invariant: nothing is in an export that is not in the trail. So no text of a turn, an argument or a result is.
//!
//! ```
//! use doorward_audit::{Event, Record, Stop};
//! use doorward_export::{Format as _, Item, format};
//! use doorward_vocab::Timestamp;
//! let record = Record::new(Timestamp::from_micros(7), Event::Stop(Stop { reason: "asked to".into() }));
//! let mut bytes = Vec::new();
//! record.encode(&mut bytes);
//! let mut out = Vec::new();
//! format::jsonl().write(&[Item::read(3, bytes)?], &mut out)?;
//! assert_eq!(out, b"{\"index\":3,\"kind\":\"stop\",\"reason\":\"asked to\",\"time\":7,\"v\":1}\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calls;
pub mod format;
mod item;
pub mod tell;

pub use calls::{Calls, Known};
pub use format::Format;
pub use item::Item;
