//! What tokens stand for: the delegations of this gateway.

use crate::{Gateway, travel::Silence};
use doorward_audit::Party;
use doorward_engine::human_party;
use doorward_identity::{Delegation, Human};
use doorward_vocab::Timestamp;
use std::sync::Arc;

impl Gateway {
    /// Puts a delegation in force; `human` granted it.
    pub(super) async fn hand_over(&self, delegation: &Delegation, human: Option<&Human>) -> Result<(), Silence> {
        let granted =
            self.grant(delegation.clone(), human.map(human_party), human.map_or(&[][..], |human| &human.groups)).await;
        granted.map(drop).map_err(|error| {
            tracing::warn!(delegation = %delegation.id, "not granted: {error}");
            Silence
        })
    }

    /// The delegation called `id`, if it is in force.
    pub(super) async fn granted(&self, id: &str, now: Timestamp) -> Result<Option<Delegation>, Silence> {
        let book = self.delegations().book();
        if book.chain(id).is_err() {
            // Another gateway may have granted it a moment ago.
            self.watch_delegations().await;
        }
        let last = book.chain(id).ok().and_then(|chain| chain.last().map(Arc::clone));
        Ok(last.filter(|d| d.expires.is_none_or(|end| now < end)).map(|d| d.as_ref().clone()))
    }

    /// Takes a delegation back, with all that goes on under it.
    pub(super) async fn withdraw(&self, id: &str, why: &str) -> Result<(), Silence> {
        tracing::info!(delegation = id, "taken back: {why}");
        self.revoke(id, Party::new("oauth", why.to_owned())).await.map(drop).map_err(|error| {
            tracing::warn!(delegation = id, "not taken back everywhere: {error}");
            Silence
        })
    }
}
