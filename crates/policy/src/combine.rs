use crate::{Obligation, Ruling, WouldBe, rule::Rule, rule::Seat, slice::Outcome};
use doorward_vocab::{Decision, Reason, ReasonCode};

/// Turns the rules that hold into a ruling.
pub(crate) fn ruling(seat: Seat, rules: &[Rule], outcome: &Outcome) -> Ruling {
    let act = judge(rules, outcome, |rule| !rule.marks.observe);
    let all = judge(rules, outcome, |_| true);
    let would_be = (act.decision() != all.decision() || act.deciding() != all.deciding())
        .then(|| WouldBe { decision: all.decision(), reasons: all.reasons(seat, rules) });
    let permits = || act.permits.iter().filter_map(|n| rules.get(*n));
    Ruling {
        decision: act.decision(),
        reasons: act.reasons(seat, rules),
        own_permit: permits().any(|rule| !rule.base),
        obligations: act.obligations,
        remedies: {
            let forbids = act.forbids.iter().filter_map(|n| rules.get(*n));
            let mut remedies: Vec<_> = forbids.filter_map(|rule| rule.marks.challenge).collect();
            remedies.sort();
            remedies.dedup();
            remedies
        },
        would_be,
    }
}

/// What the counted rules say together.
pub(crate) struct Judgement {
    pub(crate) permits: Vec<usize>,
    /// Those that are not lifted.
    pub(crate) forbids: Vec<usize>,
    pub(crate) errors: Vec<(usize, String)>,
    /// Whether each forbid can be met by a challenge.
    only_challenges: bool,
    obligations: Vec<Obligation>,
}

pub(crate) fn judge(rules: &[Rule], outcome: &Outcome, counts: impl Fn(&Rule) -> bool) -> Judgement {
    let counted = |numbers: &[usize]| -> Vec<usize> {
        numbers.iter().copied().filter(|n| rules.get(*n).is_some_and(&counts)).collect()
    };
    let permits = counted(&outcome.permits);
    let held = || permits.iter().filter_map(|n| rules.get(*n));
    let lifted = |name: &str| held().any(|permit| permit.marks.lifts.as_deref() == Some(name));
    let mut forbids = counted(&outcome.forbids);
    forbids.retain(|n| rules.get(*n).is_some_and(|rule| !(rule.base && lifted(&rule.name))));
    // All obligations of all permits that hold: one permit without any does not free from another's.
    let mut obligations: Vec<_> = held().flat_map(|rule| &rule.marks.oblige).copied().collect();
    obligations.sort();
    obligations.dedup();
    // An error under a number that is no rule's cannot be, and would count.
    let errors = outcome.errors.iter().filter(|(n, _)| rules.get(*n).is_none_or(&counts)).cloned().collect();
    let only_challenges = forbids.iter().all(|n| rules.get(*n).is_some_and(|rule| rule.marks.challenge.is_some()));
    Judgement { permits, forbids, errors, only_challenges, obligations }
}

impl Judgement {
    pub(crate) fn decision(&self) -> Decision {
        // Doubt denies; and an approval cannot stand in for a permit that nobody gave.
        if !self.errors.is_empty() || self.permits.is_empty() || !self.only_challenges {
            Decision::Deny
        } else if !self.forbids.is_empty() {
            Decision::Challenge
        } else if !self.obligations.is_empty() {
            Decision::Oblige
        } else {
            Decision::Allow
        }
    }

    /// The rules that decide: as Cedar has it, the forbids that hold, and the permits only where there is none.
    pub(crate) fn deciding(&self) -> &[usize] {
        if self.forbids.is_empty() { &self.permits } else { &self.forbids }
    }

    fn reasons(&self, seat: Seat, rules: &[Rule]) -> Vec<Reason> {
        let seat = seat.as_str();
        let mut reasons = Vec::new();
        for (n, error) in &self.errors {
            let name = rules.get(*n).map_or("?", |rule| &rule.name);
            let text = format!("`{name}` could not be evaluated for the {seat}: {error}");
            reasons.push(reason(ReasonCode::EvaluationError, text, Some(name)));
        }
        for rule in self.forbids.iter().filter_map(|n| rules.get(*n)) {
            let code = rule.marks.code.unwrap_or(match rule.marks.challenge {
                None => ReasonCode::Forbidden,
                Some(crate::Remedy::Approval) => ReasonCode::ApprovalRequired,
                Some(crate::Remedy::StepUp) => ReasonCode::AssuranceTooLow,
            });
            reasons.push(reason(code, told(rule, "forbidden", seat), Some(&rule.name)));
        }
        if self.permits.is_empty() {
            reasons.push(reason(ReasonCode::NotPermitted, format!("no policy permits it for the {seat}"), None));
        } else if reasons.is_empty() {
            let permits = self.permits.iter().filter_map(|n| rules.get(*n));
            reasons.extend(
                permits.map(|rule| reason(ReasonCode::Permitted, told(rule, "permitted", seat), Some(&rule.name))),
            );
        }
        reasons
    }
}

fn told(rule: &Rule, verb: &str, seat: &str) -> String {
    match &rule.marks.reason {
        Some(why) => format!("{verb} for the {seat} by `{}`: {why}", rule.name),
        None => format!("{verb} for the {seat} by `{}`", rule.name),
    }
}

fn reason(code: ReasonCode, text: String, policy: Option<&str>) -> Reason {
    Reason { code, text: text.into(), policy: policy.map(|name| name.to_owned().into()) }
}
