//! The words of Doorward: ids, labels, proofs of taint, secrets, effects, rulings, time.
//!
//! Every other room speaks in these types. Nothing here does I/O, reads a clock or draws randomness: time and
//! entropy are passed in, so that a ruling can be replayed from the trail.
//!
//! ```
//! use doorward_vocab::{Confidentiality, Integrity, Label};
//! let mail = Label::new(Integrity::Untrusted, Confidentiality::Internal);
//! let note = Label::new(Integrity::Trusted, Confidentiality::Secret);
//! let both = mail.join(note);
//! assert_eq!(both.integrity, Integrity::Untrusted);
//! assert_eq!(both.confidentiality, Confidentiality::Secret);
//! ```

mod assurance;
mod by_name;
mod clock;
mod consequence;
mod digest;
mod effect;
mod finding;
mod glob;
mod id;
mod label;
mod level;
mod name;
mod ruling;
mod secret;
mod standing;
mod template;

pub use assurance::Assurance;
pub use by_name::ByName;
pub use clock::{Clock, Timestamp};
pub use consequence::Consequence;
pub use digest::Digest;
pub use effect::{Effect, Effects};
pub use finding::{Channel, Finding, FindingKind, Severity};
pub use glob::Glob;
pub use id::{CallId, ConversationId, Entropy, TurnId};
pub use label::{Confidentiality, Declassification, Integrity, Label, Tainted};
pub use level::{Level, Mode};
pub use name::{NameError, ServerName};
pub use ruling::{AuthorizedBy, Decision, Outcome, Reason, ReasonCode};
pub use secret::Secret;
pub use standing::{Class, Classes, Endorsement, Lowered, Owners, Standing};
pub use template::{Template, TemplateError};
