//! The authorization server, as far as it is judgement: what clients may ask for, what a human is asked, what is granted by
//! it, and the tokens that say so.
//!
//! | file | story |
//! |---|---|
//! | `realm` | what this server stands for: its name, resources, scopes and times |
//! | `metadata` | what clients find out about it (RFC 8414) |
//! | `client`, `redirect` | who may ask, and where browsers may be sent back to |
//! | `authorize` | a request for a code (RFC 6749 §4.1, RFC 7636, RFC 8707, RFC 9207) |
//! | `consent` | what a human is shown, and the delegation that comes of the answer |
//! | `code`, `family` | what is given for it once, and renewed |
//! | `proof` | how a client proves itself at the token endpoint |
//! | `exchange` | tokens for tokens: RFC 8693, RFC 7523, RFC 6749 §4.4 |
//! | `attested` | a token for evidence: a signed request of AWS, a quote of a TPM |
//! | `issue`, `keys` | the token and its signature |
//!
//! Invariant: no I/O, no clock. Requests and what was kept of earlier ones are data; time and randomness are arguments.
//!
//! ```
//! use doorward_oauth::{Client, Form, redirect};
//! let client = Client::register("c-1", br#"{"redirect_uris":["http://127.0.0.1/cb"]}"#)?;
//! assert_eq!(client.redirect("http://127.0.0.1:51004/cb"), Some("http://127.0.0.1:51004/cb"));
//! assert_eq!(client.redirect("https://evil.example.com/cb"), None);
//! # Ok::<(), doorward_oauth::Fault>(())
//! ```

pub mod attested;
pub mod authorize;
pub mod client;
pub mod code;
pub mod consent;
pub mod exchange;
pub mod family;
mod fault;
mod form;
mod granted;
pub mod issue;
pub mod keys;
pub mod metadata;
pub mod proof;
pub mod realm;
pub mod redirect;

pub use authorize::Asked;
pub use client::{Client, Origin, Proof};
pub use consent::{Choice, Shown};
pub use family::{Family, Turned};
pub use fault::{Code, Fault};
pub use form::Form;
pub use granted::{Actor, Granted, Proved};
pub use issue::{Issued, issue};
pub use keys::{Ring, Signing, Turnover};
pub use realm::{Lifetimes, Realm};
