//! What gateways that share a store tell each other: a credential is fetched by one of them, and a refresh token is turned
//! over by one of them, and kept before anybody uses what it gave.

use super::{
    grant::{GRANT, Grant, GrantOf, resource},
    registered::Registered,
    signer::OwnSigner,
    told::Told,
    wanted::Wanted,
};
use crate::{Gateway, live};
use doorward_credential::{Call, Failure, Granted, Issued, Key, Order, Source, Subject};
use doorward_identity::Human;
use doorward_store::KeptKind;
use doorward_vocab::{Digest, Secret, Timestamp};
use std::{sync::Arc, time::Duration};

/// How long one gateway may take before another one tries.
const LEASE: Duration = Duration::from_secs(20);
/// How often those who wait look.
const LOOK: Duration = Duration::from_millis(40);
/// How often it is tried to keep what cannot be had again.
const TRIES: u32 = 5;
const SILENT: &str = "the store does not answer";

impl Gateway {
    /// Fetches, where no other gateway did or does. With when it was fetched.
    pub(super) async fn fetch_shared(&self, key: &Key, wanted: &Wanted) -> Result<(Issued, Timestamp), Failure> {
        if !wanted.configured.provider.is_fetched() || !self.travel.is_possible() {
            let issued = self.fetch(wanted).await?;
            return Ok((issued, self.clock.now()));
        }
        let name = match wanted.configured.provider.needs().grant {
            // What was fetched with an earlier grant may be another account.
            true => format!("{}\n{}", told_name(key.digest()), self.granted_since(wanted).await?.micros()),
            false => told_name(key.digest()),
        };
        let lease = format!("{name}\nlease");
        let silent = |_| Failure::Unavailable(SILENT.into());
        let began = self.clock.now();
        loop {
            let now = self.clock.now();
            // Not one that is about to end, or that the server took no more: whoever asks wants another one.
            if let Some(told) = self.find::<Told>(KeptKind::Credential, &name).await.map_err(silent)?
                && told.serves(now)
                && self.desk.outworn(key).is_none_or(|outworn| outworn < told.fetched)
            {
                let fetched = told.fetched;
                if let Some(issued) = told.issued() {
                    return Ok((issued, fetched));
                }
            }
            if self.lease(&lease, now.plus(LEASE)).await.map_err(silent)? {
                break;
            }
            if now.since(began) > LEASE * 2 {
                return Err(Failure::Unavailable("another gateway fetches it, and does not end".into()));
            }
            tokio::time::sleep(LOOK).await;
        }
        let result = self.fetch(wanted).await;
        let fetched = self.clock.now();
        if let Some(told) = result.as_ref().ok().and_then(|issued| Told::of(wanted, issued, fetched)) {
            let until = told.expires;
            let _ = self.hold(KeptKind::Credential, &name, until, &told).await;
        }
        let _ = self.take::<()>(KeptKind::Once, &lease).await;
        Ok((result?, fetched))
    }

    pub(super) async fn fetch(&self, wanted: &Wanted) -> Result<Issued, Failure> {
        let now = self.clock.now();
        let needs = wanted.configured.provider.needs();
        let ring = if needs.signature { self.ring().await.ok() } else { None };
        let signer = OwnSigner { issuer: live::public(&wanted.live.settings, &self.surroundings), ring, now };
        let fresh = Digest::of(&self.entropy.draw()).short();
        let before = wanted.before();
        let call = Call { before: &before, ..wanted.call() };
        if needs.grant {
            return self.use_grant(wanted, (&signer, now, &fresh)).await;
        }
        let shown = self.shown(wanted, &call).await?;
        let subject = shown.as_deref().map(|token| Subject { token, kind: wanted.configured.provider.subject_type() });
        let order = Order { call, subject, grant: None, signer: &signer, now, fresh: &fresh };
        self.run(wanted, &order).await
    }

    /// Waits until a name is this gateway's alone. One grant serves calls under several keys, and each use may turn it over.
    pub(super) async fn alone(&self, lease: &str) -> Result<(), Failure> {
        let began = self.clock.now();
        loop {
            let now = self.clock.now();
            let ours = self.lease(lease, now.plus(LEASE)).await;
            if ours.map_err(|_| Failure::Unavailable(SILENT.into()))? {
                return Ok(());
            }
            if now.since(began) > LEASE * 2 {
                return Err(Failure::Unavailable("another gateway is at it, and does not end".into()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What a person granted so far.
    pub(super) async fn granted_scopes(&self, credential: &str, human: &Human) -> Vec<Box<str>> {
        let of = GrantOf {
            credential: credential.into(),
            issuer: human.issuer.as_ref().into(),
            person: human.id.as_ref().into(),
        };
        let grant = self.find::<Grant>(KeptKind::Grant, &of.name()).await;
        grant.ok().flatten().map(|grant| grant.scopes.clone()).unwrap_or_default()
    }

    /// When the human of a call granted what there is.
    async fn granted_since(&self, wanted: &Wanted) -> Result<Timestamp, Failure> {
        let name = GrantOf::of(wanted)?.name();
        let grant = self.find::<Grant>(KeptKind::Grant, &name).await;
        grant.map_err(|_| Failure::Unavailable(SILENT.into()))?.map(|grant| grant.since).ok_or(Failure::Consent)
    }

    /// Fetches with what the human granted, which nobody else uses meanwhile.
    async fn use_grant(
        &self,
        wanted: &Wanted,
        (signer, now, fresh): (&OwnSigner, Timestamp, &str),
    ) -> Result<Issued, Failure> {
        let name = GrantOf::of(wanted)?.name();
        let lease = format!("{name}\nlease");
        self.alone(&lease).await?;
        let result = self.use_grant_alone(wanted, &name, (signer, now, fresh)).await;
        let _ = self.take::<()>(KeptKind::Once, &lease).await;
        result
    }

    async fn use_grant_alone(
        &self,
        wanted: &Wanted,
        name: &str,
        (signer, now, fresh): (&OwnSigner, Timestamp, &str),
    ) -> Result<Issued, Failure> {
        let silent = |_| Failure::Unavailable(SILENT.into());
        let grant = self.find::<Grant>(KeptKind::Grant, name).await.map_err(silent)?.ok_or(Failure::Consent)?;
        if grant.refresh.is_empty() {
            return self.use_up(name, grant.since, now).await;
        }
        let (server, resource) = (grant.at.metadata()?, resource(grant.resource.as_deref()));
        let (refresh, client) = (Secret::new(grant.refresh.clone()), grant.registered.as_ref().map(Registered::client));
        let granted = Granted { refresh: &refresh, server: &server, client: client.as_ref(), resource: &resource };
        let before = wanted.before();
        let call = Call { before: &before, ..wanted.call() };
        let order = Order { call, subject: None, grant: Some(granted), signer, now, fresh };
        match self.run(wanted, &order).await {
            Ok(mut issued) => {
                if let Some(next) = issued.grant.take() {
                    self.turn_over(name, &grant, next).await?;
                }
                if issued.account.is_none() {
                    issued.account.clone_from(&grant.account);
                }
                Ok(issued)
            }
            Err(Failure::Consent) => {
                // The provider does not take it any more. What the person granted meanwhile stays.
                let used = Digest::of(grant.refresh.as_bytes());
                let drop_it =
                    move |kept: Option<Grant>| ((), kept.filter(|k| !k.is(&used)).map(|k| (now.plus(GRANT), k)));
                self.change(KeptKind::Grant, name, drop_it).await.map_err(silent)?;
                Err(Failure::Consent)
            }
            other => other,
        }
    }

    /// The token of a grant that cannot be renewed, taken out of it: from then on it is among the credentials that gateways
    /// share. Where it was taken before, it is over or the server takes it no more, and the person is asked again.
    async fn use_up(&self, name: &str, since: Timestamp, now: Timestamp) -> Result<Issued, Failure> {
        let until = now.plus(GRANT);
        let take = move |kept: Option<Grant>| match kept {
            Some(mut grant) if grant.refresh.is_empty() && grant.since == since => match grant.access.take() {
                Some(access) if now < access.expires => (Some((access, grant.account.clone())), Some((until, grant))),
                _ => (None, None),
            },
            // What the person granted meanwhile stays.
            kept => (None, kept.map(|grant| (until, grant))),
        };
        let taken = self.change(KeptKind::Grant, name, take).await;
        let (access, account) = taken.map_err(|_| Failure::Unavailable(SILENT.into()))?.ok_or(Failure::Consent)?;
        let token = Issued::token(Secret::new(access.token.clone()));
        Ok(Issued { expires: Some(access.expires), account, ..token })
    }

    /// Keeps what takes the place of a refresh token that was used, before anybody uses what came with it: the old one is worth
    /// nothing any more. What was taken back meanwhile stays away, and what was granted anew stays.
    async fn turn_over(&self, name: &str, grant: &Grant, next: Secret<String>) -> Result<(), Failure> {
        let until = self.clock.now().plus(GRANT);
        for _ in 0..TRIES {
            let (used, next) = (Digest::of(grant.refresh.as_bytes()), next.reveal(String::clone));
            let change = move |kept: Option<Grant>| match kept {
                None => (false, None),
                Some(mut kept) => {
                    if kept.is(&used) {
                        kept.refresh = next;
                    }
                    (true, Some((until, kept)))
                }
            };
            match self.change(KeptKind::Grant, name, change).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(Failure::Consent),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
        Err(Failure::Unavailable(SILENT.into()))
    }
}

impl Gateway {
    /// The token about the human that is exchanged, where one is.
    async fn shown(&self, wanted: &Wanted, call: &Call<'_>) -> Result<Option<Arc<Secret<String>>>, Failure> {
        let provider = &wanted.configured.provider;
        let Some(source) = provider.needs().subject else { return Ok(None) };
        let _human = call.human.ok_or(Failure::NoHuman)?;
        let none = |why: &str| Failure::NoSubject(why.into());
        match source {
            Source::Presented => {
                wanted.whom.presented.clone().ok_or_else(|| none("the caller presented none")).map(Some)
            }
            Source::Login => self.signed_in(wanted, call, provider.subject_type()).await.map(Some),
        }
    }
}

/// Under what a credential is told to other gateways.
fn told_name(key: &Digest) -> String {
    format!("credential\n{key}")
}
