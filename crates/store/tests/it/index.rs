use crate::kit::*;
use doorward_audit::*;
use doorward_store::{Filter, Index, IndexError, IndexThread, OsEntropy, Seek, SeenRole, Trail};
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

const PATIENT: Seek = Seek { before: None, limit: 50, within: std::time::Duration::from_secs(60) };

/// Pages over a search are the search, whatever their length, and each record comes once.
#[test]
fn pages_are_the_whole_search() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    story(&trail);
    drop(trail);
    let index = Index::open(dir.path()).unwrap();
    index.catch_up().unwrap();
    let all = Filter::default();
    for filter in [
        all.clone(),
        Filter { kind: Some("ruling".into()), ..all.clone() },
        Filter { kind: Some("turn".into()), ..all.clone() },
        Filter { agent: Some("helper".into()), ..all.clone() },
        Filter { agent: Some("a-1".into()), server: Some("files".into()), ..all.clone() },
        Filter { tag: Some("effect:read".into()), ..all.clone() },
        Filter { tag: Some("reason:flow-refused".into()), ..all.clone() },
        Filter { tag: Some("nothing".into()), ..all.clone() },
        Filter { text: Some("path mail".into()), ..all.clone() },
        Filter { since: Some(at(15)), until: Some(at(25)), ..all.clone() },
        Filter { conversation: Some("c1".into()), whose: Some("u-ann".into()), ..all.clone() },
    ] {
        let mut whole: Vec<u64> = index.query(&filter).unwrap().iter().map(|h| h.index).collect();
        whole.reverse();
        for limit in [1, 2, 50] {
            let (mut found, mut before) = (Vec::new(), None);
            loop {
                let page = index.page(&filter, Seek { before, limit, ..PATIENT }).unwrap();
                assert!(page.items.len() <= limit);
                found.extend(page.items.iter().map(|h| h.index));
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(found, whole, "{filter:?} by {limit}");
        }
    }
}

/// A search that has no time left gives where the next one goes on.
#[test]
fn a_search_stops_when_its_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    fill(&trail, 20_000);
    drop(trail);
    let index = Index::open(dir.path()).unwrap();
    index.catch_up().unwrap();
    let nothing = Filter { server: Some("nowhere".into()), ..Filter::default() };
    let hurried = Seek { within: std::time::Duration::ZERO, ..PATIENT };
    let first = index.page(&nothing, hurried).unwrap();
    assert_eq!((first.items.len(), first.next), (0, Some(20_000 - 8_192)));
    let last = index.page(&nothing, Seek { before: first.next, ..PATIENT }).unwrap();
    assert_eq!((last.items.len(), last.next), (0, None));
}

#[test]
fn conversations_and_who_took_part_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    story(&trail);
    drop(trail);
    let index = Index::open(dir.path()).unwrap();
    index.catch_up().unwrap();
    let told = |c: &doorward_store::SeenConversation| (c.name.clone(), c.whose.clone(), c.turns, c.calls, c.stopped);
    let all = index.conversations((None, None), false, None, 50).unwrap();
    let ann = |name: &str, turns, calls, stopped| (name.to_owned(), "u-ann".to_owned(), turns, calls, stopped);
    let bob = ("c1".to_owned(), "u-bob".to_owned(), 0, 1, 0);
    // The latest first; a name means something only with its human.
    assert_eq!(all.items.iter().map(told).collect::<Vec<_>>(), [bob.clone(), ann("c2", 0, 1, 0), ann("c1", 1, 2, 1)]);
    let first = index.conversations((None, None), false, None, 1).unwrap();
    let second = index.conversations((None, None), false, first.next, 1).unwrap();
    assert_eq!(second.items.iter().map(told).collect::<Vec<_>>(), [ann("c2", 0, 1, 0)]);
    let stopped = index.conversations((None, Some("u-ann")), true, None, 50).unwrap();
    assert_eq!(stopped.items.iter().map(told).collect::<Vec<_>>(), [ann("c1", 1, 2, 1)]);
    assert_eq!(index.conversations_named("c1").unwrap().len(), 2);
    let party = |role, id| index.party(role, id).unwrap().map(|p| (p.name, p.calls, p.stopped));
    assert_eq!(party(SeenRole::Agent, "a-1"), Some(("helper".into(), 3, 1)));
    assert_eq!(party(SeenRole::Human, "u-bob"), Some(("Bob".into(), 1, 0)));
    assert_eq!(party(SeenRole::Server, "files"), Some(("files".into(), 4, 1)));
    assert_eq!(party(SeenRole::Tool, "files/delete_file"), Some(("delete_file".into(), 1, 1)));
    assert_eq!(index.tools_of("files", 50).unwrap().len(), 2);
    assert_eq!(index.tools_of("file", 50).unwrap().len(), 0);
    let counts = index.counts(at(0)).unwrap();
    let n = |name: &str| counts.iter().filter(|c| c.name == name).map(|c| c.n).sum::<u64>();
    assert_eq!((n("calls"), n("decision:deny"), n("effect:read"), n("by:standing-policy")), (4, 1, 4, 4));
    // Built anew, they are the same.
    index.rebuild().unwrap();
    assert_eq!(index.conversations((None, None), false, None, 50).unwrap(), all);
}

/// `DOORWARD_INDEX_RECORDS=10000000` says how long pages of a large trail take; without it the test is small.
#[test]
fn pages_of_a_large_trail() {
    let n: u64 = std::env::var("DOORWARD_INDEX_RECORDS").ok().and_then(|n| n.parse().ok()).unwrap_or(5_000);
    let dir = tempfile::tempdir().unwrap();
    let options = doorward_store::Options { max_waiting: usize::MAX >> 1, ..doorward_store::Options::default() };
    let trail = Trail::open(dir.path(), &Noon, options).unwrap();
    let base = ruling(call(0));
    for i in 0..n / 2 {
        let own = |part: &str, many: u64| Text::copy(&format!("{part}-{}", i % many));
        let agent = Party { id: own("agent", 997), name: own("helper", 997) };
        let human = Some(Party { id: own("human", 9_973), name: own("Person", 9_973) });
        let name = ConversationId::new(&format!("c{}", i / 20)).unwrap();
        let rare = i % 100_003 == 7;
        let decision = if rare { Decision::Deny } else { Decision::Allow };
        let effects = Effects::just(if i % 50 == 0 { Effect::Send } else { Effect::Read });
        let conversation = Conversation { id: name, ..base.conversation.clone() };
        let id = call(i);
        let ruled = Ruling { agent, human, conversation, decision, effects, ..ruling(id) };
        trail.record(at(i * 1_000), &ruled).unwrap();
        trail.append(&Record::outcome(at(i * 1_000 + 500), outcome(id))).unwrap();
    }
    drop(trail);
    let index = Index::open(dir.path()).unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(index.catch_up().unwrap(), n / 2 * 2);
    let filled = begun.elapsed();
    let all = Filter::default();
    let filters = [
        ("newest", all.clone()),
        ("denied", Filter { decision: Some(Decision::Deny), ..all.clone() }),
        ("one agent", Filter { agent: Some("agent-5".into()), ..all.clone() }),
        (
            "an agent by name, and a human",
            Filter { agent: Some("helper-5".into()), human: Some("Person-77".into()), ..all.clone() },
        ),
        (
            "an agent that is denied",
            Filter { agent: Some("agent-5".into()), decision: Some(Decision::Deny), ..all.clone() },
        ),
        ("sinks", Filter { tag: Some("sink".into()), ..all.clone() }),
        ("sinks of one human", Filter { tag: Some("sink".into()), human: Some("human-50".into()), ..all.clone() }),
        ("words that are everywhere", Filter { text: Some("permitted".into()), ..all.clone() }),
        ("words that are nowhere", Filter { text: Some("never".into()), ..all.clone() }),
        ("a server that is not there", Filter { server: Some("nowhere".into()), ..all.clone() }),
        ("the oldest hour", Filter { until: Some(at(3_600_000)), ..all }),
    ];
    let seek = Seek { limit: 60, within: std::time::Duration::from_millis(400), ..PATIENT };
    let mut told = format!("{n} records, filled in {filled:?}");
    let mut time = |what: &str, act: &dyn Fn() -> usize| {
        let begun = std::time::Instant::now();
        let found = act();
        let took = begun.elapsed();
        told.push_str(&format!("\n{what}: {found} in {took:?}"));
        assert!(took < std::time::Duration::from_secs(2), "{what} took {took:?}");
    };
    for (what, filter) in &filters {
        time(what, &|| index.page(filter, seek).unwrap().items.len());
    }
    time("conversations", &|| index.conversations((None, None), false, None, 60).unwrap().items.len());
    time("conversations of a human", &|| {
        index.conversations((None, Some("human-7")), false, None, 60).unwrap().items.len()
    });
    time("one conversation", &|| index.conversation("c7", "human-140", 0, 200).unwrap().items.len());
    time("agents", &|| index.parties(SeenRole::Agent, None, 100).unwrap().len());
    time("counts", &|| index.counts(at(0)).unwrap().len());
    println!("{told}");
}
