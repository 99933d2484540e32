use super::{State, StateError};
use doorward_vocab::{Digest, ServerName, Timestamp};
use rusqlite::{Row, params, types::Type};

/// A source that handed out a text which gives orders to its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoisonedSource {
    /// The digest of where it came from.
    pub source: Digest,
    /// The server.
    pub server: ServerName,
    /// The tool, prompt or resource.
    pub target: Option<String>,
    /// The call that it was found in, for the trail.
    pub call: String,
    /// The texts: a quick sum of the words of each, and their digest.
    pub texts: Vec<(u64, Digest)>,
    /// Whether it is not to be asked again.
    pub quarantined: bool,
    /// When it was last found.
    pub seen: Timestamp,
    /// Until when it is remembered.
    pub until: Timestamp,
}

/// Texts of one source that are remembered: the latest.
const TEXTS: usize = 64;

impl State {
    /// Remembers a source with its texts beside those that are known of it, and at most `most` sources: those go first that
    /// were not seen for longest, and those whose time is over.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn keep_poisoned(&self, found: &PoisonedSource, most: usize) -> Result<(), StateError> {
        let mut db = self.db.lock();
        let change = db.transaction()?;
        let known: Option<PoisonedSource> = {
            let mut statement = change.prepare_cached(&format!("SELECT {COLUMNS} FROM poisoned WHERE source = ?1"))?;
            statement.query_map([found.source.as_bytes()], read)?.next().transpose()?
        };
        let before = known.iter().flat_map(|k| &k.texts).filter(|text| !found.texts.contains(text));
        let texts: Vec<_> = found.texts.iter().chain(before).copied().take(TEXTS).collect();
        let quarantined = found.quarantined || known.as_ref().is_some_and(|k| k.quarantined);
        change.prepare_cached("INSERT OR REPLACE INTO poisoned VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(
            params![
                found.source.as_bytes(),
                found.server.as_str(),
                found.target,
                found.call,
                serde_json::to_string(&texts).unwrap_or_default(),
                quarantined,
                micros(found.seen),
                micros(found.until),
            ],
        )?;
        change.execute("DELETE FROM poisoned WHERE until <= ?1", [micros(found.seen)])?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        change.execute(
            "DELETE FROM poisoned WHERE source NOT IN (SELECT source FROM poisoned ORDER BY seen DESC LIMIT ?1)",
            [most],
        )?;
        change.commit()?;
        Ok(())
    }

    /// All sources that are remembered, the latest first.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn poisoned(&self) -> Result<Vec<PoisonedSource>, StateError> {
        let db = self.db.lock();
        let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM poisoned ORDER BY seen DESC"))?;
        let all = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(all)
    }

    /// Forgets the sources with these digests; gives how many there were.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn forget_poisoned(&self, sources: &[Digest]) -> Result<usize, StateError> {
        let db = self.db.lock();
        let mut statement = db.prepare_cached("DELETE FROM poisoned WHERE source = ?1")?;
        sources.iter().try_fold(0, |sum, source| Ok(sum + statement.execute([source.as_bytes()])?))
    }
}

pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS poisoned(
        source BLOB NOT NULL PRIMARY KEY, server TEXT NOT NULL, target TEXT, call TEXT NOT NULL, texts TEXT NOT NULL,
        quarantined INTEGER NOT NULL, seen INTEGER NOT NULL, until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";
const COLUMNS: &str = "source, server, target, call, texts, quarantined, seen, until";

fn read(row: &Row<'_>) -> rusqlite::Result<PoisonedSource> {
    let wrong = |at, kind, e: String| rusqlite::Error::FromSqlConversionFailure(at, kind, e.into());
    let texts: String = row.get(4)?;
    let time = |at| row.get(at).map(|micros: i64| Timestamp::from_micros(micros.unsigned_abs()));
    Ok(PoisonedSource {
        source: Digest::from_bytes(row.get(0)?),
        server: row.get::<_, String>(1)?.parse().map_err(|e| wrong(1, Type::Text, format!("{e}")))?,
        target: row.get(2)?,
        call: row.get(3)?,
        texts: serde_json::from_str(&texts).map_err(|e| wrong(4, Type::Text, e.to_string()))?,
        quarantined: row.get(5)?,
        seen: time(6)?,
        until: time(7)?,
    })
}

fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: u8, seen: u64) -> PoisonedSource {
        PoisonedSource {
            source: Digest::of(&[n]),
            server: "desk".parse().unwrap(),
            target: Some("read_ticket".to_owned()),
            call: "call_1".to_owned(),
            texts: vec![(u64::MAX - u64::from(n), Digest::of(&[n, n]))],
            quarantined: false,
            seen: Timestamp::from_micros(seen),
            until: Timestamp::from_micros(seen + 100),
        }
    }

    #[test]
    fn sources_are_kept_joined_and_bounded() {
        let state = State::in_memory().unwrap();
        state.keep_poisoned(&PoisonedSource { quarantined: true, ..source(1, 10) }, 2).unwrap();
        let more = PoisonedSource { texts: vec![(7, Digest::of(b"more"))], ..source(1, 20) };
        state.keep_poisoned(&more, 2).unwrap();
        let kept = state.poisoned().unwrap();
        assert_eq!((kept.len(), kept[0].texts.len(), kept[0].quarantined), (1, 2, true));
        state.keep_poisoned(&source(2, 30), 2).unwrap();
        state.keep_poisoned(&source(3, 40), 2).unwrap();
        let kept: Vec<_> = state.poisoned().unwrap().into_iter().map(|k| k.source).collect();
        assert_eq!(kept, [Digest::of(&[3]), Digest::of(&[2])]);
        assert_eq!(state.forget_poisoned(&[Digest::of(&[3]), Digest::of(&[9])]).unwrap(), 1);
        // What is over goes when something comes.
        state.keep_poisoned(&source(4, 130), 2).unwrap();
        assert_eq!(state.poisoned().unwrap().len(), 1);
    }
}
