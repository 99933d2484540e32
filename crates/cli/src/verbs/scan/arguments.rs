//! What the facts of a call's arguments add to its score. On the road they are for policies to judge; here there is one number.

use doorward_detect::Assessment;
use doorward_policy::{ArgumentFacts, Leaf, LeafValue};
use serde_json::Value;

/// The name under which the facts stand among the detectors.
const NAME: &str = "argument-facts";
/// How deep arguments are looked through.
const DEEP: usize = 32;

/// Adds to `seen` what the arguments in `text` name: `{name, arguments}`, the arguments alone, or a text.
pub(super) fn weigh(text: &str, seen: &mut Assessment) {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let arguments = value.get("arguments").unwrap_or(&value);
    let facts = ArgumentFacts::gather(|see| leaves("", arguments, 0, see));
    // A host of cloud credentials is no place for a call; of the rest one alone is as often honest.
    let told = [
        (facts.metadata_hosts(), 0.9),
        (facts.traversal(), 0.45),
        (facts.disguised(), 0.35),
        (facts.private_hosts(), 0.3),
        (facts.shell(), 0.2),
    ];
    let calm: f32 = told.iter().filter(|(holds, _)| *holds).map(|(_, weight)| 1.0 - weight).product();
    let score = 1.0 - (1.0 - seen.score) * calm;
    if score >= Assessment::LIMIT && seen.score < Assessment::LIMIT {
        seen.detectors.push(NAME.to_owned());
    }
    seen.score = score;
    seen.attack = score >= Assessment::LIMIT;
}

fn leaves(path: &str, value: &Value, depth: usize, see: &mut dyn FnMut(Leaf<'_>)) {
    match value {
        Value::String(text) => see(Leaf { path, value: LeafValue::Str(text) }),
        Value::Number(number) => see(Leaf { path, value: LeafValue::Number(&number.to_string()) }),
        Value::Bool(flag) => see(Leaf { path, value: LeafValue::Bool(*flag) }),
        Value::Array(items) if depth < DEEP => {
            items.iter().enumerate().for_each(|(at, item)| leaves(&format!("{path}/{at}"), item, depth + 1, see));
        }
        Value::Object(members) if depth < DEEP => {
            members.iter().for_each(|(key, member)| leaves(&format!("{path}/{key}"), member, depth + 1, see));
        }
        Value::Array(_) | Value::Object(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(text: &str) -> f32 {
        let mut seen = Assessment { score: 0.0, spans: Vec::new(), attack: false, detectors: Vec::new() };
        weigh(text, &mut seen);
        assert_eq!(seen.attack, seen.score >= Assessment::LIMIT);
        seen.score
    }

    #[test]
    fn what_arguments_name_counts() {
        let metadata = r#"{"name":"fetch","arguments":{"url":"http://169.254.169.254/latest/meta-data/"}}"#;
        let away = r#"{"name":"read","arguments":{"path":"../../../../etc/passwd"}}"#;
        let honest = r#"{"name":"send_email","arguments":{"to":["ann@x.example"],"body":"Please look at this.","n":3,"now":true}}"#;
        assert!(score(metadata) >= 0.9 && score("http://169.254.169.254/latest/meta-data/") >= 0.9);
        assert!(score(away) > 0.4 && score(away) > score(honest));
        assert_eq!(score(honest), 0.0);
        assert_eq!(score(&format!("{}1{}", "[".repeat(100), "]".repeat(100))), 0.0);
    }
}
