//! What is counted while the index is filled: conversations, who takes part, hours. Added up over a batch, so that a
//! record costs no write of its own.

use super::fill::{Row, signed};
use doorward_audit::Party;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::HashMap;

/// An hour in microseconds.
pub(super) const HOUR: u64 = 3_600_000_000;

#[derive(Default)]
pub(super) struct Tally {
    /// Numbers of tags.
    tags: HashMap<String, i64>,
    conversations: HashMap<(String, String), Part>,
    /// By role and id.
    parties: HashMap<(&'static str, String), (String, Part)>,
    hours: HashMap<(u64, String), u64>,
}

#[derive(Default)]
struct Part {
    agent: Option<Party>,
    human: Option<Party>,
    first: u64,
    last: u64,
    since: u64,
    until: u64,
    turns: u64,
    calls: u64,
    stopped: u64,
    findings: u64,
}

impl Part {
    fn add(&mut self, index: u64, row: &Row) {
        if self.until == 0 {
            (self.first, self.since) = (index, row.time);
        }
        (self.last, self.until) = (index, row.time.max(self.until).max(1));
        self.agent = self.agent.take().or_else(|| row.agent.clone());
        self.human = self.human.take().or_else(|| row.human.clone());
        self.turns += u64::from(row.kind == "turn");
        self.calls += u64::from(row.kind == "ruling");
        self.stopped += u64::from(row.kind == "ruling" && row.stopped);
        self.findings += u64::from(row.tags.iter().any(|t| t == "finding"));
    }
}

impl Tally {
    pub(super) fn count(&mut self, db: &Connection, index: u64, row: &Row) -> rusqlite::Result<()> {
        for tag in &row.tags {
            let number = self.number(db, tag)?;
            db.prepare_cached("INSERT OR IGNORE INTO tag VALUES (?1, ?2)")?.execute(params![number, signed(index)])?;
        }
        if !matches!(row.kind, "ruling" | "outcome" | "turn" | "finding" | "definition") {
            return Ok(());
        }
        let whose = row.human.as_ref().or(row.agent.as_ref()).map(|p| p.id.to_string());
        // What is found outside of a call names no human, so it does not say whose conversation it is.
        let named = row.conversation.clone().filter(|_| row.kind != "finding");
        if let Some((conversation, whose)) = named.zip(whose) {
            self.conversations.entry((conversation, whose)).or_default().add(index, row);
        }
        let ids = |party: &Option<Party>| party.as_ref().map(|p| (p.id.to_string(), p.name.to_string()));
        let server = row.server.as_ref().map(|s| (s.clone(), s.clone()));
        let tool = server.clone().zip(row.target.clone()).filter(|_| row.tool);
        let tool = tool.map(|((server, _), tool)| (format!("{server}/{tool}"), tool));
        for (role, party) in
            [("agent", ids(&row.agent)), ("human", ids(&row.human)), ("server", server), ("tool", tool)]
        {
            if let Some((id, name)) = party {
                let entry = self.parties.entry((role, id)).or_default();
                entry.0 = name;
                entry.1.add(index, row);
            }
        }
        let mut add = |name: String| *self.hours.entry((row.time / HOUR, name)).or_default() += 1;
        row.tags.iter().cloned().for_each(&mut add);
        if row.kind == "ruling" {
            add("calls".to_owned());
            add(format!("decision:{}", row.decision()));
        }
        Ok(())
    }

    fn number(&mut self, db: &Connection, tag: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.tags.get(tag) {
            return Ok(*number);
        }
        let find = |db: &Connection| {
            db.prepare_cached("SELECT id FROM tag_name WHERE name = ?1")?.query_row([tag], |r| r.get(0)).optional()
        };
        let number = match find(db)? {
            Some(number) => number,
            None => {
                db.prepare_cached("INSERT INTO tag_name(name) VALUES (?1)")?.execute([tag])?;
                db.last_insert_rowid()
            }
        };
        self.tags.insert(tag.to_owned(), number);
        Ok(number)
    }

    /// Adds it to what is there.
    pub(super) fn write(self, db: &Connection) -> rusqlite::Result<()> {
        let mut statement = db.prepare_cached(
            "INSERT INTO conversation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT DO UPDATE SET last = excluded.last, until = max(until, excluded.until),
                 agent = coalesce(agent, excluded.agent), agent_name = coalesce(agent_name, excluded.agent_name),
                 turns = turns + excluded.turns, calls = calls + excluded.calls,
                 stopped = stopped + excluded.stopped, findings = findings + excluded.findings",
        )?;
        let party = |p: &Option<Party>| p.as_ref().map(|p| (p.id.to_string(), p.name.to_string())).unzip();
        for ((conversation, whose), part) in &self.conversations {
            let ((agent, agent_name), (human, human_name)) = (party(&part.agent), party(&part.human));
            statement.execute(params![
                conversation,
                whose,
                agent,
                agent_name,
                human,
                human_name,
                signed(part.first),
                signed(part.last),
                signed(part.since),
                signed(part.until),
                signed(part.turns),
                signed(part.calls),
                signed(part.stopped),
                signed(part.findings),
            ])?;
        }
        let mut statement = db.prepare_cached(
            "INSERT INTO party VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET name = excluded.name, until = max(until, excluded.until),
                 calls = calls + excluded.calls, stopped = stopped + excluded.stopped,
                 findings = findings + excluded.findings",
        )?;
        for ((role, id), (name, part)) in &self.parties {
            statement.execute(params![
                role,
                id,
                name,
                signed(part.since),
                signed(part.until),
                signed(part.calls),
                signed(part.stopped),
                signed(part.findings),
            ])?;
        }
        let mut statement =
            db.prepare_cached("INSERT INTO hour VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + excluded.n")?;
        for ((hour, name), n) in &self.hours {
            statement.execute(params![signed(*hour), name, signed(*n)])?;
        }
        Ok(())
    }
}
