use super::{State, StateError};
use rusqlite::OptionalExtension;

/// The most that is remembered; what was kept first goes first.
const MOST: i64 = 20_000;

impl State {
    /// What was measured of something that is known by `key`, which changes with it.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn measured(&self, key: &str) -> Result<Option<String>, StateError> {
        let db = self.db.lock();
        let mut statement = db.prepare_cached("SELECT value FROM measured WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// Remembers what was measured. It can be measured again, so the disk is not waited for.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn keep_measured(&self, key: &str, value: &str) -> Result<(), StateError> {
        let db = self.db.lock();
        db.prepare_cached("INSERT OR REPLACE INTO measured(key, value) VALUES (?1, ?2)")?.execute([key, value])?;
        db.prepare_cached("DELETE FROM measured WHERE rowid <= (SELECT max(rowid) FROM measured) - ?1")?
            .execute([MOST])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn remembers_and_replaces() {
        let state = State::in_memory().unwrap();
        assert_eq!(state.measured("a").unwrap(), None);
        state.keep_measured("a", "1").unwrap();
        state.keep_measured("a", "2").unwrap();
        assert_eq!(state.measured("a").unwrap().as_deref(), Some("2"));
    }
}
