//! Looks at texts and says what is wrong with them. It never decides: a [`Finding`](doorward_vocab::Finding) is
//! evidence, and policy rules on it.
//!
//! Invariant: no I/O, no clock, and work linear in the length of the text, whatever the text is.
//!
//! ```
//! use doorward_detect::{Scanner, Settings, Text};
//! use doorward_vocab::Channel;
//! let scanner = Scanner::new(&Settings::default())?;
//! let text = Text { path: "/content/0/text", text: "The meeting is at noon.", channel: Channel::Result };
//! assert_eq!(scanner.scan(&[text]), []);
//! # Ok::<(), doorward_detect::UnknownDetector>(())
//! ```

mod assessment;
pub mod definition;
mod detector;
mod detectors;
mod digits;
pub mod encoded;
#[doc(hidden)]
pub mod fuzzing;
mod known;
#[doc(hidden)]
pub mod learned;
mod literals;
pub mod reading;
mod scanner;
mod text;

pub use assessment::{Assessment, Models};
pub use detector::{Detector, Reads};
pub use detectors::{DETECTORS, DefinitionContext};
pub use known::{Fingerprint, Form, Held, Holder, KnownSecrets, REMOVED, Reflection, TooShort};
pub use scanner::{Located, Scanner, Settings, Switch, UnknownDetector};
pub use text::{Findings, Hit, Sighting, Text, View};
