use super::{
    Configured, Held,
    breaker::Breakers,
    choice,
    consent::{self, Ticket},
    span::Span,
    wanted::{Said, Wanted, call},
};
use crate::{Gateway, leaks::Watched, passage::Passage};
use doorward_audit::Event;
use doorward_credential::{Failure, Issued, Key, Material, PerWhom};
use doorward_identity::attest::KeyBinding;
use doorward_vocab::{Digest, Secret, Timestamp};
use moka::sync::Cache;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::Mutex as Turn;

/// Credentials that are kept at most; whoever needs another one waits for a provider.
const MOST: u64 = 100_000;

/// What is kept, what was refused, and who fetches for everybody.
#[derive(Debug)]
pub(crate) struct Desk {
    kept: Cache<Key, Arc<Held>>,
    refused: Cache<Key, (Timestamp, Failure)>,
    /// When what a server takes no more was fetched.
    outworn: Cache<Key, Timestamp>,
    /// Addresses that people were given to connect an account, by what for.
    invited: Cache<Digest, String>,
    turns: Mutex<HashMap<Key, Weak<Turn<()>>>>,
    pub(super) breakers: Breakers,
    /// When the operator last took something back, as far as is known.
    taken_back: Mutex<Option<Timestamp>>,
    /// What is looked for, and until when.
    watched: Mutex<Vec<(Timestamp, Watched)>>,
}

/// For how long what was fetched is looked for at least: clocks differ, and what a provider says of the end may too.
const LEAST: Duration = Duration::from_secs(3600);

impl Default for Desk {
    fn default() -> Self {
        let refused = Cache::builder().max_capacity(MOST).time_to_live(Duration::from_secs(60)).build();
        let kept = Cache::builder().max_capacity(MOST).support_invalidation_closures().build();
        let outworn = Cache::builder().max_capacity(MOST).time_to_live(Duration::from_secs(3600)).build();
        let (turns, breakers, taken_back, watched) = Default::default();
        let invited = Cache::builder().max_capacity(MOST).time_to_live(consent::AGAIN).build();
        Self { kept, refused, outworn, invited, turns, breakers, taken_back, watched }
    }
}

impl Desk {
    /// What serves at `now`.
    fn fresh(&self, key: &Key, now: Timestamp) -> Option<Arc<Held>> {
        self.kept.get(key).filter(|held| held.span.serves(now))
    }

    /// What was refused a moment ago is not asked for again.
    fn refusal(&self, key: &Key, now: Timestamp) -> Option<Failure> {
        self.refused.get(key).filter(|(until, _)| now < *until).map(|(_, failure)| failure)
    }

    fn watch(&self, until: Timestamp, secrets: Watched, now: Timestamp) {
        let mut watched = self.watched.lock();
        watched.retain(|(until, _)| *until > now);
        watched.push((until, secrets));
    }

    /// Whoever fetches this one.
    fn turn(&self, key: &Key) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock();
        if turns.len() > 1024 {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Turn::new(()));
        turns.insert(*key, Arc::downgrade(&turn));
        turn
    }

    fn put(&self, key: Key, result: &Result<Arc<Held>, Failure>, now: Timestamp) {
        match result {
            Ok(held) => {
                self.refused.invalidate(&key);
                self.kept.insert(key, held.clone());
                self.kept.run_pending_tasks();
            }
            Err(failure) => self.refused.insert(key, (now.plus(pause(failure)), failure.clone())),
        }
    }

    /// Forgets what `stays` does not hold for, at once.
    pub(super) fn retain(&self, stays: impl Fn(&Held) -> bool) {
        let gone: Vec<Key> = self.kept.iter().filter(|(_, held)| !stays(held)).map(|(key, _)| *key).collect();
        gone.iter().for_each(|key| self.kept.invalidate(key));
        // What is forgotten ends now, not when the cache gets to it.
        self.kept.run_pending_tasks();
        self.refused.invalidate_all();
    }

    /// Forgets this one, if it is still the one that is kept.
    pub(crate) fn refuse(&self, used: &Arc<Held>) {
        let same = |held: &Arc<Held>| Arc::ptr_eq(held, used);
        let key = self.kept.iter().find(|(_, held)| same(held)).map(|(key, _)| *key);
        if let Some(key) = key {
            self.kept.invalidate(&key);
            if let Some(fetched) = used.fetched {
                self.outworn.insert(key, fetched);
            }
        }
    }

    /// The name of the address that somebody was given for this.
    pub(super) fn invited(&self, of: &Digest) -> Option<String> {
        self.invited.get(of)
    }

    pub(super) fn invite(&self, of: Digest, name: String) {
        self.invited.insert(of, name);
    }

    /// A person connected an account: what was refused for want of it is asked for again, and with it what is kept is fetched
    /// anew.
    pub(super) fn granted(&self, ticket: &Ticket) {
        self.invited.invalidate_all();
        self.retain(|held| *held.name != *ticket.credential);
    }

    /// When what the server takes no more was fetched, where there is such a thing.
    pub(super) fn outworn(&self, key: &Key) -> Option<Timestamp> {
        self.outworn.get(key)
    }

    /// Forgets everything where the operator took something back at `when`, and that is news.
    pub(super) fn taken_back(&self, when: Timestamp) -> bool {
        let news = self.taken_back.lock().replace(when) != Some(when);
        if news {
            self.retain(|_| false);
        }
        news
    }

    /// Forgets all that was fetched under these delegations.
    pub(crate) fn end_delegations(&self, ids: &[Arc<str>]) {
        if !ids.is_empty() {
            self.retain(|held| held.delegation.as_deref().is_none_or(|of| !ids.iter().any(|id| **id == *of)));
        }
    }
}

/// For how long a refusal stands.
const fn pause(failure: &Failure) -> Duration {
    match failure {
        // It may be granted any moment.
        Failure::Consent | Failure::NoSubject(_) => Duration::from_millis(500),
        Failure::Unavailable(_) => Duration::from_secs(1),
        Failure::NoHuman | Failure::Refused(_) | Failure::Unusable(_) => Duration::from_secs(10),
        Failure::Misconfigured(_) => Duration::from_secs(30),
    }
}

impl Gateway {
    /// The credential for a call: what is kept, or what is fetched now, once for everybody who waits for it.
    pub(super) async fn held(&self, passage: &Passage, configured: &Arc<Configured>) -> Result<Arc<Held>, Failure> {
        let now = self.clock.now();
        let provider = &configured.provider;
        let principal = passage.caller.actor.principal();
        let call = call(
            (passage.server.profile.name.as_str(), &passage.server.resource),
            configured,
            (&principal.agent, principal.human.as_ref()),
            principal.delegation().map(|d| &*d.id),
            choice::tool(&passage.about),
        );
        let person = matches!(provider.per(), PerWhom::Human | PerWhom::Both);
        if person && call.human.is_none() {
            return Err(Failure::NoHuman);
        }
        let proof = principal.attestation.key.as_ref().map(|key| match key {
            KeyBinding::Jkt(digest) | KeyBinding::X5t(digest) => digest,
        });
        let key = Key::of(&configured.digest, &**provider, &call, proof);
        if let Some(held) = self.desk.fresh(&key, now) {
            if held.span.is_due(now) {
                self.renew_beside(key, Wanted::of(passage, configured));
            }
            return Ok(held);
        }
        if let Some(failure) = self.desk.refusal(&key, now) {
            return Err(failure);
        }
        let Some(gateway) = self.me.upgrade() else { return Err(Failure::Unavailable("the gateway stops".into())) };
        let wanted = Wanted::of(passage, configured);
        // What was begun ends, whether its caller waits or not: a provider may have turned a refresh token over.
        let fetching = tokio::spawn(async move { gateway.fetch_once(key, wanted, false).await });
        fetching.await.unwrap_or_else(|_| Err(Failure::Unavailable("the gateway stops".into())))
    }

    /// What was fetched is looked for in what servers say, also after another one took its place: it may open the server still.
    fn watch_for(&self, wanted: &Wanted, issued: &Issued, fetched: Timestamp) {
        let name = |part: &str| format!("{}/{part}", wanted.configured.name);
        let copy = |secret: &Secret<String>| secret.reveal(|text| Secret::new(text.clone()));
        let mut secrets = match &issued.material {
            Material::Token(token) => vec![(name("token"), copy(token))],
            Material::Basic { password, .. } => vec![(name("password"), copy(password))],
            Material::Aws { key, session, .. } => {
                let session = session.as_ref().map(|session| (name("session"), copy(session)));
                [(name("key"), copy(key))].into_iter().chain(session).collect()
            }
        };
        secrets.extend(issued.grant.as_ref().map(|grant| (name("grant"), copy(grant))));
        if wanted.configured.provider.is_fetched() {
            let until = issued.expires.unwrap_or(fetched).max(fetched.plus(LEAST));
            self.desk.watch(until, Watched::of(&self.surroundings.secrets, &secrets), fetched);
        }
    }

    fn renew_beside(&self, key: Key, wanted: Wanted) {
        let Some(gateway) = self.me.upgrade() else { return };
        // Somebody renews it already.
        let Ok(turn) = self.desk.turn(&key).try_lock_owned() else { return };
        drop(turn);
        tokio::spawn(async move { gateway.fetch_once(key, wanted, true).await });
    }

    async fn fetch_once(&self, key: Key, wanted: Wanted, renew: bool) -> Result<Arc<Held>, Failure> {
        let turn = self.desk.turn(&key);
        let _turn = turn.lock().await;
        let now = self.clock.now();
        if let Some(held) = self.desk.fresh(&key, now).filter(|held| !renew || !held.span.is_due(now)) {
            return Ok(held);
        }
        if let Some(failure) = self.desk.refusal(&key, now) {
            return Err(failure);
        }
        let result = Box::pin(self.fetch_shared(&key, &wanted)).await;
        let now = self.clock.now();
        let provider = &wanted.configured.provider;
        let mut told = Said::default();
        let result = result.and_then(|(issued, fetched)| {
            self.watch_for(&wanted, &issued, fetched);
            told = Said { scopes: issued.scopes.clone(), remark: issued.remark.clone() };
            let ends = wanted.whom.ends.filter(|_| provider.per() != PerWhom::Everybody);
            let span = Span::new(fetched, issued.expires, ends);
            let delegation = wanted.call().delegation;
            Held::new(&wanted.configured, issued, span, delegation, fetched, (&self.clock, &wanted.live.egress))
                .map(Arc::new)
        });
        match &result {
            Ok(held) => tracing::debug!(credential = %held.name, account = held.account.as_deref(), "fetched"),
            Err(failure) => tracing::warn!(credential = %wanted.configured.name, "{failure}"),
        }
        if provider.is_fetched() {
            self.note(Event::Credential(Box::new(wanted.record(&result, told))));
        }
        // What is kept still serves, where renewing it failed.
        if !(renew && result.is_err() && self.desk.fresh(&key, now).is_some()) {
            self.desk.put(key, &result, now);
        }
        result
    }
}
