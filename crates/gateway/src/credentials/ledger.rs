//! What is kept of credentials beyond a process, for the operator: to see, and to take back.

use super::{
    grant::{Grant, GrantOf},
    told::Told,
};
use crate::{
    Gateway,
    bridge::Sealer,
    travel::{bound, record},
};
use doorward_seal::Keyring;
use doorward_store::{Keep, KeepError, Kept, KeptDb, KeptKind};
use doorward_vocab::{Digest, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Under what gateways find out that something was taken back.
const EPOCH: &str = "credentials taken back";

/// What is kept of credentials in a state folder.
#[derive(Debug)]
pub struct Ledger {
    store: KeptDb,
    sealer: Sealer,
}

/// One thing that is kept. Nothing of the secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The operator's name for the credential.
    pub credential: Box<str>,
    /// Whose account it is at the server, where somebody says.
    pub account: Option<Box<str>>,
    /// Until when it is kept.
    pub until: Timestamp,
    key: Digest,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// What a person granted: it is used to fetch credentials again and again.
    Grant {
        /// Who vouches for the person.
        issuer: Box<str>,
        /// The person's id there.
        person: Box<str>,
        /// Since when.
        since: Timestamp,
    },
    /// A credential that was fetched, for as long as it lasts.
    Fetched {
        /// The server that it is for.
        server: Box<str>,
    },
}

/// Why the ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] KeepError),
    /// It cannot be sealed.
    #[error("it cannot be sealed")]
    Seal,
}

#[derive(Serialize, Deserialize)]
struct Epoch(Timestamp);

impl Ledger {
    /// The ledger of a store that is sealed with `keys`.
    pub const fn new(store: KeptDb, keys: Arc<Keyring>) -> Self {
        Self { store, sealer: Sealer::of(keys) }
    }

    /// Everything that is kept and not over at `now`, by name.
    ///
    /// # Errors
    /// [`LedgerError::Store`]. What another key sealed is passed over.
    pub fn entries(&self, now: Timestamp) -> Result<Vec<Entry>, LedgerError> {
        let lasting = |kept: &Kept| kept.until > now;
        let mut all = Vec::new();
        for kept in self.store.all(KeptKind::Grant)?.into_iter().filter(lasting) {
            let Some(grant) = self.open::<Grant>(&kept) else { continue };
            let GrantOf { credential, issuer, person } = grant.of.clone();
            let (kind, account) = (EntryKind::Grant { issuer, person, since: grant.since }, grant.account.clone());
            all.push(Entry { kind, credential, account, until: kept.until, key: kept.key });
        }
        for kept in self.store.all(KeptKind::Credential)?.into_iter().filter(lasting) {
            let Some(told) = self.open::<Told>(&kept) else { continue };
            let kind = EntryKind::Fetched { server: told.server.clone() };
            let (credential, account) = (told.name.clone(), told.account.clone());
            all.push(Entry { kind, credential, account, until: kept.until, key: kept.key });
        }
        all.sort_by(|a, b| a.credential.cmp(&b.credential));
        Ok(all)
    }

    /// Takes entries back; gateways that run forget what they hold within a second.
    ///
    /// # Errors
    /// [`LedgerError`]; some may be gone already then.
    pub fn revoke(&self, entries: &[Entry], now: Timestamp) -> Result<(), LedgerError> {
        for entry in entries {
            let kind = match entry.kind {
                EntryKind::Grant { .. } => KeptKind::Grant,
                EntryKind::Fetched { .. } => KeptKind::Credential,
            };
            self.store.take(kind, &entry.key)?;
        }
        let until = now.plus(std::time::Duration::from_secs(24 * 3600));
        let told = crate::travel::pack(&self.sealer, KeptKind::Credential, EPOCH, until, &Epoch(now));
        Ok(self.store.put(&told.ok_or(LedgerError::Seal)?)?)
    }

    fn open<T: DeserializeOwned>(&self, kept: &Kept) -> Option<T> {
        record::decode(&self.sealer.open_bytes(&kept.sealed, &bound(kept))?)
    }
}

impl Gateway {
    /// Forgets what is held where the operator took something back. Called a few times a second.
    pub(crate) async fn watch_credentials(&self) {
        if !self.live.load().credentials.values().any(|c| c.provider.is_fetched()) {
            return;
        }
        let Ok(Some(Epoch(epoch))) = self.find::<Epoch>(KeptKind::Credential, EPOCH).await else { return };
        if self.desk.taken_back(epoch) {
            tracing::info!("credentials were taken back: all that are held are fetched again");
        }
    }
}
