use crate::{
    CertificateFlaw, Flaw, IssuerSettings, KeySetError, KeySource, Refusal, SettingsError,
    attest::{Proved, Shown},
    bundle::{self, Bundle},
    keys::{self, Absent, Ages, KeySet},
    token::Token,
};
use doorward_vocab::Timestamp;
use std::{
    sync::{Arc, PoisonError, RwLock, atomic::AtomicU64},
    time::Duration,
};

/// How long keys of this machine are fresh.
const LOCAL: Duration = Duration::from_secs(60);

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
        if !settings.signs_tokens() {
            // It signs certificates alone: no token has it as its issuer.
        } else if settings.audiences.is_empty() || settings.audiences.iter().any(|a| a.is_empty()) {
            return Err(SettingsError::NoAudience(name));
        }
        if settings.algorithms.is_empty() {
            return Err(SettingsError::NoAlgorithm(name));
        }
        let keys = match &settings.keys {
            KeySource::Pinned(bytes) => KeySet::pinned(
                read_keys(&settings, bytes).map_err(|error| SettingsError::Keys { issuer: name, error })?,
            ),
            KeySource::Discovery
            | KeySource::Url(_)
            | KeySource::File(_)
            | KeySource::WorkloadApi(_)
            | KeySource::Given => KeySet::default(),
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
        Err(self.absent(ages, now, Refusal::Invalid(Flaw::KeyUnknown)))
    }

    /// The keys as bytes that were fetched.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<Bundle, KeySetError> {
        read_keys(&self.settings, bytes)
    }

    /// What `shown` proves by the authorities of this issuer, and until when these may be used.
    pub(super) fn check_certificates(
        &self,
        shown: &Shown<'_>,
        ages: Ages,
        now: Timestamp,
    ) -> Result<(Proved, Timestamp), Refusal> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let checked = keys.anchors(ages, now).map(|anchors| shown.check(anchors, now));
        let usable_until = keys.usable_until(ages);
        drop(keys);
        match checked {
            Some(Ok(proved)) => Ok((proved, usable_until)),
            // An authority that is new here may have signed it.
            Some(Err(CertificateFlaw::Path)) | None => {
                Err(self.absent(ages, now, Refusal::Certificate(CertificateFlaw::Path)))
            }
            Some(Err(flaw)) => Err(Refusal::Certificate(flaw)),
        }
    }

    /// What to say of a key that is not there: that it must be fetched, or `unknown`.
    fn absent(&self, ages: Ages, now: Timestamp, unknown: Refusal) -> Refusal {
        let issuer = self.settings.issuer.clone();
        match self.keys.write().unwrap_or_else(PoisonError::into_inner).absent(ages, now) {
            Absent::Fetch => Refusal::KeysNeeded { issuer },
            Absent::Wait => Refusal::KeysUnavailable { issuer },
            Absent::Unknown => unknown,
        }
    }

    /// How long keys are fresh: what is on this machine is looked at often.
    pub(super) fn ages(&self, ages: Ages) -> Ages {
        match self.settings.keys {
            KeySource::File(_) | KeySource::WorkloadApi(_) => Ages { fresh: ages.fresh.min(LOCAL), ..ages },
            KeySource::Discovery | KeySource::Url(_) | KeySource::Pinned(_) | KeySource::Given => ages,
        }
    }
}

/// Keys for tokens of most issuers; a bundle where certificates are signed too.
fn read_keys(settings: &IssuerSettings, bytes: &[u8]) -> Result<Bundle, KeySetError> {
    if settings.certificates.is_some() {
        return bundle::parse(bytes, &settings.algorithms);
    }
    Ok(Bundle { keys: keys::parse(bytes, &settings.algorithms)?, anchors: Vec::new() })
}
