//! Decisions: from memory, and anew where the arguments were never seen before.

use doorward_benches::Suite;
use doorward_identity::Principal;
use doorward_policy::{
    Action, Agent, AgentFacts, ArgumentFacts, Context, Delegation, DelegationFacts, Human, HumanFacts, Leaf, LeafValue,
    Policies, Question, Target, Verdict,
};
use doorward_vocab::{Decision, Level};

use crate::scene::{Estate, NOW, Scene, compile, target};

pub(crate) fn benches(suite: &mut Suite) {
    let scene = Scene::new(Estate::Bare);
    let parties = Parties::of(scene.actor.principal(), target(&scene.server, "echo", doorward_vocab::Effect::Read));
    let text = Leaf { path: "/text", value: LeafValue::Str(crate::texts::ANSWER) };
    let same = ArgumentFacts::of([text]);
    suite.bench("facts of the arguments of a small call", || ArgumentFacts::of([text]));
    for (name, teams) in [("10", 1), ("1,000", 199)] {
        let policies = compile(Estate::Teams(teams));
        assert_eq!(parties.ask(&policies, &same).decision, Decision::Allow);
        suite.bench(&format!("decide from memory with {name} policies"), || parties.ask(&policies, &same));
        // The amount is read by a policy that every call is asked about, so no two of these are alike.
        let mut amount = 0_u32;
        suite.bench(&format!("decide on new arguments, facts included, with {name} policies"), || {
            amount = amount.wrapping_add(1);
            let number = amount.to_string();
            let amount = Leaf { path: "/amount", value: LeafValue::Number(&number) };
            parties.ask(&policies, &ArgumentFacts::of([text, amount]))
        });
    }
}

struct Parties {
    agent: Agent,
    human: Option<Human>,
    delegations: [Delegation; 1],
    target: Target,
}

impl Parties {
    fn of(principal: &Principal, target: Target) -> Self {
        let agent = AgentFacts {
            id: &principal.agent.id,
            name: &principal.agent.name,
            assurance: principal.assurance,
            issuer: principal.agent.issuer.as_deref(),
            via: principal.via.as_str(),
            groups: &[],
            ..AgentFacts::default()
        };
        let human = principal.human.as_ref().map(|human| {
            let (id, name, issuer) = (&*human.id, &*human.name, &*human.issuer);
            HumanFacts { id, name, issuer, ..HumanFacts::default() }.prepare()
        });
        Self { agent: agent.prepare(), human, delegations: [DelegationFacts::local().prepare()], target }
    }

    fn ask(&self, policies: &Policies, arguments: &ArgumentFacts) -> Verdict {
        let context = Context { arguments, loopback: true, ..Context::bare(Level::Guard, NOW) };
        policies.decide(&Question {
            agent: &self.agent,
            human: self.human.as_ref(),
            delegations: &self.delegations,
            action: Action::Call,
            target: &self.target,
            context: &context,
        })
    }
}
