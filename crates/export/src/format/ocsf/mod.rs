//! OCSF 1.8.0, <https://schema.ocsf.io/1.8.0>. Every event validates against its class; a test holds all kinds of records
//! against the schema.
//!
//! | record | class |
//! |---|---|
//! | `ruling`, `outcome`, `turn`, `access` | API Activity (6003), with the profile `security_control` |
//! | a finding, in whichever record | Detection Finding (2004), an event of its own |
//! | `approval` | Authorize Session (3003) |
//! | `delegation`, `credential` | User Access Management (3005) |
//! | `definition`, `config` | Entity Management (3004) |
//! | `start`, `stop`, `recovered` | Application Lifecycle (6002) |
//!
//! What OCSF has no member for stands under `unmapped`: the whole record.

mod call;
mod change;
mod finding;
mod grant;

use super::Format;
use crate::{Calls, Item};
use doorward_admin::words::Row;
use doorward_audit::{Event, Party};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The version of the schema.
pub const VERSION: &str = "1.8.0";

#[derive(Default)]
pub(super) struct Ocsf {
    calls: Calls,
}

impl Format for Ocsf {
    fn write(&mut self, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
        for item in items {
            for event in events(item, &mut self.calls) {
                writeln!(out, "{event}")?;
            }
        }
        Ok(())
    }
}

/// The events of a record: what happened, and one for each finding in it.
pub fn events(item: &Item, calls: &mut Calls) -> Vec<Value> {
    calls.saw(item);
    let row = Row::of(&item.record);
    let shapes = match &item.record.event {
        Event::Ruling(r) => vec![call::ruling(r)],
        Event::Outcome(o) => vec![call::outcome(o, calls.of(o.call).as_deref())],
        Event::Turn(t) => vec![call::turn(t)],
        Event::Access(a) => vec![call::access(a)],
        Event::Finding(_) => Vec::new(),
        Event::Approval(a) => vec![grant::approval(a)],
        Event::Delegation(d) => vec![grant::delegation(d)],
        Event::Credential(c) => vec![grant::credential(c)],
        Event::Definition(d) => vec![change::definition(d)],
        Event::Config(c) => vec![change::config(c)],
        Event::Start(s) => vec![change::start(s)],
        Event::Stop(s) => vec![change::stop(s)],
        Event::Recovered(r) => vec![change::recovered(r)],
    };
    let found = finding::of(item, calls);
    let all = shapes.into_iter().map(|shape| (item.index.to_string(), shape));
    let all = all.chain(found.into_iter().zip(1..).map(|(shape, n)| (format!("{}.{n}", item.index), shape)));
    all.map(|(uid, shape)| shape.event(item, &row, &uid)).collect()
}

/// One event before what all of them have.
pub(super) struct Shape {
    class: Class,
    activity: u32,
    severity: u32,
    members: Value,
}

/// The classes that are used, with their category.
#[derive(Clone, Copy)]
pub(super) enum Class {
    DetectionFinding = 2004,
    AuthorizeSession = 3003,
    EntityManagement = 3004,
    UserAccess = 3005,
    ApplicationLifecycle = 6002,
    ApiActivity = 6003,
}

/// An activity of no number of its own; its name says which.
const OTHER: u32 = 99;

impl Shape {
    fn event(self, item: &Item, row: &Row, uid: &str) -> Value {
        let class = self.class as u32;
        let mut event = json!({
            "activity_id": self.activity,
            "category_uid": class / 1000,
            "class_uid": class,
            "type_uid": class * 100 + self.activity,
            "time": item.record.time.micros() / 1000,
            "severity_id": self.severity,
            "message": message(row),
            "metadata": {
                "version": VERSION,
                "product": { "name": "Doorward", "vendor_name": "Doorward", "version": env!("CARGO_PKG_VERSION") },
                "profiles": ["security_control"],
                "uid": uid,
                "sequence": item.index,
                "event_code": item.record.event.kind(),
                "correlation_uid": some(&row.conversation),
                "log_name": "trail",
            },
            "unmapped": { "record": serde_json::from_slice::<Value>(&item.bytes).unwrap_or_default() },
        });
        if let (Value::Object(event), Value::Object(members)) = (&mut event, self.members) {
            event.extend(members);
        }
        without_nothing(event)
    }
}

fn message(row: &Row) -> String {
    let said = [row.who.as_str(), row.what.trim(), &row.decision].map(str::to_owned);
    let said = said.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if row.why.is_empty() { said } else { format!("{said}: {}", row.why) }
}

/// The text, where there is any.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A member that is not known is not there: OCSF has no null. The record under `unmapped` has none either.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().map(|(key, value)| (key, without_nothing(value)));
            Value::Object(kept.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        Value::Array(all) => all.into_iter().map(without_nothing).collect(),
        other => other,
    }
}

fn user(party: &Party) -> Value {
    json!({ "uid": &*party.id, "name": &*party.name })
}

/// The gateway, where nobody else did it.
fn gateway() -> Value {
    json!({ "app_name": "doorward" })
}
