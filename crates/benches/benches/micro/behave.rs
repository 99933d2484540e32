//! Behaviour: what a call costs before and after it, and each score of it, once much was learned.

use doorward_behave::{
    Conversation, Key, Sum,
    alarm::{Capital, Reservoir},
    baseline::{Baseline, Fact, Facts, surprise},
    course::{Course, Courses},
    event::{Agent, Answer, Arguments, Asked, Call, Gist, Polling},
    fingerprint::{Fingerprints, Habit, Identity, Settings, Style},
    limit::{Cost, Holders, Ledger, Quota, Quotas, Scope, Unit, estimate_tokens},
};
use doorward_benches::Suite;
use doorward_mcp::json::{Document, Limits, Strictness, Value};
use doorward_vocab::{Effect, Effects, Timestamp};
use std::time::Duration;

const ARGUMENTS: &[u8] =
    br#"{"to":["ann.miller@example.org"],"subject":"The notes of today","body":"Here they are.","urgent":false}"#;

pub(crate) fn benches(suite: &mut Suite) {
    let key = Key::new(&[7; 16]);
    let document = Document::parse(ARGUMENTS.into(), &Limits::default(), Strictness::Request).expect("good JSON");
    let call = |n: u64| Call {
        at: Timestamp::from_micros(1_700_000_000_000_000 + n * 1_000_000),
        server: key.sum("mail"),
        tool: key.tool("mail", if n.is_multiple_of(3) { "send_mail" } else { "read_mail" }),
        effects: Effects::just(if n.is_multiple_of(3) { Effect::Send } else { Effect::Read }),
        arguments: Arguments::of(&key, Some(document.root())),
        batch: 0,
        polling: Polling::Never,
        asked: Asked::Within,
    };
    let calls: Vec<Call> = (0..32).map(call).collect();
    let one = calls.first().expect("32 calls");
    suite.bench("the shape of four arguments", || Arguments::of(&key, Some(document.root())));
    suite.bench("the sums of four arguments", || Arguments::sums(&key, Some(document.root())));
    let text = crate::texts::prose(4);
    suite.bench_bytes("the gist of a result", text.len(), || Gist::of(&key, &text));
    suite.bench_bytes("estimate its tokens", text.len(), || estimate_tokens(&text));
    loops_and_limits(suite, &key, &calls);
    for kib in [0, 1, 16] {
        let texts: Vec<String> = (0..64_u64).map(|n| answer_of(kib, n)).collect();
        let mut texts = texts.iter().cycle();
        let (mut conversation, mut ledger) = (Conversation::default(), Ledger::new(plenty()));
        let what = format!("all that is counted of a call and an answer of {} bytes", answer_of(kib, 0).len());
        suite.bench(&what, || {
            let Some(text) = texts.next() else { return };
            counted(&key, document.root(), text, &mut conversation, &mut ledger);
        });
    }
    scores(suite, &calls, one);
}

/// Quotas of all holders that nobody uses up.
fn plenty() -> Quotas {
    let quota = Quota::new(1_000_000_000, Duration::from_secs(1));
    let both = |all: Quotas, scope| all.with(scope, Unit::Calls, quota).with(scope, Unit::Tokens, quota);
    Scope::ALL.into_iter().fold(Quotas::default(), both)
}

/// An answer that is not like the others.
fn answer_of(kib: usize, n: u64) -> String {
    let own: String = (0..8).map(|i| char::from(b'a' + u8::try_from((n >> i) % 26).unwrap_or_default())).collect();
    let text = if kib == 0 { crate::texts::ANSWER.to_owned() } else { crate::texts::lines(kib) };
    text.replace("bay", &own)
}

/// What is done for one call beside its ruling, from its text to its settled cost.
fn counted(key: &Key, arguments: Value<'_>, text: &str, conversation: &mut Conversation, ledger: &mut Ledger) {
    let (server, human, agent) = (key.sum("mail"), key.sum("local").and(key.sum("ada").bits()), key.sum("local"));
    let tool = server.and(key.sum("send_mail").bits());
    let holders = Holders { human, agent, conversation: key.sum("bench-1"), tool, server, ..Holders::default() };
    let call = Call {
        at: Timestamp::from_micros(1_700_000_000_000_000),
        server,
        tool,
        effects: Effects::just(Effect::Read),
        arguments: Arguments::sums(key, Some(arguments)),
        batch: 0,
        polling: Polling::Expected,
        asked: Asked::Untold,
    };
    let tokens = estimate_tokens(arguments.raw());
    let Ok(pass) = conversation.before(&call, Cost::call(tokens + 200), holders, ledger) else {
        conversation.watch.resume();
        return;
    };
    let answer = Answer { at: call.at, gist: Gist::of(key, text), ..Answer::default() };
    conversation.after(pass, &answer, Cost::call(tokens + estimate_tokens(text)), ledger);
}

fn loops_and_limits(suite: &mut Suite, key: &Key, calls: &[Call]) {
    let (mut ledger, mut conversation) = (Ledger::new(plenty()), Conversation::default());
    let answers: Vec<Answer> = (0..64)
        .map(|n| Answer {
            gist: Gist::of(key, &crate::texts::prose(1).replace('e', &n.to_string())),
            ..Answer::default()
        })
        .collect();
    let mut pairs = calls.iter().cycle().zip(answers.iter().cycle());
    suite.bench("before and after a call: loops, and quotas of seven holders in two units", || {
        let Some((call, answer)) = pairs.next() else { return };
        match conversation.before(call, Cost::call(100), Holders::default(), &mut ledger) {
            Ok(pass) => {
                conversation.after(pass, answer, Cost::call(120), &mut ledger);
            }
            Err(_) => conversation.watch.resume(),
        }
    });
}

fn scores(suite: &mut Suite, calls: &[Call], one: &Call) {
    let agent = |n: u64| Agent { kind: Sum::from_bits(n), ..Agent::default() };
    let (mut known, mut courses) = (Fingerprints::new(Settings::default()), Courses::default());
    let mut baselines = [(); 3].map(|()| Baseline::new(Timestamp::default()));
    for n in 0..400 {
        let (mut style, mut course, mut facts, mut habits) =
            (Style::default(), Course::default(), Facts::default(), Vec::new());
        let mut all: Vec<Fact> = Vec::new();
        for call in calls.iter().skip(n % 20).take(8) {
            style.called(call, &mut habits);
            courses.learn(&course, call, n % 40 == 0, 1.0);
            course.took(call);
            all.extend(facts.of(call));
        }
        known.learn(agent(n as u64 % 5), &habits);
        baselines.iter_mut().for_each(|baseline| baseline.learn(&all, n as f32));
    }
    let mut style = Style::default();
    suite.bench("who is it: the habits of a call, weighed", || {
        let mut identity = Identity::default();
        style.called(one, &mut |habit: Habit| {
            known.weigh(agent(1), habit, &mut identity);
        });
        identity
    });
    let course = Course::default();
    suite.bench("does it leave its course: a call", || courses.weigh(&course, one).bits);
    let levels: Vec<&Baseline> = baselines.iter().collect();
    suite.bench("how surprising: the facts of a call, three levels", || {
        Facts::default().of(one).iter().map(|fact| surprise(&levels, fact, None)).fold(0.0, f32::max)
    });
    let mut reservoir = Reservoir::default();
    (0..Reservoir::KEPT).for_each(|n| reservoir.take((n * 7919 % 1536) as f32));
    let mut capital = Capital::default();
    suite.bench("a share and a bet", || capital.bet(reservoir.share(700.0, one.tool)));
}
