//! The words that records are counted and found by beside names: what a call does, why it was ruled so, on whose
//! authority, and what was seen in it.

use doorward_audit::Event;
use doorward_vocab::{AuthorizedBy, Finding, Reason};
use serde::Serialize;

/// The tags of a record, each once: `effect:send`, `sink`, `reason:flow-refused`, `by:autonomous`, `finding`,
/// `finding:injection`, `untrusted`; of the rare kinds of records, `kind:approval`.
pub(super) fn tags_of(event: &Event) -> Vec<String> {
    let mut tags = Vec::new();
    if !matches!(event, Event::Ruling(_) | Event::Outcome(_)) {
        tags.push(format!("kind:{}", event.kind()));
    }
    match event {
        Event::Ruling(r) => {
            tags.extend(r.effects.iter().map(|e| format!("effect:{e}")));
            if r.effects.is_sink() {
                tags.push("sink".to_owned());
            }
            if r.values.iter().any(|v| v.label.integrity == doorward_vocab::Integrity::Untrusted) {
                tags.push("untrusted".to_owned());
            }
            reasons(&r.reasons, &mut tags);
            findings(&r.findings, &mut tags);
            tags.push(format!("by:{}", authority(r.authorized_by)));
        }
        Event::Outcome(o) => {
            reasons(&o.reasons, &mut tags);
            findings(&o.findings, &mut tags);
        }
        Event::Definition(d) => findings(&d.findings, &mut tags),
        Event::Finding(n) => findings(&n.findings, &mut tags),
        _ => {}
    }
    tags.sort();
    tags.dedup();
    tags
}

fn reasons(reasons: &[Reason], tags: &mut Vec<String>) {
    tags.extend(reasons.iter().filter_map(|r| Some(format!("reason:{}", word(&r.code)?))));
}

fn findings(findings: &[Finding], tags: &mut Vec<String>) {
    tags.extend((!findings.is_empty()).then(|| "finding".to_owned()));
    tags.extend(findings.iter().map(|f| format!("finding:{}", f.kind.as_str())));
}

const fn authority(by: AuthorizedBy) -> &'static str {
    match by {
        AuthorizedBy::HumanLiteral => "human-literal",
        AuthorizedBy::HumanApproval => "human-approval",
        AuthorizedBy::Delegation => "delegation",
        AuthorizedBy::StandingPolicy => "standing-policy",
        AuthorizedBy::Autonomous => "autonomous",
    }
}

fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}
