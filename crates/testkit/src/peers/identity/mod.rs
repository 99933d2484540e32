//! Identity counterparts that nobody here wrote: providers, authorities and devices, each a process of its own on
//! loopback which is killed when its value goes.
//!
//! | value | what really runs |
//! |---|---|
//! | [`OidcProvider`] | the npm package `oidc-provider`, a certified OpenID provider |
//! | [`Moto`] | the Python package `moto`: AWS with real signatures and policies |
//! | [`SwTpm`] | `swtpm` and `tpm2-tools`: a TPM 2.0 with an endorsement certificate |
//!
//! Ask [`super::installed`] before the first two, `SwTpm::installed` before the third.
//!
//! [`Browser`] is the human's side: it follows redirects, keeps cookies and fills forms. [`CodeFlow`] is a client that
//! logs a human in and gets tokens. [`joserfc`] reads and makes tokens with a library that is not ours.

mod browser;
mod flow;
pub mod joserfc;
mod moto;
mod oidc;
mod page;
mod swtpm;

pub use browser::{Browser, Landed};
pub use flow::CodeFlow;
pub use moto::{AwsKeys, Moto, SignedRequest};
pub use oidc::{OidcProvider, OldKeys};
pub use swtpm::{AttestationKey, Quote, SwTpm};
