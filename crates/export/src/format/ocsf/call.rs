use super::{Class, OTHER, Shape, finding, gateway, user};
use crate::Known;
use doorward_admin::words::{what, word};
use doorward_audit::{Access, OutcomeRecord, Ruling, Turn};
use doorward_vocab::{Decision, Effect, Outcome};
use serde_json::{Value, json};

pub(super) fn ruling(r: &Ruling) -> Shape {
    let (action, disposition, status) = verdict(r);
    let severity = finding::worst(&r.findings).max(if r.decision == Decision::Deny { 3 } else { 1 });
    let members = json!({
        "action_id": action,
        "disposition_id": disposition,
        "status_id": status,
        "status_detail": r.reasons.first().map(|reason| word(&reason.code)),
        "is_alert": r.decision == Decision::Deny,
        "actor": actor(r),
        "api": api(r),
        "src_endpoint": { "name": &*r.agent.name, "uid": &*r.agent.id },
        "dst_endpoint": r.server.as_ref().map(|server| json!({ "svc_name": server.as_str() })),
        "policy": { "uid": r.policy.to_string(), "is_applied": r.enforced },
    });
    Shape { class: Class::ApiActivity, activity: activity(r), severity, members }
}

pub(super) fn outcome(o: &OutcomeRecord, known: Option<&Known>) -> Shape {
    let ruling = known.map(|known| &known.ruling);
    let mut api =
        ruling.map_or_else(|| json!({ "operation": "outcome", "request": { "uid": o.call.to_string() } }), api);
    if let Value::Object(api) = &mut api {
        api.insert("response".to_owned(), json!({ "message": word(&o.outcome) }));
    }
    let (action, disposition) = match o.outcome {
        Outcome::Withheld | Outcome::Refused => (2, 2),
        _ if o.redactions > 0 => (4, 11),
        _ => (1, 1),
    };
    let members = json!({
        "activity_name": "Outcome",
        "action_id": action,
        "disposition_id": disposition,
        "status_id": if o.outcome == Outcome::Completed { 1 } else { 2 },
        "status_detail": o.reasons.first().map(|reason| word(&reason.code)),
        "actor": ruling.map_or_else(gateway, actor),
        "api": api,
        "src_endpoint": ruling.map_or_else(|| json!({ "name": "doorward" }), |r| json!({ "name": &*r.agent.name })),
        "duration": o.duration_us / 1000,
    });
    Shape { class: Class::ApiActivity, activity: OTHER, severity: finding::worst(&o.findings), members }
}

pub(super) fn turn(t: &Turn) -> Shape {
    let members = json!({
        "activity_name": "Turn",
        "actor": { "user": t.human.as_ref().map(user), "app_name": &*t.host },
        "api": { "operation": "turn", "request": { "uid": t.turn.to_string() } },
        "src_endpoint": { "name": &*t.host },
        "status_id": 1,
    });
    Shape { class: Class::ApiActivity, activity: OTHER, severity: 1, members }
}

pub(super) fn access(a: &Access) -> Shape {
    let members = json!({
        "actor": { "user": user(&a.by) },
        "api": { "operation": format!("{} {}", a.way.as_str(), a.what.as_str()) },
        "resources": a.of.as_ref().map(|of| json!([{ "name": &**of }])),
        "src_endpoint": { "name": "console" },
        "status_id": 1,
    });
    Shape { class: Class::ApiActivity, activity: 2, severity: 1, members }
}

/// Create, read, update, delete or other, by the gravest effect.
fn activity(r: &Ruling) -> u32 {
    let by = [(Effect::Delete, 4), (Effect::Update, 3), (Effect::Configure, 3), (Effect::Create, 1)];
    let grave = by.iter().find(|(effect, _)| r.effects.contains(*effect)).map(|(_, number)| *number);
    let reads = r.effects.iter().next().is_some() && !r.effects.is_sink();
    grave.unwrap_or(if reads { 2 } else { OTHER })
}

/// Action: 1 allowed, 2 denied, 3 observed, 4 modified. Disposition: 1 allowed, 2 blocked, 11 corrected, 15 detected,
/// 23 challenge. Status: 1 success, 2 failure.
const fn verdict(r: &Ruling) -> (u32, u32, u32) {
    match (r.enforced, r.decision) {
        (_, Decision::Allow) => (1, 1, 1),
        (false, _) => (3, 15, 1),
        (true, Decision::Oblige) => (4, 11, 1),
        (true, Decision::Challenge) => (2, 23, 2),
        (true, Decision::Deny) => (2, 2, 2),
    }
}

pub(super) fn actor(r: &Ruling) -> Value {
    json!({
        "app_uid": &*r.agent.id,
        "app_name": &*r.agent.name,
        "user": r.human.as_ref().map(user),
        "session": { "uid": r.conversation.id.as_str() },
    })
}

pub(super) fn api(r: &Ruling) -> Value {
    json!({
        "operation": what(r),
        "request": { "uid": r.call.to_string() },
        "service": r.server.as_ref().map(|server| json!({ "name": server.as_str() })),
        "version": &*r.revision,
    })
}
