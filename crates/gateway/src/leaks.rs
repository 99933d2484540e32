//! Which secrets the gateway looks for, and for how long.

use doorward_detect::{Fingerprint, KnownSecrets};
use doorward_store::trail::Check;
use doorward_vocab::{Entropy, Secret};
use std::sync::Arc;

/// What looks for the secrets of one gateway. It knows none yet.
pub fn known_secrets(entropy: &dyn Entropy) -> Arc<KnownSecrets> {
    let mut key = [0; 32];
    let (halves, _) = key.as_chunks_mut::<16>();
    halves.iter_mut().for_each(|half| *half = entropy.draw());
    Arc::new(KnownSecrets::new(&key))
}

/// Secrets that are looked for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Watched {
    known: Arc<KnownSecrets>,
    prints: Vec<Fingerprint>,
}

impl Watched {
    /// Looks for the secrets that the configuration refers to. One that is too short for that is told to the operator.
    pub(crate) fn of(known: &Arc<KnownSecrets>, secrets: &[(String, Secret<String>)]) -> Self {
        let add = |(name, secret): &(String, Secret<String>)| {
            let added = secret.reveal(|s| known.add(name, s.as_bytes()));
            added.inspect_err(|short| tracing::warn!("{short}")).ok()
        };
        Self { known: known.clone(), prints: secrets.iter().filter_map(add).collect() }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.prints.iter().for_each(|print| self.known.forget(print));
    }
}

/// Keeps secrets out of the trail.
pub(crate) struct NoSecrets(pub(crate) Arc<KnownSecrets>);

impl Check for NoSecrets {
    fn looks(&self) -> bool {
        !self.0.is_empty()
    }
    fn sees(&self, texts: &[u8]) -> bool {
        self.0.sees(texts)
    }
    fn cleaned(&self, record: &[u8]) -> Option<Vec<u8>> {
        self.0.redact_json(record)
    }
}
