//! The index of a trail: a SQLite file that answers questions and can be thrown away, since the segments hold
//! everything it knows.

mod chain;
mod fill;
mod page;
mod query;
mod seen;
mod tags;
mod tally;
mod thread;

pub use page::{PageOf, Seek};
pub use query::{Filter, Hit};
pub use seen::{Count, SeenConversation, SeenParty, SeenRole};
pub use thread::IndexThread;

use crate::trail::Reader;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The version of the tables; another version is built anew.
const VERSION: i64 = 2;

const TABLES: &str = "
    CREATE TABLE record(
        idx INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL,
        segment INTEGER NOT NULL, offset INTEGER NOT NULL,
        call TEXT, parent TEXT, turn TEXT, conversation TEXT,
        agent TEXT, agent_name TEXT, human TEXT, human_name TEXT,
        server TEXT, target TEXT, decision TEXT
    ) STRICT;
    CREATE INDEX by_time ON record(time);
    CREATE INDEX by_call ON record(call) WHERE call IS NOT NULL;
    CREATE INDEX by_parent ON record(parent) WHERE parent IS NOT NULL;
    CREATE INDEX by_conversation ON record(conversation) WHERE conversation IS NOT NULL;
    CREATE INDEX by_agent ON record(agent) WHERE agent IS NOT NULL;
    CREATE INDEX by_agent_name ON record(agent_name) WHERE agent_name IS NOT NULL;
    CREATE INDEX by_human ON record(human) WHERE human IS NOT NULL;
    CREATE INDEX by_human_name ON record(human_name) WHERE human_name IS NOT NULL;
    CREATE INDEX by_server ON record(server, target) WHERE server IS NOT NULL;
    CREATE INDEX by_decision ON record(decision) WHERE decision IS NOT NULL;
    CREATE TABLE tag_name(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE tag(tag INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (tag, idx)) STRICT, WITHOUT ROWID;
    CREATE TABLE conversation(
        conversation TEXT NOT NULL, whose TEXT NOT NULL,
        agent TEXT, agent_name TEXT, human TEXT, human_name TEXT,
        first INTEGER NOT NULL, last INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
        turns INTEGER NOT NULL, calls INTEGER NOT NULL, stopped INTEGER NOT NULL, findings INTEGER NOT NULL,
        PRIMARY KEY (conversation, whose)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX conversation_last ON conversation(last);
    CREATE INDEX conversation_agent ON conversation(agent, last);
    CREATE INDEX conversation_human ON conversation(human, last);
    CREATE INDEX conversation_stopped ON conversation(last) WHERE stopped > 0;
    CREATE TABLE party(
        role TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        since INTEGER NOT NULL, until INTEGER NOT NULL, calls INTEGER NOT NULL, stopped INTEGER NOT NULL,
        findings INTEGER NOT NULL, PRIMARY KEY (role, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX party_until ON party(role, until, id);
    CREATE INDEX party_name ON party(role, name);
    CREATE TABLE hour(hour INTEGER NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (hour, name)) STRICT, WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(text, content='');
    CREATE TABLE progress(next INTEGER NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL, key TEXT NOT NULL) STRICT;
";

/// Why the index does not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// SQLite refuses.
    #[error("the index of the trail fails: {0}; it can be removed and is built anew")]
    Sqlite(#[from] rusqlite::Error),
    /// A record cannot be read.
    #[error("the trail cannot be read: {0}")]
    Read(#[from] io::Error),
    /// There is no trail.
    #[error("there is no trail in `{}`: no gateway has run with this state directory yet", .0.display())]
    NoTrail(PathBuf),
}

/// The index of the trail in one directory. Several processes may use it at once.
pub struct Index {
    dir: PathBuf,
    db: Mutex<Connection>,
}

impl Index {
    /// Opens the index of the trail in `dir`, or makes an empty one; [`Self::catch_up`] fills it. Where the directory
    /// cannot be written, the index is kept in memory.
    ///
    /// # Errors
    /// [`IndexError::NoTrail`], [`IndexError::Sqlite`].
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        if !dir.join("segments").is_dir() {
            return Err(IndexError::NoTrail(dir.to_owned()));
        }
        let on_disk = Connection::open(dir.join("index.db")).and_then(|db| prepare(&db, dir).map(|()| db));
        let db = match on_disk {
            Err(rusqlite::Error::SqliteFailure(e, _))
                if matches!(e.code, rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) =>
            {
                let db = Connection::open_in_memory()?;
                prepare(&db, dir)?;
                db
            }
            other => other?,
        };
        Ok(Self { dir: dir.to_owned(), db: Mutex::new(db) })
    }

    /// Forgets everything and reads the trail from its beginning.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn rebuild(&self) -> Result<u64, IndexError> {
        build(&self.db.lock(), &key_of(&self.dir))?;
        self.catch_up()
    }

    fn read(&self, index: u64, place: crate::trail::Place) -> Result<Vec<u8>, IndexError> {
        Ok(Reader::read(&self.dir, index, place)?.record)
    }
}

fn key_of(dir: &Path) -> String {
    fs::read_to_string(dir.join("key.pub")).unwrap_or_default()
}

fn prepare(db: &Connection, dir: &Path) -> rusqlite::Result<()> {
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    // The index is rebuilt where it is lost, so it need not wait for the disk.
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "off")?;
    // Kibibytes, where negative: the inner pages of ten trees stay in memory.
    db.pragma_update(None, "cache_size", -32_768)?;
    let version: i64 = db.pragma_query_value(None, "user_version", |r| r.get(0))?;
    let key = key_of(dir);
    let same = version == VERSION
        && db.query_row("SELECT key FROM progress", [], |r| r.get::<_, String>(0)).is_ok_and(|k| k == key);
    if same { Ok(()) } else { build(db, &key) }
}

fn build(db: &Connection, key: &str) -> rusqlite::Result<()> {
    db.execute_batch(
        "BEGIN IMMEDIATE; DROP TABLE IF EXISTS record; DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS progress;
         DROP TABLE IF EXISTS tag_name; DROP TABLE IF EXISTS tag; DROP TABLE IF EXISTS conversation;
         DROP TABLE IF EXISTS party; DROP TABLE IF EXISTS hour;",
    )?;
    let made = db
        .execute_batch(TABLES)
        .and_then(|()| db.execute("INSERT INTO progress VALUES (0, 0, 24, ?1)", [key]))
        .and_then(|_| db.pragma_update(None, "user_version", VERSION));
    db.execute_batch(if made.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    made
}
