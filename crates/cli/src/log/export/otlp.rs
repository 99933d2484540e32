use super::{Exporter, json_line};
use crate::log::row::{Row, what, word};
use doorward_audit::Event;
use doorward_store::Hit;
use doorward_vocab::Decision;
use serde_json::{Value, json};
use std::io::{self, Write};

/// OTLP/JSON log requests, each a line with many records, as a collector's file receiver reads them.
pub(super) struct Otlp;

impl Exporter for Otlp {
    fn write(&self, hits: &[Hit], out: &mut dyn Write) -> io::Result<()> {
        for some in hits.chunks(512) {
            let records: Vec<Value> = some.iter().filter_map(log_record).collect();
            let scope = json!({ "name": "doorward.trail", "version": env!("CARGO_PKG_VERSION") });
            let resource = json!({ "attributes": [text("service.name", "doorward")] });
            let logs = json!({ "scope": scope, "logRecords": records });
            json_line(out, &json!({ "resourceLogs": [{ "resource": resource, "scopeLogs": [logs] }] }))?;
        }
        Ok(())
    }
}

fn log_record(hit: &Hit) -> Option<Value> {
    let record = hit.record().ok()?;
    let row = Row::of(&record);
    let mut attributes = vec![
        json!({ "key": "doorward.index", "value": { "intValue": hit.index.to_string() } }),
        text("doorward.kind", record.event.kind()),
    ];
    let (mut severity, mut trace) = ((9, "INFO"), None);
    match &record.event {
        Event::Ruling(r) => {
            if r.decision == Decision::Deny {
                severity = (13, "WARN");
            }
            trace = r.trace.as_deref().filter(|t| t.len() == 32);
            attributes.extend([
                text("mcp.method.name", &r.method),
                text("mcp.protocol.version", &r.revision),
                text("gen_ai.agent.id", &r.agent.id),
                text("gen_ai.agent.name", &r.agent.name),
                text("gen_ai.conversation.id", r.conversation.id.as_str()),
                text("doorward.call", &r.call.to_string()),
                text("doorward.decision", r.decision.as_str()),
                text("doorward.authorized_by", &word(&r.authorized_by)),
                json!({ "key": "doorward.enforced", "value": { "boolValue": r.enforced } }),
                text("doorward.target", &what(r)),
            ]);
            attributes.extend(r.human.as_ref().map(|h| text("enduser.id", &h.id)));
            attributes.extend(r.server.as_ref().map(|s| text("doorward.server", s.as_str())));
            if &*r.method == "tools/call" {
                attributes.extend(r.target.as_ref().map(|t| text("gen_ai.tool.name", t)));
            }
        }
        Event::Outcome(o) => attributes.extend([
            text("doorward.call", &o.call.to_string()),
            text("doorward.outcome", &word(&o.outcome)),
            json!({ "key": "doorward.duration_us", "value": { "intValue": o.duration_us.to_string() } }),
        ]),
        Event::Finding(_) | Event::Recovered(_) => severity = (13, "WARN"),
        _ => {}
    }
    let nanos = (u128::from(record.time.micros()) * 1000).to_string();
    let body = format!("{} {} {}: {}", row.who, row.what.trim(), row.decision, row.why);
    let mut log = json!({
        "timeUnixNano": nanos,
        "observedTimeUnixNano": nanos,
        "severityNumber": severity.0,
        "severityText": severity.1,
        "eventName": format!("doorward.{}", record.event.kind()),
        "body": { "stringValue": body.trim() },
        "attributes": attributes,
    });
    if let (Some(log), Some(trace)) = (log.as_object_mut(), trace) {
        log.insert("traceId".to_owned(), trace.into());
    }
    Some(log)
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
