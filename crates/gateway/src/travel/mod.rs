//! State that travels: what a client holds an id of outlives this gateway, in a store that another one can read. It is
//! sealed, and bound to its kind, its name, its principal, its route and its end; whoever asks for it with anything else
//! gets what an unknown name gets.
//!
//! | file | story |
//! |---|---|
//! | `record` | what is kept, as bytes |
//! | `sessions` | a session is kept, and taken up again |
//! | `calls` | the same for a call that waits for its client |
//! | `conversations` | what was asked for and read in a conversation |
//! | `keeping` | what the gateway keeps for itself |
//!
//! Nothing here is on the way of a call: writes go to a thread that may wait, and a store that fails costs nothing but
//! that its state does not travel.

mod calls;
mod conversations;
mod keeping;
pub(crate) mod record;
mod sessions;

pub(crate) use keeping::{Silence, pack, unpack};

use crate::bridge::Sealer;
use doorward_identity::PrincipalKey;
use doorward_seal::{Keyring, SealError};
use doorward_store::{Keep, KeepError, Kept, KeptKind};
use doorward_vocab::{Digest, Timestamp};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

/// Where state is kept beyond this process, and with which keys it is sealed.
#[derive(Debug)]
pub struct Beyond {
    /// The store.
    pub store: Arc<dyn Keep>,
    /// The keys, the same for all gateways that share the store.
    pub keys: Arc<Keyring>,
}

/// Writes that may wait; above it, state does not travel.
const QUEUE: usize = 8192;
/// How long the store may take. Whoever waits for it is at the beginning of a session, or behind a human.
const PATIENCE: Duration = Duration::from_secs(3);

type Job = Box<dyn FnOnce(&dyn Keep) + Send>;

/// The way to the store, if there is one.
#[derive(Debug)]
pub(crate) struct Travel {
    pub(crate) sealer: Arc<Sealer>,
    jobs: Option<mpsc::Sender<Job>>,
}

/// The store did not answer, or there is none.
#[derive(Debug)]
pub(crate) struct Silent;

impl Travel {
    /// Without a store, what is sealed is good for as long as this process.
    pub(crate) fn new(beyond: Option<&Beyond>) -> Result<Self, SealError> {
        let Some(beyond) = beyond else {
            return Ok(Self { sealer: Arc::new(Sealer::of(Arc::new(Keyring::passing()?))), jobs: None });
        };
        let (jobs, mut from) = mpsc::channel::<Job>(QUEUE);
        let store = beyond.store.clone();
        let work = move || {
            while let Some(job) = from.blocking_recv() {
                job(&*store);
            }
        };
        let started = std::thread::Builder::new().name("kept".to_owned()).spawn(work);
        if let Err(error) = &started {
            tracing::error!("sessions do not outlive this process: {error}");
        }
        Ok(Self { sealer: Arc::new(Sealer::of(beyond.keys.clone())), jobs: started.is_ok().then_some(jobs) })
    }

    /// Whether anything can travel.
    pub(crate) const fn is_possible(&self) -> bool {
        self.jobs.is_some()
    }

    /// Does `job` when its turn comes.
    fn later(&self, job: impl FnOnce(&dyn Keep) -> Result<(), KeepError> + Send + 'static) {
        let job: Job = Box::new(|store| {
            if let Err(error) = job(store) {
                tracing::warn!("not kept: {error}");
            }
        });
        if self.jobs.as_ref().is_some_and(|jobs| jobs.try_send(job).is_err()) {
            tracing::warn!("not kept: the store of sessions is too slow");
        }
    }

    /// Does `job` after everything that waits, and gives what it gives.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        job: impl FnOnce(&dyn Keep) -> Result<R, KeepError> + Send + 'static,
    ) -> Result<R, Silent> {
        let jobs = self.jobs.as_ref().ok_or(Silent)?;
        let (to, from) = oneshot::channel();
        let job: Job = Box::new(|store| {
            let _ = to.send(job(store));
        });
        let answer = async {
            jobs.send(job).await.ok()?;
            from.await.ok()
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Some(Ok(answer))) => Ok(answer),
            Ok(Some(Err(error))) => {
                tracing::warn!("the store of sessions does not answer: {error}");
                Err(Silent)
            }
            Ok(None) | Err(_) => {
                tracing::warn!("the store of sessions does not answer in time");
                Err(Silent)
            }
        }
    }

    /// Seals `plain` under `name`, for one principal and route and until a moment.
    fn pack(&self, name: &Name<'_>, until: Timestamp, plain: &[u8]) -> Option<Kept> {
        seal(&self.sealer, name, until, plain)
    }

    /// What is in `kept`, where it was kept under this name and its time is not over.
    fn unpack(&self, name: &Name<'_>, kept: &Kept, now: Timestamp) -> Option<Zeroizing<Vec<u8>>> {
        let asked = kept.kind == name.kind
            && kept.key == Digest::of(name.known_as)
            && kept.owner == *name.owner.digest()
            && *kept.route == *name.route;
        if !asked || kept.until <= now {
            return None;
        }
        self.sealer.open_bytes(&kept.sealed, &bound(kept))
    }

    /// Forgets what is kept under `known_as`.
    pub(crate) fn forget(&self, kind: KeptKind, known_as: &[u8]) {
        let key = Digest::of(known_as);
        self.later(move |store| store.take(kind, &key).map(drop));
    }

    /// Keeps `what` under `name` when its turn comes, for the gateway itself.
    pub(crate) fn hold_later<T: Serialize>(&self, kind: KeptKind, name: &str, until: Timestamp, what: &T) {
        if let Some(kept) = self.is_possible().then(|| pack(&self.sealer, kind, name, until, what)).flatten() {
            self.later(move |store| store.put(&kept));
        }
    }

    /// Everything that was to be written is.
    pub(crate) async fn settle(&self) {
        if self.is_possible() && self.ask(|_| Ok(())).await.is_err() {
            tracing::warn!("sessions of the last moments were not kept");
        }
    }
}

/// What a thing is kept under.
struct Name<'a> {
    kind: KeptKind,
    /// What its client holds: the id of a session, the number of a call.
    known_as: &'a [u8],
    owner: PrincipalKey,
    route: &'a str,
}

/// Seals `plain` under `name`, for one principal and route and until a moment.
fn seal(sealer: &Sealer, name: &Name<'_>, until: Timestamp, plain: &[u8]) -> Option<Kept> {
    let mut kept = Kept {
        kind: name.kind,
        key: Digest::of(name.known_as),
        owner: *name.owner.digest(),
        route: name.route.into(),
        until,
        sealed: Vec::new(),
    };
    kept.sealed = sealer.seal_bytes(plain, &bound(&kept))?;
    Some(kept)
}

/// Everything that stands beside the seal. None of the parts holds a line break.
pub(crate) fn bound(kept: &Kept) -> Vec<u8> {
    let Kept { kind, key, owner, route, until, sealed: _ } = kept;
    format!("kept\n{}\n{key}\n{owner}\n{route}\n{}", kind.as_str(), until.micros()).into_bytes()
}
