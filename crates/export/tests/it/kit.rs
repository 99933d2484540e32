//! Records of every kind, with everything in them and with as little as may be.

use doorward_audit::*;
use doorward_export::Item;
use doorward_vocab::*;

pub(crate) struct Fixed(pub(crate) u8);
impl Entropy for Fixed {
    fn draw(&self) -> [u8; 16] {
        [self.0; 16]
    }
}

pub(crate) fn at(n: u64) -> Timestamp {
    Timestamp::from_micros(1_795_183_200_000_000 + n * 1_000_000)
}

pub(crate) fn call(n: u8) -> CallId {
    CallId::mint(at(0), &Fixed(n))
}

pub(crate) fn conversation() -> Conversation {
    Conversation { id: ConversationId::new("inbox").unwrap(), basis: Basis::Explicit, ambiguous: false }
}

/// What an attacker would like to be more than text: a line of its own, a field, a formula, an escape of a terminal.
pub(crate) const ODD: &str = "=x|y\\z\r\nCEF:0|a=b \"q\", ']\u{1b}[2J";

pub(crate) fn finding() -> Finding {
    Finding {
        detector: "imperative".into(),
        kind: FindingKind::Injection,
        severity: Severity::High,
        confidence: 0.9,
        channel: Channel::Result,
        span: 0..3,
        note: ODD.into(),
    }
}

/// A ruling with as little in it as may be.
pub(crate) fn bare(call: CallId, decision: Decision) -> Ruling {
    Ruling {
        call,
        conversation: conversation(),
        turn: None,
        parent: None,
        human: None,
        agent: Party::new("a-1", "helper"),
        assurance: Assurance::LocalProcess,
        attestation: None,
        delegations: Vec::new(),
        server: None,
        method: "tools/list".into(),
        target: None,
        direction: Direction::ToServer,
        definition: None,
        effects: Effects::NONE,
        policy: Digest::of(b"policy"),
        authorized_by: AuthorizedBy::StandingPolicy,
        level: Level::Guard,
        mode: Mode::Enforce,
        decision,
        enforced: true,
        reasons: [].into(),
        arguments: None,
        labels: Labels::default(),
        values: Vec::new(),
        findings: Vec::new(),
        revision: "2026-07-28".into(),
        session: None,
        trace: None,
        span: None,
        rationale: None,
    }
}

/// A call of a tool with everything in it.
pub(crate) fn whole(call: CallId, decision: Decision) -> Ruling {
    Ruling {
        human: Some(Party::new("u-ann", ODD)),
        server: Some("mail".parse().unwrap()),
        method: "tools/call".into(),
        target: Some("send".into()),
        effects: Effects::just(Effect::Send),
        reasons: [Reason::new(ReasonCode::FlowRefused, ODD)].into(),
        findings: vec![finding(), Finding { severity: Severity::Low, confidence: 0.2, ..finding() }],
        trace: Some("0af7651916cd43dd8448eb211c80319c".into()),
        span: Some("00f067aa0ba902b7".into()),
        rationale: Some(ODD.into()),
        ..bare(call, decision)
    }
}

pub(crate) fn ended(call: CallId, outcome: Outcome) -> OutcomeRecord {
    OutcomeRecord {
        call,
        outcome,
        result: None,
        label: None,
        decision: Decision::Allow,
        reasons: Vec::new(),
        findings: Vec::new(),
        credential: None,
        redactions: 0,
        duration_us: 25_000,
        upstream_us: 9_000,
    }
}

const DECISIONS: [Decision; 4] = [Decision::Allow, Decision::Oblige, Decision::Challenge, Decision::Deny];
const OUTCOMES: [Outcome; 7] = [
    Outcome::Completed,
    Outcome::Failed,
    Outcome::Withheld,
    Outcome::Refused,
    Outcome::Cancelled,
    Outcome::TimedOut,
    Outcome::Unreachable,
];

/// A trail with every kind of record.
pub(crate) fn every_kind() -> Vec<Item> {
    let ann = || Party::new("u-ann", "Ann");
    let digest = || Some(Digest::of(b"d"));
    let mut events = vec![Event::Start(Start {
        version: "0.1.0".into(),
        level: Level::Guard,
        mode: Mode::Enforce,
        config: Digest::of(b"c"),
        policy: Digest::of(b"p"),
        durability: "sinks durable".into(),
    })];
    for (n, decision) in (1..).step_by(8).zip(DECISIONS) {
        let rulings = [
            bare(call(n), decision),
            whole(call(n + 1), decision),
            Ruling { enforced: false, ..whole(call(n + 2), decision) },
            Ruling { parent: Some(call(n + 1)), direction: Direction::ToClient, ..bare(call(n + 3), decision) },
            Ruling { effects: Effects::just(Effect::Read), parent: Some(call(n)), ..bare(call(n + 4), decision) },
            Ruling {
                method: "resources/read".into(),
                effects: Effects::just(Effect::Delete),
                ..whole(call(n + 5), decision)
            },
        ];
        events.extend(rulings.map(|ruling| Event::Ruling(Box::new(ruling))));
    }
    for (n, outcome) in (1..).zip(OUTCOMES) {
        let whole = OutcomeRecord {
            findings: vec![finding()],
            reasons: vec![Reason::new(ReasonCode::ContentRefused, ODD)],
            redactions: 2,
            ..ended(call(n), outcome)
        };
        events.extend([whole, ended(call(200), outcome)].map(|outcome| Event::Outcome(Box::new(outcome))));
    }
    let turn = |human: Option<Party>| Turn {
        turn: TurnId::mint(at(0), &Fixed(7)),
        conversation: conversation(),
        human,
        agent: None,
        host: "editor".into(),
        attested: true,
        text: Payload::of(b"sum up my inbox"),
        mandate: Some("read mail".into()),
    };
    events.extend([turn(Some(ann())), turn(None)].map(Event::Turn));
    let of = |of: Option<&'static str>| Access {
        by: ann(),
        way: "page".into(),
        what: "call".into(),
        of: of.map(Into::into),
    };
    events.extend([of(None), of(Some(ODD))].map(Event::Access));
    for change in ["asked", "approved", "declined", "expired", "used"] {
        let approval = |by: Option<Party>| {
            Event::Approval(Box::new(Approval {
                change: serde_json::from_value(change.into()).unwrap(),
                id: "appr-1".into(),
                call: call(1),
                conversation: conversation(),
                agent: Party::new("a-1", "helper"),
                human: None,
                server: "mail".parse().unwrap(),
                target: "send".into(),
                covers: Digest::of(b"x"),
                shown: Digest::of(b"y"),
                way: "page".into(),
                after_ms: by.is_some().then_some(1200),
                by,
                until: at(600),
            }))
        };
        events.extend([approval(None), approval(Some(ann()))]);
    }
    for change in ["granted", "revoked", "ended"] {
        let delegated = |human: Option<Party>| Delegated {
            change: serde_json::from_value(change.into()).unwrap(),
            id: "d-1".into(),
            by: None,
            owner: human.is_none().then(|| "ops".into()),
            agent: human.is_some().then(|| Party::new("a-1", "helper")),
            human,
            groups: Vec::new(),
            parent: None,
            purpose: Some(ODD.into()),
            consent: None,
            until: None,
        };
        let nobody = Delegated { owner: None, purpose: None, ..delegated(None) };
        events.extend([delegated(None), delegated(Some(ann())), nobody].map(|d| Event::Delegation(Box::new(d))));
    }
    for change in ["fetched", "refused", "granted", "revoked"] {
        let credential = |human: Option<Party>| Credential {
            change: serde_json::from_value(change.into()).unwrap(),
            name: "crm".into(),
            provider: "oauth".into(),
            account: human.is_some().then(|| "ann@crm".into()),
            server: Some("crm".parse().unwrap()),
            agent: None,
            scopes: if human.is_some() { vec!["read".into(), "write".into()] } else { Vec::new() },
            human,
            why: Some(ODD.into()),
            until: None,
        };
        events.extend([credential(None), credential(Some(ann()))].map(|c| Event::Credential(Box::new(c))));
    }
    for change in ["seen", "pinned", "changed", "passed", "quarantined", "approved", "rejected", "removed"] {
        let definition = |from, to, by| Definition {
            server: "mail".parse().unwrap(),
            kind: DefinitionKind::Tool,
            name: "send".into(),
            change: serde_json::from_value(change.into()).unwrap(),
            from,
            to,
            by,
            findings: vec![finding()],
        };
        events.push(Event::Definition(definition(None, digest(), None)));
        events.push(Event::Definition(Definition { findings: Vec::new(), ..definition(digest(), None, Some(ann())) }));
    }
    events.extend([
        Event::Config(Config { by: ann(), what: ODD.into(), from: digest(), to: Digest::of(b"e") }),
        Event::Config(Config { by: ann(), what: "level".into(), from: None, to: Digest::of(b"e") }),
        Event::Finding(Noticed {
            server: Some("mail".parse().unwrap()),
            agent: None,
            conversation: None,
            findings: vec![finding()],
        }),
        Event::Finding(Noticed { server: None, agent: None, conversation: None, findings: vec![finding(), finding()] }),
        Event::Recovered(Recovered { what: "tail".into(), bytes: 12, size: 99 }),
        Event::Stop(Stop { reason: "asked to stop".into() }),
    ]);
    items(events)
}

pub(crate) fn items(events: Vec<Event>) -> Vec<Item> {
    let encoded = |event| {
        let mut bytes = Vec::new();
        event_bytes(event, &mut bytes);
        bytes
    };
    let mut n = 0;
    events
        .into_iter()
        .map(|event| {
            n += 1;
            Item::read(n - 1, encoded((n, event))).unwrap()
        })
        .collect()
}

fn event_bytes((n, event): (u64, Event), out: &mut Vec<u8>) {
    Record::new(at(n), event).encode(out);
}
