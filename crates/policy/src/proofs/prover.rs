use crate::compile::SCHEMA;
use cedar_policy::{PolicySet, RequestEnv};
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env, solver::LocalSolver};
use std::io::Write;
use tokio::runtime::{Builder, Runtime};

/// A solver, and every kind of request that the schema allows: of who asks, for what, and of what that is done to.
pub(super) struct Prover {
    runtime: Runtime,
    compiler: CedarSymCompiler<LocalSolver>,
    kinds: Vec<RequestEnv>,
}

/// A request that shows that something does not hold.
pub(super) type Counterexample = Option<Box<Env>>;

impl Prover {
    /// None where there is no solver; that is said where people see it.
    pub(super) fn start() -> Option<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let solver = runtime.block_on(async { LocalSolver::cvc5() });
        match solver {
            Ok(solver) => Some(Self {
                compiler: CedarSymCompiler::new(solver).unwrap(),
                kinds: SCHEMA.request_envs().collect(),
                runtime,
            }),
            Err(error) => {
                let message = format!("skipped: proofs about policies: no solver `cvc5`: {error}\n");
                let _ = std::io::stderr().write_all(message.as_bytes());
                None
            }
        }
    }

    /// The kinds of request that are `wanted`.
    pub(super) fn kinds(&self, wanted: impl Fn(&RequestEnv) -> bool) -> Vec<RequestEnv> {
        self.kinds.iter().filter(|kind| wanted(kind)).cloned().collect()
    }

    /// A request of this kind that `narrow` allows and `wide` does not.
    pub(super) fn beyond(&mut self, narrow: &PolicySet, wide: &PolicySet, kind: &RequestEnv) -> Counterexample {
        let (narrow, wide) = (compiled(narrow, kind), compiled(wide, kind));
        let found = self.compiler.check_implies_with_counterexample_opt(&narrow, &wide);
        self.runtime.block_on(found).unwrap().map(Box::new)
    }

    /// A request of this kind about which the two do not say the same.
    pub(super) fn difference(&mut self, one: &PolicySet, other: &PolicySet, kind: &RequestEnv) -> Counterexample {
        let (one, other) = (compiled(one, kind), compiled(other, kind));
        let found = self.compiler.check_equivalent_with_counterexample_opt(&one, &other);
        self.runtime.block_on(found).unwrap().map(Box::new)
    }

    /// A request of this kind that both allow.
    pub(super) fn overlap(&mut self, one: &PolicySet, other: &PolicySet, kind: &RequestEnv) -> Counterexample {
        let (one, other) = (compiled(one, kind), compiled(other, kind));
        let found = self.compiler.check_disjoint_with_counterexample_opt(&one, &other);
        self.runtime.block_on(found).unwrap().map(Box::new)
    }

    /// A request of this kind that is allowed.
    pub(super) fn allowed(&mut self, set: &PolicySet, kind: &RequestEnv) -> Counterexample {
        let set = compiled(set, kind);
        let found = self.compiler.check_always_denies_with_counterexample_opt(&set);
        self.runtime.block_on(found).unwrap().map(Box::new)
    }

    /// A request of this kind for which the policy cannot be evaluated.
    pub(super) fn failing(&mut self, policy: &cedar_policy::Policy, kind: &RequestEnv) -> Counterexample {
        let policy = CompiledPolicy::compile(policy, kind, &SCHEMA).unwrap();
        let found = self.compiler.check_never_errors_with_counterexample_opt(&policy);
        self.runtime.block_on(found).unwrap().map(Box::new)
    }
}

fn compiled(set: &PolicySet, kind: &RequestEnv) -> CompiledPolicySet {
    CompiledPolicySet::compile(set, kind, &SCHEMA).unwrap()
}
