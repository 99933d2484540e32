use super::{Class, Shape, call};
use crate::{Calls, Item};
use doorward_audit::{Event, Ruling};
use doorward_vocab::{Finding, Severity};
use serde_json::{Value, json};

/// An event for each finding of the record.
pub(super) fn of(item: &Item, calls: &mut Calls) -> Vec<Shape> {
    let (findings, evidence) = match &item.record.event {
        Event::Ruling(r) => (&r.findings, Some(acting(r))),
        Event::Outcome(o) if !o.findings.is_empty() => {
            (&o.findings, calls.of(o.call).map(|known| acting(&known.ruling)))
        }
        Event::Definition(d) => {
            (&d.findings, Some(json!({ "name": &*d.name, "api": { "operation": d.server.as_str() } })))
        }
        Event::Finding(f) => (&f.findings, f.server.as_ref().map(|s| json!({ "api": { "operation": s.as_str() } }))),
        _ => return Vec::new(),
    };
    let shape = |(n, finding): (usize, &Finding)| Shape {
        class: Class::DetectionFinding,
        activity: 1,
        severity: level(finding.severity),
        members: members(item, n + 1, finding, evidence.as_ref()),
    };
    findings.iter().enumerate().map(shape).collect()
}

/// 1 informational to 5 critical: the worst of them.
pub(super) fn worst(findings: &[Finding]) -> u32 {
    findings.iter().map(|finding| level(finding.severity)).max().unwrap_or(1)
}

fn members(item: &Item, number: usize, finding: &Finding, evidence: Option<&Value>) -> Value {
    let score = (finding.confidence.clamp(0.0, 1.0) * 100.0).round();
    let confidence = if score < 40.0 {
        1
    } else if score < 75.0 {
        2
    } else {
        3
    };
    json!({
        "finding_info": {
            "uid": format!("{}.{number}", item.index),
            "title": finding.kind.as_str(),
            "desc": &*finding.note,
            "types": [finding.kind.as_str(), finding.channel.as_str()],
            "analytic": { "name": &*finding.detector, "type_id": 1 },
        },
        "confidence_id": confidence,
        "confidence_score": whole(score),
        "is_alert": finding.severity >= Severity::High,
        "status_id": 1,
        "evidences": evidence.map(|evidence| json!([evidence])),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a whole number from 0 to 100")]
const fn whole(score: f32) -> u32 {
    score as u32
}

fn acting(r: &Ruling) -> Value {
    json!({ "actor": call::actor(r), "api": call::api(r) })
}

const fn level(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}
