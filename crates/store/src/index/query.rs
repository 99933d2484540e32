use super::{
    Index, IndexError,
    fill::{signed, unsigned},
};
use crate::trail::Place;
use doorward_audit::{DecodeError, Record};
use doorward_vocab::{CallId, Decision, Timestamp};
use rusqlite::{params_from_iter, types::Value};

/// What to look for; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// One call.
    pub call: Option<CallId>,
    /// One conversation, by name.
    pub conversation: Option<String>,
    /// An agent, by id or name.
    pub agent: Option<String>,
    /// A human, by id or name.
    pub human: Option<String>,
    /// A server.
    pub server: Option<String>,
    /// A tool, prompt or URI; `server__tool` is understood too.
    pub target: Option<String>,
    /// A decision.
    pub decision: Option<Decision>,
    /// A kind of record, e.g. `ruling`.
    pub kind: Option<String>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// All of these words, somewhere in names, reasons, findings and rationale.
    pub text: Option<String>,
    /// One of the words that records are counted by: `effect:send`, `sink`, `reason:flow-refused`, `by:autonomous`,
    /// `finding`, `finding:injection`, `untrusted`.
    pub tag: Option<String>,
    /// Together with a conversation: the id of the human whose it is, or of the agent where there is none.
    pub whose: Option<String>,
    /// Only records from this index on.
    pub from: Option<u64>,
    /// Only records before this index.
    pub to: Option<u64>,
    /// At most so many: the newest.
    pub limit: Option<usize>,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its index in the trail.
    pub index: u64,
    /// Its canonical text.
    pub bytes: Vec<u8>,
}

impl Hit {
    /// The record.
    ///
    /// # Errors
    /// When a newer gateway wrote it.
    pub fn record(&self) -> Result<Record, DecodeError> {
        Record::decode(&self.bytes)
    }
}

impl Index {
    /// The records that match, oldest first, after catching up with the trail.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn query(&self, filter: &Filter) -> Result<Vec<Hit>, IndexError> {
        self.catch_up()?;
        let (conditions, mut values) = conditions(filter, None);
        let limit = filter.limit.map_or(-1, |l| i64::try_from(l).unwrap_or(i64::MAX));
        values.push(limit.into());
        let sql = format!("SELECT idx, segment, offset FROM record WHERE {conditions} ORDER BY idx DESC LIMIT ?");
        let mut hits = self.hits(&sql, values)?;
        hits.reverse();
        Ok(hits)
    }

    /// How many records of the trail the index knows, after catching up.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn size(&self) -> Result<u64, IndexError> {
        self.catch_up()?;
        Ok(unsigned(self.db.lock().query_row("SELECT next FROM progress", [], |r| r.get(0))?))
    }

    /// Reads the records whose index and place `sql` selects.
    pub(super) fn hits(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Hit>, IndexError> {
        let places: Vec<(u64, Place)> = {
            let db = self.db.lock();
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params_from_iter(values), |r| {
                Ok((unsigned(r.get(0)?), Place { segment: unsigned(r.get(1)?), offset: unsigned(r.get(2)?) }))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        places.into_iter().map(|(index, place)| Ok(Hit { index, bytes: self.read(index, place)? })).collect()
    }
}

/// The conditions of `f`, and with a window those of its indexes: from the first on, before the second.
pub(super) fn conditions(f: &Filter, window: Option<(u64, u64)>) -> (String, Vec<Value>) {
    let (low, high) = window.unwrap_or((0, u64::MAX));
    let bounds = [Value::from(signed(low)), Value::from(signed(high))];
    let mut all = vec!["1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, bound: Vec<Value>| {
        all.push(condition.to_owned());
        values.extend(bound);
    };
    let text = |s: &String| Value::from(s.clone());
    if let Some(c) = f.call {
        add("call = ?", vec![c.to_string().into()]);
    }
    if let Some(c) = &f.conversation {
        add("conversation = ?", vec![text(c)]);
    }
    if let Some(a) = &f.agent {
        add("(agent = ? OR agent_name = ?)", vec![text(a), text(a)]);
    }
    if let Some(h) = &f.human {
        add("(human = ? OR human_name = ?)", vec![text(h), text(h)]);
    }
    if let Some(s) = &f.server {
        add("server = ?", vec![text(s)]);
    }
    if let Some(t) = &f.target {
        match doorward_vocab::ServerName::split(t) {
            Some((server, tool)) => add(
                "(target = ? OR (server = ? AND target = ?))",
                vec![text(t), server.to_owned().into(), tool.to_owned().into()],
            ),
            None => add("target = ?", vec![text(t)]),
        }
    }
    if let Some(d) = f.decision {
        add("decision = ?", vec![d.as_str().to_owned().into()]);
    }
    if let Some(k) = &f.kind {
        match k.as_str() {
            "ruling" | "outcome" => add("kind = ?", vec![text(k)]),
            // The others are rare, and found by their tag.
            rare => add(TAGGED, [vec![format!("kind:{rare}").into()], bounds.to_vec()].concat()),
        }
    }
    if let Some(t) = &f.tag {
        add(TAGGED, [vec![text(t)], bounds.to_vec()].concat());
    }
    if let Some(w) = &f.whose {
        add("coalesce(human, agent) = ?", vec![text(w)]);
    }
    if window.is_some() {
        add("idx >= ? AND idx < ?", bounds.to_vec());
    }
    if let Some(t) = f.since {
        add("time >= ?", vec![signed(t.micros()).into()]);
    }
    if let Some(t) = f.until {
        add("time < ?", vec![signed(t.micros()).into()]);
    }
    if let Some(n) = f.from {
        add("idx >= ?", vec![signed(n).into()]);
    }
    if let Some(n) = f.to {
        add("idx < ?", vec![signed(n).into()]);
    }
    if let Some(words) = f.text.as_ref().filter(|t| !t.trim().is_empty()) {
        // Each word is quoted, so that none of it is read as an operator of the query language.
        let quoted: Vec<_> = words.split_whitespace().map(|w| format!("\"{}\"", w.replace('"', "\"\""))).collect();
        let condition = "idx IN (SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?)";
        add(condition, [vec![quoted.join(" ").into()], bounds.to_vec()].concat());
    }
    (all.join(" AND "), values)
}

const TAGGED: &str =
    "idx IN (SELECT idx FROM tag WHERE tag = (SELECT id FROM tag_name WHERE name = ?) AND idx >= ? AND idx < ?)";
