//! Grants, revocations and ends: what is recorded, and what stops.

use super::{Delegations, Presence, TakenBack};
use crate::Gateway;
use doorward_audit::{Delegated, DelegationChange, Event, Party};
use doorward_engine::Actor;
use doorward_identity::{
    Delegation, PartyId, PrincipalKey,
    delegation::{Broken, Chain},
};
use doorward_store::GrantError;
use doorward_vocab::Digest;
use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
    time::Duration,
};

/// How often the store is asked what others took back.
const EVERY: Duration = Duration::from_millis(200);
/// How long it is remembered that the trail tells of a revocation.
const TOLD: Duration = Duration::from_secs(400 * 24 * 3600);

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantRefused {
    /// It would be no chain.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] GrantError),
    /// The process ends.
    #[error("the gateway stops")]
    Stopping,
}

impl Delegations {
    /// An actor is here. What was revoked while it was being proved ends it at once.
    pub(crate) fn enter(&self, actor: &Actor) -> Arc<Presence> {
        let presence = self.present.enter(actor);
        let revoked = |id: &Arc<str>| self.book.is_revoked(id);
        let ids: Vec<_> = actor.principal().delegations.iter().map(|hop| hop.id.clone()).filter(revoked).collect();
        if !ids.is_empty() {
            self.present.leave(&ids);
        }
        presence
    }
}

impl Gateway {
    /// The delegations of this gateway.
    pub fn delegations(&self) -> &Arc<Delegations> {
        &self.surroundings.delegations
    }

    /// Puts a delegation in force, here and at every gateway that shares the store, and records who granted it.
    ///
    /// # Errors
    /// [`GrantRefused`]; nothing is in force then.
    pub async fn grant(
        &self,
        delegation: Delegation,
        by: Option<Party>,
        groups: &[Arc<str>],
    ) -> Result<Chain, GrantRefused> {
        let (delegations, now) = (self.delegations().clone(), self.clock.now());
        let granting = tokio::task::spawn_blocking(move || delegations.grant(&delegation, now));
        let chain = granting.await.map_err(|_| GrantRefused::Stopping)??;
        if let Some(granted) = chain.last() {
            let mut event = record(DelegationChange::Granted, &granted.id, by, Some(granted));
            if let Event::Delegation(granted) = &mut event {
                granted.groups = groups.iter().map(|group| group.to_string().into()).collect();
            }
            self.note(event);
        }
        Ok(chain)
    }

    /// Takes a delegation back, and all that were made from it: what goes on under them ends now. Gives their ids.
    ///
    /// # Errors
    /// [`GrantRefused`] where it could not be kept; it is over here nevertheless.
    pub async fn revoke(&self, id: &str, by: Party) -> Result<Vec<Arc<str>>, GrantRefused> {
        let (delegations, now, id, name) =
            (self.delegations().clone(), self.clock.now(), id.to_owned(), by.name.to_string());
        let revoking = tokio::task::spawn_blocking(move || delegations.revoke(&id, &name, now));
        let revoked = revoking.await.map_err(|_| GrantRefused::Stopping)?;
        let ids = revoked.as_deref().map(<[_]>::to_vec).unwrap_or_default();
        for id in &ids {
            let delegation = self.delegations().book().known(id);
            self.note_revoked(id, by.clone(), delegation.as_deref()).await;
        }
        self.cut(&ids).await;
        Ok(revoked?)
    }

    /// Looks what others revoked and what is over, and ends it here. Called a few times a second.
    pub async fn watch_delegations(&self) {
        let delegations = self.delegations().clone();
        let taken = match tokio::task::spawn_blocking(move || delegations.refresh()).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(error)) => {
                tracing::error!("cannot read what was revoked: {error}");
                Vec::new()
            }
            Err(_) => return,
        };
        let mut ids = Vec::new();
        for TakenBack { id, by, delegation } in taken {
            self.note_revoked(&id, Party::new(by.to_string(), by.to_string()), delegation.as_deref()).await;
            ids.push(id);
        }
        for over in self.delegations().book().expired(self.clock.now()) {
            self.note(record(DelegationChange::Ended, &over.id, None, Some(&over)));
            ids.push(over.id.clone());
        }
        self.cut(&ids).await;
    }

    /// Records what was taken back while no gateway with this trail ran.
    async fn note_taken_while_away(&self) {
        for TakenBack { id, by, delegation } in self.delegations().taken_while_away() {
            // Without what outlives a process, it is not known what was recorded.
            if self.is_first_told(&id).await == Some(true) {
                let by = Some(Party::new(by.to_string(), by.to_string()));
                self.note(record(DelegationChange::Revoked, &id, by, delegation.as_deref()));
            }
        }
    }

    async fn note_revoked(&self, id: &str, by: Party, delegation: Option<&Delegation>) {
        // It is news here in any case; what is remembered is for the next start.
        let _ = self.is_first_told(id).await;
        self.note(record(DelegationChange::Revoked, id, Some(by), delegation));
    }

    /// Whether this trail has no record of it yet, that `id` was taken back; from now on it has.
    async fn is_first_told(&self, id: &str) -> Option<bool> {
        let trail = Digest::of(self.trail.dir().as_os_str().as_encoded_bytes());
        let until = self.clock.now().plus(TOLD);
        self.first_time(&format!("revocation told\n{trail}\n{id}"), until).await.ok()
    }

    /// Watches for as long as there is a gateway.
    pub(crate) fn keep_watch(me: Weak<Self>) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let asked = me.clone();
            // Beside the rest: however many questions are open, what was revoked ends in time.
            runtime.spawn(async move {
                loop {
                    tokio::time::sleep(EVERY).await;
                    let Some(gateway) = asked.upgrade() else { break };
                    gateway.watch_approvals().await;
                }
            });
            runtime.spawn(async move {
                if let Some(gateway) = me.upgrade() {
                    gateway.note_taken_while_away().await;
                }
                loop {
                    tokio::time::sleep(EVERY).await;
                    let Some(gateway) = me.upgrade() else { break };
                    gateway.watch_delegations().await;
                    gateway.watch_credentials().await;
                }
            });
        }
    }

    /// Ends everything that goes on under these delegations: streams, waiting requests, sessions, parked calls.
    async fn cut(&self, ids: &[Arc<str>]) {
        let gone = self.delegations().present.leave(ids);
        self.desk.end_delegations(ids);
        let keys: BTreeSet<PrincipalKey> = gone.iter().map(|presence| presence.key).collect();
        if keys.is_empty() {
            return;
        }
        let sessions = self.sessions.all().into_iter().filter(|session| keys.contains(&session.owner));
        for session in sessions {
            // Its servers may be slow to say goodbye.
            if let Some(gateway) = self.me.upgrade() {
                tokio::spawn(async move { gateway.end_session(&session.id).await });
            }
        }
        self.drop_parked(&keys).await;
        tracing::info!("ended what went on under {} delegations", ids.len());
    }
}

fn record(change: DelegationChange, id: &str, by: Option<Party>, of: Option<&Delegation>) -> Event {
    let party = |party: &PartyId| {
        let known = by.as_ref().filter(|by| *by.id == *party.id);
        let name = party.issuer.as_ref().map_or_else(|| party.id.to_string(), |by| format!("{} at {by}", party.id));
        known.cloned().unwrap_or_else(|| Party::new(party.id.clone(), name))
    };
    Event::Delegation(Box::new(Delegated {
        change,
        id: id.to_owned().into(),
        human: of.and_then(|d| d.human.as_ref()).map(party),
        agent: of.map(|d| party(&d.agent)),
        owner: of.and_then(|d| d.owner.clone()).map(Into::into),
        parent: of.and_then(|d| d.parent.clone()).map(Into::into),
        groups: Vec::new(),
        purpose: of.and_then(|d| d.purpose.clone()).map(Into::into),
        consent: of.and_then(|d| d.consent),
        until: of.and_then(|d| d.expires),
        by,
    }))
}
