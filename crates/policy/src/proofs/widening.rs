//! Policies of an operator beside those of a level.

use super::*;
use crate::laws::{PLAIN, kind_of_policy, sources};
use proptest::{
    strategy::{Just, Strategy, ValueTree},
    test_runner::TestRunner,
};

/// Some policies, always the same ones.
fn some<T>(count: usize, strategy: &impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What is permitted to one party changes no answer about another; for its own party it can only give, and what is forbidden
/// can only take away.
#[test]
fn nothing_that_is_added_widens_what_another_party_withholds() {
    let Some(mut prover) = Prover::start() else { return };
    let befores = some(8, &sources(PLAIN));
    let permits = some(8, &kind_of_policy((0..4_usize, Just(true)), PLAIN));
    let forbids = some(8, &kind_of_policy((0..5_usize, Just(false)), PLAIN));
    let base = Base::None;
    let mut widened = 0;
    for (before, (permit, forbid)) in befores.iter().zip(permits.iter().zip(&forbids)) {
        let with = |added: &str| rules(&format!("{before}@id(\"added\") {added}"), base);
        let (before, permitted, forbidden) = (rules(before, base), with(permit), with(forbid));
        let own = permitted.iter().find(|rule| rule.name == "added").and_then(|rule| rule.scope.party());
        for party in Party::ALL {
            let seat = Seat::Of(party);
            let [before, permitted, forbidden] = [&before, &permitted, &forbidden].map(|rules| seated(rules, seat));
            for kind in prover.kinds(of(party)) {
                if own == Some(party) {
                    let found = prover.beyond(&before, &permitted, &kind);
                    assert!(found.is_none(), "{permit} took from {party} {kind:?}: {found:?}");
                    widened += usize::from(prover.beyond(&permitted, &before, &kind).is_some());
                } else {
                    let found = prover.difference(&before, &permitted, &kind);
                    assert!(found.is_none(), "{permit} changed {party} {kind:?}: {found:?}");
                }
                let found = prover.beyond(&forbidden, &before, &kind);
                assert!(found.is_none(), "{forbid} gave to {party} {kind:?}: {found:?}");
            }
        }
    }
    assert!(widened > 0, "none of the permits gave anything");
}

/// One set for everybody is what this is not: with an agent that is in a group of people, a permit for the group would be the
/// agent's. The solver finds such a request, so that it finds none elsewhere says something.
#[test]
fn a_permit_does_widen_the_party_that_it_is_for() {
    let Some(mut prover) = Prover::start() else { return };
    let before = rules("", Base::None);
    let after =
        rules("permit (principal in HumanGroup::\"finance\", action == Action::\"call\", resource);", Base::None);
    for party in Party::ALL {
        let (before, after) = (seated(&before, Seat::Of(party)), seated(&after, Seat::Of(party)));
        let kinds = prover.kinds(of(party));
        let widened = kinds.iter().filter(|kind| prover.beyond(&after, &before, kind).is_some()).count();
        assert_eq!(widened > 0, party == Party::Human, "{party}");
    }
}
