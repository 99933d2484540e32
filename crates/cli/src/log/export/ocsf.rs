use super::{Exporter, json_line};
use crate::log::row::{Row, what, word};
use doorward_audit::{Event, Record, Ruling};
use doorward_store::Hit;
use doorward_vocab::{Decision, Effect, Finding, Outcome, Severity};
use serde_json::{Value, json};
use std::io::{self, Write};

/// OCSF 1.8.0: calls are API Activity (6003) with the security control profile, findings Detection Finding (2004),
/// start and stop Application Lifecycle (6002). The whole record stands under `unmapped`.
pub(super) struct Ocsf;

impl Exporter for Ocsf {
    fn write(&self, hits: &[Hit], out: &mut dyn Write) -> io::Result<()> {
        hits.iter().filter_map(event).try_for_each(|e| json_line(out, &e))
    }
}

fn event(hit: &Hit) -> Option<Value> {
    let record = hit.record().ok()?;
    let (class, category, activity) = class(&record.event);
    let row = Row::of(&record);
    let mut event = json!({
        "activity_id": activity,
        "category_uid": category,
        "class_uid": class,
        "type_uid": class * 100 + activity,
        "time": record.time.micros() / 1000,
        "severity_id": severity(&record.event),
        "message": format!("{} {} {}: {}", row.who, row.what, row.decision, row.why).trim(),
        "metadata": {
            "version": "1.8.0",
            "product": { "name": "Doorward", "vendor_name": "Doorward" },
            "profiles": ["security_control"],
            "uid": hit.index.to_string(),
            "correlation_uid": row.conversation,
            "log_name": "trail",
        },
        "unmapped": serde_json::from_slice::<Value>(&hit.bytes).ok()?,
    });
    let more = match &record.event {
        Event::Ruling(r) => call(r),
        Event::Outcome(o) => json!({
            "api": { "operation": "outcome", "request": { "uid": o.call.to_string() }, "response": { "message": word(&o.outcome) } },
            "actor": { "app_name": "doorward" },
            "src_endpoint": { "name": "doorward" },
            "status_id": if o.outcome == Outcome::Completed { 1 } else { 2 },
            "duration": o.duration_us / 1000,
        }),
        Event::Finding(f) => json!({
            "finding_info": { "uid": hit.index.to_string(), "title": f.findings.first().map_or("finding", |f| f.kind.as_str()) },
        }),
        Event::Start(_) | Event::Stop(_) => json!({ "app": { "name": "doorward", "vendor_name": "Doorward" } }),
        _ => other(&record, &row),
    };
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    Some(event)
}

/// Class, category and activity.
fn class(event: &Event) -> (u32, u32, u32) {
    match event {
        Event::Ruling(r) => (6003, 6, activity(r)),
        Event::Finding(_) => (2004, 2, 1),
        Event::Start(_) => (6002, 6, 3),
        Event::Stop(_) => (6002, 6, 4),
        _ => (6003, 6, 99),
    }
}

/// Create, read, update, delete or other, by the gravest effect.
fn activity(r: &Ruling) -> u32 {
    let by = [(Effect::Delete, 4), (Effect::Update, 3), (Effect::Configure, 3), (Effect::Create, 1)];
    let grave = by.iter().find(|(e, _)| r.effects.contains(*e)).map(|(_, n)| *n);
    let reads = r.effects.iter().next().is_some() && !r.effects.is_sink();
    grave.unwrap_or(if reads { 2 } else { 99 })
}

fn call(r: &Ruling) -> Value {
    // 1 allowed, 2 denied, 3 observed; disposition 1 allowed, 2 blocked, 15 detected, 19 alert.
    let (action, disposition, status) = match (r.enforced, r.decision) {
        (_, Decision::Allow) => (1, 1, 1),
        (false, _) => (3, 15, 1),
        (true, Decision::Oblige) => (1, 1, 1),
        (true, Decision::Challenge | Decision::Deny) => (2, 2, 2),
    };
    let user = r.human.as_ref().map(|h| json!({ "uid": &*h.id, "name": &*h.name }));
    let mut actor = json!({ "app_uid": &*r.agent.id, "app_name": &*r.agent.name });
    if let (Some(actor), Some(user)) = (actor.as_object_mut(), user) {
        actor.insert("user".to_owned(), user);
    }
    json!({
        "action_id": action,
        "disposition_id": disposition,
        "status_id": status,
        "status_detail": r.reasons.first().map(|r| word(&r.code)),
        "actor": actor,
        "api": {
            "operation": what(r),
            "request": { "uid": r.call.to_string() },
            "service": { "name": r.server.as_ref().map(ToString::to_string) },
            "version": &*r.revision,
        },
        "src_endpoint": { "name": &*r.agent.name },
    })
}

fn other(record: &Record, row: &Row) -> Value {
    json!({
        "api": { "operation": format!("doorward.{}", record.event.kind()) },
        "actor": { "user": { "name": row.who } },
        "src_endpoint": { "name": "doorward" },
        "status_id": 1,
    })
}

/// 1 informational to 5 critical.
fn severity(event: &Event) -> u32 {
    let worst = |f: &[Finding]| f.iter().map(|f| f.severity).max().map_or(1, level);
    match event {
        Event::Ruling(r) => worst(&r.findings).max(if r.decision == Decision::Deny { 3 } else { 1 }),
        Event::Outcome(o) => worst(&o.findings),
        Event::Definition(d) => worst(&d.findings),
        Event::Finding(f) => worst(&f.findings),
        Event::Recovered(_) => 3,
        _ => 1,
    }
}

const fn level(s: Severity) -> u32 {
    match s {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}
