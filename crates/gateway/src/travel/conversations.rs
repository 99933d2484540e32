//! What a conversation asked for and what was read in it outlives its gateway: a mandate that is forgotten would let policies
//! alone decide. A turn is kept before its host is told; what was read, a moment after. What was read in between and is lost
//! was never chosen by anybody, and is asked about.

use super::{Name, seal, unpack};
use crate::{
    Gateway,
    conversation::Cell,
    hosted::{UNDER_WAY, UnderWay},
};
use doorward_engine::History;
use doorward_identity::PrincipalKey;
use doorward_store::{KeepError, KeptKind};
use doorward_vocab::{ConversationId, Digest};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use zeroize::Zeroizing;

/// So long after its last call a conversation may go on.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most conversations that are kept in one go.
const AT_ONCE: usize = 1024;
/// The number of the form in which they are kept.
const FORM: u32 = 1;

impl Gateway {
    /// The history of a conversation of this principal, also where another gateway began it.
    pub(crate) fn conversation(&self, owner: PrincipalKey, id: &ConversationId) -> Cell {
        self.conversations.cell(owner, id, || self.recalled(owner, id))
    }

    /// What is kept of a conversation. What is kept and cannot be read is not taken for nothing.
    fn recalled(&self, owner: PrincipalKey, id: &ConversationId) -> Option<History> {
        let store = &self.surroundings.beyond.as_ref()?.store;
        let (key, now) = (key(owner, id), self.clock.now());
        let name = name(owner, &key);
        let kept = match store.find(KeptKind::Conversation, &Digest::of(&key)) {
            Ok(None) => return None,
            Ok(Some(kept)) if kept.until <= now => return None,
            Ok(Some(kept)) => self.travel.unpack(&name, &kept, now),
            Err(error) => {
                tracing::error!("cannot read what conversations asked for: {error}");
                None
            }
        };
        let form = kept.and_then(|plain| serde_json::from_slice::<(u32, History)>(&plain).ok());
        Some(form.filter(|(form, _)| *form == FORM).map_or_else(
            || {
                tracing::warn!(conversation = %id, "what was asked for is lost: the human has to say it again");
                History::lost(self.entropy.draw())
            },
            |(_, history)| history,
        ))
    }

    /// Keeps a conversation, where something happened in it.
    pub(crate) async fn keep_conversation(&self, owner: PrincipalKey, id: &ConversationId, cell: &Cell) {
        let Some(history) = cell.unkept() else { return };
        let (touched, until) = (history.touched, self.clock.now().plus(KEPT));
        let (sealer, key) = (self.travel.sealer.clone(), key(owner, id));
        let keeping = self.travel.ask(move |store| {
            let plain = serde_json::to_vec(&(FORM, &history)).map(Zeroizing::new);
            let kept = plain.ok().and_then(|plain| seal(&sealer, &name(owner, &key), until, &plain));
            kept.map_or(Ok::<_, KeepError>(false), |kept| store.put(&kept).map(|()| true))
        });
        match keeping.await {
            Ok(true) => cell.is_kept(touched),
            Ok(false) => tracing::error!(conversation = %id, "a conversation cannot be kept"),
            Err(_) => {}
        }
    }

    /// The conversations that were under way at the hosts of this principal.
    pub(crate) fn recalled_under_way(&self, owner: PrincipalKey) -> Vec<UnderWay> {
        let found = || {
            let store = &self.surroundings.beyond.as_ref()?.store;
            let name = under_way(owner);
            let kept = store.find(KeptKind::Conversation, &Digest::of(name.as_bytes())).ok()??;
            unpack::<Hosts>(&self.travel.sealer, KeptKind::Conversation, &name, &kept, self.clock.now())
        };
        found().map(|hosts| hosts.under_way).unwrap_or_default()
    }

    /// Changes what is under way at the hosts of this principal.
    pub(crate) fn under_way(&self, owner: PrincipalKey, change: impl FnOnce(&mut Vec<UnderWay>)) {
        let all = self.hosted.under_way(owner, || self.recalled_under_way(owner));
        let hosts = {
            let mut all = all.lock();
            change(&mut all);
            Hosts { under_way: all.clone() }
        };
        let until = self.clock.now().plus(UNDER_WAY);
        self.travel.hold_later(KeptKind::Conversation, &under_way(owner), until, &hosts);
    }

    /// Keeps the conversations in which something happened; called every few seconds.
    pub async fn keep_conversations(&self) {
        self.keep_at_most(AT_ONCE).await;
    }

    /// The same for so many of them.
    pub(crate) async fn keep_at_most(&self, most: usize) {
        if !self.travel.is_possible() {
            return;
        }
        let news: Vec<_> = self.conversations.all().filter(|(_, _, cell)| cell.has_news()).take(most).collect();
        for (owner, id, cell) in news {
            self.keep_conversation(owner, &id, &cell).await;
        }
    }
}

/// What hosts reported, as it is kept.
#[derive(Serialize, Deserialize)]
struct Hosts {
    under_way: Vec<UnderWay>,
}

fn under_way(owner: PrincipalKey) -> String {
    format!("under way at the hosts of {}", owner.digest())
}

/// Two principals may call their conversations the same.
fn key(owner: PrincipalKey, id: &ConversationId) -> Vec<u8> {
    [owner.digest().as_bytes().as_slice(), id.as_str().as_bytes()].concat()
}

const fn name(owner: PrincipalKey, key: &[u8]) -> Name<'_> {
    Name { kind: KeptKind::Conversation, known_as: key, owner, route: "" }
}
