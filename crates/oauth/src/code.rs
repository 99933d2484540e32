//! Codes: redeemed once, by whoever asked for them.

use crate::{Asked, Code as Word, Fault, Form, Granted};
use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is kept under a code. A code is redeemed once; what is left then remembers what was made of it, so that a second
/// use can take it back (RFC 6749 §4.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// Not redeemed yet.
    Fresh(Box<Fresh>),
    /// Redeemed.
    Spent {
        /// The family of refresh tokens that was made.
        family: Arc<str>,
        /// The delegation.
        delegation: Arc<str>,
    },
}

/// A code that was not redeemed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fresh {
    /// The request that it answers.
    pub asked: Asked,
    /// What was granted.
    pub granted: Granted,
}

impl Fresh {
    /// What was granted, for the client that got the code and holds the secret of its request.
    ///
    /// # Errors
    /// `invalid_grant`, `invalid_target`. The code is gone whatever happens.
    pub fn redeem(self, form: &Form, client: &str) -> Result<Granted, Fault> {
        let bad = |why: &'static str| Fault::new(Word::InvalidGrant, why);
        if *self.asked.client != *client {
            return Err(bad("the code was given to another client"));
        }
        // OAuth 2.1 leaves it out; where a client sends it, it is the one of the request.
        if form.get("redirect_uri").is_some_and(|uri| uri != self.asked.redirect) {
            return Err(bad("`redirect_uri` is not that of the request"));
        }
        if !answers(form.need("code_verifier")?, &self.asked.challenge) {
            return Err(bad("`code_verifier` does not fit the challenge of the request"));
        }
        self.granted.heeds(form)?;
        Ok(self.granted)
    }
}

/// Whether `verifier` is what `challenge` was made of (RFC 7636 §4.6).
pub fn answers(verifier: &str, challenge: &str) -> bool {
    let unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return false;
    }
    verify_slices_are_equal(challenge_of(verifier).as_bytes(), challenge.as_bytes()).is_ok()
}

/// The challenge of a verifier by S256.
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_appendix_b() {
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(answers(verifier, challenge));
        assert!(!answers(&verifier.replace('d', "e"), challenge));
        assert!(!answers(challenge, challenge), "`plain` is not spoken");
        assert!(!answers("short", &challenge_of("short")));
    }
}
