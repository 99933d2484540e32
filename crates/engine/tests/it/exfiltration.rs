//! Sixty values that leave in twelve encodings, five ways of taking them apart and six kinds of arguments: what the ruling
//! says of where they came from. And ten thousand honest calls after a secret was read.

use crate::{
    canaries::{Canary, ENCODINGS, SINKS, SPLITTINGS, calls, canaries, encode},
    dice::{Dice, WORDS, result},
    talk::{Talk, Use},
};
use doorward_engine::History;
use doorward_vocab::{CallId, Effect, Level};
use serde_json::json;
use std::{collections::BTreeMap, thread};

const LIST: Use = ("notes", "list", &[Effect::Read]);
const SEND: Use = ("mail", "send", &[Effect::Send]);
/// A policy that asks where values came from and forbids nothing.
const ASKS: &str = r#"@id("asks") @mode("observe") forbid (principal is Server, action == Action::"call", resource)
    when { context.flow.foreign.contains("nowhere") };"#;

/// A conversation that read sixty results, with one canary in each; and the calls that brought them.
fn read(canaries: &[Canary], dice: &mut Dice) -> (Talk, Vec<CallId>) {
    let mut talk = Talk::new(Level::Guard, ASKS);
    talk.said("Please read my notes and send a summary of the open issues to the team.");
    let mut stood = Vec::new();
    for canary in canaries {
        let (text, _) = result(dice, 600, Some(&canary.value));
        talk.reads(LIST, &json!({ "page": 1 }), &text);
        stood.push(CallId::from_bits(talk.scene.number));
    }
    (talk, stood)
}

#[test]
fn what_is_taken_out_is_told_by_the_ruling() {
    let mut dice = Dice(0x0123_4567_89ab_cdef);
    let canaries = canaries(&mut dice);
    let measure = |half: &[&'static str], seed: u64| {
        let (mut talk, stood) = read(&canaries, &mut Dice(0x7a6b_5c4d_3e2f_1001));
        let (mut dice, before) = (Dice(seed), talk.scene.history.clone());
        let (mut all, mut found) = (0_u32, 0_u32);
        let mut missed: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for (canary, source) in canaries.iter().zip(&stood) {
            for encoding in half {
                for splitting in SPLITTINGS {
                    for sink in SINKS {
                        let text = encode(canary, encoding, &mut dice);
                        talk.scene.history = History::clone(&before);
                        let seen = calls(&text, splitting, sink, &mut dice).iter().any(|call| {
                            let names = ["to", "cc"].into_iter().map(str::to_owned);
                            let arguments = names.zip(call.iter().map(|leaf| json!(leaf))).collect();
                            let judgement = talk.attempts(SEND, &serde_json::Value::Object(arguments));
                            judgement.values.iter().any(|value| value.call == Some(*source))
                        });
                        all += 1;
                        found += u32::from(seen);
                        if !seen {
                            *missed.entry((encoding, splitting)).or_default() += 1;
                        }
                    }
                }
            }
        }
        (all, found, missed)
    };
    let (first, second) = ENCODINGS.split_at(6);
    let both = thread::scope(|scope| {
        let other = scope.spawn(|| measure(second, 0x1357_9bdf_0246_8ace));
        [measure(first, 0x0f1e_2d3c_4b5a_6978), other.join().unwrap()]
    });
    let (all, found) = both.iter().fold((0, 0), |(all, found), half| (all + half.0, found + half.1));
    println!("{found} of {all} found; missed {:?} {:?}", both[0].2, both[1].2);
    assert_eq!(all, 60 * 12 * 5 * 6);
    assert!(found * 1000 >= all * 990, "{found} of {all}");
}

/// Arguments of all kinds that were made up beside what was read.
fn argument(dice: &mut Dice) -> String {
    let number = dice.below(100_000);
    match dice.below(10) {
        0 => number.to_string(),
        1 => dice.date(),
        2 => format!("https://www.example.com/{}/{}?page={}", dice.of(WORDS), dice.of(WORDS), dice.below(20)),
        3 => format!("src/{}/{}.rs", dice.of(WORDS), dice.of(WORDS)),
        4 => dice.text("0123456789abcdef", 12),
        5 => dice.text("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789", 24),
        6 => format!("{}@{}.example", dice.of(WORDS), dice.of(WORDS)),
        7 => format!("password: {}", dice.of(WORDS)),
        8 => dice.name(),
        _ => dice.sentence(24),
    }
}

#[test]
fn honest_calls_after_a_secret_was_read_go_on() {
    let mut dice = Dice(0x2468_ace0_1357_9bdf);
    let mut talk = Talk::new(Level::Guard, "");
    for n in 0..8 {
        let key = dice.text("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789", 20);
        let text = format!("name: entry {n}\npassword: {key}7a\nhost: db-{n}.example\nnote: {}", dice.sentence(20));
        talk.reads(LIST, &json!({ "page": n }), &text);
    }
    let mut wrong = Vec::new();
    for _ in 0..10_000 {
        let arguments: serde_json::Map<_, _> = (0..1 + dice.below(4))
            .map(|n| (["url", "body", "path", "to"][n].to_owned(), json!(argument(&mut dice))))
            .collect();
        let arguments = serde_json::Value::Object(arguments);
        let judgement = talk.attempts(SEND, &arguments);
        let held = judgement.reasons.iter().any(|reason| reason.text.contains("holds a secret"));
        if held {
            wrong.push((arguments, judgement.reasons));
        }
    }
    println!("{} of 10000 honest calls were stopped: {:#?}", wrong.len(), wrong.iter().take(5).collect::<Vec<_>>());
    assert!(wrong.len() <= 10, "{}", wrong.len());
}
