//! What there is to learn from.

use crate::{
    corpus::Row,
    draw::Draw,
    fit::{Example, examples},
    phrases::{self, Phrases},
    plant::{plant, vary},
};
use std::{collections::BTreeMap, ops::Range};

/// How often each payload of the corpus is planted anew.
const PLANTS: usize = 2;
/// How often each template of our own is filled.
const EACH: usize = 18;
/// How many requests of people are planted where they have no place.
const TURNS: usize = 3000;
/// What an honest sentence weighs, one of tier 2, and one that stands beside a payload.
const HONEST: f32 = 2.0;
const HONEST_TIER_2: f32 = 0.5;
const HOST: f32 = 0.2;
/// What a payload of the corpus weighs, before rare techniques are lifted, and a request of a person.
const PAYLOAD: f32 = 2.0;
const TURN: f32 = 0.5;

/// The examples of these rows and of the phrases of our own, drawn anew for each seed.
pub(crate) fn material(rows: &[&Row], seed: u64) -> Vec<Example> {
    let mut all = Material { draw: Draw(seed), out: Vec::new(), hosts: Vec::new(), definitions: Vec::new() };
    let honest =
        |kind: &str| rows.iter().filter(|r| !r.attack && r.first_tier && r.kind == kind).map(|r| &*r.text).collect();
    all.hosts = honest("tool_output");
    all.definitions = honest("tool_description");
    // Tests of rules are no texts that anyone meets.
    rows.iter().filter(|r| !r.attack && r.is_content() && r.source != "atr-tests").for_each(|row| {
        let weight = if row.first_tier { HONEST } else { HONEST_TIER_2 };
        examples(&row.text, row.is_definition(), None, 0.0, weight, &mut all.out);
    });
    all.payloads(rows);
    let turns: Vec<&str> =
        rows.iter().filter(|r| r.kind == "user_turn" && !r.attack && r.text.len() < 400).map(|r| &*r.text).collect();
    all.turns(&turns);
    all.own();
    all.out
}

struct Material<'a> {
    draw: Draw,
    out: Vec<Example>,
    hosts: Vec<&'a str>,
    definitions: Vec<&'a str>,
}

impl Material<'_> {
    fn payloads(&mut self, rows: &[&Row]) {
        let attacks = || rows.iter().filter(|r| r.attack && r.first_tier && r.is_content());
        let mut sizes: BTreeMap<&str, f32> = BTreeMap::new();
        attacks().for_each(|row| *sizes.entry(&row.technique).or_default() += 1.0);
        for row in attacks() {
            // The fourth root: a technique of five rows counts half as much for each as one of eighty.
            let weight = PAYLOAD * (20.0 / sizes[&*row.technique]).sqrt().sqrt();
            let Some(span) = &row.span else {
                examples(&row.text, true, Some(0..row.text.len()), weight * 0.5, 0.0, &mut self.out);
                continue;
            };
            // Where it was, for what stands around it; of the host itself nothing is learned, for it may be one that is left out.
            examples(&row.text, false, Some(span.clone()), weight, 0.0, &mut self.out);
            for _ in 0..PLANTS {
                let payload = vary(&row.text[span.clone()], &mut self.draw);
                self.planted(&payload, weight / PLANTS as f32);
            }
        }
    }

    /// What a person may ask for is an order where data is expected.
    fn turns(&mut self, turns: &[&str]) {
        for _ in 0..if turns.is_empty() { 0 } else { TURNS } {
            let payload = vary(self.draw.pick(turns), &mut self.draw);
            self.planted(&payload, TURN);
        }
    }

    fn planted(&mut self, payload: &str, weight: f32) {
        let (text, span) = plant(self.draw.pick(&self.hosts), payload, &mut self.draw);
        examples(&text, false, Some(span), weight, HOST, &mut self.out);
    }

    fn own(&mut self) {
        let own = Phrases::new();
        for template in phrases::templates(phrases::ATTACK_OUTPUT) {
            for _ in 0..EACH {
                let payload = vary(&own.fill(template, &mut self.draw), &mut self.draw);
                if self.draw.one_in(5) {
                    examples(&payload, false, Some(0..payload.len()), 1.0, 0.0, &mut self.out);
                } else {
                    self.planted(&payload, 1.0);
                }
            }
        }
        for template in phrases::templates(phrases::ATTACK_DEFINITION) {
            for _ in 0..EACH * 2 {
                let payload = vary(&own.fill(template, &mut self.draw), &mut self.draw);
                let (text, span) = self.poisoned(&payload);
                examples(&text, true, Some(span), 1.0, HOST, &mut self.out);
            }
        }
        for (list, definition) in [(phrases::BENIGN_OUTPUT, false), (phrases::BENIGN_DEFINITION, true)] {
            for template in phrases::templates(list) {
                for _ in 0..EACH {
                    let said = own.fill(template, &mut self.draw);
                    let host = self.draw.pick(if definition { &self.definitions } else { &self.hosts });
                    let text = match self.draw.below(4) {
                        0 => format!("{host}\n{said}"),
                        1 => format!("{said} {host}"),
                        _ => said,
                    };
                    examples(&text, definition, None, 0.0, 1.0, &mut self.out);
                }
            }
        }
    }

    /// A definition with a payload: alone, at its end, before what it returns, after its name, or somewhere.
    fn poisoned(&mut self, payload: &str) -> (String, Range<usize>) {
        let host = self.draw.pick(&self.definitions);
        let (before, after) = match self.draw.below(8) {
            0 => (String::new(), String::new()),
            1 | 2 => (format!("{host} "), String::new()),
            3 => (format!("{host}\n\n"), String::new()),
            4 => (format!("{host}\n"), "\n\nReturns:\n    The result".to_owned()),
            5 | 6 => {
                let (name, rest) = host.split_at(host.find(": ").map_or(0, |at| at + 2));
                (name.to_owned(), format!(" {rest}"))
            }
            _ => return plant(host, payload, &mut self.draw),
        };
        let span = before.len()..before.len() + payload.len();
        (before + payload + &after, span)
    }
}
