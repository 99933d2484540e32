//! Everything that a fetch goes by, beyond the call that began it.

use super::{Configured, Held, choice};
use crate::{
    Live,
    passage::{Caller, Passage},
};
use doorward_audit::{Credential as Record, CredentialChange, Party, Text};
use doorward_credential::{Agent, Call, Failure, Human, PerWhom};
use doorward_engine::human_party;
use doorward_identity as identity;
use doorward_vocab::{Secret, ServerName, Timestamp};
use std::sync::Arc;

/// What a provider said beside the credential.
#[derive(Default)]
pub(super) struct Said {
    pub(super) scopes: Option<Box<[Box<str>]>>,
    pub(super) remark: Option<Box<str>>,
}

/// What is to be fetched, and for whom.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) live: Arc<Live>,
    pub(super) server: ServerName,
    pub(super) resource: Box<str>,
    pub(super) configured: Arc<Configured>,
    pub(super) whom: Whom,
    pub(super) tool: Option<Box<str>>,
    pub(super) conversation: Box<str>,
}

/// For whom.
#[derive(Clone, Debug)]
pub(super) struct Whom {
    pub(super) agent: identity::Agent,
    pub(super) human: Option<identity::Human>,
    pub(super) delegation: Option<Arc<str>>,
    /// Who acted before the agent, and handed over: the nearest first.
    pub(super) before: Arc<[identity::PartyId]>,
    /// The token that the agent presented, where one is exchanged.
    pub(super) presented: Option<Arc<Secret<String>>>,
    /// When the proof of who that is, and the delegations, are over.
    pub(super) ends: Option<Timestamp>,
}

impl Whom {
    fn of(caller: &Caller) -> Self {
        let principal = caller.actor.principal();
        let delegations = principal.delegations.iter().filter_map(|d| d.expires);
        Self {
            agent: principal.agent.clone(),
            human: principal.human.clone(),
            delegation: principal.delegation().map(|d| d.id.clone()),
            before: principal.delegations.iter().rev().skip(1).map(|hop| hop.agent.clone()).collect(),
            presented: caller.presented.clone(),
            ends: delegations.chain(principal.expires).chain(principal.attestation.expires).min(),
        }
    }
}

impl Wanted {
    pub(super) fn of(passage: &Passage, configured: &Arc<Configured>) -> Self {
        Self {
            live: passage.live.clone(),
            server: passage.server.profile.name.clone(),
            resource: passage.server.resource.clone(),
            configured: configured.clone(),
            whom: Whom::of(&passage.caller),
            tool: choice::tool(&passage.about).map(Into::into),
            conversation: passage.correlation.conversation.id.as_str().into(),
        }
    }

    pub(super) fn call(&self) -> Call<'_> {
        let Whom { agent, human, delegation, .. } = &self.whom;
        let place = (self.server.as_str(), &*self.resource);
        let mut call =
            call(place, &self.configured, (agent, human.as_ref()), delegation.as_deref(), self.tool.as_deref());
        call.conversation = Some(&self.conversation);
        call
    }

    /// Who acted before the agent, and handed over: the nearest first.
    pub(super) fn before(&self) -> Vec<Agent<'_>> {
        self.whom.before.iter().map(|hop| Agent { id: &hop.id, issuer: hop.issuer.as_deref() }).collect()
    }

    /// What the trail is told of a fetch.
    pub(super) fn record(&self, result: &Result<Arc<Held>, Failure>, said: Said) -> Record {
        let Whom { agent, human, .. } = &self.whom;
        let per = self.configured.provider.per();
        let agent = || Party::new(agent.id.clone(), agent.name.clone());
        let human = human.as_ref().filter(|_| matches!(per, PerWhom::Human | PerWhom::Both));
        let held = result.as_ref().ok();
        Record {
            change: if held.is_some() { CredentialChange::Fetched } else { CredentialChange::Refused },
            name: self.configured.name.clone().into(),
            provider: self.configured.provider.kind().into(),
            account: held.and_then(|held| held.account.clone()).map(Into::into),
            server: Some(self.server.clone()),
            agent: (per != PerWhom::Everybody).then(agent),
            human: human.map(human_party),
            why: result
                .as_ref()
                .err()
                .map(|why| why.to_string().into())
                .or(said.remark.map(|remark| String::from(remark).into())),
            scopes: said.scopes.iter().flatten().map(|scope| Text::copy(scope)).collect(),
            until: held.and_then(|held| held.span.until),
        }
    }
}

/// A call as its credential depends on it.
pub(super) fn call<'a>(
    (server, resource): (&'a str, &'a str),
    configured: &'a Configured,
    (agent, human): (&'a identity::Agent, Option<&'a identity::Human>),
    delegation: Option<&'a str>,
    tool: Option<&'a str>,
) -> Call<'a> {
    Call {
        server,
        resource,
        tool,
        scopes: configured.scopes.of(tool),
        agent: Agent { id: &agent.id, issuer: agent.issuer.as_deref() },
        before: &[],
        human: human.map(|h| Human { id: &h.id, issuer: &h.issuer, email: h.email.as_deref() }),
        delegation,
        conversation: None,
    }
}
