//! The trail: what is recorded, how it is made tamper-evident, and how that is verified.
//!
//! A [`Record`] becomes one canonical JSON text (RFC 8785). The texts are the leaves of a Merkle tree (RFC 6962) whose
//! head is signed as a C2SP checkpoint, so that an edited, deleted, reordered or cut record is found offline, with
//! nothing but the files and the public key. Payloads are never in a record, only their digests: erasing a payload
//! breaks no proof.
//!
//! Invariant: no I/O, no clock, no randomness.
//!
//! ```
//! use doorward_audit::{Event, Record, Stop};
//! use doorward_vocab::Timestamp;
//! let record = Record::new(Timestamp::from_micros(7), Event::Stop(Stop { reason: "asked to".into() }));
//! let mut bytes = Vec::new();
//! record.encode(&mut bytes);
//! assert_eq!(bytes, br#"{"kind":"stop","reason":"asked to","time":7,"v":1}"#);
//! assert_eq!(Record::decode(&bytes).ok(), Some(record));
//! ```

mod checkpoint;
mod encode;
pub mod evidence;
#[doc(hidden)]
pub mod fuzzing;
pub mod merkle;
mod note;
mod receipt;
mod record;
mod text;
mod verify;

pub use checkpoint::Checkpoint;
pub use encode::{MAX_RECORD, encode_ruling, encode_ruling_texts};
pub use note::{NoteError, SigningKey, VerifierKey, open_note};
pub use receipt::Receipt;
pub use record::{
    Access, Approval, ApprovalChange, Basis, Config, Conversation, Credential, CredentialChange, DecodeError,
    Definition, DefinitionChange, DefinitionKind, Delegated, DelegationChange, Direction, Event, FORMAT, Labels,
    Noticed, OutcomeRecord, Party, Payload, Proof, Record, Recovered, Ruling, Start, Stop, Turn, ValueSource, Worn,
};
pub use text::Text;
pub use verify::{Entry, Problem, ProblemKind, Report, Verifier};
