//! What holds of every ledger.

use super::*;
use crate::Sum;
use doorward_vocab::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn holders(conversation: u64) -> Holders {
    Holders { conversation: Sum::from_bits(conversation), tenant: Sum::from_bits(1), ..Holders::default() }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_000_000_000_000 + seconds * 1_000_000)
}

fn ledger(tokens: u64) -> Ledger {
    let quotas = Quotas::default().with(Scope::Conversation, Unit::Tokens, Quota::new(tokens, HOUR)).with(
        Scope::Tenant,
        Unit::Calls,
        Quota::new(1_000_000, HOUR),
    );
    Ledger::new(quotas)
}

proptest! {
    /// Settled use in any stretch never exceeds what flowed in, and a burst, and the debt of one burst.
    #[test]
    fn no_more_is_used_than_flows_in(tokens in 10_u64..100_000, calls in proptest::collection::vec((0_u64..600, 0_u64..5_000, 0_u64..5_000), 1..80)) {
        let mut ledger = ledger(tokens);
        let (mut now, mut used, mut largest) = (0, 0_u64, 0_u64);
        for (pause, estimate, actual) in calls {
            now += pause;
            if let Ok(reservation) = ledger.reserve(holders(1), Cost::call(estimate), at(now)) {
                ledger.settle(reservation, Cost::call(actual), at(now));
                used += actual;
                largest = largest.max(actual);
            }
            let inflow = u128::from(tokens) * u128::from(now) / 3600;
            // What is over the cap of the debt is forgiven once, by the call that made it.
            let most = inflow + 2 * u128::from(tokens) + u128::from(largest) * 2;
            prop_assume!(largest <= tokens);
            prop_assert!(u128::from(used) <= most, "{used} of {most}");
        }
    }

    #[test]
    fn what_is_given_back_was_never_taken(tokens in 100_u64..100_000, share in 1_u64..100) {
        let mut ledger = ledger(tokens);
        let first = ledger.reserve(holders(1), Cost::call(tokens * share / 200), at(0)).unwrap();
        let left = ledger.left(&holders(1), Unit::Tokens, at(0));
        let second = ledger.reserve(holders(1), Cost::call(tokens / 4), at(0)).unwrap();
        ledger.settle(second, Cost::default(), at(0));
        prop_assert_eq!(ledger.left(&holders(1), Unit::Tokens, at(0)), left);
        ledger.settle(first, Cost::default(), at(0));
        prop_assert_eq!(ledger.left(&holders(1), Unit::Tokens, at(0)), Some(tokens));
    }

    /// Who waits as long as was said gets it, and who waits less does not.
    #[test]
    fn the_time_that_is_told_is_the_time(tokens in 100_u64..10_000, cost in 1_u64..10_000) {
        let mut ledger = ledger(tokens);
        let _spent = ledger.reserve(holders(1), Cost::call(tokens), at(0)).unwrap();
        let short = ledger.reserve(holders(1), Cost::call(cost), at(0)).unwrap_err();
        let wait = short.wait.unwrap();
        let (early, late) = (wait.saturating_sub(Duration::from_millis(1)), wait + Duration::from_micros(1));
        prop_assert!(ledger.reserve(holders(1), Cost::call(cost), at(0).plus(early)).is_err());
        prop_assert!(ledger.reserve(holders(1), Cost::call(cost), at(0).plus(late)).is_ok());
    }
}

#[test]
fn all_or_nothing() {
    let quotas = Quotas::default().with(Scope::Human, Unit::Calls, Quota::new(10, HOUR)).with(
        Scope::Tool,
        Unit::Calls,
        Quota::new(1, HOUR),
    );
    let mut ledger = Ledger::new(quotas);
    let holders = Holders::default();
    let _one = ledger.reserve(holders, Cost::call(0), at(0)).unwrap();
    let short = ledger.reserve(holders, Cost::call(0), at(0)).unwrap_err();
    assert_eq!((short.scope, short.unit, short.left), (Scope::Tool, Unit::Calls, 0));
    assert_eq!(short.to_string(), "the tool has 0 calls left; there is enough in 3601 s");
    // The human, who had enough, lost nothing by it.
    let other = |n| Holders { tool: Sum::from_bits(n), ..holders };
    let more = (1..20).filter(|n| ledger.reserve(other(*n), Cost::call(0), at(0)).is_ok()).count();
    assert_eq!(more, 9);
}

#[test]
fn strangers_share_when_there_is_no_room() {
    let quotas = Quotas::default().with(Scope::Conversation, Unit::Calls, Quota::new(2, HOUR));
    let mut ledger = Ledger::new(quotas);
    for n in 0..Ledger::MOST as u64 {
        let _kept = ledger.reserve(holders(n), Cost::call(0), at(0)).unwrap();
    }
    let more = (0..10).filter(|n| ledger.reserve(holders(1_000_000 + n), Cost::call(0), at(1)).is_ok()).count();
    assert_eq!(more, 2);
    // An hour later nobody owes anything, and there is room again.
    assert!((0..10).all(|n| ledger.reserve(holders(2_000_000 + n), Cost::call(0), at(3700)).is_ok()));
}

#[test]
fn a_budget_is_topped_up_by_a_person() {
    let mut budget = Budget::new(Cost { tokens: 100, ..Cost::UNBOUNDED });
    budget.reserve(Cost::call(80)).unwrap();
    let short = budget.reserve(Cost::call(30)).unwrap_err();
    assert_eq!(short.to_string(), "the conversation has 20 tokens left; a person can give more");
    budget.settle(Cost::call(80), Cost::call(90));
    assert_eq!((budget.left().tokens, budget.spent().tokens), (10, 90));
    budget.top_up(Cost { tokens: 50, ..Cost::default() });
    budget.reserve(Cost::call(60)).unwrap();
}

#[test]
fn what_goes_on_without_enough_is_a_debt_of_a_burst_at_most() {
    let mut ledger = ledger(100);
    for _ in 0..50 {
        let _owed = ledger.overdraw(holders(1), Cost::call(40), at(0));
    }
    assert_eq!(ledger.left(&holders(1), Unit::Tokens, at(3599)), Some(0));
    assert_eq!(ledger.left(&holders(1), Unit::Tokens, at(2 * 3600)), Some(100));
    let short = ledger.reserve(holders(1), Cost::call(1), at(0)).unwrap_err();
    assert!(short.wait.is_some_and(|wait| wait <= HOUR + Duration::from_secs(60)), "{short:?}");
    // A person gives all of it anew.
    ledger.refill(&holders(1), Scope::Conversation);
    assert_eq!(ledger.left(&holders(1), Unit::Tokens, at(0)), Some(100));
    assert!(ledger.reserve(holders(1), Cost::call(100), at(0)).is_ok());
}

#[test]
fn other_quotas_find_what_was_used() {
    let mut ledger = ledger(100);
    let _used = ledger.reserve(holders(1), Cost::call(50), at(0)).unwrap();
    ledger.requote(Quotas::default().with(Scope::Conversation, Unit::Tokens, Quota::new(1_000, HOUR)));
    assert_eq!(ledger.left(&holders(1), Unit::Tokens, at(0)), Some(500));
}
