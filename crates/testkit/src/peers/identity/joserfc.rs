//! Tokens through the Python library `joserfc`: a second opinion on what we sign, and proofs that we did not make.

use std::{io, process::Command};

use serde_json::Value;

use super::super::cache::{python, script};

/// The claims of a token that is valid for this audience, from this issuer where one is named, by the keys in `jwks`.
///
/// # Errors
/// The library refuses it; the message says why.
pub fn claims(token: &str, jwks: &Value, issuer: Option<&str>, audience: &str) -> io::Result<Value> {
    let jwks = jwks.to_string();
    let mut args = vec!["claims", "--token", token, "--jwks", &jwks, "--audience", audience];
    args.extend(issuer.into_iter().flat_map(|issuer| ["--issuer", issuer]));
    run(&args)
}

/// A key that makes DPoP proofs (RFC 9449).
#[derive(Debug, Clone)]
pub struct DpopKey {
    key: String,
    jkt: String,
}

impl DpopKey {
    /// A new ES256 key.
    ///
    /// # Errors
    /// The library is not there.
    pub fn fresh() -> io::Result<Self> {
        let made = run(&["key"])?;
        let jkt = made.get("jkt").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { key: made.get("key").cloned().unwrap_or_default().to_string(), jkt })
    }

    /// The thumbprint of the key, as it stands in `cnf.jkt`.
    #[must_use]
    pub fn jkt(&self) -> &str {
        &self.jkt
    }

    /// A proof for one request. `more` are claims that are added or replaced, such as `nonce`, or `jti` and `iat` for a
    /// proof that must be refused; with `access_token`, `ath` is its hash.
    ///
    /// # Errors
    /// The library is not there.
    pub fn proof(&self, method: &str, url: &str, access_token: Option<&str>, more: &Value) -> io::Result<String> {
        let more = more.to_string();
        let mut args = vec!["proof", "--key", &self.key, "--method", method, "--url", url, "--more", &more];
        args.extend(access_token.into_iter().flat_map(|token| ["--access-token", token]));
        let made = run(&args)?;
        Ok(made.get("proof").and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

fn run(args: &[&str]) -> io::Result<Value> {
    let output = Command::new(python()).arg(script("python/tokens.py")).args(args).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}
