//! A secret that somebody else renews where it is: a platform writes its next statement into the same file.

use crate::leaks::Watched;
use doorward_config::SecretRef;
use doorward_credential::{Failure, Keeper};
use doorward_detect::KnownSecrets;
use doorward_vocab::{Digest, Secret};
use parking_lot::Mutex;
use std::sync::Arc;

/// Read each time that it is shown. The latest one is looked for in what leaves.
#[derive(Debug)]
pub(super) struct Anew {
    from: SecretRef,
    known: Arc<KnownSecrets>,
    latest: Mutex<Option<(Digest, Watched)>>,
}

impl Anew {
    pub(super) fn new(from: &SecretRef, known: &Arc<KnownSecrets>) -> Self {
        Self { from: from.clone(), known: known.clone(), latest: Mutex::default() }
    }
}

impl Keeper for Anew {
    fn show(&self) -> Result<Secret<String>, Failure> {
        let secret = self.from.read().map_err(|why| Failure::Unavailable(why.to_string().into()))?;
        let digest = secret.reveal(|text| Digest::of(text.as_bytes()));
        let mut latest = self.latest.lock();
        if latest.as_ref().is_none_or(|(before, _)| *before != digest) {
            let named = [("a statement of the platform".to_owned(), secret.reveal(|text| Secret::new(text.clone())))];
            *latest = Some((digest, Watched::of(&self.known, &named)));
        }
        Ok(secret)
    }
}
