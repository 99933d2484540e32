//! What holds of every baseline.

use super::*;
use crate::{Sum, event::Closing};
use doorward_vocab::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

fn at(hours: u64) -> Timestamp {
    Timestamp::from_micros(1_000_000_000_000).plus(Duration::from_secs(hours * 3600))
}

fn fact(place: u64, value: u64) -> Fact {
    let none = Sum::default();
    Fact { kind: FactKind::Origin, place: none.and(place), value: none.and(value), tool: none, argument: none }
}

fn facts() -> impl Strategy<Value = Vec<(u64, u64)>> {
    proptest::collection::vec((0_u64..6, 0_u64..4), 1..12)
}

fn learned(conversations: &[Vec<(u64, u64)>]) -> Baseline {
    let mut baseline = Baseline::new(at(0));
    for (hour, conversation) in (0..).zip(conversations) {
        let facts: Vec<Fact> = conversation.iter().map(|(place, value)| fact(*place, *value)).collect();
        baseline.learn(&facts, conversation.len() as f32);
        baseline.age(at(hour * 7), &Drift { a_day: 9.0, in_all: 9.0 });
    }
    baseline
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_kept_comes_back_byte_for_byte(conversations in proptest::collection::vec(facts(), 0..40)) {
        let baseline = learned(&conversations);
        let bytes = baseline.snapshot();
        let back = Baseline::restore(&bytes).unwrap();
        prop_assert_eq!(back.snapshot(), bytes.clone());
        prop_assert_eq!(Baseline::restore(&bytes[..bytes.len() - 1]), Err(SnapshotError));
        // It takes no more room than this, whatever was learned.
        prop_assert!(bytes.len() <= 64 * 1024, "{}", bytes.len());
    }

    #[test]
    fn what_is_seen_more_often_is_less_surprising(conversations in proptest::collection::vec(facts(), 0..30), place in 0_u64..6, value in 0_u64..4) {
        let mut baseline = learned(&conversations);
        let asked = fact(place, value);
        let before = surprise(&[&baseline], &asked, None);
        baseline.learn(&[asked], 1.0);
        let after = surprise(&[&baseline], &asked, None);
        prop_assert!(after <= before + 1e-3, "{before} {after}");
        prop_assert!(surprise(&[&baseline], &fact(99, 99), None) >= after - 1e-3);
    }

    #[test]
    fn a_frozen_baseline_learns_nothing(conversations in proptest::collection::vec(facts(), 1..20)) {
        let mut baseline = learned(&conversations);
        baseline.health = Health::Frozen;
        let before = baseline.snapshot();
        baseline.learn(&[fact(1, 1)], 1.0);
        prop_assert_eq!(baseline.snapshot(), before);
    }
}

#[test]
fn the_gate_waits_a_day_and_keeps_shares() {
    let mut gate = Gate::default();
    let closed = |who, how| Closed { at: at(0), how, principal: Sum::from_bits(who) };
    assert_eq!(gate.admit(&closed(1, Closing::Troubled), at(48)), Admission::Troubled);
    assert_eq!(gate.admit(&closed(1, Closing::Clean), at(20)), Admission::Wait(Duration::from_secs(4 * 3600)));
    // A day of a hundred principals, then one of one of them.
    let day = (0..100).filter(|n| gate.admit(&closed(*n, Closing::Clean), at(48)) == Admission::Admit).count();
    assert_eq!(day, 100);
    let one = (0..100).filter(|_| gate.admit(&closed(1, Closing::Clean), at(72)) == Admission::Admit).count();
    assert_eq!(one, 5);
}

#[test]
fn it_freezes_when_it_goes_too_far_and_a_person_decides() {
    let mut baseline = Baseline::new(at(0));
    let usual = [fact(1, 1), fact(2, 1)];
    (0..600).for_each(|_| baseline.learn(&usual, 1.0));
    assert_eq!(baseline.age(at(24), &Drift::default()), None);
    (0..600).for_each(|_| baseline.learn(&[fact(3, 3), fact(4, 4)], 1.0));
    let review = baseline.age(at(48), &Drift::default()).unwrap();
    assert!(review.distance > 0.15 && baseline.health() == Health::Frozen);
    let strange = surprise(&[&baseline], &fact(3, 3), None);
    let mut approved = baseline.clone();
    approved.approve();
    assert!(surprise(&[&approved], &fact(3, 3), None) < strange);
    baseline.revert();
    assert!(surprise(&[&baseline], &fact(3, 3), None) >= strange);
    assert_eq!((approved.health(), baseline.health()), (Health::Learning, Health::Learning));
}
