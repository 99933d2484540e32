//! What conversations left at servers for others, kept beyond this process: sealed, in the store that sessions are in.

use crate::{Gateway, Live, travel};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_store::KeptKind;
use doorward_vocab::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What it is kept under.
const NAME: &str = "what conversations left at servers";
/// So long is it remembered after something was left last.
const KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// What is kept: sums of values, and the names of servers and tools.
#[derive(Serialize, Deserialize)]
struct Left {
    sums: String,
}

impl Gateway {
    /// Keeps what was left so far.
    pub(crate) fn keep_left(&self, live: &Live, now: Timestamp) {
        if self.travel.is_possible() {
            let left = Left { sums: STANDARD.encode(live.snapshot.flow.memories.encode()) };
            self.travel.hold_later(KeptKind::Written, NAME, now.plus(KEPT), &left);
        }
    }

    /// Takes back what was left, at the start.
    pub(crate) fn recall_left(&self) {
        let Some(beyond) = &self.surroundings.beyond else { return };
        let kept = match beyond.store.find(KeptKind::Written, &Digest::of(NAME.as_bytes())) {
            Ok(Some(kept)) => kept,
            Ok(None) => return,
            Err(error) => return tracing::error!("cannot read what conversations left: {error}"),
        };
        let now = self.clock.now();
        let left = travel::unpack::<Left>(&self.travel.sealer, KeptKind::Written, NAME, &kept, now);
        let left = left.and_then(|left| STANDARD.decode(left.sums).ok());
        let restored = left.map(|left| self.live.load().snapshot.flow.memories.restore(&left));
        match restored {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!("what conversations left is forgotten: {error}"),
            None if kept.until <= now => {}
            None => tracing::warn!("what conversations left cannot be opened, and is forgotten"),
        }
    }
}
