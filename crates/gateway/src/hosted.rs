//! What hosts report of conversations beside turns, and which messages belong to them by that.
//!
//! A message that names no conversation may carry the id that its host gave the use of a tool: the host reported where that
//! belongs. Where clients send no such id, the protocol session of a client belongs to the one conversation that is under way at
//! its host. Two of either, and it is left to guessing, which says that it guesses.

use crate::{
    conversation::meta_of,
    session::{Session, Sessions},
};
use doorward_audit::{Basis, Conversation};
use doorward_identity::PrincipalKey;
use doorward_mcp::{Message, json::Value, meta};
use doorward_vocab::{ConversationId, Digest, Timestamp, TurnId};
use moka::sync::Cache;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// The longest id of a use, of a turn, and name of a client, in bytes.
pub(crate) const MOST_BYTES: usize = 256;

/// Uses and turns that are remembered.
const MOST: u64 = 16_384;

/// How long a use is remembered: a person may take a while to approve it before it is made.
const USE: Duration = Duration::from_secs(60 * 60);

/// How long a conversation is under way after its last turn, if nobody says that it pauses.
pub(crate) const UNDER_WAY: Duration = Duration::from_secs(4 * 60 * 60);

/// Conversations under way that are remembered for a principal. From two of a client on, none is told from the others.
const MOST_UNDER_WAY: usize = 64;

/// What hosts reported: bounded, and forgotten in time. Each principal has its own.
#[derive(Debug)]
pub(crate) struct Hosted {
    uses: Cache<(PrincipalKey, Box<str>), ConversationId>,
    turns: Cache<(PrincipalKey, Digest), TurnId>,
    under_way: Cache<PrincipalKey, Arc<Mutex<Vec<UnderWay>>>>,
}

/// A conversation in which the human said something, and the agent goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UnderWay {
    client: Box<str>,
    conversation: ConversationId,
    since: Timestamp,
}

impl Default for Hosted {
    fn default() -> Self {
        Self {
            uses: Cache::builder().max_capacity(MOST).time_to_live(USE).build(),
            turns: Cache::builder().max_capacity(MOST).time_to_live(USE).build(),
            under_way: Cache::builder().max_capacity(MOST).time_to_idle(UNDER_WAY).build(),
        }
    }
}

impl Hosted {
    /// The id of a turn, and whether it is a new one. Hooks that are installed twice report each turn twice, under the
    /// host's own id for it.
    pub(crate) fn turn(
        &self,
        host: PrincipalKey,
        conversation: &ConversationId,
        host_turn: Option<&str>,
        said: &str,
        fresh: TurnId,
    ) -> (TurnId, bool) {
        let Some(host_turn) = host_turn else { return (fresh, true) };
        // Lengths first: no two of them run into each other.
        let name = format!("{}:{}:{conversation}{host_turn}{said}", conversation.as_str().len(), host_turn.len());
        let entry = self.turns.entry((host, Digest::of(name.as_bytes()))).or_insert(fresh);
        let is_fresh = entry.is_fresh();
        (entry.into_value(), is_fresh)
    }

    /// The conversations under way of this principal; where none is remembered, those that `recall` knows of.
    pub(crate) fn under_way(
        &self,
        owner: PrincipalKey,
        recall: impl FnOnce() -> Vec<UnderWay>,
    ) -> Arc<Mutex<Vec<UnderWay>>> {
        self.under_way.get_with(owner, || Arc::new(Mutex::new(recall())))
    }

    /// The use of a tool that the host calls `id` belongs to `conversation`.
    pub(crate) fn uses(&self, owner: PrincipalKey, id: &str, conversation: &ConversationId) {
        self.uses.insert((owner, id.into()), conversation.clone());
    }

    /// Puts a message where its host reported that it belongs, unless it names its conversation itself.
    pub(crate) fn place(
        &self,
        found: &mut Conversation,
        (owner, now): (PrincipalKey, Timestamp),
        message: &Message,
        session: Option<&Session>,
        sessions: &Sessions,
        recall: impl FnOnce() -> Vec<UnderWay>,
    ) {
        let reported = match (found.basis, session) {
            (Basis::Explicit, _) => None,
            (Basis::Session, Some(session)) => {
                let alone = || self.of_session((owner, now), session, sessions, recall);
                self.of_use(owner, message).or_else(alone)
            }
            _ => self.of_use(owner, message),
        };
        if let Some(id) = reported {
            *found = Conversation { id, basis: Basis::Host, ambiguous: false };
        }
    }

    fn of_use(&self, owner: PrincipalKey, message: &Message) -> Option<ConversationId> {
        let id = meta_of(message)?.get(meta::TOOL_USE).and_then(Value::as_str)?;
        self.uses.get(&(owner, id.as_ref().into()))
    }

    /// The one conversation that is under way at the host of this session's client, where no other session at the same
    /// address could be meant.
    fn of_session(
        &self,
        (owner, now): (PrincipalKey, Timestamp),
        session: &Session,
        sessions: &Sessions,
        recall: impl FnOnce() -> Vec<UnderWay>,
    ) -> Option<ConversationId> {
        let name = session.client.get()?;
        let all = self.under_way(owner, recall);
        let (client, id) = {
            let all = all.lock();
            let mut fitting = all.iter().filter(|u| fits(&u.client, name) && now.since(u.since) < UNDER_WAY);
            match (fitting.next(), fitting.next()) {
                (Some(one), None) => (one.client.clone(), one.conversation.clone()),
                _ => return None,
            }
        };
        sessions.is_alone(session, |other| fits(&client, other)).then_some(id)
    }
}

/// The agent goes on in `conversation`, whose MCP client is called `client`.
pub(crate) fn goes_on(all: &mut Vec<UnderWay>, client: &str, conversation: &ConversationId, now: Timestamp) {
    all.retain(|u| !u.is(client, conversation) && now.since(u.since) < UNDER_WAY);
    if all.len() >= MOST_UNDER_WAY {
        all.remove(0);
    }
    all.push(UnderWay { client: client.into(), conversation: conversation.clone(), since: now });
}

/// The agent waits for its human.
pub(crate) fn pauses(all: &mut Vec<UnderWay>, client: &str, conversation: &ConversationId) {
    all.retain(|u| !u.is(client, conversation));
}

impl UnderWay {
    fn is(&self, client: &str, conversation: &ConversationId) -> bool {
        &*self.client == client && self.conversation == *conversation
    }
}

/// Whether an MCP client that calls itself `name` is of the host that calls its client `client`: the same, or that with
/// something after it, as `cursor-vscode` for `cursor`.
fn fits(client: &str, name: &str) -> bool {
    match name.get(..client.len()) {
        Some(start) if start.eq_ignore_ascii_case(client) => {
            !name.get(client.len()..).unwrap_or_default().starts_with(char::is_alphanumeric)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_fits_its_host_alone() {
        for (client, name, expected) in [
            ("cursor", "cursor", true),
            ("cursor", "Cursor", true),
            ("cursor", "cursor-vscode", true),
            ("claude-code", "claude-code", true),
            ("claude-code", "claude-code (cli)", true),
            ("cursor", "cursory", false),
            ("cursor", "curs", false),
            ("cursor", "my-cursor", false),
            ("cursor", "cürsor", false),
            ("cürsor", "cursor", false),
            ("c", "cü", false),
            ("claude", "claude-code", true),
        ] {
            assert_eq!(fits(client, name), expected, "{client} {name}");
        }
    }
}
