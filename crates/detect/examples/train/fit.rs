//! Logistic regression over hashed features: AdaGrad (Duchi, Hazan, Singer 2011) in an order that is drawn. Only operations
//! that IEEE 754 fixes to the last bit, so that every machine finds the same weights.

use crate::{corpus::Row, draw::Draw, material, turns};
use doorward_detect::learned::{
    features::{Features, PLACES},
    model::Model,
    sentences::read,
};
use std::{ops::Range, thread};

/// A sentence to learn from.
pub(crate) struct Example {
    places: Vec<u16>,
    attack: bool,
    weight: f32,
    /// The text that it is from.
    text: u32,
}

/// How often the examples are gone through, and how far a step goes.
const ROUNDS: usize = 4;
const RATE: f32 = 0.05;
const DECAY: f32 = 1e-5;
/// How many times everything is drawn and learned anew; the weights are the mean.
const DRAWS: u64 = 5;
/// Names a smaller number of draws, for a quick look.
const FEWER: &str = "DOORWARD_TRAIN_DRAWS";
/// The part of an attack's weight that all its sentences share alike; the rest goes to those that speak for it.
const ALIKE: f32 = 0.05;
/// Scores from which a sentence belongs to an order, is reported, is severe. Chosen on texts of sources that were left out.
const LIMITS: [f32; 3] = [-1.5, 4.0, 6.0];
/// The same for what people say.
const TURN_LIMITS: [f32; 3] = [-1.0, 4.0, 6.0];

/// Adds the sentences of one text. What overlaps `span` is the attack and weighs `attack` in all, any other sentence `honest`.
pub(crate) fn examples(
    text: &str,
    definition: bool,
    span: Option<Range<usize>>,
    attack: f32,
    honest: f32,
    out: &mut Vec<Example>,
) {
    let number = out.last().map_or(0, |e| e.text) + 1;
    let sentences = read(text);
    let mut features = Features::default();
    let hit = |s: &Range<usize>| span.as_ref().is_some_and(|span| s.start < span.end && span.start < s.end);
    let hits = sentences.list.iter().filter(|s| hit(&s.span)).count().max(1) as f32;
    for (at, sentence) in sentences.list.iter().enumerate() {
        let hit = hit(&sentence.span);
        let weight = if hit { attack / hits.sqrt() } else { honest };
        if weight > 0.0 {
            features.of(&sentences, at, definition);
            out.push(Example { places: features.places.clone(), attack: hit, weight, text: number });
        }
    }
}

/// The model of what servers send that these rows give.
pub(crate) fn train(rows: &[&Row]) -> Model {
    learn(LIMITS, |seed| material::material(rows, seed))
}

/// The model of what people say that these rows give.
pub(crate) fn train_turns(rows: &[&Row]) -> Model {
    learn(TURN_LIMITS, |seed| turns::material(rows, seed))
}

fn learn(limits: [f32; 3], material: impl Fn(u64) -> Vec<Example> + Sync) -> Model {
    let draws = std::env::var(FEWER).ok().and_then(|n| n.parse().ok()).unwrap_or(DRAWS);
    let drawn = |seed| {
        let mut examples = material(seed);
        let first = fit(&examples, seed);
        attend(&mut examples, &first);
        fit(&examples, seed)
    };
    // Side by side, and added up in their order: the same sum each time.
    let all: Vec<Vec<f32>> = thread::scope(|scope| {
        let drawn = &drawn;
        let running: Vec<_> = (1..=draws).map(|seed| scope.spawn(move || drawn(seed))).collect();
        running.into_iter().filter_map(|one| one.join().ok()).collect()
    });
    let mut mean = vec![0.0_f32; PLACES + 1];
    for one in &all {
        mean.iter_mut().zip(one).for_each(|(mean, w)| *mean += w / draws as f32);
    }
    let most = mean[..PLACES].iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    let step = most / 127.0;
    let [beside, report, severe] = limits;
    let weights = mean[..PLACES].iter().map(|w| (w / step).round() as i8).collect();
    Model { bias: mean[PLACES], step, beside, report, severe, weights }
}

/// Weights of all places, then the bias.
fn fit(examples: &[Example], seed: u64) -> Vec<f32> {
    let mut weights = vec![0.0_f32; PLACES + 1];
    let mut squares = vec![1e-4_f32; PLACES + 1];
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut draw = Draw(seed);
    for _ in 0..ROUNDS {
        draw.shuffle(&mut order);
        for example in order.iter().map(|at| &examples[*at]) {
            let wanted = if example.attack { 1.0 } else { 0.0 };
            let wrong = (logistic(score(example, &weights)) - wanted) * example.weight;
            for place in example.places.iter().map(|p| usize::from(*p)).chain([PLACES]) {
                let slope = wrong + DECAY * weights[place];
                squares[place] += slope * slope;
                weights[place] -= RATE * slope / squares[place].sqrt();
            }
        }
    }
    weights
}

fn score(example: &Example, weights: &[f32]) -> f32 {
    example.places.iter().map(|p| weights[usize::from(*p)]).sum::<f32>() + weights[PLACES]
}

/// Gives the weight of an attack to those of its sentences that speak for it, by what was learned so far: "Thanks!" is part
/// of many attacks and none by itself.
fn attend(examples: &mut [Example], weights: &[f32]) {
    for text in examples.chunk_by_mut(|a, b| a.text == b.text) {
        let attacks = || text.iter().filter(|e| e.attack);
        let (count, all) = (attacks().count() as f32, attacks().map(|e| e.weight).sum::<f32>());
        let most = attacks().map(|e| score(e, weights)).fold(f32::MIN, f32::max);
        let shares: Vec<f32> = attacks().map(|e| power(score(e, weights) - most)).collect();
        let sum: f32 = shares.iter().sum();
        for (example, share) in text.iter_mut().filter(|e| e.attack).zip(shares) {
            example.weight = all * ((1.0 - ALIKE) * share / sum + ALIKE / count);
        }
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + power(-x))
}

/// e^x: the thousandth part by its series, and that squared ten times. The library's own differs between machines.
fn power(x: f32) -> f32 {
    let x = f64::from(x.clamp(-30.0, 30.0)) / 1024.0;
    let mut e = 1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x / 24.0)));
    for _ in 0..10 {
        e *= e;
    }
    e as f32
}
