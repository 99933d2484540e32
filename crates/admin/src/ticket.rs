//! What lets somebody in who may read the state folder: links that are good once, and tokens for programs. Both are made
//! with a key that lies there, so no running gateway is asked for one, and none is ever kept.

use crate::role::{Role, Roles};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Digest, Timestamp};
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};

/// The key that tickets are made with.
pub struct TicketKey(hmac::Key);

impl std::fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketKey")
    }
}

impl TicketKey {
    /// The key with these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A link: good once, for a session.
    Link,
    /// A token of a program: good until it ends.
    Token,
}

impl Purpose {
    const fn byte(self) -> u8 {
        match self {
            Self::Link => b'l',
            Self::Token => b't',
        }
    }
}

/// A ticket: what it is for, which roles it gives, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What it is for.
    pub purpose: Purpose,
    /// The roles of who has it.
    pub roles: Roles,
    /// When it ends.
    pub until: Timestamp,
    /// What makes it one of its own.
    pub number: [u8; 16],
}

/// Purpose, roles, end in seconds, number.
const SAID: usize = 1 + 1 + 8 + 16;
/// How long a link is good.
const LINK: Duration = Duration::from_secs(15 * 60);

impl Ticket {
    /// A link for everything, good once within a quarter of an hour.
    pub fn link(number: [u8; 16], now: Timestamp) -> Self {
        Self { purpose: Purpose::Link, roles: Roles::new([Role::Admin]), until: now.plus(LINK), number }
    }
    /// A token for a program.
    pub fn token(number: [u8; 16], roles: Roles, until: Timestamp) -> Self {
        Self { purpose: Purpose::Token, roles, until, number }
    }

    /// As it is handed out.
    pub fn seal(&self, key: &TicketKey) -> String {
        let mut bytes = Vec::with_capacity(SAID + 32);
        bytes.push(self.purpose.byte());
        let bit = |role: Role| Role::ALL.iter().position(|r| *r == role).map_or(0, |at| 1_u8 << at);
        bytes.push(self.roles.iter().map(bit).fold(0, |all, bit| all | bit));
        bytes.extend(self.until.secs().to_be_bytes());
        bytes.extend(self.number);
        let tag = hmac::sign(&key.0, &bytes);
        bytes.extend(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a ticket says, where it is one of ours and not over.
    pub fn open(text: &str, purpose: Purpose, key: &TicketKey, now: Timestamp) -> Option<Self> {
        if text.len() > 128 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, tag) = bytes.split_at_checked(SAID)?;
        hmac::verify(&key.0, said, tag).ok()?;
        let (head, number) = said.split_at_checked(SAID - 16)?;
        let (first, secs) = head.split_at_checked(2)?;
        let [kind, bits] = <[u8; 2]>::try_from(first).ok()?;
        let secs = u64::from_be_bytes(secs.try_into().ok()?);
        let until = Timestamp::from_micros(secs.saturating_mul(1_000_000));
        let roles = Role::ALL.into_iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, role)| role);
        let fits = kind == purpose.byte() && now < until;
        fits.then(|| Self { purpose, roles: Roles::new(roles), until, number: number.try_into().unwrap_or_default() })
    }

    /// What a token is called in the trail.
    pub fn name(&self) -> String {
        Digest::of(&self.number).short().to_string()
    }
}

/// Links that were used: until they end, nobody uses them again.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<HashMap<[u8; 16], Timestamp>>);

impl Used {
    /// Takes a link; whether it was not used before.
    pub(crate) fn take(&self, ticket: &Ticket, now: Timestamp) -> bool {
        let mut used = self.0.lock();
        // As many as were used within a quarter of an hour: who makes them may read the state folder.
        used.retain(|_, until| now < *until);
        used.insert(ticket.number, ticket.until).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_says_what_it_was_made_with_and_nothing_else_is_one() {
        let (key, other) = (TicketKey::new(&[7; 32]), TicketKey::new(&[8; 32]));
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        let link = Ticket::link([3; 16], now);
        let text = link.seal(&key);
        assert_eq!(Ticket::open(&text, Purpose::Link, &key, now).as_ref(), Some(&link));
        assert_eq!(Ticket::open(&text, Purpose::Token, &key, now), None, "for something else");
        assert_eq!(Ticket::open(&text, Purpose::Link, &other, now), None, "of another key");
        assert_eq!(Ticket::open(&text, Purpose::Link, &key, link.until), None, "over");
        let token = Ticket::token([4; 16], Roles::new([Role::Viewer, Role::Approver]), link.until);
        assert_eq!(Ticket::open(&token.seal(&key), Purpose::Token, &key, now), Some(token));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).unwrap();
            assert_eq!(Ticket::open(&forged, Purpose::Link, &key, now), None, "{at}");
        }
    }

    #[test]
    fn a_link_is_good_once() {
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        let (used, link) = (Used::default(), Ticket::link([3; 16], now));
        assert!(used.take(&link, now) && !used.take(&link, now));
        assert!(used.take(&Ticket::link([4; 16], now), now));
    }
}
