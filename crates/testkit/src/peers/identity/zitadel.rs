//! The example provider of `zitadel/oidc`, and what all programs built from Go sources share.

use std::{io, process::Command};

use super::super::{
    cache::{go, present, spared},
    process::Running,
};

/// Whether the programs built from Go sources are there. Says on standard error why `what` is skipped when they are not:
/// their sources come from a place that moves on, so their absence fails nobody.
///
/// # Errors
/// `cargo xtask setup` has not run, and a run requires it.
pub fn go_installed(what: &str) -> io::Result<bool> {
    present(what, &["zitadel_op", "step_ca", "workload_api"].map(go), spared("go"))
}

/// A second OpenID provider, from another house. Users: `test-user@127.0.0.1` and `test-user2`, password `verysecure`.
/// Clients: `web` and `jwt` with the secret `secret` (`jwt` gets JWT access tokens), `native` (public), and `sid1` with
/// the secret `verysecret` for client credentials. It knows no `resource`; an exchange gives `act`.
#[derive(Debug)]
pub struct ZitadelOp {
    _running: Running,
    issuer: String,
}

impl ZitadelOp {
    /// Starts it, with these redirect URIs for its clients.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(redirect_uris: &[&str]) -> io::Result<Self> {
        let redirects = redirect_uris.iter().flat_map(|uri| ["-redirect", uri]);
        let (running, issuer) = Running::start_ready(Command::new(go("zitadel_op")).args(redirects))?;
        Ok(Self { _running: running, issuer })
    }

    /// The issuer, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}
