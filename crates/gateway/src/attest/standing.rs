use doorward_identity::{Attestation, attest::manifest::Manifest};
use doorward_vocab::{Digest, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;

/// What is known of a server: whether it is the one that was approved. Kept over a reload that does not change how it is
/// reached.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    now: Mutex<(Known, Timestamp)>,
    /// The key that connections must show, once somebody has looked at it: none where there is no TLS.
    key: Mutex<Option<Option<Digest>>>,
    /// What it may declare, where that is signed.
    manifest: Mutex<Option<Arc<Manifest>>>,
    /// What it calls itself: name and version.
    named: Mutex<Option<String>>,
    /// Why nothing goes to it, whatever it proves.
    quarantined: Mutex<Option<Arc<str>>>,
    /// One at a time looks at it.
    pub(super) looking: tokio::sync::Mutex<()>,
}

/// What was found, last.
#[derive(Clone, Debug, Default)]
pub(crate) enum Known {
    /// Nobody has looked yet, or nobody is to look.
    #[default]
    Nothing,
    /// It may be used; not all of it could be looked at.
    Admitted,
    /// It is what was approved.
    Attested(Arc<Attestation>),
    /// It is not what was approved.
    Withheld(Arc<str>),
}

impl Standing {
    pub(crate) fn known(&self) -> Known {
        match self.quarantined.lock().clone() {
            Some(why) => Known::Withheld(why),
            None => self.now.lock().0.clone(),
        }
    }
    /// Nothing goes to it any more, until the gateway starts anew or its entry changes.
    pub(crate) fn quarantine(&self, why: &str) {
        *self.quarantined.lock() = Some(why.into());
    }
    /// When it was last looked at; zero where it never was.
    pub(crate) fn since(&self) -> Timestamp {
        self.now.lock().1
    }
    /// The key that connections must show; `None` where nobody has looked yet.
    pub(crate) fn key(&self) -> Option<Option<Digest>> {
        *self.key.lock()
    }
    pub(super) fn expect(&self, key: Option<Option<Digest>>) {
        *self.key.lock() = key;
    }
    /// What it may declare, where the operator asks for a signed manifest.
    pub(crate) fn manifest(&self) -> Option<Arc<Manifest>> {
        self.manifest.lock().clone()
    }
    /// Whether it is another one than before.
    pub(super) fn may_declare(&self, manifest: Arc<Manifest>) -> bool {
        let before = self.manifest.lock().replace(manifest.clone());
        before.is_none_or(|before| before.evidence != manifest.evidence)
    }
    /// Whether it calls itself otherwise than before.
    pub(super) fn calls_itself(&self, name: &str) -> bool {
        let mut named = self.named.lock();
        let other = named.as_deref() != Some(name);
        *named = Some(name.to_owned());
        other
    }
    pub(super) fn named(&self) -> Option<String> {
        self.named.lock().clone()
    }
    /// A connection showed somebody else: nothing goes there, and it is looked at again.
    pub(crate) fn doubt(&self, why: &str) {
        self.found(Known::Withheld(why.into()), Timestamp::default());
    }
    pub(crate) fn is_withheld(&self) -> bool {
        matches!(self.known(), Known::Withheld(_))
    }
    /// Remembers what was found; whether that is of another kind than before, so that it is ruled otherwise from now on.
    pub(crate) fn found(&self, known: Known, at: Timestamp) -> bool {
        let mut now = self.now.lock();
        let before = std::mem::replace(&mut *now, (known, at)).0;
        std::mem::discriminant(&before) != std::mem::discriminant(&now.0)
    }
}
