use super::Exporter;
use crate::log::row::{Row, word};
use doorward_audit::Event;
use doorward_store::Hit;
use std::io::{self, Write};

/// RFC 4180, one row per record. What a spreadsheet would compute is made text.
pub(super) struct Csv;

const HEADER: &str =
    "index,time,kind,call,conversation,human,agent,server,method,target,decision,enforced,authorized_by,what,why";

impl Exporter for Csv {
    fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{HEADER}\r\n")
    }

    fn write(&self, hits: &[Hit], out: &mut dyn Write) -> io::Result<()> {
        for hit in hits {
            let Ok(record) = hit.record() else { continue };
            let row = Row::of(&record);
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
            let cells = [
                hit.index.to_string(),
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
            ];
            write!(out, "{}\r\n", cells.iter().map(|c| cell(c)).collect::<Vec<_>>().join(","))?;
        }
        Ok(())
    }
}

fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
