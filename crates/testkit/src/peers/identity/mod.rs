//! Identity counterparts that nobody here wrote: providers, authorities and devices, each a process of its own on
//! loopback which is killed when its value goes.
//!
//! | value | what really runs |
//! |---|---|
//! | [`OidcProvider`] | the npm package `oidc-provider`, a certified OpenID provider |
//!
//! [`Browser`] is the human's side: it follows redirects, keeps cookies and fills forms. [`CodeFlow`] is a client that
//! logs a human in and gets tokens. [`joserfc`] reads and makes tokens with a library that is not ours.

mod browser;
mod flow;
pub mod joserfc;
mod oidc;
mod page;

pub use browser::{Browser, Landed};
pub use flow::CodeFlow;
pub use oidc::{OidcProvider, OldKeys};
