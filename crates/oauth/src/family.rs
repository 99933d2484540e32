//! Refresh tokens: each is good once, and a second use ends all of them (RFC 9700 §4.14).

use crate::{Code, Fault, Form, Granted};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use doorward_identity::KeyBinding;
use doorward_vocab::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The refresh tokens that follow from one grant. One of them is good at a time; each use makes the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// Its name, a part of each of its tokens.
    pub id: Arc<str>,
    /// What was granted.
    pub granted: Granted,
    /// The digest of the secret of the token that is good.
    secret: Digest,
}

/// What comes of a refresh token.
#[derive(Debug)]
pub enum Turned {
    /// It was the good one. The next one is in force.
    Next(Box<Family>),
    /// It was good before: somebody has a copy. The family ends (RFC 9700 §4.14.2).
    Reused,
    /// It cannot be used like this; it stays good.
    Refused(Fault),
}

/// What refresh tokens begin with, so that scanners of leaked secrets know them.
const PREFIX: &str = "dwr_";

/// Takes a refresh token apart: the name of the family, and the secret.
pub fn split(token: &str) -> Option<(&str, &str)> {
    token.strip_prefix(PREFIX)?.split_once('.').filter(|(id, secret)| !id.is_empty() && !secret.is_empty())
}

impl Family {
    /// A family whose first token has `secret`.
    pub fn new(id: impl Into<Arc<str>>, granted: Granted, secret: &str) -> Self {
        Self { id: id.into(), granted, secret: Digest::of(secret.as_bytes()) }
    }

    /// The token that is good, where `secret` is its secret.
    pub fn token(&self, secret: &str) -> String {
        format!("{PREFIX}{}.{secret}", self.id)
    }

    /// Uses a token: `secret` is its secret, `next` that of the one after it.
    pub fn turn(
        self,
        secret: &str,
        next: &str,
        client: &str,
        key: Option<KeyBinding>,
        form: &Form,
        now: Timestamp,
    ) -> Turned {
        // Without the key nobody can use it, so who tries says nothing about who has it (RFC 9449 §5).
        if self.granted.key.is_some() && self.granted.key != key {
            return Turned::Refused(Fault::new(Code::InvalidDpopProof, "the refresh token is bound to another key"));
        }
        let presented = Digest::of(secret.as_bytes());
        let good = verify_slices_are_equal(presented.as_bytes(), self.secret.as_bytes()).is_ok();
        if !good || *self.granted.client != *client {
            return Turned::Reused;
        }
        if self.granted.until <= now {
            return Turned::Refused(Fault::new(Code::InvalidGrant, "the grant is over; ask the human again"));
        }
        if let Err(fault) = self.granted.heeds(form) {
            return Turned::Refused(fault);
        }
        Turned::Next(Box::new(Self { secret: Digest::of(next.as_bytes()), ..self }))
    }
}
