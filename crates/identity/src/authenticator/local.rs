//! Principals that need no token: the user of this machine, its hosts, and nobody.

use crate::{Agent, Attestation, Human, Method, Principal, Verified, Via};
use doorward_vocab::{Assurance, Digest, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

pub(super) fn anonymous() -> Arc<Verified<Principal>> {
    unproven(Via::Anonymous, "anonymous", None, Method::Asserted, Assurance::Asserted)
}

/// The single user of this machine, with an agent that nobody proved.
pub(super) fn local(via: Via, agent: &str, user: Option<Arc<str>>) -> Arc<Verified<Principal>> {
    let human = user.map(|user| Human {
        id: user.clone(),
        name: user,
        email: None,
        groups: Arc::default(),
        issuer: "local".into(),
        entitlements: Arc::default(),
        login: None,
    });
    // The token proves a process that can read the user's files; a bare request from loopback proves nothing more
    // than that it came from this machine.
    unproven(via, agent, human, Method::LocalProcess, Assurance::LocalProcess)
}

fn unproven(
    via: Via,
    agent: &str,
    human: Option<Human>,
    method: Method,
    assurance: Assurance,
) -> Arc<Verified<Principal>> {
    let agent = Agent { id: agent.into(), name: agent.into(), issuer: None, class: None, publisher: None, owner: None };
    let attestation = Attestation {
        subject: agent.id.clone(),
        method,
        assurance,
        issuer: None,
        evidence: Digest::of(via.as_str().as_bytes()),
        measured: BTreeMap::new(),
        posture: BTreeMap::new(),
        key: None,
        at: Timestamp::default(),
        expires: None,
    };
    Arc::new(Verified::attest(Principal {
        key: Principal::key_of(via, &agent, human.as_ref(), None),
        agent,
        human,
        delegations: Arc::default(),
        attestation: Arc::new(attestation),
        assurance,
        via,
        expires: None,
        conversation_hint: None,
        audiences: Arc::default(),
        host: via == Via::HostToken,
    }))
}
