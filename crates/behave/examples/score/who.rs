//! Which model is calling, told from habits alone. Tasks of the test are not those of the learning, and the split is the same for all
//! models. Conversations are what a model did before anything injected was read: two to ten calls of it.

use crate::{
    figure::{Bar, Dice, area, equal_error_rate, tell},
    traces::{Run, Step},
};
use doorward_behave::{
    Key, Sum,
    event::Agent,
    fingerprint::{Fingerprints, Fit, Habit, Identity, Settings, Style, familiarity},
};
use std::collections::{BTreeMap, BTreeSet};

/// One conversation: whose, of which task, its habits.
struct Lived {
    model: usize,
    task: Sum,
    habits: Vec<Habit>,
}

const FOLDS: u64 = 4;
/// How often the tasks are split anew: figures are means over all splits.
const SPLITS: u64 = 2;

/// Which tasks are tested.
#[derive(Clone, Copy)]
struct Split {
    split: u64,
    fold: u64,
}

impl Split {
    fn tests(self, lived: &Lived) -> bool {
        lived.task.and(self.split).bits() % FOLDS == self.fold
    }
}

pub fn score(runs: &[Run], key: &Key) -> bool {
    let mut met = true;
    println!("\nWho is it (no content, no timing)");
    for (name, files, bars) in [
        (
            "shopping",
            &["agentdyn_undefended.jsonl.gz", "agentdyn_defended.jsonl.gz"][..],
            [Bar::AtMost(22.0), Bar::AtMost(7.0), Bar::AtMost(3.5)],
        ),
        ("workspace and banking", &["agentdojo_v1_with_outputs.jsonl.gz"], [Bar::None; 3]),
    ] {
        let chosen: Vec<&Run> = runs.iter().filter(|run| files.contains(&run.file) && !run.odd()).collect();
        let (models, lived) = lived(&chosen, key);
        println!("  {name}: {} models, {} conversations", models, lived.len());
        let splits = (0..SPLITS * FOLDS).map(|n| Split { split: n / FOLDS, fold: n % FOLDS });
        let folds: Vec<Fold> = splits.map(|split| test(&lived, models, split, None)).collect();
        for (n, bar) in [1, 5, 20].into_iter().zip(bars) {
            let rates = folds.iter().filter_map(|fold| rate(fold, models, n));
            let rates: Vec<f64> = rates.collect();
            let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
            met &= tell(&format!("{name}: equal error rate, {n} conversations"), mean * 100.0, " %", bar);
        }
        met &= tell(
            &format!("{name}: unknown model told from known, 10 conversations (AUROC)"),
            unknown(&lived, models),
            "",
            if name == "shopping" { Bar::AtLeast(0.75) } else { Bar::None },
        );
    }
    met
}

/// For each conversation of the test whose it is, and how like each model it is.
type Fold = Vec<(usize, Vec<Fit>)>;

fn lived(runs: &[&Run], key: &Key) -> (usize, Vec<Lived>) {
    let names: BTreeSet<&str> = runs.iter().map(|run| run.model.as_str()).collect();
    let numbers: BTreeMap<&str, usize> = names.into_iter().zip(0..).collect();
    let all = runs.iter().filter_map(|run| {
        let steps = run.untouched();
        let steps = &steps[..steps.len().min(10)];
        (steps.len() >= 2).then(|| Lived {
            model: numbers[run.model.as_str()],
            task: key.sum(&run.task),
            habits: habits(steps),
        })
    });
    (numbers.len(), all.collect())
}

fn habits(steps: &[Step]) -> Vec<Habit> {
    let (mut style, mut habits) = (Style::default(), Vec::new());
    for step in steps {
        style.called(&step.call, &mut habits);
        style.answered(&step.call, &step.answer, &mut habits);
    }
    style.closed(&mut habits);
    habits
}

/// Learns from the other folds, without one model if so asked, and weighs this one.
fn test(lived: &[Lived], models: usize, split: Split, without: Option<usize>) -> Fold {
    let mut learned: Vec<&Lived> = lived.iter().filter(|l| !split.tests(l) && Some(l.model) != without).collect();
    let mut known = Fingerprints::new(Settings::default());
    let mut dice = Dice(split.fold);
    for _ in 0..PASSES {
        dice.shuffle(&mut learned);
        learned.iter().for_each(|l| known.learn(agent(l.model), &l.habits));
    }
    let tested = lived.iter().filter(|l| split.tests(l));
    let likeness = |l: &Lived, model: usize| {
        let mut identity = Identity::default();
        for habit in &l.habits {
            known.weigh(agent(model), *habit, &mut identity);
        }
        known.fit(agent(model), &identity).unwrap_or(Fit { likeness: f32::NAN, new: f32::NAN })
    };
    tested.map(|l| (l.model, (0..models).map(|model| likeness(l, model)).collect())).collect()
}

/// How often the trail is gone over.
const PASSES: usize = 10;

fn agent(model: usize) -> Agent {
    Agent { kind: Sum::from_bits(model as u64 + 1), ..Agent::default() }
}

/// Draws of so many conversations of each model, as the mean of each likeness.
fn draws(fold: &Fold, models: usize, n: usize) -> Fold {
    let mut dice = Dice(n as u64);
    let mut drawn = Vec::new();
    for model in 0..models {
        let mut own: Vec<&Vec<Fit>> = fold.iter().filter(|(m, _)| *m == model).map(|(_, l)| l).collect();
        if own.len() < n {
            continue;
        }
        for _ in 0..300 {
            dice.shuffle(&mut own);
            let mean = |of: fn(&Fit) -> f32, k: usize| own[..n].iter().map(|fits| of(&fits[k])).sum::<f32>() / n as f32;
            let fit = |k: usize| Fit { likeness: mean(|fit| fit.likeness, k), new: mean(|fit| fit.new, k) };
            drawn.push((model, (0..models).map(fit).collect()));
        }
    }
    drawn
}

fn rate(fold: &Fold, models: usize, n: usize) -> Option<f64> {
    let drawn = draws(fold, models, n);
    let own: Vec<f32> = drawn.iter().map(|(model, fits)| fits[*model].likeness).collect();
    let others = drawn
        .iter()
        .flat_map(|(model, l)| l.iter().enumerate().filter(move |(k, _)| k != model).map(|(_, fit)| fit.likeness));
    let others: Vec<f32> = others.collect();
    (!own.is_empty()).then(|| equal_error_rate(&own, &others))
}

/// Each model in turn is not learned: the best likeness of its conversations against that of models which are known.
fn unknown(lived: &[Lived], models: usize) -> f64 {
    let mut areas = Vec::new();
    for fold in 0..FOLDS {
        for left in 0..models {
            let tested = test(lived, models, Split { split: 0, fold }, Some(left));
            let (mut known, mut strange) = (Vec::new(), Vec::new());
            for (model, mut fits) in draws(&tested, models, 10) {
                fits.remove(left);
                let best = familiarity(&fits);
                if model == left { &mut strange } else { &mut known }.push(best);
            }
            if !known.is_empty() && !strange.is_empty() {
                areas.push(area(&known, &strange));
            }
        }
    }
    areas.iter().sum::<f64>() / areas.len().max(1) as f64
}
