use super::{actor, conventions as c, message, nanos, number, resource, scope, span_of, text, trace_of};
use crate::{Calls, Item, Known};
use doorward_admin::words::word;
use doorward_audit::{Direction, Event, OutcomeRecord, Ruling};
use doorward_vocab::{Decision, Finding, Outcome, Timestamp};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{self, SpanKind},
        status::StatusCode,
    },
};
use std::time::Duration;

/// The request that tells the messages whose endings are among these records as spans; none where there are none.
pub fn traces(items: &[Item], calls: &mut Calls, instance: Option<&str>) -> Option<ExportTraceServiceRequest> {
    let mut spans = Vec::new();
    for item in items {
        calls.saw(item);
        if let Event::Outcome(o) = &item.record.event
            && let Some(known) = calls.of(o.call)
        {
            spans.push(span(&known, o, item.record.time));
        }
    }
    if spans.is_empty() {
        return None;
    }
    let scope_spans = vec![ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource(instance)), scope_spans, ..ResourceSpans::default() }];
    Some(ExportTraceServiceRequest { resource_spans })
}

fn span(known: &Known, o: &OutcomeRecord, end: Timestamp) -> Span {
    let r = &known.ruling;
    let start = nanos(end).saturating_sub(o.duration_us.saturating_mul(1000));
    let mut attributes = message(r);
    attributes.extend(actor(r));
    attributes.extend([
        text(c::OUTCOME, &word(&o.outcome)),
        number(c::UPSTREAM_US, o.upstream_us),
        number(c::REDACTIONS, o.redactions.into()),
    ]);
    let error = error(r, o);
    attributes.extend(error.as_deref().map(|error| text(c::ERROR, error)));
    let found = |findings: &[Finding], at: u64| findings.iter().map(|f| finding(f, at)).collect::<Vec<_>>();
    // A clock that was set may put the ruling outside of the span.
    let ruled = nanos(known.time).clamp(start, nanos(end).max(start));
    let within = r.direction == Direction::ToClient;
    let told = || r.span.as_deref().filter(|_| r.trace.is_some()).and_then(|s| u64::from_str_radix(s, 16).ok());
    let above = r.parent.filter(|_| within).map(span_of).or_else(|| told().map(|span| span.to_be_bytes().to_vec()));
    Span {
        trace_id: trace_of(r),
        span_id: span_of(r.call),
        parent_span_id: above.unwrap_or_default(),
        name: name(r),
        kind: if within { SpanKind::Client } else { SpanKind::Server }.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: nanos(end).max(start),
        attributes,
        events: found(&r.findings, ruled).into_iter().chain(found(&o.findings, nanos(end).max(start))).collect(),
        // What a call follows from was over before it began: a link, no parent.
        links: r.parent.filter(|_| !within).map(|call| link(r, span_of(call))).into_iter().collect(),
        status: error.map(|error| Status { message: error, code: StatusCode::Error.into() }),
        ..Span::default()
    }
}

/// `{mcp.method.name} {target}` for tools and prompts; of resources there are too many.
fn name(r: &Ruling) -> String {
    match (&*r.method, &r.target) {
        (method @ ("tools/call" | "prompts/get"), Some(target)) => format!("{method} {}", target.as_str()),
        (method, _) => method.to_owned(),
    }
}

pub(super) fn error(r: &Ruling, o: &OutcomeRecord) -> Option<String> {
    match o.outcome {
        Outcome::Completed => None,
        Outcome::Refused if r.decision > Decision::Oblige => Some("denied".to_owned()),
        other => Some(word(&other)),
    }
}

fn finding(f: &Finding, at: u64) -> span::Event {
    span::Event {
        time_unix_nano: at,
        name: c::FINDING.to_owned(),
        attributes: vec![
            text(c::FINDING, f.kind.as_str()),
            text(c::SEVERITY, f.severity.as_str()),
            text(c::DETECTOR, &f.detector),
        ],
        ..span::Event::default()
    }
}

/// The call before it stands in the same conversation, and so in the same trace unless agents say otherwise.
fn link(r: &Ruling, span_id: Vec<u8>) -> span::Link {
    span::Link { trace_id: trace_of(r), span_id, ..span::Link::default() }
}

/// How long the gateway had it, and the part that the server took.
pub(super) const fn durations(o: &OutcomeRecord) -> (Duration, Duration) {
    (Duration::from_micros(o.duration_us), Duration::from_micros(o.upstream_us))
}
