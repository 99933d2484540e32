//! What a score costs: each stage over recorded calls, one by one, in nanoseconds.

use crate::{
    figure::{Bar, quantile, tell},
    traces::Run,
};
use doorward_behave::{
    Conversation, Sum,
    baseline::{Baseline, Fact, Facts, surprise},
    course::{Course, Courses},
    event::Agent,
    fingerprint::{Fingerprints, Habit, Identity, Settings, Style},
    limit::{Cost, Holders, Ledger, Quota, Quotas, Scope, Unit},
};
use doorward_vocab::Timestamp;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

pub fn score(runs: &[Run]) -> bool {
    println!("\nWhat a call costs, over the calls of recorded runs");
    let runs: Vec<&Run> = runs.iter().filter(|run| !run.steps.is_empty()).take(4_000).collect();
    let agent = Agent { kind: Sum::from_bits(1), ..Agent::default() };
    let (mut known, mut courses, mut normal) =
        (Fingerprints::new(Settings::default()), Courses::default(), Baseline::new(Timestamp::default()));
    for run in runs.iter().take(500) {
        let (mut style, mut course, mut facts) = (Style::default(), Course::default(), Facts::default());
        let (mut habits, mut all) = (Vec::new(), Vec::<Fact>::new());
        for step in &run.steps {
            style.called(&step.call, &mut habits);
            courses.learn(&course, &step.call, step.planted, 1.0);
            course.took(&step.call);
            all.extend(facts.of(&step.call));
        }
        known.learn(agent, &habits);
        normal.learn(&all, 0.0);
    }
    let mut scores = Vec::new();
    let mut loops = Vec::new();
    for run in &runs {
        let (mut style, mut course, mut facts) = (Style::default(), Course::default(), Facts::default());
        let mut identity = Identity::default();
        let (mut conversation, mut ledger) = (Conversation::default(), ledger());
        for step in &run.steps {
            scores.push(nanos(|| {
                style.called(&step.call, &mut |habit: Habit| {
                    known.weigh(agent, habit, &mut identity);
                });
                let bits = courses.weigh(&course, &step.call).bits;
                let levels = [&normal, &normal, &normal];
                let strange = facts.of(&step.call).iter().map(|fact| surprise(&levels, fact, None)).fold(0.0, f32::max);
                black_box((bits, strange));
            }));
            course.took(&step.call);
            loops.push(nanos(|| {
                match conversation.before(&step.call, Cost::call(100), Holders::default(), &mut ledger) {
                    Ok(pass) => {
                        conversation.after(pass, &step.answer, Cost::call(90), &mut ledger);
                    }
                    Err(_) => conversation.watch.resume(),
                }
            }));
        }
    }
    let micros = |all: &[f32], share| f64::from(quantile(all, share)) / 1000.0;
    let mut met = tell("all scores of a call, median", micros(&scores, 0.5), " µs", Bar::AtMost(3.0));
    met &= tell("all scores of a call, 99 of 100", micros(&scores, 0.99), " µs", Bar::AtMost(10.0));
    tell("loops, and quotas of seven holders in two units, median", micros(&loops, 0.5), " µs", Bar::None);
    tell("loops, and quotas of seven holders in two units, 99 of 100", micros(&loops, 0.99), " µs", Bar::None);
    met
}

fn nanos(run: impl FnOnce()) -> f32 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f32
}

fn ledger() -> Ledger {
    let quota = Quota::new(1_000_000_000, Duration::from_secs(1));
    let both = |all: Quotas, scope| all.with(scope, Unit::Calls, quota).with(scope, Unit::Tokens, quota);
    Ledger::new(Scope::ALL.into_iter().fold(Quotas::default(), both))
}
