//! What there is to learn from of what people say: requests, and attempts to talk a model out of its rules.

use crate::{
    corpus::Row,
    draw::Draw,
    fit::{Example, examples},
    phrases::{self, Phrases},
    plant::vary,
};
use std::collections::BTreeMap;

/// How often each template of our own is filled.
const EACH: usize = 12;
/// What an honest sentence weighs, and one of tier 2.
const HONEST: f32 = 1.0;
const HONEST_TIER_2: f32 = 1.0;
/// What an attack of the corpus weighs, before small sources are lifted, and one of tier 2.
const ATTACK: f32 = 2.0;
const ATTACK_TIER_2: f32 = 0.5;
/// What an order that the results of tools were attacked with weighs: as the turn of a person it would be one too.
const ORDER: f32 = 0.5;

/// The examples of these rows and of the phrases of our own, drawn anew for each seed.
pub(crate) fn material(rows: &[&Row], seed: u64) -> Vec<Example> {
    let (mut draw, mut out) = (Draw(seed), Vec::new());
    let turns = || rows.iter().filter(|r| r.is_turn());
    for row in turns().filter(|r| !r.attack) {
        let weight = if row.first_tier { HONEST } else { HONEST_TIER_2 };
        examples(&row.text, false, None, 0.0, weight, &mut out);
    }
    let mut sizes: BTreeMap<&str, f32> = BTreeMap::new();
    turns().filter(|r| r.attack).for_each(|row| *sizes.entry(&row.source).or_default() += 1.0);
    // Tests of rules for other abuse ask for what is forbidden, and not for rules to be dropped.
    for row in turns().filter(|r| r.attack && !r.technique.contains("model_abuse")) {
        let tier = if row.first_tier { ATTACK } else { ATTACK_TIER_2 };
        let weight = tier * (100.0 / sizes[&*row.source]).sqrt().sqrt().max(0.5);
        let text = vary(&row.text, &mut draw);
        examples(&text, false, Some(0..text.len()), weight, 0.0, &mut out);
    }
    // Orders to drop what was said before, wherever they come from.
    for row in rows.iter().filter(|r| r.attack && r.kind == "tool_output" && r.technique.contains("ignor")) {
        let span = row.span.clone().unwrap_or(0..row.text.len());
        let text = vary(&row.text[span], &mut draw);
        examples(&text, false, Some(0..text.len()), ORDER, 0.0, &mut out);
    }
    let own = Phrases::new();
    for (list, attack) in [(phrases::ATTACK_TURN, true), (phrases::BENIGN_TURN, false)] {
        for template in phrases::templates(list) {
            for _ in 0..EACH {
                let said = vary(&own.fill(template, &mut draw), &mut draw);
                let span = attack.then_some(0..said.len());
                examples(&said, false, span, 1.0, HONEST, &mut out);
            }
        }
    }
    out
}
