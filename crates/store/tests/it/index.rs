use crate::kit::*;
use doorward_audit::*;
use doorward_store::{Filter, Index, IndexError, IndexThread, OsEntropy, Trail};
use doorward_vocab::*;

/// Two conversations, a turn, a denied call, a call that another call caused, outcomes.
fn story(trail: &Trail) -> [CallId; 4] {
    let calls = [call(1), call(2), call(3), call(4)];
    let turn = TurnId::mint(at(0), &OsEntropy::default());
    let conversation = ruling(calls[0]).conversation;
    let human = Some(Party::new("u-ann", "Ann"));
    let said = Turn {
        turn,
        conversation,
        human,
        agent: None,
        host: "editor".into(),
        attested: true,
        text: Payload::of(b"tidy up"),
        mandate: None,
    };
    trail.append(&Record::new(at(0), Event::Turn(said))).unwrap();
    let read = Ruling { turn: Some(turn), ..ruling(calls[0]) };
    let delete = Ruling {
        decision: Decision::Deny,
        target: Some("delete_file".into()),
        parent: Some(calls[0]),
        reasons: [Reason::new(ReasonCode::FlowRefused, "the path came from `mail` \"OR\" elsewhere")].into(),
        ..ruling(calls[1])
    };
    let elsewhere = Conversation { id: ConversationId::new("c2").unwrap(), ..ruling(calls[2]).conversation };
    let sub = Ruling {
        parent: Some(calls[0]),
        conversation: elsewhere.clone(),
        agent: Party::new("a-2", "sub"),
        ..ruling(calls[2])
    };
    let stranger = Ruling { human: Some(Party::new("u-bob", "Bob")), ..ruling(calls[3]) };
    for (n, r) in (1..).zip([&read, &delete, &sub, &stranger]) {
        trail.record(at(n * 10), r).unwrap();
        trail.append(&Record::outcome(at(n * 10 + 5), outcome(r.call))).unwrap();
    }
    calls
}

#[test]
fn finds_by_everything() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    let calls = story(&trail);
    drop(trail);
    let index = Index::open(dir.path()).unwrap();
    let find = |f: Filter| index.query(&f).unwrap().into_iter().map(|h| h.index).collect::<Vec<_>>();
    let all = Filter::default();
    assert_eq!(find(all.clone()), (0..9).collect::<Vec<_>>());
    assert_eq!(find(Filter { limit: Some(2), ..all.clone() }), [7, 8]);
    assert_eq!(find(Filter { call: Some(calls[1]), ..all.clone() }), [3, 4]);
    assert_eq!(find(Filter { conversation: Some("c2".into()), ..all.clone() }), [5, 6]);
    assert_eq!(find(Filter { agent: Some("sub".into()), ..all.clone() }), [5, 6]);
    assert_eq!(find(Filter { human: Some("u-bob".into()), ..all.clone() }), [7, 8]);
    assert_eq!(find(Filter { decision: Some(Decision::Deny), ..all.clone() }), [3]);
    assert_eq!(find(Filter { target: Some("files__delete_file".into()), ..all.clone() }), [3, 4]);
    assert_eq!(find(Filter { server: Some("mail".into()), ..all.clone() }), Vec::<u64>::new());
    assert_eq!(find(Filter { kind: Some("turn".into()), ..all.clone() }), [0]);
    assert_eq!(find(Filter { since: Some(at(15)), until: Some(at(25)), ..all.clone() }), [2, 3]);
    assert_eq!(find(Filter { from: Some(8), ..all.clone() }), [8]);
    assert_eq!(find(Filter { text: Some("path mail".into()), ..all.clone() }), [3]);
    // Nothing of the question is an operator.
    for odd in ["\"OR\"", "NEAR(", "* -", "path AND NOT mail", "delete_file"] {
        let _ = find(Filter { text: Some(odd.into()), ..all.clone() });
    }
    assert_eq!(index.rebuild().unwrap(), 9);
    assert_eq!(find(Filter { text: Some("elsewhere".into()), ..all.clone() }), [3]);
}

#[test]
fn a_chain_has_the_turn_the_calls_and_what_they_caused() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    let calls = story(&trail);
    drop(trail);
    let index = Index::open(dir.path()).unwrap();
    let chain = |c| index.chain(c).unwrap().into_iter().map(|h| h.index).collect::<Vec<_>>();
    // Bob's conversation of the same name is another one.
    assert_eq!(chain(calls[0]), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(chain(calls[3]), [7, 8]);
    // From the other agent's side: its own calls, and the call that caused them.
    assert_eq!(chain(calls[2]), [1, 2, 5, 6]);
    assert_eq!(chain(call(9)), Vec::<u64>::new());
}

#[test]
fn follows_a_trail_that_is_written_and_rolled() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    let index = Index::open(dir.path()).unwrap();
    for round in 1..=4 {
        fill(&trail, 400);
        wait(trail.commit(at(0), &ruling(call(0)))).unwrap();
        // Two processes may do this at once.
        let other = Index::open(dir.path()).unwrap();
        assert_eq!(other.query(&Filter::default()).unwrap().len(), 401 * round);
        assert_eq!(index.catch_up().unwrap(), 0);
    }
    let thread = IndexThread::start(dir.path()).unwrap();
    assert_eq!(thread.index().query(&Filter { limit: Some(3), ..Filter::default() }).unwrap().len(), 3);
}

#[test]
fn another_trail_in_the_same_place_is_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Index::open(dir.path()), Err(IndexError::NoTrail(_))));
    for n in [5, 3] {
        for gone in ["segments", "tile", "checkpoint", "checkpoints", "key", "key.pub"] {
            let path = dir.path().join(gone);
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
        fill(&open(dir.path()), n);
        assert_eq!(Index::open(dir.path()).unwrap().query(&Filter::default()).unwrap().len() as u64, n);
    }
}
