use super::Format;
use crate::Item;
use doorward_admin::words::{Row, word};
use doorward_audit::Event;
use std::io::{self, Write};

pub(super) struct Csv;

/// The columns of tables; the last ones are for people.
pub(super) const COLUMNS: [&str; 15] = [
    "index",
    "time",
    "kind",
    "call",
    "conversation",
    "human",
    "agent",
    "server",
    "method",
    "target",
    "decision",
    "enforced",
    "authorized_by",
    "what",
    "why",
];

impl Format for Csv {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}\r\n", COLUMNS.join(","))
    }

    fn write(&mut self, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
        for item in items {
            let cells: Vec<String> = cells(item).iter().map(|c| cell(c)).collect();
            write!(out, "{}\r\n", cells.join(","))?;
        }
        Ok(())
    }
}

/// What stands in the columns; nothing where a record has no such thing.
pub(super) fn cells(item: &Item) -> [String; 15] {
    let record = &item.record;
    let row = Row::of(record);
    let call = record.call().map_or_else(String::new, |c| c.to_string());
    let none = String::new;
    let [human, agent, server, method, target, decision, enforced, by] = match &record.event {
        Event::Ruling(r) => [
            r.human.as_ref().map_or_else(none, |h| h.id.to_string()),
            r.agent.id.to_string(),
            r.server.as_ref().map_or_else(none, ToString::to_string),
            r.method.to_string(),
            r.target.as_ref().map_or_else(none, ToString::to_string),
            r.decision.as_str().to_owned(),
            r.enforced.to_string(),
            word(&r.authorized_by),
        ],
        _ => [row.who.clone(), none(), none(), none(), none(), row.decision.clone(), none(), none()],
    };
    [
        item.index.to_string(),
        record.time.to_string(),
        record.event.kind().to_owned(),
        call,
        row.conversation,
        human,
        agent,
        server,
        method,
        target,
        decision,
        enforced,
        by,
        row.what.trim().to_owned(),
        row.why,
    ]
}

fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
