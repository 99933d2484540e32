//! The policies of the levels.

use super::*;

#[test]
fn no_shipped_policy_can_fail_to_evaluate() {
    let Some(mut prover) = Prover::start() else { return };
    for level in LEVELS {
        for rule in &rules("", Base::Level(level)) {
            for kind in prover.kinds(|_| true) {
                let found = prover.failing(&rule.policy, &kind);
                assert!(found.is_none(), "{level} {} {kind:?}: {found:?}", rule.name);
            }
        }
    }
}

/// Cedar asked with all policies of a level about a party says what it says with those of the party's own seat: who divides
/// them into seats forgets nothing, and nobody's permit speaks for another.
#[test]
fn the_seats_of_a_level_are_the_whole_of_it() {
    let Some(mut prover) = Prover::start() else { return };
    for level in LEVELS {
        let rules = rules("", Base::Level(level));
        for party in Party::ALL {
            let own = seated(&rules, Seat::Of(party));
            for kind in prover.kinds(of(party)) {
                let found = prover.difference(&set(&rules), &own, &kind);
                assert!(found.is_none(), "{level} {party} {kind:?}: {found:?}");
            }
        }
    }
}

/// Who answers for a person who is not there may say yes only where the delegation itself does.
#[test]
fn who_stands_in_for_a_person_allows_no_more_than_was_handed_over() {
    let Some(mut prover) = Prover::start() else { return };
    for level in LEVELS {
        let rules = rules("", Base::Level(level));
        let [absent, held] = [Seat::Autonomous, Seat::Of(Party::Delegation)].map(|seat| seated(&rules, seat));
        for kind in prover.kinds(of(Party::Delegation)) {
            let found = prover.beyond(&absent, &held, &kind);
            assert!(found.is_none(), "{level} {kind:?}: {found:?}");
        }
    }
}

#[test]
fn a_stricter_level_lets_nothing_more_pass() {
    let Some(mut prover) = Prover::start() else { return };
    let [watch, guard, lockdown] = LEVELS.map(|level| rules("", Base::Level(level)));
    for (strict, lax) in [(&lockdown, &guard), (&guard, &watch)] {
        for party in Party::ALL {
            let (strict, lax) = (seated(strict, Seat::Of(party)), seated(lax, Seat::Of(party)));
            for kind in prover.kinds(of(party)) {
                let found = prover.beyond(&strict, &lax, &kind);
                assert!(found.is_none(), "{party} {kind:?}: {found:?}");
            }
        }
    }
    // And it does let less pass: the question can be answered with no.
    let server = [&lockdown, &guard].map(|rules| seated(rules, Seat::Of(Party::Server)));
    let kinds = prover.kinds(of(Party::Server));
    assert!(kinds.iter().any(|kind| prover.beyond(&server[1], &server[0], kind).is_some()));
}

/// What the server's decision never lets pass without a question, whatever else is true of the request.
#[test]
fn what_must_not_pass_never_does() {
    let Some(mut prover) = Prover::start() else { return };
    let never = [
        (Level::Guard, "resource has state && resource.state == \"quarantined\""),
        (Level::Guard, "context.args.metadataHosts"),
        (Level::Guard, "context.args.disguised"),
        (Level::Guard, "!context.loopback && context.args.privateHosts"),
        (
            Level::Guard,
            "action == Action::\"call\" && resource is Tool && resource.sink && context.flow.untrustedRecipient",
        ),
        (Level::Guard, "action == Action::\"call\" && context.findings.contains(\"known-secret\")"),
        (Level::Lockdown, "resource has state && resource.state == \"pending\""),
        (Level::Lockdown, "context.args.privateHosts"),
        (Level::Lockdown, "context.args.traversal"),
        (Level::Lockdown, "action == Action::\"sample\" || action == Action::\"elicit\""),
    ];
    for (level, condition) in never {
        let watched: PolicySet =
            format!("permit (principal is Server, action, resource) when {{ {condition} }};").parse().unwrap();
        for strict in LEVELS.into_iter().skip_while(|strict| *strict != level) {
            let server = seated(&rules("", Base::Level(strict)), Seat::Of(Party::Server));
            for kind in prover.kinds(of(Party::Server)) {
                let found = prover.overlap(&server, &watched, &kind);
                assert!(found.is_none(), "{strict} {condition} {kind:?}: {found:?}");
            }
        }
    }
}

#[test]
fn lockdown_alone_lets_nobody_change_anything() {
    let Some(mut prover) = Prover::start() else { return };
    let rules = rules("", Base::Level(Level::Lockdown));
    let sink = "permit (principal, action == Action::\"call\", resource is Tool) when { resource.sink };";
    let sink: PolicySet = sink.parse().unwrap();
    for party in [Party::Agent, Party::Human, Party::Delegation] {
        for kind in prover.kinds(of(party)) {
            let found = prover.overlap(&seated(&rules, Seat::Of(party)), &sink, &kind);
            assert!(found.is_none(), "{party} {kind:?}: {found:?}");
        }
    }
    // Nobody stands in for a person who is not there.
    for kind in prover.kinds(of(Party::Delegation)) {
        let found = prover.allowed(&seated(&rules, Seat::Autonomous), &kind);
        assert!(found.is_none(), "{kind:?}: {found:?}");
    }
}
