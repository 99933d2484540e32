use crate::{
    Flaw, IssuerSettings, KeySource, Refusal, SettingsError,
    keys::{self, Absent, Ages, KeySet},
    token::Token,
};
use doorward_vocab::Timestamp;
use std::sync::{Arc, PoisonError, RwLock, atomic::AtomicU64};

/// An issuer with its keys.
pub(super) struct Issuer {
    pub(super) settings: Arc<IssuerSettings>,
    pub(super) keys: RwLock<KeySet>,
    /// Counts the key sets: what was verified by an older one is verified again.
    pub(super) generation: AtomicU64,
}

impl Issuer {
    pub(super) fn new(settings: IssuerSettings) -> Result<Self, SettingsError> {
        let name = settings.issuer.clone();
        if settings.audiences.is_empty() || settings.audiences.iter().any(|a| a.is_empty()) {
            return Err(SettingsError::NoAudience(name));
        }
        if settings.algorithms.is_empty() {
            return Err(SettingsError::NoAlgorithm(name));
        }
        let keys = match &settings.keys {
            KeySource::Pinned(bytes) => KeySet::pinned(
                keys::parse(bytes, &settings.algorithms)
                    .map_err(|error| SettingsError::Keys { issuer: name, error })?,
            ),
            KeySource::Discovery | KeySource::Url(_) | KeySource::Given => KeySet::default(),
        };
        Ok(Self { settings: Arc::new(settings), keys: RwLock::new(keys), generation: AtomicU64::new(0) })
    }

    /// Until when the keys that verified `token` may be used.
    pub(super) fn check_signature(&self, token: &Token<'_>, ages: Ages, now: Timestamp) -> Result<Timestamp, Refusal> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.key(&token.kid, ages, now) {
            return if key.verify(token.algorithm, token.signed, token.signature) {
                Ok(keys.usable_until(ages))
            } else {
                Err(Refusal::Invalid(Flaw::Signature))
            };
        }
        drop(keys);
        let issuer = self.settings.issuer.clone();
        Err(match self.keys.write().unwrap_or_else(PoisonError::into_inner).absent(ages, now) {
            Absent::Fetch => Refusal::KeysNeeded { issuer },
            Absent::Wait => Refusal::KeysUnavailable { issuer },
            Absent::Unknown => Refusal::Invalid(Flaw::KeyUnknown),
        })
    }
}
