use doorward_identity::{Principal, PrincipalKey, Verified, Via};
use doorward_policy::{Agent, AgentFacts, Delegation, DelegationFacts, Human, HumanFacts};
use std::sync::Arc;

/// A verified principal, ready to be asked about: made once, used for every message that it sends.
#[derive(Debug)]
pub struct Actor {
    principal: Arc<Verified<Principal>>,
    pub(crate) agent: Agent,
    pub(crate) human: Option<Human>,
    pub(crate) delegation: Delegation,
}

impl Actor {
    /// Prepares a principal.
    pub fn new(principal: Arc<Verified<Principal>>) -> Self {
        let p = principal.get();
        let texts = |all: &[Arc<str>]| all.iter().map(|t| t.as_ref().to_owned()).collect::<Vec<_>>();
        let classes: Vec<String> = p.agent.class.iter().map(|c| c.as_ref().to_owned()).collect();
        let agent = AgentFacts {
            id: &p.agent.id,
            name: &p.agent.name,
            assurance: p.assurance,
            issuer: p.agent.issuer.as_deref(),
            via: p.via.as_str(),
            groups: &classes,
        }
        .prepare();
        let human = p.human.as_ref().map(|h| {
            HumanFacts {
                id: &h.id,
                name: &h.name,
                email: h.email.as_deref(),
                issuer: &h.issuer,
                groups: &texts(&h.groups),
            }
            .prepare()
        });
        let delegation = p.delegation().map_or_else(DelegationFacts::local, |d| DelegationFacts {
            id: &d.id,
            purpose: d.purpose.as_deref(),
            scopes: &[],
            expires: d.expires,
            owner: None,
        });
        let scopes = p
            .delegation()
            .map(|d| d.scopes.iter().map(|s| s.as_ref().to_owned()).collect::<Vec<_>>())
            .unwrap_or_default();
        // Whoever wrote that these servers are open to anybody answers for what anybody does there.
        let owner = (p.via == Via::Anonymous).then_some("operator").or_else(|| p.delegation()?.owner.as_deref());
        let delegation = DelegationFacts { scopes: &scopes, owner, ..delegation }.prepare();
        Self { principal, agent, human, delegation }
    }
    /// The principal.
    pub fn principal(&self) -> &Principal {
        self.principal.get()
    }
    /// What sessions and conversations are bound to.
    pub fn key(&self) -> PrincipalKey {
        self.principal().key
    }
}
