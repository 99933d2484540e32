use crate::{
    Policies, Question, Ruling, combine,
    entity::Prepared,
    footprint::Footprint,
    policies::seats,
    rule::{Rule, Seat},
    scope::{Reach, Scope},
    slice::{Outcome, entities},
};
use cedar_policy::{
    Authorizer, Effect, Entities, Policy, PolicySet, Request,
    pst::{self, BinaryOp, Clause, Expr},
};
use doorward_vocab::Decision;
use serde::Serialize;
use std::{fmt, sync::Arc};

/// Why a question is answered as it is: the decisions apart, what each looked at, and what was near.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The strictest decision of all.
    pub decision: Decision,
    /// What it would be if the policies that only observe acted, where that differs.
    pub would_be: Option<Decision>,
    /// One for each party, and for each delegation of the chain.
    pub parts: Vec<Part>,
}

/// The decision of one party.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// `agent`, `human`, `delegation`, `server`; `absent human` where the owner of a delegation answers.
    pub party: &'static str,
    /// Who it is.
    pub principal: String,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<String>,
    /// The policies that could apply by their heads.
    pub considered: Vec<Considered>,
    /// What would change a denial.
    pub near: Vec<String>,
}

/// A policy that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Considered {
    /// Its name.
    pub policy: String,
    /// `permit` or `forbid`.
    pub effect: String,
    /// Whether its conditions hold.
    pub holds: bool,
    /// Why it could not be evaluated.
    pub error: Option<String>,
    /// Whether it only observes.
    pub observes: bool,
    /// The attributes of the context that it reads.
    pub reads: Vec<&'static str>,
}

impl Policies {
    /// Answers without memory, and tells how.
    pub fn explain(&self, question: &Question<'_>) -> Explanation {
        let verdict = self.decide(question);
        let rulings = verdict.all();
        let parts = seats(question).zip(rulings).map(|(seat, ruling)| self.part(seat, question, ruling)).collect();
        Explanation { decision: verdict.decision, would_be: verdict.would_be().map(|w| w.decision), parts }
    }

    fn part(&self, seat: Option<(Seat, &Prepared)>, q: &Question<'_>, ruling: &Ruling) -> Part {
        let reasons = ruling.reasons.iter().map(|r| r.text.clone().into_owned()).collect();
        let Some((seat, principal)) = seat else {
            let near = vec!["a delegation that names an owner could answer for the person".to_owned()];
            return Part {
                party: "human",
                principal: "nobody".to_owned(),
                decision: ruling.decision,
                reasons,
                considered: vec![],
                near,
            };
        };
        let numbers = self.slice(seat, principal, q);
        let trial = Trial::new(principal, q);
        let outcome = trial.as_ref().map(|t| t.outcome(&self.rules, &numbers)).unwrap_or_default();
        let considered = numbers.iter().filter_map(|n| Some((n, self.rules.get(*n)?))).map(|(n, rule)| Considered {
            policy: rule.name.clone(),
            effect: rule.effect.to_string(),
            holds: outcome.permits.contains(n) || outcome.forbids.contains(n),
            error: outcome.errors.iter().find(|(m, _)| m == n).map(|(_, e)| e.clone()),
            observes: rule.marks.observe,
            reads: rule.footprint.paths().collect(),
        });
        Part {
            party: seat.as_str(),
            principal: principal.uid().to_string(),
            decision: ruling.decision,
            reasons,
            considered: considered.collect(),
            near: trial.map(|t| self.near(seat, q, &t, &outcome)).unwrap_or_default(),
        }
    }

    /// What would change a denial: conditions of permits that fail, heads that miss in one place, forbids that hold.
    fn near(&self, seat: Seat, q: &Question<'_>, trial: &Trial, outcome: &Outcome) -> Vec<String> {
        let act = combine::judge(&self.rules, outcome, |rule| !rule.marks.observe);
        if act.decision() < Decision::Challenge {
            return Vec::new();
        }
        let mut near = Vec::new();
        for rule in act.forbids.iter().filter_map(|n| self.rules.get(*n)) {
            let holding = trial.conditions(&rule.policy, true);
            if !holding.is_empty() {
                near.push(format!("forbid `{}` applies because {}", rule.name, holding.join(" and ")));
            }
            if rule.base {
                near.push(format!("a permit with @lifts(\"{}\") for the {} would lift it", rule.name, seat.as_str()));
            }
        }
        if act.permits.is_empty() {
            let permits = self.rules.iter().filter(|r| r.effect == Effect::Permit && !r.marks.observe && r.sits(seat));
            near.extend(permits.filter_map(|rule| self.would_permit(rule, trial, q)).take(12));
        }
        near
    }

    fn would_permit(&self, rule: &Rule, trial: &Trial, q: &Question<'_>) -> Option<String> {
        let mut wanted = misses(&rule.scope, trial, q);
        if wanted.len() > 1 {
            return None;
        }
        wanted.extend(trial.conditions(&rule.policy, false));
        Some(format!("permit `{}` would apply if {}", rule.name, wanted.join(" and ")))
    }
}

/// The whole question, for trying one condition at a time.
struct Trial {
    principal: Prepared,
    request: Request,
    entities: Entities,
    authorizer: Authorizer,
}

impl Trial {
    fn new(principal: &Prepared, q: &Question<'_>) -> Option<Self> {
        let (action, resource) = (q.action.uid().clone(), q.target.entity.uid().clone());
        let context = Footprint::all().context(q.context)?;
        Some(Self {
            request: Request::new(principal.uid().clone(), action, resource, context, None).ok()?,
            entities: entities(principal, q.target)?,
            authorizer: Authorizer::new(),
            principal: principal.clone(),
        })
    }

    fn outcome(&self, rules: &[Rule], numbers: &[usize]) -> Outcome {
        let slices = crate::slice::Slices::default();
        let slice = slices.share(numbers.to_vec(), rules);
        slice.evaluate(&self.authorizer, &self.request, &self.entities)
    }

    /// Those parts of a policy's conditions that hold, or that do not, as text.
    fn conditions(&self, policy: &Policy, holding: bool) -> Vec<String> {
        let Ok(tree) = policy.to_pst() else { return Vec::new() };
        let mut out = Vec::new();
        for clause in tree.body().clauses() {
            match clause {
                Clause::When(e) => {
                    let parts = conjuncts(e).into_iter().filter(|part| self.holds(part) == holding);
                    out.extend(parts.map(|part| format!("`{part}`")));
                }
                Clause::Unless(e) if self.holds(e) != holding => out.push(format!("not `{e}`")),
                Clause::Unless(_) => {}
            }
        }
        out
    }

    fn holds(&self, e: &Arc<Expr>) -> bool {
        let any = (pst::PrincipalConstraint::Any, pst::ActionConstraint::Any, pst::ResourceConstraint::Any);
        let alone = pst::Template::new("part", pst::Effect::Permit, any.0, any.1, any.2)
            .try_with_clauses(vec![Clause::When(Arc::clone(e))])
            .ok()
            .and_then(|template| pst::StaticPolicy::try_from(template).ok())
            .and_then(|policy| Policy::from_pst(pst::Policy::Static(policy)).ok());
        let set = alone.and_then(|policy| PolicySet::from_policies([policy]).ok());
        set.is_some_and(|set| {
            self.authorizer.is_authorized(&self.request, &set, &self.entities).decision()
                == cedar_policy::Decision::Allow
        })
    }
}

fn conjuncts(e: &Arc<Expr>) -> Vec<&Arc<Expr>> {
    match &**e {
        Expr::BinaryOp { op: BinaryOp::And, left, right } => [conjuncts(left), conjuncts(right)].concat(),
        _ => vec![e],
    }
}

/// What the head asks for and the question is not.
fn misses(scope: &Scope, trial: &Trial, q: &Question<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if !scope.principal.matches(&trial.principal) {
        out.push(asks("the principal", &scope.principal));
    }
    if !scope.acts_on(q.action) {
        let actions: Vec<_> = scope.actions.iter().flatten().map(ToString::to_string).collect();
        out.push(format!("the action were {}", actions.join(" or ")));
    }
    if !scope.resource.matches(&q.target.entity) {
        out.push(asks("the resource", &scope.resource));
    }
    out
}

fn asks(what: &str, reach: &Reach) -> String {
    match reach {
        Reach::Any => format!("{what} were anything"),
        Reach::Is(kind) => format!("{what} were a {kind}"),
        Reach::Eq(e) => format!("{what} were {e}"),
        Reach::In(e) => format!("{what} were in {e}"),
        Reach::IsIn(kind, e) => format!("{what} were a {kind} in {e}"),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.decision.as_str())?;
        if let Some(would_be) = self.would_be {
            write!(f, "   (would be {} if observing policies acted)", would_be.as_str())?;
        }
        for part in &self.parts {
            write!(f, "\n\n{:<12} {:<10} {}", part.party, part.decision.as_str(), part.principal)?;
            for reason in &part.reasons {
                write!(f, "\n  because    {reason}")?;
            }
            for near in &part.near {
                write!(f, "\n  near       {near}")?;
            }
            for c in &part.considered {
                let mark = if c.error.is_some() {
                    "!"
                } else if c.holds {
                    "+"
                } else {
                    "-"
                };
                let observes = if c.observes { ", observes" } else { "" };
                let reads = if c.reads.is_empty() { String::new() } else { format!(", reads {}", c.reads.join(" ")) };
                write!(f, "\n  {mark} {} `{}`{observes}{reads}", c.effect, c.policy)?;
                if let Some(error) = &c.error {
                    write!(f, ": {error}")?;
                }
            }
        }
        Ok(())
    }
}
