//! What the gateway keeps for itself, in the store that sessions are in: sealed, under the digest of a name that only the
//! right one knows.

use super::{bound, record};
use crate::{Gateway, bridge::Sealer};
use doorward_store::{Kept, KeptKind};
use doorward_vocab::{Digest, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

/// The store does not answer: nothing can be looked up or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence;

/// Nobody owns it before it is opened.
const OWNER: &[u8] = b"authorization server";

/// `what`, sealed under `name`.
pub(crate) fn pack<T: Serialize>(
    sealer: &Sealer,
    kind: KeptKind,
    name: &str,
    until: Timestamp,
    what: &T,
) -> Option<Kept> {
    let (key, owner) = (Digest::of(name.as_bytes()), Digest::of(OWNER));
    let mut kept = Kept { kind, key, owner, route: "oauth".into(), until, sealed: Vec::new() };
    kept.sealed = sealer.seal_bytes(&record::encode(what)?, &bound(&kept))?;
    Some(kept)
}

/// What is in `kept`, where it was kept under this name and its time is not over.
pub(crate) fn unpack<T: DeserializeOwned>(
    sealer: &Sealer,
    kind: KeptKind,
    name: &str,
    kept: &Kept,
    now: Timestamp,
) -> Option<T> {
    let asked = kept.kind == kind && kept.key == Digest::of(name.as_bytes());
    if !asked || kept.until <= now {
        return None;
    }
    record::decode(&sealer.open_bytes(&kept.sealed, &bound(kept))?)
}

/// What is put back when something was taken out: until when, and what.
pub(crate) type Back<T> = Option<(Timestamp, T)>;

impl Gateway {
    /// Keeps `what` under `name`.
    pub(crate) async fn hold<T: Serialize>(
        &self,
        kind: KeptKind,
        name: &str,
        until: Timestamp,
        what: &T,
    ) -> Result<(), Silence> {
        let kept = pack(&self.travel.sealer, kind, name, until, what).ok_or(Silence)?;
        self.travel.ask(move |store| store.put(&kept)).await.map_err(|_| Silence)
    }

    /// What is kept under `name`.
    pub(crate) async fn find<T: DeserializeOwned>(&self, kind: KeptKind, name: &str) -> Result<Option<T>, Silence> {
        let key = Digest::of(name.as_bytes());
        let kept = self.travel.ask(move |store| store.find(kind, &key)).await.map_err(|_| Silence)?;
        Ok(kept.and_then(|kept| unpack(&self.travel.sealer, kind, name, &kept, self.clock.now())))
    }

    /// The same, taken out: it is good once.
    pub(crate) async fn take<T: DeserializeOwned>(&self, kind: KeptKind, name: &str) -> Result<Option<T>, Silence> {
        let key = Digest::of(name.as_bytes());
        let kept = self.travel.ask(move |store| store.take(kind, &key)).await.map_err(|_| Silence)?;
        Ok(kept.and_then(|kept| unpack(&self.travel.sealer, kind, name, &kept, self.clock.now())))
    }

    /// Whether `name` is seen for the first time before `until`.
    pub(crate) async fn first_time(&self, name: &str, until: Timestamp) -> Result<bool, Silence> {
        let kept = pack(&self.travel.sealer, KeptKind::Once, name, until, &()).ok_or(Silence)?;
        self.travel.ask(move |store| store.add(&kept)).await.map_err(|_| Silence)
    }

    /// Whether `name` is ours until then: nobody else has it, or whoever had it did not come back in time.
    pub(crate) async fn lease(&self, name: &str, until: Timestamp) -> Result<bool, Silence> {
        let now = self.clock.now();
        let kept = pack(&self.travel.sealer, KeptKind::Once, name, until, &()).ok_or(Silence)?;
        let job = move |store: &dyn doorward_store::Keep| {
            if store.find(kept.kind, &kept.key)?.is_some_and(|old| old.until <= now) {
                store.take(kept.kind, &kept.key)?;
            }
            store.add(&kept)
        };
        self.travel.ask(job).await.map_err(|_| Silence)
    }

    /// Takes out what is kept under `name`, lets `change` see it, and keeps what that gives: in one step for everybody here,
    /// and with `take` deciding between several gateways.
    pub(crate) async fn change<T, R>(
        &self,
        kind: KeptKind,
        name: &str,
        change: impl FnOnce(Option<T>) -> (R, Back<T>) + Send + 'static,
    ) -> Result<R, Silence>
    where
        T: Serialize + DeserializeOwned,
        R: Send + 'static,
    {
        let (sealer, name, now) = (self.travel.sealer.clone(), name.to_owned(), self.clock.now());
        let job = move |store: &dyn doorward_store::Keep| {
            let taken = store.take(kind, &Digest::of(name.as_bytes()))?;
            let (result, back) = change(taken.and_then(|kept| unpack(&sealer, kind, &name, &kept, now)));
            let packed = back.and_then(|(until, what)| pack(&sealer, kind, &name, until, &what));
            packed.map_or(Ok(()), |kept| store.put(&kept))?;
            Ok(result)
        };
        self.travel.ask(job).await.map_err(|_| Silence)
    }
}
