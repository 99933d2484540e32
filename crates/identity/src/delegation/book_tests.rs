use super::*;
use crate::delegation::{Limits, Reach, Wanted};
use doorward_vocab::{Effect, Effects, ServerName};
use proptest::{prelude::*, sample::select};
use std::collections::BTreeSet as Set;

fn party(id: &str) -> PartyId {
    PartyId { issuer: Some("https://idp".into()), id: id.into() }
}

fn root(id: &str, depth: u8) -> Delegation {
    Delegation { human: Some(party("ada")), depth, ..Delegation::new(id, party("claude")) }
}

fn child(parent: &Delegation, id: &str) -> Delegation {
    parent.narrowed(Delegation { depth: 9, ..Delegation::new(id, party("helper")) }).unwrap()
}

fn ids(chain: &Chain) -> Vec<&str> {
    chain.iter().map(|d| &*d.id).collect()
}

#[test]
fn a_chain_begins_with_what_the_human_granted() {
    let book = Book::default();
    let (a, b) = (root("a", 2), child(&root("a", 2), "b"));
    let c = child(&b, "c");
    assert_eq!(book.grant(b.clone()), Err(Broken::Orphan));
    book.grant(a.clone()).unwrap();
    book.grant(b).unwrap();
    assert_eq!(ids(&book.grant(c.clone()).unwrap()), ["a", "b", "c"]);
    assert_eq!(book.grant(c.clone()), book.chain("c"), "twice is once");
    assert_eq!(book.grant(Delegation { purpose: Some("more".into()), ..c }), Err(Broken::Taken));
    assert_eq!(book.chain("d"), Err(Broken::Unknown));
}

#[test]
fn what_is_no_chain_is_not_granted() {
    let book = Book::default();
    book.grant(root("a", 9)).unwrap();
    let b = child(&root("a", 9), "b");
    for wider in [
        Delegation { human: Some(party("eve")), ..b.clone() },
        Delegation { owner: Some("eve".into()), ..b.clone() },
        Delegation { depth: 9, ..b.clone() },
        Delegation { scopes: Set::from(["more".into()]), ..b.clone() },
    ] {
        assert_eq!(book.grant(wider), Err(Broken::Wider));
    }
    assert_eq!(book.grant(Delegation { parent: Some("x".into()), ..root("x", 1) }), Err(Broken::Cycle));
    book.grant(b.clone()).unwrap();
    let c = child(&b, "c");
    book.grant(c.clone()).unwrap();
    assert_eq!(book.grant(child(&c, "d")), Err(Broken::Long));
}

#[test]
fn what_is_revoked_takes_along_what_was_made_from_it() {
    let book = Book::default();
    let (a, other) = (root("a", 2), root("other", 0));
    let b = child(&a, "b");
    for d in [a, b.clone(), child(&b, "c"), other] {
        book.grant(d).unwrap();
    }
    let before = book.generation();
    let mut revoked = book.revoke("a");
    assert_eq!(revoked.first().map(|id| &**id), Some("a"));
    revoked.sort();
    assert_eq!(revoked, ["a".into(), "b".into(), "c".into()]);
    assert!(book.generation() > before);
    assert!(["a", "b", "c"].iter().all(|id| book.is_revoked(id) && book.chain(id) == Err(Broken::Revoked)));
    assert!(book.chain("other").is_ok() && !book.is_revoked("other"));
    assert_eq!(book.revoke("a"), [], "once");
    assert_eq!(book.grant(root("a", 2)), Err(Broken::Revoked), "an id does not come back");
    assert_eq!(book.revoke("of another issuer").len(), 1);
    assert!(book.is_revoked("of another issuer"));
}

#[test]
fn what_is_over_is_given_once() {
    let at = Timestamp::from_micros;
    let book = Book::default();
    for (id, end) in [("a", Some(10)), ("b", Some(20)), ("c", None), ("d", Some(5))] {
        book.grant(Delegation { expires: end.map(at), ..root(id, 0) }).unwrap();
    }
    book.revoke("d");
    assert_eq!(book.expired(at(9)), []);
    assert_eq!(book.expired(at(10)).iter().map(|d| &*d.id).collect::<Vec<_>>(), ["a"]);
    assert_eq!((book.chain("a"), book.expired(at(10)).len()), (Err(Broken::Unknown), 0));
    assert!(book.chain("b").is_ok() && book.chain("c").is_ok());
}

#[test]
fn what_the_configuration_gives_is_in_force_while_it_does() {
    let book = Book::default();
    let nightly = Delegation { owner: Some("ops".into()), depth: 1, ..Delegation::new("nightly", party("backup")) };
    book.install([nightly.clone()]);
    let (first, made) = (book.generation(), child(&nightly, "made"));
    book.install([nightly.clone()]);
    assert_eq!(book.generation(), first, "the same changes nothing");
    assert_eq!(ids(&book.standing(&party("backup")).unwrap()), ["nightly"]);
    assert_eq!(book.standing(&party("other")), None);
    assert_eq!(ids(&book.grant(made).unwrap()), ["nightly", "made"]);

    let tighter = Limits { effects: Some(Set::from([Effect::Read])), ..Limits::default() };
    book.install([Delegation { limits: tighter, ..nightly.clone() }]);
    assert!(book.generation() > first);
    assert_eq!(book.chain("made"), Err(Broken::Wider), "what was made from a wider one is over");
    book.install([]);
    assert_eq!((book.standing(&party("backup")), book.chain("made")), (None, Err(Broken::Orphan)));

    book.install([nightly.clone()]);
    book.revoke("nightly");
    book.install([]);
    book.install([nightly]);
    assert_eq!(book.standing(&party("backup")), None, "what was revoked is not installed again");
}

/// Readers see a chain or none, whatever goes on beside them.
#[test]
fn who_reads_sees_whole_chains() {
    let book = Book::default();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..500 {
                let a = root(&format!("a{n}"), 1);
                let b = child(&a, &format!("b{n}"));
                book.grant(a).unwrap();
                book.grant(b).unwrap();
                book.revoke(&format!("a{n}"));
            }
        });
        while !writer.is_finished() {
            for n in [0, 100, 400] {
                match book.chain(&format!("b{n}")) {
                    Ok(chain) => assert_eq!(chain.len(), 2),
                    Err(broken) => assert!(matches!(broken, Broken::Unknown | Broken::Revoked), "{broken}"),
                }
            }
        }
    });
    assert!((0..500).all(|n| book.is_revoked(&format!("b{n}"))));
}

fn reach() -> impl Strategy<Value = Reach> {
    let tools = prop_oneof![
        Just(super::super::Tools::All),
        prop::collection::btree_set(select(vec!["t1", "t2", "t3"]).prop_map(Arc::from), 0..3)
            .prop_map(super::super::Tools::Only),
    ];
    let only = prop::collection::btree_map(select(vec!["s1", "s2"]).prop_map(|s| s.parse().unwrap()), tools, 0..3);
    prop_oneof![Just(Reach::Everything), only.prop_map(Reach::Only)]
}

fn any_delegation(id: &'static str) -> impl Strategy<Value = Delegation> {
    let effects = prop::option::of(prop::collection::btree_set(select(&Effect::ALL[..4]), 0..4));
    let limits = (effects, prop::option::of(0_i64..4), prop::option::of(0_u64..4));
    let times = (prop::option::of(0_u64..8), prop::option::of(0_u64..8));
    let scopes = prop::collection::btree_set(select(vec!["x", "y"]).prop_map(Arc::from), 0..3);
    (reach(), limits, times, 0_u8..3, scopes).prop_map(move |(reach, limits, times, depth, scopes)| Delegation {
        reach,
        limits: Limits { effects: limits.0, amount: limits.1, sinks: limits.2 },
        not_before: times.0.map(Timestamp::from_micros),
        expires: times.1.map(Timestamp::from_micros),
        depth,
        scopes,
        ..Delegation::new(id, party(id))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    /// What is handed over lies within, in every question; and what lies within covers nothing that its parent does not.
    #[test]
    fn nothing_is_handed_over_that_was_not_held(
        parent in any_delegation("p"), asked in any_delegation("c"), as_it_is in any::<bool>(),
        server in select(vec!["s1", "s2", "s3"]), tool in prop::option::of(select(vec!["t1", "t2", "t4"])),
        effects in prop::collection::vec(select(&Effect::ALL[..5]), 0..3), amount in 0_i64..5, now in 0_u64..9,
    ) {
        let made = if as_it_is {
            Some(Delegation { parent: Some("p".into()), ..asked })
        } else {
            let made = parent.narrowed(asked).ok();
            prop_assert!(made.as_ref().is_none_or(|m| m.is_within(&parent)));
            made
        };
        if let Some(made) = made.filter(|m| m.is_within(&parent)) {
            let server: ServerName = server.parse().unwrap();
            let wanted = Wanted { server: &server, tool, effects: effects.into_iter().collect::<Effects>(), amount };
            let now = Timestamp::from_micros(now);
            prop_assert!(made.covers(&wanted, now).is_err() || parent.covers(&wanted, now).is_ok());
        }
    }
}
