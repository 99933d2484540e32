use super::{actor, conventions as c, flag, message, nanos, number, resource, scope, span_of, text, trace_of};
use crate::{Calls, Item};
use doorward_admin::words::{Row, word};
use doorward_audit::Event;
use doorward_vocab::{Decision, Outcome};
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};

/// The request that tells these records as logs; none where there are none.
pub fn logs(items: &[Item], calls: &mut Calls, instance: Option<&str>) -> Option<ExportLogsServiceRequest> {
    let log_records: Vec<LogRecord> = items.iter().map(|item| log(item, calls)).collect();
    if log_records.is_empty() {
        return None;
    }
    let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: Some(resource(instance)), scope_logs, ..ResourceLogs::default() }];
    Some(ExportLogsServiceRequest { resource_logs })
}

const INFO: (i32, &str) = (9, "INFO");
const WARN: (i32, &str) = (13, "WARN");

fn log(item: &Item, calls: &mut Calls) -> LogRecord {
    calls.saw(item);
    let record = &item.record;
    let row = Row::of(record);
    let mut attributes = vec![number(c::INDEX, item.index), text(c::KIND, record.event.kind())];
    let (mut severity, mut place) = (INFO, None);
    match &record.event {
        Event::Ruling(r) => {
            attributes.extend(message(r).into_iter().chain(actor(r)));
            severity = if r.decision == Decision::Deny || !r.findings.is_empty() { WARN } else { INFO };
            place = Some((trace_of(r), span_of(r.call)));
        }
        Event::Outcome(o) => {
            let known = calls.of(o.call);
            attributes.extend([
                text(c::CALL, &o.call.to_string()),
                text(c::OUTCOME, &word(&o.outcome)),
                number(c::DURATION_US, o.duration_us),
                number(c::UPSTREAM_US, o.upstream_us),
                number(c::REDACTIONS, o.redactions.into()),
            ]);
            attributes.extend(known.iter().flat_map(|known| message(&known.ruling)));
            let withheld = o.outcome == Outcome::Withheld || !o.findings.is_empty();
            severity = if withheld { WARN } else { INFO };
            place = known.map(|known| (trace_of(&known.ruling), span_of(o.call)));
        }
        Event::Turn(t) => attributes
            .extend([text(c::CONVERSATION, t.conversation.id.as_str()), flag("doorward.attested", t.attested)]),
        Event::Approval(a) => attributes.extend([
            text(c::CONVERSATION, a.conversation.id.as_str()),
            text(c::CALL, &a.call.to_string()),
            text("doorward.approval", a.change.as_str()),
        ]),
        Event::Finding(_) | Event::Recovered(_) => severity = WARN,
        _ => {}
    }
    let said = [&row.who, row.what.trim(), &row.decision].map(str::to_owned);
    let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let body = if row.why.is_empty() { said } else { format!("{said}: {}", row.why) };
    let (trace_id, span_id) = place.unwrap_or_default();
    LogRecord {
        time_unix_nano: nanos(record.time),
        observed_time_unix_nano: nanos(record.time),
        severity_number: severity.0,
        severity_text: severity.1.to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue(body)) }),
        attributes,
        trace_id,
        span_id,
        event_name: format!("doorward.{}", record.event.kind()),
        ..LogRecord::default()
    }
}
