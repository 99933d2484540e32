use crate::{
    Action, Target,
    entity::Prepared,
    footprint::Footprint,
    rule::{Rule, Seat},
};
use cedar_policy::{Authorizer, Effect, Entities, EntityUid, PolicySet, Request};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The rules of one seat, filed by the entity without which they cannot apply.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    open: Vec<usize>,
    filed: HashMap<EntityUid, Vec<usize>>,
}

impl Shelf {
    pub(crate) fn of(seat: Seat, rules: &[Rule]) -> Self {
        let mut shelf = Self::default();
        for (n, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.sits(seat)) {
            match rule.scope.anchor() {
                Some(anchor) => shelf.filed.entry(anchor.clone()).or_default().push(n),
                None => shelf.open.push(n),
            }
        }
        shelf
    }

    /// The rules whose head admits the question, in order. Any other rule cannot apply, so this loses nothing.
    pub(crate) fn slice(
        &self,
        rules: &[Rule],
        principal: &Prepared,
        action: Action,
        resource: &Prepared,
    ) -> Vec<usize> {
        let near = [principal, resource].into_iter().flat_map(|e| std::iter::once(e.uid()).chain(e.ancestors()));
        let filed = near.filter_map(|uid| self.filed.get(uid)).flatten();
        let admits = |n: &usize| rules.get(*n).is_some_and(|r| r.scope.matches(principal, action, resource));
        let mut slice: Vec<usize> = self.open.iter().chain(filed).copied().filter(admits).collect();
        slice.sort_unstable();
        slice.dedup();
        slice
    }
}

/// Rules that are evaluated together. Shared by all questions that have the same slice.
#[derive(Debug)]
pub(crate) struct Slice {
    /// What any of them reads.
    pub(crate) footprint: Footprint,
    /// What those of them read that act, and do not only observe.
    pub(crate) acting: Footprint,
    permits: PolicySet,
    forbids: PolicySet,
}

/// Which rules of a slice hold, by number, and which could not be evaluated.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) permits: Vec<usize>,
    pub(crate) forbids: Vec<usize>,
    pub(crate) errors: Vec<(usize, String)>,
}

impl Slice {
    fn new(numbers: &[usize], rules: &[Rule]) -> Self {
        let picked = || numbers.iter().filter_map(|n| rules.get(*n));
        let set = |effect| {
            let policies = picked().filter(|r| r.effect == effect).map(|r| r.policy.clone());
            #[expect(clippy::expect_used, reason = "each policy has its own number")]
            PolicySet::from_policies(policies).expect("distinct policies")
        };
        let reads = |acting: bool| {
            let counted = picked().filter(|r| !acting || !r.marks.observe);
            counted.fold(Footprint::default(), |all, r| all.and(r.footprint))
        };
        let (permits, forbids) = (set(Effect::Permit), set(Effect::Forbid));
        Self { footprint: reads(false), acting: reads(true), permits, forbids }
    }

    /// Evaluates permits and forbids apart, since Cedar tells of permits only where no forbid holds.
    pub(crate) fn evaluate(&self, authorizer: &Authorizer, request: &Request, entities: &Entities) -> Outcome {
        let mut outcome = Outcome::default();
        for (set, holds) in [(&self.permits, &mut outcome.permits), (&self.forbids, &mut outcome.forbids)] {
            if set.is_empty() {
                continue;
            }
            let response = authorizer.is_authorized(request, set, entities);
            let number = |id: &cedar_policy::PolicyId| AsRef::<str>::as_ref(id).parse().unwrap_or(usize::MAX);
            holds.extend(response.diagnostics().reason().map(number));
            holds.sort_unstable();
            for error in response.diagnostics().errors() {
                let cedar_policy::AuthorizationError::PolicyEvaluationError(e) = error;
                outcome.errors.push((number(e.policy_id()), e.inner().to_string()));
            }
        }
        outcome.errors.sort_unstable();
        outcome
    }
}

/// Where a question is decided for one seat: its slice, and the entities of the question.
#[derive(Debug)]
pub(crate) struct Place {
    /// Different for each place ever made, so that an answer is never that of another place.
    pub(crate) number: u64,
    pub(crate) slice: Arc<Slice>,
    pub(crate) entities: Arc<Entities>,
    pub(crate) principal: EntityUid,
}

/// The entities that a question is about: the principal, the resource and its server, and no others.
pub(crate) fn entities(principal: &Prepared, target: &Target) -> Option<Entities> {
    let mut of_question = vec![principal];
    for e in [&target.entity, &target.server.0] {
        if of_question.iter().all(|known| known.uid() != e.uid()) {
            of_question.push(e);
        }
    }
    Entities::from_entities(of_question.into_iter().map(|e| e.entity().clone()), None).ok()
}

/// Slices by the numbers of their rules.
#[derive(Debug, Default)]
pub(crate) struct Slices(Mutex<HashMap<Vec<usize>, Arc<Slice>>>);

impl Slices {
    const CAPACITY: usize = 4096;

    pub(crate) fn share(&self, numbers: Vec<usize>, rules: &[Rule]) -> Arc<Slice> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&numbers).cloned();
        known.unwrap_or_else(|| {
            let slice = Arc::new(Slice::new(&numbers, rules));
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= Self::CAPACITY {
                all.clear();
            }
            all.insert(numbers, Arc::clone(&slice));
            slice
        })
    }
}
