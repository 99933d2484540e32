//! What was counted: conversations, who took part, and hours. Each answer is a range of one index, however long the trail is.

use super::{
    Index, IndexError, PageOf,
    fill::{signed, unsigned},
    tally::HOUR,
};
use doorward_audit::Party;
use doorward_vocab::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

/// A conversation, and what was counted in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenConversation {
    /// Its name.
    pub name: String,
    /// The id of the human whose it is, or of the agent where there is none: a name means something only with it.
    pub whose: String,
    /// The agent that was first seen in it.
    pub agent: Option<Party>,
    /// The human.
    pub human: Option<Party>,
    /// The index of its last record.
    pub last: u64,
    /// The time of its first record.
    pub since: Timestamp,
    /// The time of its last one.
    pub until: Timestamp,
    /// What the human said in it.
    pub turns: u64,
    /// Messages that were ruled.
    pub calls: u64,
    /// Those that were stopped, or would have been.
    pub stopped: u64,
    /// Records with findings.
    pub findings: u64,
}

/// As what somebody took part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenRole {
    /// An agent.
    Agent,
    /// A human.
    Human,
    /// A server.
    Server,
    /// A tool, by `server/tool`.
    Tool,
}

impl SeenRole {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Human => "human",
            Self::Server => "server",
            Self::Tool => "tool",
        }
    }
}

/// Somebody or something that took part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenParty {
    /// Its id.
    pub id: String,
    /// Its latest name.
    pub name: String,
    /// The time of the first record about it.
    pub since: Timestamp,
    /// The time of the last one.
    pub until: Timestamp,
    /// Messages that were ruled.
    pub calls: u64,
    /// Those that were stopped, or would have been.
    pub stopped: u64,
    /// Records with findings.
    pub findings: u64,
}

/// How often something was counted in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// What: `calls`, `decision:deny`, or a tag.
    pub name: String,
    /// How often.
    pub n: u64,
}

const CONVERSATION: &str =
    "conversation, whose, agent, agent_name, human, human_name, last, since, until, turns, calls, stopped, findings";
const PARTY: &str = "id, name, since, until, calls, stopped, findings";

impl Index {
    /// The conversations with the latest records, latest first, before a place; of one agent or human by id; only those in
    /// which something was stopped.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn conversations(
        &self,
        (agent, human): (Option<&str>, Option<&str>),
        stopped: bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<PageOf<SeenConversation>, IndexError> {
        let mut sql = format!("SELECT {CONVERSATION} FROM conversation WHERE last < ?1");
        let mut values = vec![rusqlite::types::Value::from(signed(before.unwrap_or(u64::MAX)))];
        for (column, id) in [("agent", agent), ("human", human)] {
            if let Some(id) = id {
                values.push(id.to_owned().into());
                sql.push_str(&format!(" AND {column} = ?{}", values.len()));
            }
        }
        if stopped {
            sql.push_str(" AND stopped > 0");
        }
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        sql.push_str(&format!(" ORDER BY last DESC LIMIT ?{}", values.len()));
        let db = self.db.lock();
        let mut statement = db.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), conversation)?;
        let items: Vec<SeenConversation> = rows.collect::<Result<_, _>>()?;
        let next = items.last().filter(|_| items.len() >= limit).map(|c| c.last);
        Ok(PageOf { items, next })
    }

    /// The conversations of this name: one for each human or agent.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn conversations_named(&self, name: &str) -> Result<Vec<SeenConversation>, IndexError> {
        let db = self.db.lock();
        let sql =
            format!("SELECT {CONVERSATION} FROM conversation WHERE conversation = ?1 ORDER BY last DESC LIMIT 100");
        let mut statement = db.prepare_cached(&sql)?;
        Ok(statement.query_map([name], conversation)?.collect::<Result<_, _>>()?)
    }

    /// Who took part, latest first, before a moment.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn parties(
        &self,
        role: SeenRole,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<SeenParty>, IndexError> {
        let db = self.db.lock();
        let sql = format!("SELECT {PARTY} FROM party WHERE role = ?1 AND until < ?2 ORDER BY until DESC LIMIT ?3");
        let mut statement = db.prepare_cached(&sql)?;
        let before = signed(before.map_or(u64::MAX, Timestamp::micros));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(statement.query_map(params![role.as_str(), before, limit], party)?.collect::<Result<_, _>>()?)
    }

    /// One of them, by id.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn party(&self, role: SeenRole, id: &str) -> Result<Option<SeenParty>, IndexError> {
        let db = self.db.lock();
        let sql = format!("SELECT {PARTY} FROM party WHERE role = ?1 AND id = ?2");
        Ok(db.prepare_cached(&sql)?.query_row(params![role.as_str(), id], party).optional()?)
    }

    /// The tools of a server that were called.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn tools_of(&self, server: &str, limit: usize) -> Result<Vec<SeenParty>, IndexError> {
        let db = self.db.lock();
        // Names of servers hold no `/`, and `0` is the character after it.
        let sql =
            format!("SELECT {PARTY} FROM party WHERE role = 'tool' AND id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3");
        let (low, high) = (format!("{server}/"), format!("{server}0"));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = db.prepare_cached(&sql)?;
        Ok(statement.query_map(params![low, high, limit], party)?.collect::<Result<_, _>>()?)
    }

    /// What was counted in the hours from `since` on.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn counts(&self, since: Timestamp) -> Result<Vec<Count>, IndexError> {
        let db = self.db.lock();
        let mut statement = db.prepare_cached("SELECT hour, name, n FROM hour WHERE hour >= ?1 ORDER BY hour, name")?;
        let count = |r: &Row<'_>| {
            let hour = Timestamp::from_micros(unsigned(r.get(0)?).saturating_mul(HOUR));
            Ok(Count { hour, name: r.get(1)?, n: unsigned(r.get(2)?) })
        };
        Ok(statement.query_map([signed(since.micros() / HOUR)], count)?.collect::<Result<_, _>>()?)
    }

    /// How many records the index knows, without catching up.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn known(&self) -> Result<u64, IndexError> {
        Ok(unsigned(self.db.lock().query_row("SELECT next FROM progress", [], |r| r.get(0))?))
    }
}

fn named(id: Option<String>, name: Option<String>) -> Option<Party> {
    id.zip(name).map(|(id, name)| Party::new(id, name))
}

fn conversation(r: &Row<'_>) -> rusqlite::Result<SeenConversation> {
    let number = |at| r.get(at).map(unsigned);
    Ok(SeenConversation {
        name: r.get(0)?,
        whose: r.get(1)?,
        agent: named(r.get(2)?, r.get(3)?),
        human: named(r.get(4)?, r.get(5)?),
        last: number(6)?,
        since: Timestamp::from_micros(number(7)?),
        until: Timestamp::from_micros(number(8)?),
        turns: number(9)?,
        calls: number(10)?,
        stopped: number(11)?,
        findings: number(12)?,
    })
}

fn party(r: &Row<'_>) -> rusqlite::Result<SeenParty> {
    let number = |at| r.get(at).map(unsigned);
    Ok(SeenParty {
        id: r.get(0)?,
        name: r.get(1)?,
        since: Timestamp::from_micros(number(2)?),
        until: Timestamp::from_micros(number(3)?),
        calls: number(4)?,
        stopped: number(5)?,
        findings: number(6)?,
    })
}
