//! Who is here under which delegation. Whatever goes on for a caller holds its presence: when the delegation ends, so
//! does all of it.

use doorward_engine::Actor;
use doorward_identity::PrincipalKey;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};
use tokio_util::sync::CancellationToken;

/// One proof of a principal, for as long as anything goes on under it.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) key: PrincipalKey,
    ended: CancellationToken,
    /// Whether anything can end it.
    bound: bool,
}

impl Presence {
    /// Waits until what the principal acts under has ended.
    pub(crate) async fn ended(self: Arc<Self>) {
        if self.bound {
            self.ended.cancelled().await;
        } else {
            std::future::pending().await
        }
    }

    /// Whether it acts under something that can end.
    pub(crate) const fn is_bound(&self) -> bool {
        self.bound
    }
}

/// All of them, by the ids of their delegations.
#[derive(Debug, Default)]
pub(super) struct Present {
    by_id: Mutex<HashMap<Arc<str>, Vec<Weak<Presence>>>>,
}

/// So many ids are known before those are looked for whose principals are gone.
const ROOM: usize = 1024;

impl Present {
    /// An actor is here.
    pub(super) fn enter(&self, actor: &Actor) -> Arc<Presence> {
        let principal = actor.principal();
        let bound = !principal.delegations.is_empty();
        let presence = Arc::new(Presence { key: principal.key, ended: CancellationToken::new(), bound });
        if bound {
            let mut all = self.by_id.lock();
            if all.len() >= ROOM && all.len().is_power_of_two() {
                all.retain(|_, present| {
                    present.retain(|p| p.strong_count() > 0);
                    !present.is_empty()
                });
            }
            for hop in &*principal.delegations {
                let present = all.entry(hop.id.clone()).or_default();
                if present.len().is_power_of_two() {
                    present.retain(|p| p.strong_count() > 0);
                }
                present.push(Arc::downgrade(&presence));
            }
        }
        presence
    }

    /// Ends all that act under one of `ids`; gives them.
    pub(super) fn leave(&self, ids: &[Arc<str>]) -> Vec<Arc<Presence>> {
        let mut all = self.by_id.lock();
        let gone = ids.iter().filter_map(|id| all.remove(id)).flatten();
        let gone: Vec<_> = gone.filter_map(|presence| presence.upgrade()).collect();
        gone.iter().for_each(|presence| presence.ended.cancel());
        gone
    }
}
