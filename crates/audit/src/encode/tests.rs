use crate::*;
use doorward_vocab::*;
use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;

struct Seed([u8; 16]);
impl Entropy for Seed {
    fn draw(&self) -> [u8; 16] {
        self.0
    }
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..1_u64 << 53).prop_map(Timestamp::from_micros)
}
fn call() -> impl Strategy<Value = CallId> {
    (time(), any::<[u8; 16]>()).prop_map(|(t, e)| CallId::mint(t, &Seed(e)))
}
fn turn_id() -> impl Strategy<Value = TurnId> {
    (time(), any::<[u8; 16]>()).prop_map(|(t, e)| TurnId::mint(t, &Seed(e)))
}
fn text() -> impl Strategy<Value = Text> {
    prop_oneof!["\\PC{0,20}", ".{0,8}", "[\\x00-\\x7f]{0,12}"].prop_map(Text::from)
}
fn party() -> impl Strategy<Value = Party> {
    (text(), text()).prop_map(|(id, name)| Party { id, name })
}
fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}
fn payload() -> impl Strategy<Value = Payload> {
    (0..1_u64 << 53, digest()).prop_map(|(bytes, digest)| Payload { bytes, digest })
}
fn label() -> impl Strategy<Value = Label> {
    use {Confidentiality as C, Integrity as I};
    (prop_oneof![Just(I::Trusted), Just(I::Untrusted)], prop_oneof![Just(C::Public), Just(C::Secret)])
        .prop_map(|(i, c)| Label::new(i, c))
}
fn server() -> impl Strategy<Value = ServerName> {
    "[a-z][a-z0-9]{0,9}".prop_map(|s| s.parse().unwrap())
}
fn conversation() -> impl Strategy<Value = Conversation> {
    let basis = prop_oneof![Just(Basis::Explicit), Just(Basis::Host), Just(Basis::QuietTime)];
    ("\\PC{1,20}", basis, any::<bool>()).prop_map(|(id, basis, ambiguous)| Conversation {
        id: ConversationId::new(&id).unwrap(),
        basis,
        ambiguous,
    })
}
fn reason() -> impl Strategy<Value = Reason> {
    let code = prop_oneof![Just(ReasonCode::Permitted), Just(ReasonCode::FlowRefused)];
    (code, text(), option::of(text())).prop_map(|(code, text, policy)| Reason {
        code,
        text: text.to_string().into(),
        policy: policy.map(|p| p.to_string().into()),
    })
}
fn finding() -> impl Strategy<Value = Finding> {
    let confidence = prop_oneof![0.0_f32..=1.0, 1e-9_f32..1e-6, Just(1e22)];
    (text(), confidence, 0..1000_usize, text()).prop_map(|(detector, confidence, end, note)| Finding {
        detector: detector.to_string().into(),
        kind: FindingKind::HiddenText,
        severity: Severity::High,
        confidence,
        channel: Channel::ServerRequest,
        span: end / 2..end,
        note: note.to_string().into(),
    })
}
fn value() -> impl Strategy<Value = ValueSource> {
    (text(), option::of(call()), option::of(text()), label(), text())
        .prop_map(|(at, call, encoding, label, source)| ValueSource { at, call, encoding, label, source })
}
fn ruling() -> BoxedStrategy<Ruling> {
    let proof = (option::of(0..1_u64 << 53), digest(), text()).prop_map(|(age_s, evidence, method)| Proof {
        age_s,
        evidence,
        method,
    });
    let who = (
        option::of(party()),
        party(),
        option::of(server()),
        text(),
        option::of(text()),
        option::of(proof),
        vec(text(), 0..4),
    );
    let ids = (call(), conversation(), option::of(turn_id()), option::of(call()), option::of(digest()), digest());
    let lists = (vec(reason(), 0..3), vec(value(), 0..3), vec(finding(), 0..3), option::of(payload()), label());
    let traced = option::of((text(), text()));
    let rest = (text(), option::of(digest()), traced, option::of(text()), any::<bool>(), 0..2048_u16);
    (who, ids, lists, rest)
        .prop_map(|(w, i, l, r)| Ruling {
            call: i.0,
            conversation: i.1,
            turn: i.2,
            parent: i.3,
            human: w.0,
            agent: w.1,
            assurance: Assurance::PlatformToken,
            attestation: w.5,
            delegations: w.6,
            server: w.2,
            method: w.3,
            target: w.4,
            direction: if r.4 { Direction::ToClient } else { Direction::ToServer },
            definition: i.4,
            effects: Effect::ALL.into_iter().filter(|e| r.5 & (1 << *e as u16) != 0).collect(),
            policy: i.5,
            authorized_by: AuthorizedBy::HumanLiteral,
            level: Level::Lockdown,
            mode: Mode::Observe,
            decision: Decision::Oblige,
            enforced: r.4,
            reasons: l.0.into(),
            arguments: l.3,
            labels: Labels { arguments: l.4, conversation: Label::OUTSIDE },
            values: l.1,
            findings: l.2,
            revision: r.0,
            session: r.1,
            trace: r.2.clone().map(|(trace, _)| trace),
            span: r.2.map(|(_, span)| span),
            rationale: r.3,
        })
        .boxed()
}
fn outcome() -> impl Strategy<Value = OutcomeRecord> {
    let worn = (text(), option::of(text())).prop_map(|(name, account)| Worn { name, account });
    let lists = (vec(reason(), 0..3), vec(finding(), 0..3), option::of(worn));
    (call(), option::of(payload()), option::of(label()), lists, any::<u32>(), 0..1_u64 << 53).prop_map(
        |(call, result, label, (reasons, findings, credential), redactions, us)| OutcomeRecord {
            credential,
            call,
            outcome: Outcome::TimedOut,
            result,
            label,
            decision: Decision::Deny,
            reasons,
            findings,
            redactions,
            duration_us: us,
            upstream_us: us / 2,
        },
    )
}
fn life() -> BoxedStrategy<Event> {
    let start = (text(), digest(), text()).prop_map(|(version, d, durability)| {
        Event::Start(Start { version, level: Level::Guard, mode: Mode::Enforce, config: d, policy: d, durability })
    });
    let config = (party(), text(), option::of(digest()), digest())
        .prop_map(|(by, what, from, to)| Event::Config(Config { by, what, from, to }));
    let definition = (server(), text(), option::of(digest()), option::of(party()), vec(finding(), 0..3)).prop_map(
        |(server, name, to, by, findings)| {
            let (kind, change) = (DefinitionKind::Template, DefinitionChange::Quarantined);
            Event::Definition(Definition { server, kind, name, change, from: None, to, by, findings })
        },
    );
    let turn =
        (turn_id(), conversation(), option::of(party()), option::of(party()), text(), payload(), option::of(text()))
            .prop_map(|(turn, conversation, human, agent, host, text, mandate)| {
                Event::Turn(Turn { turn, conversation, human, agent, host, attested: true, text, mandate })
            });
    let noticed = (option::of(server()), option::of(party()), option::of(conversation()), vec(finding(), 0..3))
        .prop_map(|(server, agent, conversation, findings)| {
            Event::Finding(Noticed { server, agent, conversation, findings })
        });
    let recovered =
        (text(), 0..1_u64 << 53).prop_map(|(what, n)| Event::Recovered(Recovered { what, bytes: n, size: n }));
    let access = (party(), text(), text(), option::of(text()))
        .prop_map(|(by, way, what, of)| Event::Access(Access { by, way, what, of }));
    let stop = text().prop_map(|reason| Event::Stop(Stop { reason }));
    let whom = (option::of(party()), option::of(party()), option::of(party()), text());
    let about = (option::of(text()), option::of(text()), option::of(text()), option::of(digest()), option::of(time()));
    let delegated = (whom, about, vec(text(), 0..3)).prop_map(|(whom, about, groups)| {
        let ((by, human, agent, id), (owner, parent, purpose, consent, until)) = (whom, about);
        let change = DelegationChange::Granted;
        Event::Delegation(Box::new(Delegated {
            change,
            id,
            by,
            human,
            groups,
            agent,
            owner,
            parent,
            purpose,
            consent,
            until,
        }))
    });
    let whom = (party(), option::of(party()), option::of(party()), text(), text(), text());
    let about = (call(), conversation(), server(), digest(), digest(), option::of(0..1_u64 << 53), time());
    let approval = (whom, about).prop_map(
        |((agent, human, by, id, target, way), (call, conversation, server, covers, shown, after_ms, until))| {
            let change = ApprovalChange::Declined;
            let approval = Approval {
                change,
                id,
                call,
                conversation,
                agent,
                human,
                server,
                target,
                covers,
                shown,
                way,
                by,
                after_ms,
                until,
            };
            Event::Approval(Box::new(approval))
        },
    );
    let told = prop_oneof![delegated, approval];
    prop_oneof![start, config, definition, told.boxed(), turn.boxed(), noticed, recovered, access, stop].boxed()
}
fn record() -> impl Strategy<Value = Record> {
    let event = prop_oneof![
        ruling().prop_map(|r| Event::Ruling(Box::new(r))),
        outcome().prop_map(|o| Event::Outcome(Box::new(o))),
        life(),
    ];
    (time(), event).prop_map(|(time, event)| Record::new(time, event))
}

/// RFC 8785 by the book, over a tree of values: keys by UTF-16 code units, numbers as ECMAScript writes them.
fn canonical(v: &Value, out: &mut String) {
    match v {
        Value::Object(m) => {
            let mut keys: Vec<_> = m.keys().collect();
            keys.sort_by_key(|k| k.encode_utf16().collect::<Vec<_>>());
            out.push('{');
            for (n, k) in keys.into_iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                canonical(&Value::String(k.clone()), out);
                out.push(':');
                canonical(&m[k], out);
            }
            out.push('}');
        }
        Value::Array(a) => {
            out.push('[');
            for (n, v) in a.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                canonical(v, out);
            }
            out.push(']');
        }
        Value::Number(n) => out.push_str(&ecmascript(n.as_f64().unwrap())),
        // serde_json escapes just as RFC 8785 §3.2.2.2 asks.
        other => out.push_str(&other.to_string()),
    }
}

/// ECMA-262 Number::toString, radix 10.
fn ecmascript(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let short = format!("{x:e}");
    let (mantissa, exponent) = short.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    if (-6..21).contains(&exponent) {
        return format!("{x}");
    }
    format!("{mantissa}e{}{exponent}", if exponent > 0 { "+" } else { "" })
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(r in record()) {
        let mut bytes = Vec::new();
        r.encode(&mut bytes);
        prop_assert_eq!(Record::decode(&bytes).map_err(|e| e.to_string()), Ok(r.clone()));
        // The derived serializer, put into canonical form by the book, is the second opinion.
        let mut by_the_book = String::new();
        canonical(&serde_json::from_str(&serde_json::to_string(&r).unwrap()).unwrap(), &mut by_the_book);
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), by_the_book);
    }
}

/// The strings of a value.
fn strings(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => out.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
        serde_json::Value::Object(members) => members.values().for_each(|member| strings(member, out)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn the_texts_are_all_that_others_said(r in record()) {
        let (mut whole, mut texts) = (Vec::new(), Vec::new());
        r.encode(&mut whole);
        r.encode_texts(&mut texts);
        let read = |bytes: &[u8]| {
            let mut out = Vec::new();
            strings(&serde_json::from_slice(bytes).unwrap(), &mut out);
            out
        };
        let (mut whole, texts) = (read(&whole), read(&texts));
        prop_assert!(texts.iter().all(|text| whole.contains(text)));
        whole.retain(|text| !texts.contains(text));
        // What is left is of the gateway's own making.
        let made = |text: &String| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:./".contains(&b));
        prop_assert!(whole.iter().all(made), "{whole:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_long_record_is_cut_and_says_so(mut r in ruling(), long in 20_000..200_000_usize, many in 0..3000_usize, c in "[\\x00a\u{1f600}]") {
        r.rationale = Some(c.repeat(long).into());
        r.reasons = vec![Reason::new(ReasonCode::Forbidden, c.repeat(100)); many].into();
        r.agent.name = c.repeat(long).into();
        r.values = vec![ValueSource { at: "/a".into(), call: None, encoding: None, label: Label::BOTTOM, source: c.repeat(400).into() }; many];
        let mut bytes = b"before".to_vec();
        encode_ruling(Timestamp::default(), &r, &mut bytes);
        let bytes = bytes.strip_prefix(b"before").unwrap();
        prop_assert!(bytes.len() <= MAX_RECORD);
        let back = Record::decode(bytes).unwrap();
        prop_assert!(back.trimmed.is_some_and(|t| t.bytes > MAX_RECORD as u64));
        let Event::Ruling(back) = back.event else { panic!("another kind") };
        prop_assert_eq!((back.call, &back.conversation, &back.server), (r.call, &r.conversation, &r.server));
    }
}

#[test]
fn numbers_at_the_edges() {
    let stop = |micros| {
        let mut out = Vec::new();
        Record::new(Timestamp::from_micros(micros), Event::Stop(Stop { reason: "\u{7}\"\\\n\u{2028}".into() }))
            .encode(&mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(stop(0), "{\"kind\":\"stop\",\"reason\":\"\\u0007\\\"\\\\\\n\u{2028}\",\"time\":0,\"v\":1}");
    assert!(stop(u64::MAX).contains("\"time\":9007199254740991,"));
    assert_eq!(ecmascript(1e-7), "1e-7");
    assert_eq!(ecmascript(1e21), "1e+21");
    assert_eq!(ecmascript(0.000_001), "0.000001");
}
