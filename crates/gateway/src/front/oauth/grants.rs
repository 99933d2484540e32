//! Delegations as long as their tokens are renewed.

use crate::Gateway;
use doorward_identity::{Delegation, Human};
use doorward_store::KeptKind;
use doorward_vocab::Timestamp;
use std::time::Duration;

/// The store does not answer: nothing can be granted, and nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence;

impl Gateway {
    /// Puts a delegation in force; `human` granted it.
    pub(super) async fn hand_over(&self, delegation: &Delegation, human: Option<&Human>) -> Result<(), Silence> {
        tracing::debug!(human = human.map(|h| &*h.id), delegation = %delegation.id, "in force");
        // What has no end of its own is configured, and not kept here.
        let until = delegation.expires.unwrap_or_else(|| self.clock.now().plus(Duration::from_secs(24 * 3600)));
        self.hold(KeptKind::Grant, &delegation.id, until, delegation).await
    }

    /// The delegation called `id`, if it is in force.
    pub(super) async fn granted(&self, id: &str, now: Timestamp) -> Result<Option<Delegation>, Silence> {
        let found: Option<Delegation> = self.find(KeptKind::Grant, id).await?;
        Ok(found.filter(|d| d.expires.is_none_or(|end| now < end)))
    }

    /// Takes a delegation back.
    pub(super) async fn withdraw(&self, id: &str, why: &str) -> Result<(), Silence> {
        tracing::info!(delegation = id, "taken back: {why}");
        self.take::<Delegation>(KeptKind::Grant, id).await.map(drop)
    }
}
