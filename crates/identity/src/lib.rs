//! Establishes who is acting: checks tokens, and mints the [`Verified`] principal that every ruling asks for.
//!
//! A principal is the blend of an agent and the human it acts for, with what binds the two and how well it is proven.
//! Tokens are checked by RFC 9068 and RFC 8725; a refusal becomes a status and a `WWW-Authenticate` by one table.
//!
//! Invariant: no I/O and no clock. Key sets are handed in by whoever fetched them, time is an argument.
//!
//! ```
//! use doorward_identity::{Authenticator, Presented, Refusal, Settings, Via};
//! use doorward_vocab::Timestamp;
//! let door = Authenticator::new(Settings { local_user: Some("ada".into()), ..Settings::default() })?;
//! let here = Presented { loopback: true, ..Presented::default() };
//! let who = door.authenticate(here, Timestamp::from_micros(0)).unwrap();
//! assert_eq!(who.via, Via::LocalUser);
//! let far = Presented { loopback: false, ..here };
//! assert_eq!(door.authenticate(far, Timestamp::from_micros(0)), Err(Refusal::Missing));
//! # Ok::<(), doorward_identity::SettingsError>(())
//! ```

pub mod assertion;
pub mod attest;
mod authenticator;
mod bundle;
mod claims;
mod compact;
pub mod delegation;
mod discovery;
#[doc(hidden)]
pub mod fuzzing;
pub mod json;
mod keys;
mod metadata;
mod principal;
mod refusal;
mod rules;
mod settings;
mod token;
mod verified;

pub use attest::{
    Asked, Attestation, CertificateFlaw, CertificateRule, Chain, KeyBinding, Method, NameKind, Platform, SpiffeId,
    is_trust_domain, proof_algorithms,
};
pub use authenticator::{Authenticator, Presented, Workload};
pub use delegation::{AgentEntry, Delegation, PartyId};
pub use discovery::{DiscoveryError, discovery_urls, jwks_uri};
pub use keys::KeySetError;
pub use metadata::{ProtectedResources, PublicUrlError, Resource};
pub use principal::{Agent, Human, Login, Principal, PrincipalKey, Via};
pub use refusal::{Answer, Flaw, ProofFlaw, Refusal};
pub use rules::{ClaimMap, ClaimPath, ClaimRule, Glob, Must, Pattern};
pub use settings::{
    Algorithm, AudienceRule, EmailRule, IssuerSettings, KeyRule, KeySource, NonceRule, Settings, SettingsError,
    SubjectIs, TypeRule,
};
pub use verified::Verified;
