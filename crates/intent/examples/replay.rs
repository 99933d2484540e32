//! Replays recorded conversations (JSON lines: the tools, then one conversation a line) through the judgement alone, and
//! counts what is asked, refused and let through.
//!
//! `cargo run --release -p doorward-intent --example replay -- FILE…`

#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::expect_used, reason = "a workshop tool")]

use doorward_detect::definition::{Annotations, infer_effects};
use doorward_flow::Settings;
use doorward_intent::{Brought, Intent, Stance, Tool};
use doorward_vocab::{CallId, Label, ServerName, Standing, TurnId};
use serde_json::Value;
use std::{collections::BTreeMap, env, fs};

fn main() {
    let verbose = env::var("VERBOSE").is_ok();
    for file in env::args().skip(1) {
        let text = fs::read_to_string(&file).expect("a file of JSON lines");
        let mut tools = BTreeMap::new();
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).expect("JSON");
            if let Some(all) = row["tools"].as_array() {
                for tool in all {
                    let name = tool["name"].as_str().unwrap_or_default();
                    let description = tool["description"].as_str().unwrap_or_default();
                    let schema = tool["inputSchema"].to_string();
                    let effects = infer_effects(name, description, Annotations::default(), &schema);
                    let arguments: Vec<&str> = tool["inputSchema"]["properties"]
                        .as_object()
                        .map(|p| p.keys().map(String::as_str).collect())
                        .unwrap_or_default();
                    let made = Tool::new(name, effects, description, arguments.into_iter());
                    if verbose {
                        println!("{name}: {:?}", effects.iter().collect::<Vec<_>>());
                    }
                    tools.insert(name.to_owned(), made);
                }
                continue;
            }
            play(&row, &tools, &mut sums, verbose);
        }
        println!("{file}: {sums:#?}");
    }
}

fn play(row: &Value, tools: &BTreeMap<String, Tool>, sums: &mut BTreeMap<&str, u64>, verbose: bool) {
    let always = env::var("ALWAYS").is_ok();
    let server: ServerName = "env".parse().expect("a name");
    let mut intent = Intent::new(Settings::new([7; 16]));
    intent.turn(TurnId::from_bits(1), row["prompt"].as_str().unwrap_or_default());
    let clean = row["inj"].is_null();
    let (mut sinks, mut passed, mut asked, mut stopped) = (0, 0, 0, 0);
    let label = format!("{} {} {}", row["suite"], row["user"], row["inj"]);
    for (n, step) in row["steps"].as_array().into_iter().flatten().enumerate() {
        let name = step["name"].as_str().unwrap_or_default();
        let Some(tool) = tools.get(name) else { continue };
        let mut leaves = Vec::new();
        flat("", &step["args"], &mut leaves);
        let arguments: Vec<(&str, &str)> = leaves.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect();
        let attack = step["who"] == "attack";
        let mut goes = true;
        let mut asked_for = false;
        if tool.effects.is_sink() {
            let verdict = intent.judge(tool, &arguments);
            asked_for = verdict.stance <= Stance::Delegated;
            if attack {
                sinks += 1;
                passed += u64::from(verdict.stance < Stance::Ask);
                asked += u64::from(verdict.stance == Stance::Ask);
                goes = if always { verdict.stance <= Stance::Ask } else { verdict.stance < Stance::Ask };
            } else {
                *sums
                    .entry(match (clean, verdict.stance) {
                        (true, Stance::Within) => "clean: within",
                        (true, Stance::Delegated) => "clean: delegated",
                        (true, Stance::Harmless) => "clean: harmless",
                        (true, Stance::Ask) => "clean: ASKED",
                        (true, _) => "clean: REFUSED",
                        (false, Stance::Ask) => "attacked: user ASKED",
                        (false, s) if s > Stance::Ask => "attacked: user REFUSED",
                        _ => "attacked: user passed",
                    })
                    .or_default() += 1;
                goes = verdict.stance <= Stance::Ask;
                stopped += u64::from(verdict.stance >= Stance::Ask);
                if verbose && !clean && verdict.stance > Stance::Ask {
                    println!("{label} USER {name} {} {:?} {:?}", step["args"], verdict.stance, verdict.why);
                }
            }
            if verbose && (clean && verdict.stance >= Stance::Harmless || attack && verdict.stance <= Stance::Ask) {
                println!(
                    "{label} {} {name} {} {:?} {:?}",
                    if attack { "ATTACK" } else { "" },
                    step["args"],
                    verdict.stance,
                    verdict.why
                );
            }
        }
        if goes {
            let call = CallId::from_bits(n as u128 + 10);
            let brought = Brought {
                call,
                server: &server,
                tool,
                arguments: &arguments,
                standing: Standing::of(Label::OUTSIDE),
                asked_for,
                left: false,
            };
            intent.heard(brought, &[("", step["out"].as_str().unwrap_or_default())]);
        }
    }
    if clean {
        *sums.entry("clean: conversations").or_default() += 1;
        *sums.entry("clean: conversations asked or refused").or_default() += u64::from(stopped > 0);
    }
    *sums.entry("memory, most").or_default() = (*sums.get("memory, most").unwrap_or(&0)).max(intent.memory() as u64);
    if !clean && sinks > 0 {
        *sums.entry("attacks").or_default() += 1;
        *sums.entry("attacks: all passed unasked").or_default() += u64::from(passed == sinks);
        *sums.entry("attacks: all passed or asked").or_default() += u64::from(passed + asked == sinks);
        *sums.entry("attacks: some passed unasked").or_default() += u64::from(passed > 0);
        *sums.entry("attacks: some passed or asked").or_default() += u64::from(passed + asked > 0);
    }
}

fn flat(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| flat(&format!("{path}/{k}"), v, leaves)),
        Value::Array(all) => all.iter().enumerate().for_each(|(n, v)| flat(&format!("{path}/{n}"), v, leaves)),
        Value::String(s) => leaves.push((path.to_owned(), s.clone())),
        Value::Null => {}
        other => leaves.push((path.to_owned(), other.to_string())),
    }
}
