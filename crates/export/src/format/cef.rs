//! ArcSight Common Event Format, version 0.

use super::Format;
use crate::Item;
use doorward_admin::words::{Row, clean, what, word};
use doorward_audit::{Event, Party};
use doorward_vocab::{Decision, Finding, Severity};
use std::{
    fmt::Write as _,
    io::{self, Write},
};

pub(super) struct Cef;

impl Format for Cef {
    fn write(&mut self, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
        items.iter().try_for_each(|item| writeln!(out, "{}", line(item)))
    }
}

/// The record as one line, without a line break.
pub(super) fn line(item: &Item) -> String {
    let row = Row::of(&item.record);
    let kind = item.record.event.kind();
    let id = if row.decision.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}:{}", row.decision.trim_matches(['(', ')']))
    };
    let name = [&row.who, row.what.trim(), &row.decision].map(|part| part.to_owned());
    let name = name.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let mut line = String::from("CEF:0|Doorward|Doorward|");
    for part in [env!("CARGO_PKG_VERSION"), &id, &name] {
        header(&mut line, part);
    }
    let _ = write!(line, "{}|", severity(&item.record.event));
    extension(item, &row).into_iter().filter(|(_, value)| !value.is_empty()).enumerate().for_each(
        |(n, (key, value))| {
            line.push_str(if n == 0 { "" } else { " " });
            line.push_str(key);
            line.push('=');
            escaped(&mut line, &value, '=');
        },
    );
    line
}

/// What a record says, by the keys of CEF's dictionary; what it has no key for, in its labelled strings.
fn extension(item: &Item, row: &Row) -> Vec<(&'static str, String)> {
    let record = &item.record;
    let call = record.call().map_or_else(String::new, |call| call.to_string());
    let mut all = vec![
        ("rt", (record.time.micros() / 1000).to_string()),
        ("externalId", item.index.to_string()),
        ("cat", record.event.kind().to_owned()),
        ("act", row.decision.clone()),
        ("reason", row.why.clone()),
    ];
    let mut labelled = |label: (&'static str, &'static str), key: &'static str, value: String| {
        if !value.is_empty() {
            all.extend([(label.0, label.1.to_owned()), (key, value)]);
        }
    };
    labelled(("cs1Label", "conversation"), "cs1", row.conversation.clone());
    labelled(("cs2Label", "call"), "cs2", call);
    match &record.event {
        Event::Ruling(r) => {
            labelled(("cs3Label", "authorizedBy"), "cs3", word(&r.authorized_by));
            let effects: Vec<&str> = r.effects.iter().map(|effect| effect.as_str()).collect();
            labelled(("cs4Label", "effects"), "cs4", effects.join(","));
            labelled(("cs5Label", "enforced"), "cs5", r.enforced.to_string());
            let human = |part: fn(&Party) -> String| r.human.as_ref().map_or_else(String::new, part);
            all.extend([
                ("suser", human(|h| h.name.to_string())),
                ("suid", human(|h| h.id.to_string())),
                ("sourceServiceName", r.agent.name.to_string()),
                ("destinationServiceName", r.server.as_ref().map_or_else(String::new, ToString::to_string)),
                ("requestMethod", r.method.to_string()),
                ("request", what(r)),
                ("app", "mcp".to_owned()),
            ]);
        }
        Event::Outcome(o) => all.extend([
            ("outcome", word(&o.outcome)),
            ("cn1Label", "durationMicros".to_owned()),
            ("cn1", o.duration_us.to_string()),
        ]),
        _ => all.push(("suser", row.who.clone())),
    }
    all
}

/// From 0 to 10.
fn severity(event: &Event) -> u8 {
    let worst = |found: &[Finding]| found.iter().map(|f| level(f.severity)).max().unwrap_or(1);
    match event {
        Event::Ruling(r) => worst(&r.findings).max(if r.decision == Decision::Deny { 5 } else { 1 }),
        Event::Outcome(o) => worst(&o.findings),
        Event::Definition(d) => worst(&d.findings),
        Event::Finding(f) => worst(&f.findings),
        Event::Recovered(_) => 5,
        _ => 1,
    }
}

const fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 3,
        Severity::Medium => 5,
        Severity::High => 8,
        Severity::Critical => 10,
    }
}

fn header(line: &mut String, text: &str) {
    escaped(line, text, '|');
    line.push('|');
}

/// A backslash before itself and before `mark`. What would begin a line of its own, or move a cursor, is spelt out.
fn escaped(line: &mut String, text: &str, mark: char) {
    for c in clean(text).chars() {
        if c == '\\' || c == mark {
            line.push('\\');
        }
        line.push(c);
    }
}
