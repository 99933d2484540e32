use super::{Keep, KeepError, Kept, KeptKind};
use crate::place::make_dir;
use doorward_vocab::{Digest, Timestamp};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use std::{fmt, path::Path, time::Duration};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS kept(
        kind TEXT NOT NULL, key TEXT NOT NULL,
        owner TEXT NOT NULL, route TEXT NOT NULL, until INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS by_end ON kept(until);
";
const COLUMNS: &str = "kind, key, owner, route, until, sealed";

/// How long a writer waits for another process. Whoever cannot keep a thing goes on without.
const PATIENCE: Duration = Duration::from_secs(2);

/// `sessions.db` in the state directory. Several processes of one machine may use it at once.
pub struct KeptDb {
    db: Mutex<Connection>,
}

impl fmt::Debug for KeptDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptDb")
    }
}

impl KeptDb {
    /// Opens `sessions.db` in the state directory, or makes it.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn open(dir: &Path) -> Result<Self, KeepError> {
        make_dir(dir)?;
        let db = Connection::open(dir.join("sessions.db"))?;
        db.busy_timeout(PATIENCE)?;
        // What is written outlives the process at once, and the machine a moment later: after a power cut the last
        // sessions are opened anew, and a write waits for no disk.
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "normal")?;
        db.execute_batch(TABLES)?;
        Ok(Self { db: Mutex::new(db) })
    }

    /// Everything of a kind, whether its time is over or not.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn all(&self, kind: KeptKind) -> Result<Vec<Kept>, KeepError> {
        let db = self.db.lock();
        let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM kept WHERE kind = ?1"))?;
        let all = statement.query_map([kind.as_str()], read)?.collect::<Result<_, _>>()?;
        Ok(all)
    }

    /// How many things are kept whose sealed form begins with `first`: with the name of a key.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn beginning_with(&self, first: &[u8; 8]) -> Result<u64, KeepError> {
        let db = self.db.lock();
        let mut counting = db.prepare_cached("SELECT count(*) FROM kept WHERE substr(sealed, 1, 8) = ?1")?;
        let count: i64 = counting.query_row([first.as_slice()], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Whether a row was written.
    fn insert(&self, how: &str, kept: &Kept) -> Result<bool, KeepError> {
        let db = self.db.lock();
        // What nobody can give a second time must be on disk before anything goes on.
        let precious = kept.kind == KeptKind::Grant;
        if precious {
            db.pragma_update(None, "synchronous", "full")?;
        }
        let written = Self::write(&db, how, kept);
        if precious {
            db.pragma_update(None, "synchronous", "normal")?;
        }
        written
    }

    fn write(db: &Connection, how: &str, kept: &Kept) -> Result<bool, KeepError> {
        let sql = format!("{how} INTO kept({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        let written = db.prepare_cached(&sql)?.execute(params![
            kept.kind.as_str(),
            kept.key.to_string(),
            kept.owner.to_string(),
            kept.route,
            micros(kept.until),
            kept.sealed
        ])?;
        Ok(written == 1)
    }
}

impl Keep for KeptDb {
    fn put(&self, kept: &Kept) -> Result<(), KeepError> {
        self.insert("INSERT OR REPLACE", kept).map(drop)
    }

    fn add(&self, kept: &Kept) -> Result<bool, KeepError> {
        self.insert("INSERT OR IGNORE", kept)
    }

    fn find(&self, kind: KeptKind, key: &Digest) -> Result<Option<Kept>, KeepError> {
        let db = self.db.lock();
        let sql = format!("SELECT {COLUMNS} FROM kept WHERE kind = ?1 AND key = ?2");
        Ok(db.prepare_cached(&sql)?.query_row(params![kind.as_str(), key.to_string()], read).optional()?)
    }

    fn take(&self, kind: KeptKind, key: &Digest) -> Result<Option<Kept>, KeepError> {
        let db = self.db.lock();
        let sql = format!("DELETE FROM kept WHERE kind = ?1 AND key = ?2 RETURNING {COLUMNS}");
        Ok(db.prepare_cached(&sql)?.query_row(params![kind.as_str(), key.to_string()], read).optional()?)
    }

    fn expired(&self, now: Timestamp, most: usize) -> Result<Vec<Kept>, KeepError> {
        let db = self.db.lock();
        // Looking first spares the write lock when there is nothing to do.
        let any: bool = db
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM kept WHERE until <= ?1)")?
            .query_row([micros(now)], |row| row.get(0))?;
        if !any {
            return Ok(Vec::new());
        }
        let sql = format!(
            "DELETE FROM kept WHERE (kind, key) IN (SELECT kind, key FROM kept WHERE until <= ?1 LIMIT ?2)
             RETURNING {COLUMNS}"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let old = statement.query_map(params![micros(now), most], read)?.collect::<Result<_, _>>()?;
        Ok(old)
    }
}

/// SQLite has no unsigned integers; times stay far below 2^63.
fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.micros()).unwrap_or(i64::MAX)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let bad = |column, what: &str| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into());
    let digest = |column| row.get::<_, String>(column)?.parse::<Digest>().map_err(|e| bad(column, &e));
    let word: String = row.get(0)?;
    let kind = KeptKind::ALL.into_iter().find(|k| k.as_str() == word).ok_or_else(|| bad(0, "an unknown kind"))?;
    let until = u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0);
    Ok(Kept {
        kind,
        key: digest(1)?,
        owner: digest(2)?,
        route: row.get::<_, String>(3)?.into(),
        until: Timestamp::from_micros(until),
        sealed: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    fn kept(kind: KeptKind, name: &str, until: u64) -> Kept {
        Kept {
            kind,
            key: Digest::of(name.as_bytes()),
            owner: Digest::of(b"ada"),
            route: "/mcp/files".into(),
            until: Timestamp::from_micros(until),
            sealed: name.as_bytes().to_vec(),
        }
    }

    #[test]
    fn what_is_put_is_found_until_it_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (here, there) = (KeptDb::open(dir.path()).unwrap(), KeptDb::open(dir.path()).unwrap());
        let mut one = kept(KeptKind::Session, "a", 10);
        here.put(&one).unwrap();
        here.put(&kept(KeptKind::Parked, "a", 20)).unwrap();
        one.sealed = b"newer".to_vec();
        there.put(&one).unwrap();
        assert_eq!(here.find(KeptKind::Session, &one.key).unwrap(), Some(one.clone()));
        assert_eq!(here.take(KeptKind::Session, &one.key).unwrap(), Some(one.clone()));
        assert_eq!(there.take(KeptKind::Session, &one.key).unwrap(), None);
        assert!(there.add(&one).unwrap() && !here.add(&one).unwrap(), "once");
        assert!(there.find(KeptKind::Parked, &one.key).unwrap().is_some(), "another kind is another thing");
    }

    #[test]
    fn what_is_over_is_taken_out() {
        let dir = tempfile::tempdir().unwrap();
        let db = KeptDb::open(dir.path()).unwrap();
        for (name, until) in [("a", 10), ("b", 20), ("c", 30)] {
            db.put(&kept(KeptKind::Session, name, until)).unwrap();
        }
        let at = Timestamp::from_micros;
        assert_eq!(db.expired(at(9), 9).unwrap(), []);
        assert_eq!(db.expired(at(20), 1).unwrap().len(), 1);
        assert_eq!(db.expired(at(20), 9).unwrap().len(), 1);
        assert!(db.find(KeptKind::Session, &Digest::of(b"c")).unwrap().is_some());
    }

    #[test]
    fn of_many_that_take_one_gets_it() {
        let dir = tempfile::tempdir().unwrap();
        let all: Vec<_> = (0..4).map(|_| Arc::new(KeptDb::open(dir.path()).unwrap())).collect();
        for round in 0..20 {
            let one = kept(KeptKind::Parked, &round.to_string(), 10);
            all[0].put(&one).unwrap();
            let taking = all.iter().map(|db| {
                let (db, key) = (db.clone(), one.key);
                thread::spawn(move || db.take(KeptKind::Parked, &key).unwrap().is_some())
            });
            let taken: Vec<_> = taking.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect();
            assert_eq!(taken.iter().filter(|t| **t).count(), 1, "{taken:?}");
        }
    }

    /// What somebody wrote into the file by hand is no session.
    #[test]
    fn nonsense_in_the_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let db = KeptDb::open(dir.path()).unwrap();
        let one = kept(KeptKind::Session, "a", 10);
        db.put(&one).unwrap();
        db.db.lock().execute("UPDATE kept SET owner = 'everybody'", []).unwrap();
        assert!(db.find(KeptKind::Session, &one.key).is_err());
    }
}
