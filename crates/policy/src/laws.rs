//! Laws that hold for any policies and any question, judged against Cedar's own authorizer over the whole set with
//! the whole context, without slices, footprints or memory. `DOORWARD_POLICY_CASES` sets the number of cases.

use crate::{
    Action, Base, Believed, DelegationFacts, FlowFacts, Party, Policies, Question, Sources, Target,
    compile::SCHEMA,
    context::{ATTRIBUTES, Context},
    entity::Prepared,
    footprint::Footprint,
    policies::seats,
    rule::{Rule, Seat},
    testing::*,
    value::Value,
};
use cedar_policy::{Authorizer, Effect as CedarEffect, Entities, PolicySet, Request, Schema};
use doorward_vocab::{Decision, Effect};
use proptest::{prelude::*, sample::select, test_runner::Config};
use std::collections::BTreeSet;

fn cases(default: u32) -> Config {
    let cases = std::env::var("DOORWARD_POLICY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    Config { cases, failure_persistence: None, ..Config::default() }
}

// ------------------------------------------------------------------------------------------------ random policies

const HEADS: [&[&str]; 4] = [
    &[
        "principal is Agent",
        r#"principal == Agent::"a1""#,
        r#"principal in AgentGroup::"g1""#,
        r#"principal is Agent in AgentGroup::"g2""#,
    ],
    &["principal is Human", r#"principal == Human::"h1""#, r#"principal in HumanGroup::"g1""#],
    &["principal is Delegation", r#"principal == Delegation::"d1""#],
    &["principal is Server", r#"principal == Server::"s1""#, r#"principal in Server::"s2""#],
];
const OWN: [&[&str]; 4] = [
    &["principal.assurance >= 2", "principal has issuer", r#"principal.name == "a1""#],
    &["principal has email", r#"principal.issuer == "corp""#],
    &[r#"principal.scopes.contains("x")"#, "principal has owner", "principal.hops == 0", "principal.depth > 0"],
    &["principal.attested", r#"principal.transport == "http""#],
];
const ACTIONS: &[&str] = &[
    "action",
    r#"action == Action::"call""#,
    r#"action in [Action::"call", Action::"list"]"#,
    r#"action == Action::"session""#,
];
const RESOURCES: &[&str] = &[
    "resource",
    "resource is Tool",
    r#"resource == Tool::"s1__t1""#,
    r#"resource in Server::"s1""#,
    r#"resource is Tool in Server::"s2""#,
    r#"resource == Server::"s1""#,
];
const CONDITIONS: &[&str] = &[
    "context.loopback",
    "context.assurance >= 2",
    r#"context.args.hosts.contains("a.example")"#,
    r#"context.args.allPathsUnder.contains("/data")"#,
    "context.args.privateHosts",
    "context.args.maxAmount > 500",
    "context.conversation.calls < 3",
    r#"context.findings.contains("injection")"#,
    "context.flow.untrustedRecipient",
    r#"context.flow.recipient.integrity == "untrusted" && context.flow.foreign.contains("s2")"#,
    r#"context.flow.classes.contains("secret") || context.flow.confidentiality > 1"#,
    "resource has sink && resource.sink",
    r#"resource has state && resource.state == "pending""#,
    "context has args && context.args has paths && context.args.paths.isEmpty()",
    "{a: context.time.hour}.a < 12",
    "if context.conversation.untrusted then context.args.traversal else context.era == \"modern\"",
    // Fails to evaluate where there were any calls.
    "context.conversation.calls * 9223372036854775807 == 0 || context.conversation.sinks + 9223372036854775807 > 0",
];

/// A policy for a party, or a forbid for all (4), with marks.
fn policy(marks: &'static [&'static str]) -> impl Strategy<Value = String> {
    kind_of_policy((0..5_usize, any::<bool>()), marks)
}

pub(crate) fn kind_of_policy(
    kind: impl Strategy<Value = (usize, bool)>,
    marks: &'static [&'static str],
) -> impl Strategy<Value = String> {
    (kind, select(ACTIONS), select(RESOURCES), any::<[prop::sample::Index; 4]>(), 0..4_u8, select(marks)).prop_map(
        |((party, permit), action, resource, [head, own, condition, second], how, mark)| {
            let heads = HEADS.get(party).copied().unwrap_or(&["principal"]);
            let condition = *condition.get(CONDITIONS);
            let condition = match (how, OWN.get(party)) {
                (0, _) => String::new(),
                (1, Some(owns)) => format!("when {{ {} }}", own.get(owns)),
                (2, _) => format!("unless {{ {condition} }}"),
                _ => format!("when {{ ({condition}) || ({}) }}", second.get(CONDITIONS)),
            };
            let permit = permit && party < 4;
            let mark = match (mark, permit, party) {
                ("@autonomous", true, 2) => "@autonomous",
                ("@challenge(\"approval\")" | "@challenge(\"step-up\")", false, _) | ("@mode(\"observe\")", _, _) => {
                    mark
                }
                ("@lifts(\"base:private-hosts\")" | "@oblige(\"strip-links\")", true, _) => mark,
                _ => "",
            };
            format!(
                "{mark} {} ({}, {action}, {resource}) {condition};\n",
                if permit { "permit" } else { "forbid" },
                head.get(heads)
            )
        },
    )
}

pub(crate) const PLAIN: &[&str] = &[""];
const MARKS: &[&str] = &[
    "",
    "",
    "",
    "@autonomous",
    "@challenge(\"approval\")",
    "@challenge(\"step-up\")",
    "@mode(\"observe\")",
    "@lifts(\"base:private-hosts\")",
    "@oblige(\"strip-links\")",
];

pub(crate) fn sources(marks: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(policy(marks), 0..24)
        .prop_map(|all| all.iter().enumerate().map(|(n, p)| format!("@id(\"p{n}\") {p}")).collect())
}

// ----------------------------------------------------------------------------------------------- random questions

#[derive(Clone, Debug)]
struct Asked {
    who: (usize, usize, usize, bool, bool),
    what: (usize, usize),
    facts: (usize, bool, u64, u64, bool, bool),
}

fn asked() -> impl Strategy<Value = Asked> {
    let who = (0..3_usize, 0..3_usize, 1..4_usize, any::<bool>(), any::<bool>());
    let facts = (0..6_usize, any::<bool>(), 0..4_u64, 0..3_u64, any::<bool>(), any::<bool>());
    (who, (0..5_usize, 0..4_usize), facts).prop_map(|(who, what, facts)| Asked { who, what, facts })
}

/// Of a call whose recipient stood in a mail, or of one that was not traced.
fn flow(untrusted: bool) -> FlowFacts {
    let mail = || ["s2".to_owned()].into();
    let classes = [doorward_vocab::Class::Secret].into();
    let recipient = Sources { integrity: Believed::Untrusted, servers: mail(), classes, ..Sources::default() };
    if untrusted { FlowFacts { recipient, foreign: mail(), ..FlowFacts::default() } } else { FlowFacts::default() }
}

impl Asked {
    fn ask<R>(&self, then: impl FnOnce(&Question<'_>) -> R) -> R {
        let (a, h, hops, second, owned) = self.who;
        let agent = [agent("a1", &["g1"]), agent("a2", &["g1", "g2"]), agent("a3", &[])][a].clone();
        let human = [Some(human("h1", &["g1"])), Some(human("h2", &[])), None][h].clone();
        let hop = |id, depth| {
            let scopes = if second { vec!["x".to_owned()] } else { Vec::new() };
            let (owner, hops) = (owned.then_some("o"), 2 - depth);
            DelegationFacts { id, scopes: &scopes, owner, depth, hops, ..DelegationFacts::default() }.prepare()
        };
        let chain = [hop(if second { "d1" } else { "d2" }, 2), hop("d1", 1), hop("d3", 0)];
        let delegations = &chain[..hops];
        let (s1, s2) = (server("s1"), server("s2"));
        let (target, action) = self.what;
        let target = [
            tool(&s1, "t1", Effect::Read),
            tool(&s1, "t2", Effect::Send),
            tool(&s2, "t1", Effect::Pay),
            Target::server(&s1),
            tool_in(&s2, "t3", Effect::Read, crate::DefinitionState::Pending),
        ][target]
            .clone();
        let action = [Action::Call, Action::List, Action::Session, Action::Elicit][action];
        let (args, loopback, calls, sinks, untrusted, injected) = self.facts;
        let args = [
            arguments(&[]),
            arguments(&[("/url", "http://a.example/")]),
            arguments(&[("/url", "http://127.1/x")]),
            arguments(&[("/path", "/data/x")]),
            arguments(&[("/path", "../x"), ("/price", "$6")]),
            arguments(&[("/path", "/data/%2e%2e/x")]),
        ][args]
            .clone();
        let findings = [doorward_vocab::FindingKind::Injection];
        let mut context = context(&args);
        context.loopback = loopback;
        context.conversation.calls = calls;
        context.conversation.sinks = sinks;
        context.conversation.untrusted = untrusted;
        context.untrusted_recipient = untrusted;
        let flow = flow(untrusted);
        context.flow = &flow;
        context.findings = if injected { &findings } else { &[] };
        let q =
            Question { agent: &agent, human: human.as_ref(), delegations, action, target: &target, context: &context };
        then(&q)
    }
}

// ------------------------------------------------------------------------------------------------- the reference

/// Whose right is asked for, and by which policies.
type Sitting<'a> = (Seat, &'a Prepared);

/// Which of the seat's policies Cedar finds to hold, evaluating each alone, and which it cannot evaluate.
fn alone(
    rules: &[Rule],
    (at, who): Sitting<'_>,
    q: &Question<'_>,
    counts: impl Fn(&Rule) -> bool,
) -> (Vec<usize>, Vec<usize>) {
    let whole = whole(who, q);
    let (mut hold, mut fail) = (Vec::new(), Vec::new());
    for (n, rule) in rules.iter().enumerate().filter(|(_, r)| r.sits(at) && counts(r)) {
        let set = PolicySet::from_policies([rule.policy.clone()]).unwrap();
        let response = Authorizer::new().is_authorized(&whole.0, &set, &whole.1);
        hold.extend(response.diagnostics().reason().map(|_| n));
        fail.extend(response.diagnostics().errors().map(|_| n));
    }
    (hold, fail)
}

fn whole(principal: &Prepared, q: &Question<'_>) -> (Request, Entities) {
    let context = Footprint::all().context(q.context).unwrap();
    let (action, resource) = (q.action.uid().clone(), q.target.entity.uid().clone());
    // With the schema: what we ask must conform to it, whatever the schema becomes.
    let kind = resource.type_name();
    let schema = SCHEMA.resources_for_action(&action).into_iter().flatten().any(|t| t == kind).then_some(&*SCHEMA);
    let request =
        Request::new(principal.uid().clone(), action, resource, context, schema).unwrap_or_else(|e| panic!("{e}"));
    let mut entities: Vec<_> = vec![principal.entity().clone()];
    for e in [&q.target.entity, &q.target.server.0] {
        if entities.iter().all(|known| known.uid() != *e.uid()) {
            entities.push(e.entity().clone());
        }
    }
    (request, Entities::from_entities(entities, Some(&SCHEMA)).unwrap_or_else(|e| panic!("{e}")))
}

fn names(rules: &[Rule], numbers: &[usize]) -> BTreeSet<String> {
    numbers.iter().map(|n| rules[*n].name.clone()).collect()
}

proptest! {
    #![proptest_config(cases(40))]

    /// Without marks, each ruling and what determines it is what Cedar says about the whole set.
    #[test]
    fn a_ruling_is_what_cedar_says(text in sources(PLAIN), asked in prop::collection::vec(asked(), 8)) {
        let policies = policies(&text, Base::None);
        for asked in asked {
            asked.ask(|q| {
                let verdict = policies.decide(q);
                for (sitting, ruling) in seats(q).zip(verdict.all()) {
                    let Some((at, who)) = sitting else { continue };
                    let party = at.as_str();
                    let set = PolicySet::from_policies(policies.rules.iter().filter(|r| r.sits(at)).map(|r| r.policy.clone())).unwrap();
                    let (request, entities) = whole(who, q);
                    let response = Authorizer::new().is_authorized(&request, &set, &entities);
                    let failed = response.diagnostics().errors().next().is_some();
                    let allow = response.decision() == cedar_policy::Decision::Allow && !failed;
                    prop_assert_eq!(ruling.decision == Decision::Allow, allow, "{} of {}", party, text);
                    if !failed {
                        let determining: Vec<usize> = response.diagnostics().reason().map(|id| AsRef::<str>::as_ref(id).parse().unwrap()).collect();
                        let named: BTreeSet<_> = ruling.reasons.iter().filter_map(|r| r.policy.clone()).map(|p| p.into_owned()).collect();
                        prop_assert_eq!(named, names(&policies.rules, &determining), "{} of {}", party, text);
                    }
                }
                Ok(())
            })?;
        }
    }

    /// With marks and a base, each ruling is what the marks say about policies that were evaluated one by one.
    #[test]
    fn marks_do_what_they_say(text in sources(MARKS), base in select(&[Base::None, Base::Level(doorward_vocab::Level::Guard), Base::Level(doorward_vocab::Level::Lockdown), Base::Level(doorward_vocab::Level::Watch)][..]), asked in prop::collection::vec(asked(), 4)) {
        let policies = policies(&text, base);
        for asked in asked {
            asked.ask(|q| {
                let verdict = policies.decide(q);
                for (sitting, ruling) in seats(q).zip(verdict.all()) {
                    let Some(sitting) = sitting else {
                        prop_assert_eq!(ruling.decision, Decision::Deny);
                        continue;
                    };
                    let acting = reference(&policies.rules, sitting, q, |r| !r.marks.observe);
                    let party = sitting.0.as_str();
                    prop_assert_eq!(ruling.decision, acting, "{} of {}", party, text);
                    let would_be = ruling.would_be.as_ref().map_or(ruling.decision, |w| w.decision);
                    prop_assert_eq!(would_be, reference(&policies.rules, sitting, q, |_| true), "{} of {}", party, text);
                }
                let again = policies.decide(q);
                prop_assert_eq!(again.reasons(), verdict.reasons(), "from memory");
                Ok(())
            })?;
        }
    }

    /// A permit for one party widens nothing that another party withholds.
    #[test]
    fn no_permit_widens_another_party(text in sources(MARKS), added in kind_of_policy((0..4_usize, Just(true)), MARKS), asked in prop::collection::vec(asked(), 8)) {
        let before = policies(&text, Base::None);
        let after = policies(&format!("{text}@id(\"added\") {added}"), Base::None);
        let party = after.rules.iter().find(|r| r.name == "added").and_then(|r| r.scope.party()).unwrap();
        for asked in asked {
            asked.ask(|q| {
                let (before, after) = (before.decide(q), after.decide(q));
                for other in Party::ALL.into_iter().filter(|p| *p != party) {
                    // The owner of a delegation answers for a person who is not there.
                    let stands_in = party == Party::Delegation && other == Party::Human && q.human.is_none();
                    prop_assert!(stands_in || before.ruling(other) == after.ruling(other));
                    prop_assert!(after.decision >= after.ruling(other).decision);
                }
                let others = Party::ALL.into_iter().filter(|p| *p != party && !(q.human.is_none() && *p == Party::Human));
                let others = others.map(|p| before.ruling(p).decision).max().unwrap();
                prop_assert!(after.decision >= others, "the intersection is at least as strict as the others were");
                Ok(())
            })?;
        }
    }

    /// What is hidden would be denied with any arguments.
    #[test]
    fn what_is_hidden_is_denied(text in sources(MARKS), base in select(&[Base::None, Base::Level(doorward_vocab::Level::Lockdown)][..]), asked in asked(), more in prop::collection::vec((0..6_usize, any::<bool>(), any::<bool>()), 8)) {
        let policies = policies(&text, base);
        if !asked.ask(|q| policies.visible(q)) {
            for (args, untrusted, injected) in more {
                let mut asked = asked.clone();
                asked.facts.0 = args;
                asked.facts.5 = injected;
                // Only the flow differs here; the conversation stays.
                let denied = asked.ask(|q| {
                    let flow = flow(untrusted);
                    let context = Context { untrusted_recipient: untrusted, flow: &flow, ..q.context.clone() };
                    let q = Question { context: &context, ..*q };
                    let list = Question { action: Action::List, ..q };
                    policies.decide(&q).decision == Decision::Deny || policies.decide(&list).decision == Decision::Deny
                });
                prop_assert!(denied, "{}", text);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(16))]

    /// Whatever is handed on, and whatever is forbidden beside, widens nothing; and what is allowed, everybody allows.
    #[test]
    fn nothing_that_is_added_widens(text in sources(MARKS), base in select(&[Base::None, Base::Level(doorward_vocab::Level::Guard)][..]), added in kind_of_policy((0..5_usize, Just(false)), MARKS), asked in prop::collection::vec(asked(), 8)) {
        let before = policies(&text, base);
        let after = policies(&format!("{text}@id(\"added\") {added}"), base);
        // Who asks, what for, and in which circumstances, each with each: 512 questions of a case.
        let each = asked.iter().flat_map(|a| asked.iter().flat_map(|b| asked.iter().map(|c| (a.who, b.what, c.facts))));
        for (who, what, facts) in each {
            let asked = Asked { who, what, facts };
            asked.ask(|q| {
                let verdict = before.decide(q);
                let all = verdict.all().map(|r| r.decision).max();
                prop_assert_eq!(Some(verdict.decision), all, "the strictest of all holds");
                prop_assert_eq!(verdict.hops().len(), q.delegations.len());
                if verdict.decision <= Decision::Oblige {
                    for (sitting, ruling) in seats(q).zip(verdict.all()) {
                        prop_assert!(sitting.is_some() && ruling.decision <= Decision::Oblige);
                    }
                }
                let (_, shorter) = q.delegations.split_last().unwrap();
                if !shorter.is_empty() {
                    let shorter = before.decide(&Question { delegations: shorter, ..*q });
                    prop_assert!(verdict.decision >= shorter.decision, "a hand-over in {}", text);
                }
                prop_assert!(after.decide(q).decision >= verdict.decision, "{} in {}", added, text);
                for wrong in [&[][..], &[q.delegations, q.delegations, q.delegations, q.delegations].concat()] {
                    prop_assert_eq!(before.decide(&Question { delegations: wrong, ..*q }).decision, Decision::Deny);
                }
                Ok(())
            })?;
        }
    }
}

fn reference(rules: &[Rule], at: Sitting<'_>, q: &Question<'_>, counts: impl Fn(&Rule) -> bool) -> Decision {
    let (hold, fail) = alone(rules, at, q, counts);
    let of = |effect| hold.iter().map(|n| &rules[*n]).filter(move |r| r.effect == effect);
    let lifted: BTreeSet<_> = of(CedarEffect::Permit).filter_map(|r| r.marks.lifts.clone()).collect();
    let mut forbids = of(CedarEffect::Forbid).filter(|r| !(r.base && lifted.contains(&r.name))).peekable();
    if !fail.is_empty() || of(CedarEffect::Permit).next().is_none() {
        Decision::Deny
    } else if forbids.peek().is_some() {
        if forbids.all(|r| r.marks.challenge.is_some()) { Decision::Challenge } else { Decision::Deny }
    } else if of(CedarEffect::Permit).any(|r| !r.marks.oblige.is_empty()) {
        Decision::Oblige
    } else {
        Decision::Allow
    }
}

// ---------------------------------------------------------------------------------------------------- the schema

/// Every attribute of the schema's context is in the table, with its type, and the other way round.
#[test]
fn the_table_and_the_schema_agree() {
    let json =
        cedar_policy::SchemaFragment::from_cedarschema_str(crate::SCHEMA_TEXT).unwrap().0.to_json_value().unwrap();
    let mut declared = BTreeSet::new();
    flatten("", &json[""]["commonTypes"]["Context"]["attributes"], &mut declared);
    let none = arguments(&[]);
    let context = context(&none);
    let table: BTreeSet<String> = ATTRIBUTES
        .iter()
        .map(|a| {
            let kind = match (a.of)(&context) {
                Value::Bool(_) => "Bool",
                Value::Long(_) => "Long",
                Value::Text(_) => "String",
                Value::Texts(_) => "Set<String>",
                Value::Longs(_) => "Set<Long>",
                Value::Record(_) => "Origin",
            };
            format!("{}: {kind}", a.path)
        })
        .collect();
    assert_eq!(table, declared);
    assert_eq!(ATTRIBUTES.len(), declared.len());
    let mut declared = BTreeSet::new();
    flatten("", &json[""]["commonTypes"]["Origin"]["attributes"], &mut declared);
    let Value::Record(fields) = context.flow.recipient.value() else { panic!("a record") };
    let kind = |value: &Value<'_>| match value {
        Value::Bool(_) => "Bool",
        Value::Long(_) => "Long",
        Value::Text(_) => "String",
        _ => "Set<String>",
    };
    assert_eq!(
        fields.iter().map(|(name, value)| format!("{name}: {}", kind(value))).collect::<BTreeSet<_>>(),
        declared
    );
}

fn flatten(path: &str, attributes: &serde_json::Value, out: &mut BTreeSet<String>) {
    for (name, kind) in attributes.as_object().unwrap() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let word = |kind: &serde_json::Value| {
            kind["name"].as_str().or(kind["type"].as_str()).unwrap_or("?").trim_start_matches("__cedar::").to_owned()
        };
        match kind["type"].as_str() {
            Some("Record") => flatten(&path, &kind["attributes"], out),
            Some("Set") => drop(out.insert(format!("{path}: Set<{}>", word(&kind["element"])))),
            _ => drop(out.insert(format!("{path}: {}", word(kind)))),
        }
    }
}

#[test]
fn the_schema_knows_all_actions() {
    let schema: &Schema = &SCHEMA;
    let declared: BTreeSet<_> = schema.actions().map(|a| a.id().unescaped().to_owned()).collect();
    assert_eq!(declared, Action::ALL.iter().map(|a| a.as_str().to_owned()).collect());
}

#[test]
fn footprints_are_what_conditions_read() {
    let reads = |condition: &str| {
        let p: Policies =
            policies(&format!("permit(principal is Agent, action, resource) when {{ {condition} }};"), Base::None);
        p.rules[0].footprint.paths().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(reads("context.loopback && principal.assurance > 1"), "loopback");
    assert_eq!(reads("context.args.hosts == context.args.urls"), "args.hosts args.urls");
    assert_eq!(reads("context.flow.recipient.integrity == \"said\""), "flow.recipient");
    assert_eq!(reads("context.flow has url && context.flow.url has servers"), "flow.url");
    assert_eq!(reads("context.time == context.time"), "time.epoch time.hour time.weekday");
    assert_eq!(
        reads("context has conversation && context.conversation has calls"),
        ATTRIBUTES.iter().map(|a| a.path).filter(|p| p.starts_with("conversation.")).collect::<Vec<_>>().join(" ")
    );
    assert_eq!(
        reads("(if context.loopback then context else context).level == \"x\"").split(' ').count(),
        ATTRIBUTES.len()
    );
}
