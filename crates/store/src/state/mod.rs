//! `state.db`: what the gateway must remember and cannot rebuild.

mod measured;
mod pin;
mod pins;
mod poison;

pub use pin::{Pin, PinKey, PinState, Pins, Seen, StateError, Unknown};
pub use poison::PoisonedSource;

use crate::place::make_dir;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::path::Path;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS pin(
        server TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        state TEXT NOT NULL,
        approved BLOB, pending BLOB,
        first_seen INTEGER NOT NULL, changed_at INTEGER NOT NULL, changed_by TEXT,
        PRIMARY KEY (server, kind, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS measured(key TEXT NOT NULL UNIQUE, value TEXT NOT NULL) STRICT;
";

/// The state of this gateway.
pub struct State {
    db: Mutex<Connection>,
}

impl State {
    /// Opens `state.db` in the state directory, or makes it.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        make_dir(dir)?;
        Self::prepare(Connection::open(dir.join("state.db"))?)
    }
    /// State that is gone with the process.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn in_memory() -> Result<Self, StateError> {
        Self::prepare(Connection::open_in_memory()?)
    }
    /// A number that changes whenever another process, or another [`State`] of the same file, changes something.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn version(&self) -> Result<i64, StateError> {
        Ok(self.db.lock().pragma_query_value(None, "data_version", |row| row.get(0))?)
    }
    fn prepare(db: Connection) -> Result<Self, StateError> {
        db.busy_timeout(std::time::Duration::from_secs(10))?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "full")?;
        db.execute_batch(TABLES)?;
        db.execute_batch(poison::TABLE)?;
        Ok(Self { db: Mutex::new(db) })
    }
}
