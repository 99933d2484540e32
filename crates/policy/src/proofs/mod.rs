//! What is proved, and not only tried: over every request that the schema allows, by Cedar's symbolic compiler and the
//! solver `cvc5`. Where there is no solver, the tests say that they were skipped.
//!
//! A ruling is the strictest of what the seats say. So nothing widens it if no seat's answer depends on what was written for
//! another, if what is forbidden beside takes away only, and if a level that is stricter lets nothing pass that another would
//! not. [`laws`](crate::laws) tries the same through this crate's own code, with marks, slices and memory.

mod prover;
mod shipped;
mod widening;

use crate::{
    Base, Party,
    rule::{Rule, Seat},
    testing::policies,
};
use cedar_policy::{PolicySet, RequestEnv};
use doorward_vocab::Level;
use prover::Prover;

const LEVELS: [Level; 3] = [Level::Watch, Level::Guard, Level::Lockdown];

/// The acting policies of `text` on top of `base`.
fn rules(text: &str, base: Base) -> Vec<Rule> {
    let all = policies(text, base);
    all.rules.iter().filter(|rule| !rule.marks.observe).cloned().collect()
}

/// What a seat is asked.
fn seated(rules: &[Rule], seat: Seat) -> PolicySet {
    set(rules.iter().filter(|rule| rule.sits(seat)))
}

fn set<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> PolicySet {
    PolicySet::from_policies(rules.into_iter().map(|rule| rule.policy.clone())).unwrap()
}

/// The kinds of request in which a party's right is in question.
fn of(party: Party) -> impl Fn(&RequestEnv) -> bool {
    move |env| env.principal().to_string() == type_of(party)
}

const fn type_of(party: Party) -> &'static str {
    match party {
        Party::Agent => "Agent",
        Party::Human => "Human",
        Party::Delegation => "Delegation",
        Party::Server => "Server",
    }
}
