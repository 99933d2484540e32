use super::{Index, IndexError, tags::tags_of, tally::Tally};
use crate::trail::{Entry, Place, Reader};
use doorward_audit::{Event, Party, Record};
use doorward_vocab::Decision;
use rusqlite::{Connection, TransactionBehavior, params};

/// How many records go into one transaction.
const BATCH: usize = 2048;

impl Index {
    /// Reads what the trail has and the index does not; gives how many records that were.
    ///
    /// # Errors
    /// [`IndexError`]; what was read before stays.
    pub fn catch_up(&self) -> Result<u64, IndexError> {
        let mut total = 0;
        loop {
            let read = self.fill_batch()?;
            total += read;
            if read < BATCH as u64 {
                return Ok(total);
            }
        }
    }

    /// Reads at most one batch of what the trail has and the index does not: for a page that must not wait while an index
    /// is built anew.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn keep_up(&self) -> Result<u64, IndexError> {
        self.fill_batch()
    }

    fn fill_batch(&self) -> Result<u64, IndexError> {
        let mut db = self.db.lock();
        let progress = |db: &Connection| {
            db.query_row("SELECT next, segment, offset FROM progress", [], |r| {
                Ok((unsigned(r.get(0)?), Place { segment: unsigned(r.get(1)?), offset: unsigned(r.get(2)?) }))
            })
        };
        // Looking first spares the write lock when there is nothing to do.
        let (next, place) = progress(&db)?;
        if Reader::from(&self.dir, next, place).next()?.is_none() {
            return Ok(0);
        }
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (next, place) = progress(&tx)?;
        let mut reader = Reader::from(&self.dir, next, place);
        let (mut failed, mut tally) = (None, Tally::default());
        for _ in 0..BATCH {
            match reader.next() {
                Ok(Some(entry)) => insert(&tx, &entry, &mut tally)?,
                Ok(None) => break,
                Err(e) => {
                    failed = Some(e);
                    break;
                }
            }
        }
        tally.write(&tx)?;
        let (read, place) = (reader.index() - next, reader.place());
        tx.prepare_cached("UPDATE progress SET next = ?1, segment = ?2, offset = ?3")?.execute(params![
            signed(reader.index()),
            signed(place.segment),
            signed(place.offset)
        ])?;
        tx.commit()?;
        failed.map_or(Ok(read), |e| Err(e.into()))
    }
}

/// SQLite has no unsigned integers; indexes and times stay far below 2^63.
pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
pub(super) fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// What a record is found by.
#[derive(Default)]
pub(super) struct Row {
    pub(super) time: u64,
    pub(super) kind: &'static str,
    call: Option<String>,
    parent: Option<String>,
    turn: Option<String>,
    pub(super) conversation: Option<String>,
    pub(super) agent: Option<Party>,
    pub(super) human: Option<Party>,
    pub(super) server: Option<String>,
    pub(super) target: Option<String>,
    decision: Option<String>,
    /// Whether it is a call of a tool.
    pub(super) tool: bool,
    /// Whether it was stopped, or would have been where it was only observed.
    pub(super) stopped: bool,
    pub(super) tags: Vec<String>,
    words: String,
}

impl Row {
    pub(super) fn decision(&self) -> &str {
        self.decision.as_deref().unwrap_or_default()
    }
}

fn insert(db: &Connection, entry: &Entry, tally: &mut Tally) -> rusqlite::Result<()> {
    let mut row = row(&entry.record);
    if row.kind == "outcome" {
        inherit(db, &mut row)?;
    }
    let party = |p: &Option<Party>| p.as_ref().map(|p| (p.id.to_string(), p.name.to_string())).unzip();
    let ((agent, agent_name), (human, human_name)) = (party(&row.agent), party(&row.human));
    let mut statement = db.prepare_cached(
        "INSERT OR REPLACE INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    statement.execute(params![
        signed(entry.index),
        signed(row.time),
        row.kind,
        signed(entry.place.segment),
        signed(entry.place.offset),
        row.call,
        row.parent,
        row.turn,
        row.conversation,
        agent,
        agent_name,
        human,
        human_name,
        row.server,
        row.target,
        row.decision,
    ])?;
    tally.count(db, entry.index, &row)?;
    if !row.words.is_empty() {
        let mut statement = db.prepare_cached("INSERT INTO words(rowid, text) VALUES (?1, ?2)")?;
        statement.execute(params![signed(entry.index), row.words])?;
    }
    Ok(())
}

/// An outcome is found by what its ruling is found by.
fn inherit(db: &Connection, row: &mut Row) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT conversation, agent, agent_name, human, human_name, server, target, turn, parent FROM record
         WHERE call = ?1 AND kind = 'ruling'",
    )?;
    let mut rows = statement.query([&row.call])?;
    let Some(found) = rows.next()? else { return Ok(()) };
    let party = |id: Option<String>, name: Option<String>| id.zip(name).map(|(id, name)| Party::new(id, name));
    row.conversation = found.get(0)?;
    row.agent = party(found.get(1)?, found.get(2)?);
    row.human = party(found.get(3)?, found.get(4)?);
    row.server = found.get(5)?;
    row.target = found.get(6)?;
    row.turn = found.get(7)?;
    row.parent = found.get(8)?;
    Ok(())
}

fn row(bytes: &[u8]) -> Row {
    // A record of a newer format is still counted and shown.
    let Ok(record) = Record::decode(bytes) else { return Row { kind: "unknown", ..Row::default() } };
    let mut row = Row { time: record.time.micros(), kind: record.event.kind(), ..Row::default() };
    let mut words: Vec<&str> = Vec::new();
    match &record.event {
        Event::Ruling(r) => {
            row.call = Some(r.call.to_string());
            row.parent = r.parent.map(|p| p.to_string());
            row.turn = r.turn.map(|t| t.to_string());
            row.conversation = Some(r.conversation.id.to_string());
            row.agent = Some(r.agent.clone());
            row.human = r.human.clone();
            row.server = r.server.as_ref().map(ToString::to_string);
            row.target = Some(r.target.as_ref().unwrap_or(&r.method).to_string());
            row.decision = Some(r.decision.as_str().to_owned());
            row.tool = &*r.method == "tools/call";
            row.stopped = r.decision > Decision::Oblige;
            words.extend(r.reasons.iter().flat_map(|r| [&*r.text, r.policy.as_deref().unwrap_or_default()]));
            words.extend(r.findings.iter().flat_map(|f| [&*f.detector, f.kind.as_str(), &*f.note]));
            words.extend([&*r.method, r.rationale.as_deref().unwrap_or_default()]);
        }
        Event::Outcome(o) => {
            row.call = Some(o.call.to_string());
            row.decision = Some(o.decision.as_str().to_owned());
            words.extend(o.reasons.iter().map(|r| &*r.text));
            words.extend(o.findings.iter().flat_map(|f| [&*f.detector, f.kind.as_str(), &*f.note]));
            let worn = o.credential.iter().flat_map(|worn| [Some(&worn.name), worn.account.as_ref()]);
            words.extend(worn.flatten().map(|word| &**word));
        }
        Event::Turn(t) => {
            row.turn = Some(t.turn.to_string());
            row.conversation = Some(t.conversation.id.to_string());
            row.agent = t.agent.clone();
            row.human = t.human.clone();
            words.extend([&*t.host, t.mandate.as_deref().unwrap_or_default()]);
        }
        Event::Definition(d) => {
            row.server = Some(d.server.to_string());
            row.target = Some(d.name.to_string());
            words.extend(d.findings.iter().flat_map(|f| [&*f.detector, f.kind.as_str(), &*f.note]));
        }
        Event::Finding(n) => {
            row.server = n.server.as_ref().map(ToString::to_string);
            row.agent = n.agent.clone();
            row.conversation = n.conversation.as_ref().map(|c| c.id.to_string());
            words.extend(n.findings.iter().flat_map(|f| [&*f.detector, f.kind.as_str(), &*f.note]));
        }
        Event::Delegation(d) => {
            row.agent = d.agent.clone();
            row.human = d.human.clone();
            row.target = Some(d.id.to_string());
            let words_of = [&d.owner, &d.parent, &d.purpose].into_iter().flatten();
            words.extend(words_of.map(|word| &**word).chain(d.by.as_ref().map(|by| &*by.name)));
        }
        Event::Credential(c) => {
            row.agent = c.agent.clone();
            row.human = c.human.clone();
            row.server = c.server.as_ref().map(ToString::to_string);
            row.target = Some(c.name.to_string());
            words.push(&c.provider);
            words.extend([&c.account, &c.why].into_iter().flatten().map(|word| &**word));
        }
        Event::Approval(a) => {
            row.call = Some(a.call.to_string());
            row.conversation = Some(a.conversation.id.to_string());
            row.agent = Some(a.agent.clone());
            row.human = a.human.clone();
            row.server = Some(a.server.to_string());
            row.target = Some(a.target.to_string());
            words.extend([a.change.as_str(), &*a.id, &*a.way]);
            words.extend(a.by.as_ref().map(|by| &*by.name));
        }
        Event::Access(a) => {
            row.human = Some(a.by.clone());
            words.extend([&*a.way, &*a.what, a.of.as_deref().unwrap_or_default()]);
        }
        Event::Config(c) => words.extend([&*c.what, &*c.by.name]),
        Event::Start(s) => words.push(&s.version),
        Event::Recovered(r) => words.push(&r.what),
        Event::Stop(s) => words.push(&s.reason),
    }
    let names = [&row.server, &row.target].into_iter().filter_map(Option::as_deref);
    let people = [&row.agent, &row.human].into_iter().flatten().map(|p| &*p.name);
    words.extend(names.chain(people));
    let text = words.join(" ");
    row.words = text;
    row.tags = tags_of(&record.event);
    row
}
