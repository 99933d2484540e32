use doorward_identity::{
    Human as Person, Principal, PrincipalKey, Verified, Via,
    delegation::{self, Reach, Tools},
};
use doorward_policy::{Agent, AgentFacts, Delegation, DelegationFacts, Human, HumanFacts};
use doorward_vocab::ServerName;
use std::sync::Arc;

/// A verified principal, ready to be asked about: made once, used for every message that it sends.
#[derive(Debug)]
pub struct Actor {
    principal: Arc<Verified<Principal>>,
    pub(crate) agent: Agent,
    pub(crate) human: Option<Human>,
    pub(crate) delegations: Box<[Delegation]>,
}

impl Actor {
    /// Prepares a principal.
    pub fn new(principal: Arc<Verified<Principal>>) -> Self {
        let p = principal.get();
        let classes: Vec<String> = p.agent.class.iter().map(|c| c.as_ref().to_owned()).collect();
        let agent = AgentFacts {
            id: &p.agent.id,
            name: &p.agent.name,
            assurance: p.assurance,
            issuer: p.agent.issuer.as_deref(),
            via: p.via.as_str(),
            groups: &classes,
            publisher: p.agent.publisher.as_deref(),
            owner: p.agent.owner.as_deref(),
            method: p.attestation.method.as_str(),
            bound: p.attestation.key.is_some(),
        }
        .prepare();
        let human = p.human.as_ref().map(person);
        let delegations = match p.delegations.len() {
            // Whoever wrote that these servers are open to anybody answers for what anybody does there.
            0 => {
                let owner = (p.via == Via::Anonymous).then_some("operator");
                [DelegationFacts { owner, autonomous: owner.is_some(), ..DelegationFacts::local() }.prepare()].into()
            }
            _ => p.delegations.iter().zip(0..).map(|(hop, hops)| prepared(hop, hops)).collect(),
        };
        Self { principal, agent, human, delegations }
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

fn texts(all: &[Arc<str>]) -> Vec<String> {
    all.iter().map(|t| t.as_ref().to_owned()).collect()
}

fn person(human: &Person) -> Human {
    let login = human.login.as_ref();
    HumanFacts {
        id: &human.id,
        name: &human.name,
        email: human.email.as_deref(),
        issuer: &human.issuer,
        groups: &texts(&human.groups),
        entitlements: &texts(&human.entitlements),
        mfa: login.is_some_and(|login| is_mfa(&login.methods)),
        acr: login.and_then(|login| login.class.as_deref()),
        signed_in: login.and_then(|login| login.at),
        risk: login.and_then(|login| login.risk),
    }
    .prepare()
}

/// Whether the methods of a sign-in (RFC 8176 §2) are of more than one kind, or say so themselves.
fn is_mfa(methods: &[Arc<str>]) -> bool {
    const KINDS: [&[&str]; 3] = [
        &["pwd", "pin", "kba"],
        &["otp", "sms", "tel", "hwk", "swk", "sc", "pop"],
        &["fpt", "face", "iris", "retina", "vbm"],
    ];
    let is = |kind: &&&[&str]| methods.iter().any(|method| kind.contains(&&**method));
    methods.iter().any(|method| &**method == "mfa") || KINDS.iter().filter(is).count() > 1
}

fn prepared(hop: &delegation::Delegation, hops: u8) -> Delegation {
    let (mut servers, mut tools) = (None, Vec::new());
    if let Reach::Only(only) = &hop.reach {
        servers = Some(only.keys().map(ToString::to_string).collect::<Vec<_>>());
        for (server, of) in only {
            if let Tools::Only(names) = of {
                tools.extend(names.iter().map(|name| format!("{server}{}{name}", ServerName::SEPARATOR)));
            }
        }
    }
    DelegationFacts {
        id: &hop.id,
        purpose: hop.purpose.as_deref(),
        scopes: &hop.scopes.iter().map(|s| s.as_ref().to_owned()).collect::<Vec<_>>(),
        expires: hop.expires,
        owner: hop.owner.as_deref(),
        servers: servers.as_deref(),
        tools: &tools,
        depth: hop.depth,
        hops,
        autonomous: hop.human.is_none(),
    }
    .prepare()
}

const _: () =
    assert!(delegation::MAX_CHAIN == doorward_policy::Question::HOPS, "no chain is too long to be asked about");

#[cfg(test)]
mod tests {
    use super::is_mfa;

    #[test]
    fn two_kinds_of_proof_are_two_factors() {
        for (methods, mfa) in [
            (&["pwd"][..], false),
            (&["pwd", "kba"], false),
            (&["pwd", "otp"], true),
            (&["mfa"], true),
            (&[], false),
            (&["hwk", "fpt"], true),
        ] {
            let methods: Vec<_> = methods.iter().map(|m| (*m).into()).collect();
            assert_eq!(is_mfa(&methods), mfa, "{methods:?}");
        }
    }
}
