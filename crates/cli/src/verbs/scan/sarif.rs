//! Findings as a SARIF log (OASIS Static Analysis Results Interchange Format 2.1.0).

use super::finding::ScanFinding;
use crate::verbs::approve::visible::visible;
use doorward_detect::DETECTORS;
use doorward_vocab::Severity;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The whole log. Results stand at `file`, the configuration that names the server (§3.29), and at the definition as a
/// logical location (§3.33).
pub(super) fn log(findings: &[ScanFinding], file: &str) -> Value {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        rules.insert(&finding.rule, 0);
    }
    rules.values_mut().enumerate().for_each(|(index, at)| *at = index);
    let results: Vec<Value> = findings
        .iter()
        .map(|f| {
            let name = [f.server.as_str(), f.place.kind, &f.place.name].join("/");
            let whole = visible(&format!("{name}{}", f.place.pointer));
            json!({
                "ruleId": f.rule,
                "ruleIndex": rules.get(f.rule.as_str()),
                "level": level(f.severity),
                "message": { "text": visible(&format!("{name}: {}", f.message)) },
                "locations": [{
                    "physicalLocation": { "artifactLocation": { "uri": uri(file) } },
                    "logicalLocations": [{ "fullyQualifiedName": whole, "kind": "member" }],
                }],
                "partialFingerprints": { "doorward/v1": doorward_vocab::Digest::of(format!("{}\n{whole}", f.rule).as_bytes()).to_string() },
            })
        })
        .collect();
    let rules: Vec<Value> =
        rules.keys().map(|id| json!({ "id": id, "shortDescription": { "text": told(id) } })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "doorward",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// §3.27.10.
const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical => "error",
    }
}

/// A rule in a sentence.
fn told(rule: &str) -> String {
    let detector = DETECTORS.iter().find(|d| d.name() == rule);
    detector.map_or_else(
        || match rule.strip_prefix("changed/") {
            Some(meaning) => format!("A definition is not what was approved: {meaning}."),
            None => format!("A definition contradicts itself or the protocol: {rule}."),
        },
        |d| d.doc().to_owned(),
    )
}

/// A path as a relative reference (RFC 3986): what would end or split it is written as bytes.
fn uri(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'~');
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Place, *};

    #[test]
    fn a_log_has_what_readers_ask_for() {
        let finding = |rule: &str, severity| ScanFinding {
            server: "notes".into(),
            place: Place { kind: "tool", name: "add\u{200b}".into(), pointer: "/description".into() },
            rule: rule.into(),
            severity,
            message: "an order".into(),
        };
        let findings = [finding("imperative", Severity::High), finding("changed/widened", Severity::Low)];
        let log = log(&findings, "my conf.toml");
        assert_eq!((&log["version"], log["runs"].as_array().unwrap().len()), (&json!("2.1.0"), 1));
        let run = &log["runs"][0];
        for (result, finding) in run["results"].as_array().unwrap().iter().zip(&findings) {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            let rule = &run["tool"]["driver"]["rules"][index];
            assert_eq!(rule["id"], finding.rule);
            assert_eq!(result["ruleId"], finding.rule);
            assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        }
        let first = &run["results"][0];
        assert_eq!(first["level"], "error");
        assert_eq!(first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "my%20conf.toml");
        assert_eq!(
            first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
            "notes/tool/add⟨U+200B⟩/description"
        );
    }
}
