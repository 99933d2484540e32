use super::{Changes, Grant, GrantError, Grants};
use crate::place::make_dir;
use doorward_vocab::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use std::{fmt, path::Path, time::Duration};

/// `seq` grows with every change, so that whoever looks again reads what is new alone.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS granted(
        id TEXT NOT NULL PRIMARY KEY, parent TEXT,
        until INTEGER, at INTEGER NOT NULL, body BLOB NOT NULL,
        revoked INTEGER, revoked_by TEXT,
        seq INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS granted_by_seq ON granted(seq);
    CREATE INDEX IF NOT EXISTS granted_by_parent ON granted(parent);
    CREATE INDEX IF NOT EXISTS granted_by_end ON granted(until);
    CREATE TABLE IF NOT EXISTS spent(id TEXT NOT NULL PRIMARY KEY, times INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS counter(seq INTEGER NOT NULL) STRICT;
    INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);
";
const COLUMNS: &str = "id, parent, until, at, body, revoked, revoked_by";

/// How long a writer waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// `delegations.db` in the state directory. Several processes of one machine may use it at once.
pub struct GrantsDb {
    db: Mutex<Connection>,
}

impl fmt::Debug for GrantsDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantsDb")
    }
}

impl GrantsDb {
    /// Opens `delegations.db` in the state directory, or makes it.
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn open(dir: &Path) -> Result<Self, GrantError> {
        make_dir(dir)?;
        let db = Connection::open(dir.join("delegations.db"))?;
        db.busy_timeout(PATIENCE)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        // What was revoked stays revoked, also after a power cut.
        db.pragma_update(None, "synchronous", "full")?;
        db.execute_batch(TABLES)?;
        Ok(Self { db: Mutex::new(db) })
    }

    /// One change, whole or not at all.
    fn change<R>(&self, f: impl FnOnce(&Transaction<'_>) -> Result<R, GrantError>) -> Result<R, GrantError> {
        let mut db = self.db.lock();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = f(&tx)?;
        tx.commit()?;
        Ok(result)
    }
}

impl Grants for GrantsDb {
    fn grant(&self, grant: &Grant) -> Result<(), GrantError> {
        self.change(|tx| {
            for id in [Some(&grant.id), grant.parent.as_ref()].into_iter().flatten() {
                if find(tx, id)?.is_some_and(|known| known.revoked.is_some()) {
                    return Err(GrantError::Revoked(id.clone()));
                }
            }
            match find(tx, &grant.id)? {
                Some(known) if known.body == grant.body => return Ok(()),
                Some(_) => return Err(GrantError::Taken(grant.id.clone())),
                None => save(tx, grant)?,
            }
            Ok(())
        })
    }

    fn revoke(&self, id: &str, by: &str, at: Timestamp) -> Result<Vec<Box<str>>, GrantError> {
        self.change(|tx| {
            if find(tx, id)?.is_none() {
                save(tx, &Grant { id: id.into(), parent: None, until: None, at, body: Vec::new(), revoked: None })?;
            }
            let seq = next(tx)?;
            let mut statement = tx.prepare_cached(
                "WITH RECURSIVE made(id) AS (
                     SELECT ?1 UNION SELECT granted.id FROM granted JOIN made ON granted.parent = made.id)
                 UPDATE granted SET revoked = ?2, revoked_by = ?3, seq = ?4
                 WHERE id IN made AND revoked IS NULL RETURNING id",
            )?;
            let revoked = statement.query_map(params![id, micros(at), by, seq], |row| row.get::<_, String>(0))?;
            let mut revoked: Vec<Box<str>> = revoked.map(|id| id.map(Into::into)).collect::<Result<_, _>>()?;
            revoked.sort_by_key(|revoked| **revoked != *id);
            Ok(revoked)
        })
    }

    fn since(&self, seen: u64) -> Result<Changes, GrantError> {
        let mut db = self.db.lock();
        let tx = db.transaction()?;
        let now: i64 = tx.prepare_cached("SELECT seq FROM counter")?.query_row([], |row| row.get(0))?;
        let sql = format!("SELECT {COLUMNS} FROM granted WHERE seq > ?1 ORDER BY at, seq");
        let seen = i64::try_from(seen).unwrap_or(i64::MAX);
        let mut grants = Vec::new();
        if now > seen {
            grants = tx.prepare_cached(&sql)?.query_map([seen], read)?.collect::<Result<_, _>>()?;
        }
        Ok(Changes { grants, seen: u64::try_from(now).unwrap_or_default() })
    }

    fn spend(&self, id: &str, most: u64) -> Result<bool, GrantError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.change(|tx| {
            tx.prepare_cached("INSERT OR IGNORE INTO spent VALUES (?1, 0)")?.execute([id])?;
            let sql = "UPDATE spent SET times = times + 1 WHERE id = ?1 AND times < ?2";
            Ok(tx.prepare_cached(sql)?.execute(params![id, most])? == 1)
        })
    }

    fn spent(&self, id: &str) -> Result<u64, GrantError> {
        let db = self.db.lock();
        let mut statement = db.prepare_cached("SELECT times FROM spent WHERE id = ?1")?;
        let times: Option<i64> = statement.query_row([id], |row| row.get(0)).optional()?;
        Ok(times.map_or(0, |n| u64::try_from(n).unwrap_or_default()))
    }

    fn forget(&self, now: Timestamp) -> Result<usize, GrantError> {
        self.change(|tx| {
            let over = "SELECT id FROM granted WHERE until <= ?1";
            tx.execute(&format!("DELETE FROM spent WHERE id IN ({over})"), [micros(now)])?;
            Ok(tx.execute("DELETE FROM granted WHERE until <= ?1", [micros(now)])?)
        })
    }
}

fn next(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
    tx.prepare_cached("UPDATE counter SET seq = seq + 1 RETURNING seq")?.query_row([], |row| row.get(0))
}

fn find(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Grant>> {
    let sql = format!("SELECT {COLUMNS} FROM granted WHERE id = ?1");
    tx.prepare_cached(&sql)?.query_row([id], read).optional()
}

fn save(tx: &Transaction<'_>, grant: &Grant) -> rusqlite::Result<()> {
    let sql = format!("INSERT INTO granted({COLUMNS}, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    let revoked = grant.revoked.as_ref();
    tx.prepare_cached(&sql)?.execute(params![
        grant.id,
        grant.parent,
        grant.until.map(micros),
        micros(grant.at),
        grant.body,
        revoked.map(|(at, _)| micros(*at)),
        revoked.map(|(_, by)| by),
        next(tx)?
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.map(Into::into));
    let time = |column| {
        let micros: Option<i64> = row.get(column)?;
        Ok::<_, rusqlite::Error>(micros.map(|n| Timestamp::from_micros(u64::try_from(n).unwrap_or_default())))
    };
    let revoked_by: Option<Box<str>> = text(6)?;
    Ok(Grant {
        id: row.get::<_, String>(0)?.into(),
        parent: text(1)?,
        until: time(2)?,
        at: time(3)?.unwrap_or_default(),
        body: row.get(4)?,
        revoked: time(5)?.map(|at| (at, revoked_by.unwrap_or_default())),
    })
}

/// SQLite has no unsigned integers; times stay far below 2^63.
fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn grant(id: &str, parent: Option<&str>, until: Option<u64>) -> Grant {
        let body = format!("what {id} says").into_bytes();
        Grant { id: id.into(), parent: parent.map(Into::into), until: until.map(at), at: at(1), body, revoked: None }
    }

    fn two() -> (tempfile::TempDir, GrantsDb, GrantsDb) {
        let dir = tempfile::tempdir().unwrap();
        let (here, there) = (GrantsDb::open(dir.path()).unwrap(), GrantsDb::open(dir.path()).unwrap());
        (dir, here, there)
    }

    fn ids(changes: &Changes) -> Vec<&str> {
        changes.grants.iter().map(|g| &*g.id).collect()
    }

    #[test]
    fn what_one_process_grants_another_sees_once() {
        let (_dir, here, there) = two();
        here.grant(&grant("a", None, None)).unwrap();
        here.grant(&grant("b", Some("a"), Some(9))).unwrap();
        here.grant(&grant("a", None, None)).unwrap();
        let changes = there.since(0).unwrap();
        assert_eq!(changes.grants, [grant("a", None, None), grant("b", Some("a"), Some(9))]);
        assert_eq!(there.since(changes.seen).unwrap().grants, []);
        let other = Grant { body: b"something else".to_vec(), ..grant("a", None, None) };
        assert!(matches!(there.grant(&other), Err(GrantError::Taken(id)) if &*id == "a"));
        assert_eq!(there.since(changes.seen).unwrap(), Changes { grants: Vec::new(), seen: changes.seen });
    }

    #[test]
    fn what_is_revoked_takes_along_what_was_made_from_it() {
        let (_dir, here, there) = two();
        for (id, parent) in [("a", None), ("b", Some("a")), ("c", Some("b")), ("d", None)] {
            here.grant(&grant(id, parent, None)).unwrap();
        }
        let seen = there.since(0).unwrap().seen;
        let mut revoked = here.revoke("a", "ada", at(5)).unwrap();
        assert_eq!(revoked.first().map(|id| &**id), Some("a"));
        revoked.sort();
        assert_eq!(revoked, ["a".into(), "b".into(), "c".into()]);
        let changes = there.since(seen).unwrap();
        assert_eq!(ids(&changes), ["a", "b", "c"]);
        assert!(changes.grants.iter().all(|g| g.revoked == Some((at(5), "ada".into()))));
        assert!(matches!(there.grant(&grant("e", Some("c"), None)), Err(GrantError::Revoked(id)) if &*id == "c"));
        assert_eq!(here.revoke("a", "ada", at(6)).unwrap(), []);
        assert_eq!(here.revoke("of another issuer", "ada", at(6)).unwrap(), ["of another issuer".into()]);
        assert!(there.grant(&grant("of another issuer", None, None)).is_err());
    }

    #[test]
    fn uses_are_counted_over_all_processes() {
        let dir = tempfile::tempdir().unwrap();
        let all: Vec<_> = (0..3).map(|_| Arc::new(GrantsDb::open(dir.path()).unwrap())).collect();
        let spending = all.iter().map(|db| {
            let db = db.clone();
            thread::spawn(move || (0..20).filter(|_| db.spend("a", 30).unwrap()).count())
        });
        let spent: usize = spending.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).sum();
        assert_eq!((spent, all[0].spent("a").unwrap(), all[0].spent("b").unwrap()), (30, 30, 0));
        assert!(!all[0].spend("b", 0).unwrap());
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (_dir, here, there) = two();
        for (id, until) in [("a", Some(10)), ("b", Some(20)), ("c", None)] {
            here.grant(&grant(id, None, until)).unwrap();
        }
        here.spend("a", 9).unwrap();
        assert_eq!((there.forget(at(10)).unwrap(), there.spent("a").unwrap()), (1, 0));
        assert_eq!(ids(&here.since(0).unwrap()), ["b", "c"]);
        let seen = here.since(0).unwrap().seen;
        here.grant(&grant("d", None, None)).unwrap();
        assert_eq!(ids(&there.since(seen).unwrap()), ["d"]);
    }
}
