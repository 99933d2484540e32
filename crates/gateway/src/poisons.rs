//! What was found to be poisoned, kept in the store: for other conversations and principals, for other gateways of the same
//! state, and for the time after a restart.

use crate::{Gateway, passage::Passage};
use doorward_engine::{Poison, Poisons, Words};
use doorward_store::{PoisonedSource, State};
use doorward_vocab::Timestamp;
use std::sync::Arc;

impl Gateway {
    /// Remembers what was found in an answer.
    pub(crate) fn remember(&self, passage: &Passage, poison: Poison, now: Timestamp) {
        let limits = &passage.live.settings.limits;
        let poison = Poison { until: now.plus(limits.poisoned_for), ..poison };
        let poisons = passage.live.snapshot.poisons.clone();
        if !poisons.add(&poison) {
            return;
        }
        let kept = PoisonedSource {
            source: poison.source,
            server: poison.server,
            target: poison.target.map(Into::into),
            call: passage.call.to_string(),
            texts: poison.texts.iter().map(|words| (words.sum, words.digest)).collect(),
            quarantined: poison.quarantined,
            seen: now,
            until: poison.until,
        };
        let (state, most) = (self.pins.state(), limits.poisoned);
        let keep = move || match state.keep_poisoned(&kept, most) {
            Ok(()) => load(&state, &poisons),
            Err(error) => tracing::error!("cannot keep what was poisoned: {error}"),
        };
        // It waits for a disk, and nobody waits for it.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(keep)),
            Err(_) => keep(),
        }
    }

    /// Reads anew what is remembered: at the start, and where somebody else changed it.
    pub(crate) fn recall(&self) {
        load(&self.pins.state(), &self.live.load().snapshot.poisons);
    }
}

fn load(state: &Arc<State>, poisons: &Poisons) {
    match state.poisoned() {
        Ok(kept) => {
            let all: Vec<Poison> = kept.into_iter().map(poison).collect();
            poisons.replace(&all);
        }
        Err(error) => tracing::error!("cannot read what was poisoned: {error}"),
    }
}

fn poison(kept: PoisonedSource) -> Poison {
    let words = |(sum, digest)| Words { sum, digest };
    Poison {
        server: kept.server,
        target: kept.target.map(Into::into),
        source: kept.source,
        texts: kept.texts.into_iter().map(words).collect(),
        quarantined: kept.quarantined,
        until: kept.until,
    }
}
