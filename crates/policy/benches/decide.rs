//! What a decision costs, from memory and without it, with 1 000 policies of an operator on top of `guard`.
//! `cargo bench -p doorward-policy`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that prints its figures"
)]

use doorward_policy::{
    Action, Agent, AgentFacts, ArgumentFacts, Base, Context, DefinitionState, DelegationFacts, HumanFacts, Leaf,
    LeafValue, Policies, Question, ServerFacts, Source, Target, ToolFacts, Transport,
};
use doorward_vocab::{Assurance, Effect, Effects, Level, Timestamp};
use std::{fmt::Write as _, hint::black_box, time::Instant};

/// Median and 99th percentile of `f` in nanoseconds.
fn measure<T>(name: &str, rounds: usize, mut f: impl FnMut(usize) -> T) {
    let mut times: Vec<u128> = (0..rounds)
        .map(|n| {
            let start = Instant::now();
            black_box(f(n));
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(0);
    println!("{name:<58} p50 {:>9} ns   p90 {:>9} ns   p99 {:>9} ns", at(50), at(90), at(99));
}

/// 250 servers with a permit each for agents, humans and delegations, and a forbid with conditions.
fn thousand() -> String {
    let mut text = String::new();
    for n in 0..250 {
        let _ = write!(
            text,
            r#"
@id("a{n}") permit(principal in AgentGroup::"g{g}", action == Action::"call", resource in Server::"s{n}") when {{ principal.assurance >= 2 }};
@id("h{n}") permit(principal in HumanGroup::"g{g}", action in [Action::"call", Action::"read"], resource in Server::"s{n}");
@id("d{n}") permit(principal is Delegation, action, resource in Server::"s{n}") when {{ principal.scopes.contains("s{n}") }};
@id("f{n}") forbid(principal, action == Action::"call", resource in Server::"s{n}") when {{ context.args.maxAmount > {n}000 && resource has sink && resource.sink }};"#,
            g = n % 20
        );
    }
    text
}

fn agent(id: &str) -> Agent {
    let groups = ["g1".to_owned(), "g2".to_owned()];
    let assurance = Assurance::PlatformToken;
    AgentFacts { id, name: id, assurance, issuer: Some("corp"), via: "oidc", groups: &groups, ..AgentFacts::default() }
        .prepare()
}

fn main() {
    let start = Instant::now();
    let source = Source { name: "thousand.cedar".to_owned(), text: thousand() };
    let policies = Policies::compile(&[source], Base::Level(Level::Guard)).unwrap();
    println!("compile and validate 1 000 policies: {:?}", start.elapsed());

    let claude = agent("claude");
    let human =
        HumanFacts { id: "anna", name: "Anna", issuer: "corp", groups: &["g1".to_owned()], ..HumanFacts::default() }
            .prepare();
    let delegation = [DelegationFacts { id: "d", scopes: &["s1".to_owned()], ..DelegationFacts::default() }.prepare()];
    let server = ServerFacts {
        name: &"s1".parse().unwrap(),
        transport: Transport::Http,
        attested: true,
        assurance: Assurance::KeyBound,
    }
    .prepare();
    let tool = |name: &str| {
        let effects = Effects::just(Effect::Pay);
        Target::tool(
            &server,
            &ToolFacts {
                name,
                effects,
                read_only: None,
                destructive: None,
                open_world: None,
                state: DefinitionState::Approved,
            },
        )
    };
    let pay = tool("pay");
    let leaves = |n: &str| {
        let leaf = |path, text| Leaf { path, value: LeafValue::Str(text) };
        ArgumentFacts::of([
            leaf("/path", "/data/reports/2026.csv"),
            leaf("/url", "https://api.example.com/v1/pay?x=1"),
            leaf("/to", "Anna <anna@example.com>"),
            Leaf { path: "/amount", value: LeafValue::Number(n) },
            leaf("/note", "the invoice of last month, please pay it as soon as you can"),
        ])
    };
    let facts: Vec<_> = (0..2000).map(|n| leaves(&format!("{}.5", n % 900))).collect();
    let context = |facts| Context {
        assurance: Assurance::PlatformToken,
        ..Context { arguments: facts, ..Context::bare(Level::Guard, Timestamp::from_micros(1_795_000_000_000_000)) }
    };
    let now = context(&facts[1]);
    let q = Question {
        agent: &claude,
        human: Some(&human),
        delegations: &delegation,
        action: Action::Call,
        target: &pay,
        context: &now,
    };
    println!("{:?}", policies.decide(&q).decision);

    measure("facts of five arguments", 20_000, |_| leaves("12.5"));
    measure("prepare an agent", 5_000, |_| agent("claude"));
    measure("decide, from memory (all four)", 100_000, |_| policies.decide(&q));
    measure("visible, from memory", 100_000, |_| policies.visible(&q));
    // The amount is in the footprint of all four here, since the forbid leaves the principal open.
    let fresh =
        Policies::compile(&[Source { name: "t.cedar".to_owned(), text: thousand() }], Base::Level(Level::Guard))
            .unwrap();
    let _ = fresh.decide(&q);
    measure("decide, new arguments (four evaluations)", 900, |n| {
        let now = context(&facts[n]);
        fresh.decide(&Question { context: &now, ..q })
    });
    let tools: Vec<_> = (0..2000).map(|n| tool(&format!("t{n}"))).collect();
    measure("decide, new tool (slices, entities, four evaluations)", 2000, |n| {
        fresh.decide(&Question { target: &tools[n], ..q })
    });
    measure("visible, new tool", 2000, |n| fresh.visible(&Question { target: &tools[n], ..q }));

    let shared = &policies;
    let threads = 2;
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..200_000).for_each(|_| drop(black_box(shared.decide(&q)))));
        }
    });
    println!("{threads} threads, from memory: {} ns each", start.elapsed().as_nanos() / 200_000);
}
