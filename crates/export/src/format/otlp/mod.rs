//! OpenTelemetry, as messages of OTLP 1: traces, logs and metrics.
//!
//! A message that was ruled is a span when its ending is recorded. Its span id is made of the call's id and its trace id of the
//! agent's `traceparent`, or else of the conversation, so a record that is sent twice makes the same span. What an agent says of
//! traces is correlation, never proof.

mod conventions;
mod logs;
mod metrics;
mod traces;

pub use logs::logs;
pub use metrics::Meter;
pub use traces::traces;

use super::Format;
use crate::{Calls, Item};
use conventions as c;
use doorward_audit::Ruling;
use doorward_vocab::{CallId, Digest, Timestamp};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
};
use std::io::{self, Write};

/// What stands before all signals: who tells this. `instance` tells gateways apart, where that is known.
pub fn resource(instance: Option<&str>) -> Resource {
    let mut attributes = vec![text("service.name", "doorward"), text("service.version", env!("CARGO_PKG_VERSION"))];
    attributes.extend(instance.map(|instance| text("service.instance.id", instance)));
    Resource { attributes, ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "doorward.trail".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// Requests as lines of OTLP/JSON.
pub(super) struct Lines {
    calls: Calls,
    request: fn(&[Item], &mut Calls) -> Option<String>,
}

impl Lines {
    pub(super) fn logs() -> Self {
        let request = |items: &[Item], calls: &mut Calls| serde_json::to_string(&logs(items, calls, None)?).ok();
        Self { calls: Calls::default(), request }
    }
    pub(super) fn traces() -> Self {
        let request = |items: &[Item], calls: &mut Calls| serde_json::to_string(&traces(items, calls, None)?).ok();
        Self { calls: Calls::default(), request }
    }
}

impl Format for Lines {
    fn write(&mut self, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
        for some in items.chunks(512) {
            if let Some(line) = (self.request)(some, &mut self.calls) {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }
}

/// What a span, a log and a point say of the message.
fn message(r: &Ruling) -> Vec<KeyValue> {
    let mut all = vec![text(c::METHOD, &r.method), text(c::PROTOCOL, &r.revision)];
    match (&*r.method, &r.target) {
        ("tools/call", Some(tool)) => all.extend([text(c::OPERATION, c::EXECUTE_TOOL), text(c::TOOL, tool)]),
        ("prompts/get", Some(prompt)) => all.push(text(c::PROMPT, prompt)),
        _ => {}
    }
    all.extend(r.server.as_ref().map(|server| text(c::SERVER, server.as_str())));
    all
}

/// Who sent it, and what was decided.
fn actor(r: &Ruling) -> Vec<KeyValue> {
    let mut all = vec![
        text(c::AGENT_ID, &r.agent.id),
        text(c::AGENT_NAME, &r.agent.name),
        text(c::CONVERSATION, r.conversation.id.as_str()),
        text(c::CALL, &r.call.to_string()),
        text(c::DECISION, r.decision.as_str()),
        flag(c::ENFORCED, r.enforced),
        text(c::AUTHORIZED_BY, &doorward_admin::words::word(&r.authorized_by)),
    ];
    all.extend(r.human.as_ref().map(|human| text(c::HUMAN, &human.id)));
    let resource = r.target.as_ref().filter(|_| r.method.starts_with("resources/"));
    all.extend(resource.map(|uri| text(c::RESOURCE, uri)));
    if !r.reasons.is_empty() {
        let codes: Vec<String> = r.reasons.iter().map(|reason| doorward_admin::words::word(&reason.code)).collect();
        all.push(text(c::REASONS, &codes.join(",")));
    }
    all
}

/// The trace of a message: that of the agent, or one for the conversation of this principal.
fn trace_of(r: &Ruling) -> Vec<u8> {
    let told = r.trace.as_deref().and_then(|trace| u128::from_str_radix(trace, 16).ok()).filter(|trace| *trace != 0);
    told.map_or_else(
        || {
            let whose = r.human.as_ref().map_or(&r.agent.id, |human| &human.id);
            let named = format!("trace\0{}\0{}", whose.as_str(), r.conversation.id);
            Digest::of(named.as_bytes()).as_bytes().iter().take(16).copied().collect()
        },
        |trace| trace.to_be_bytes().to_vec(),
    )
}

/// The span of a call: the random half of its id.
fn span_of(call: CallId) -> Vec<u8> {
    call.bits().to_be_bytes().into_iter().skip(8).collect()
}

const fn nanos(t: Timestamp) -> u64 {
    t.micros().saturating_mul(1000)
}

fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Value::StringValue(value.to_owned()))
}

fn flag(key: &str, value: bool) -> KeyValue {
    pair(key, Value::BoolValue(value))
}

fn number(key: &str, value: u64) -> KeyValue {
    pair(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
