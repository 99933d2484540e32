use super::{Pin, PinKey, PinState, Pins, Seen, State, StateError, Unknown};
use doorward_audit::DefinitionKind;
use doorward_vocab::{Digest, ServerName, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params, types::Type};
use serde::{Serialize, de::DeserializeOwned};

const COLUMNS: &str = "server, kind, name, state, approved, pending, first_seen, changed_at, changed_by";

impl Pins for State {
    fn get(&self, key: &PinKey) -> Result<Option<Pin>, StateError> {
        Ok(load(&self.db.lock(), key)?)
    }

    fn list(&self, server: Option<&ServerName>) -> Result<Vec<Pin>, StateError> {
        let db = self.db.lock();
        let sql = format!("SELECT {COLUMNS} FROM pin WHERE ?1 IS NULL OR server = ?1 ORDER BY server, kind, name");
        let mut statement = db.prepare_cached(&sql)?;
        let pins = statement.query_map([server.map(ServerName::as_str)], read)?.collect::<Result<_, _>>()?;
        Ok(pins)
    }

    fn upsert_seen(&self, key: &PinKey, bytes: &[u8], unknown: Unknown, at: Timestamp) -> Result<Seen, StateError> {
        self.change(|tx| {
            let Some(mut pin) = load(tx, key)? else {
                let (state, approved, pending, seen) = match unknown {
                    Unknown::Approve => (PinState::Approved, Some(bytes.to_vec()), None, Seen::Pinned),
                    Unknown::Wait => (PinState::Pending, None, Some(bytes.to_vec()), Seen::New),
                };
                let key = key.clone();
                save(tx, &Pin { key, state, approved, pending, first_seen: at, changed_at: at, by: None })?;
                return Ok(seen);
            };
            if pin.approved.as_deref() == Some(bytes) {
                // A server that went back to what was approved is trusted with it again.
                if pin.state != PinState::Approved {
                    (pin.state, pin.pending, pin.changed_at) = (PinState::Approved, None, at);
                    save(tx, &pin)?;
                }
                return Ok(Seen::Same);
            }
            if pin.pending.as_deref() == Some(bytes) {
                return Ok(Seen::Still(pin.state));
            }
            let from = pin.pending_digest().or(pin.approved_digest());
            pin.state = if pin.approved.is_some() { PinState::Quarantined } else { PinState::Pending };
            (pin.pending, pin.changed_at) = (Some(bytes.to_vec()), at);
            save(tx, &pin)?;
            let to = Digest::of(bytes);
            Ok(from.map_or(Seen::New, |from| Seen::Changed { from, to }))
        })
    }

    fn approve(&self, key: &PinKey, digest: Digest, by: &str, at: Timestamp) -> Result<Pin, StateError> {
        self.change(|tx| {
            let mut pin = known(tx, key)?;
            if pin.pending_digest() == Some(digest) {
                pin.approved = pin.pending.take();
            } else if pin.pending.is_some() || pin.approved_digest() != Some(digest) {
                return Err(changed(&pin));
            }
            (pin.state, pin.changed_at, pin.by) = (PinState::Approved, at, Some(by.to_owned()));
            save(tx, &pin)?;
            Ok(pin)
        })
    }

    fn reject(&self, key: &PinKey, digest: Digest, by: &str, at: Timestamp) -> Result<Pin, StateError> {
        self.change(|tx| {
            let mut pin = known(tx, key)?;
            if pin.pending.is_none() && pin.approved_digest() == Some(digest) {
                pin.pending = pin.approved.take();
            } else if pin.pending_digest() != Some(digest) {
                return Err(changed(&pin));
            }
            (pin.state, pin.changed_at, pin.by) = (PinState::Rejected, at, Some(by.to_owned()));
            save(tx, &pin)?;
            Ok(pin)
        })
    }

    fn remove_server(&self, server: &ServerName) -> Result<usize, StateError> {
        Ok(self.db.lock().execute("DELETE FROM pin WHERE server = ?1", [server.as_str()])?)
    }
}

impl State {
    /// One change, whole or not at all, also when the CLI changes something at the same time.
    fn change<R>(&self, f: impl FnOnce(&Transaction<'_>) -> Result<R, StateError>) -> Result<R, StateError> {
        let mut db = self.db.lock();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = f(&tx)?;
        tx.commit()?;
        Ok(result)
    }
}

fn known(db: &Connection, key: &PinKey) -> Result<Pin, StateError> {
    load(db, key)?.ok_or_else(|| StateError::Unknown {
        server: key.server.to_string(),
        kind: word(&key.kind),
        name: key.name.clone(),
    })
}

fn changed(pin: &Pin) -> StateError {
    let now = pin.pending_digest().or(pin.approved_digest()).map_or_else(String::new, |d| d.short());
    StateError::Changed { name: pin.key.name.clone(), now }
}

fn load(db: &Connection, key: &PinKey) -> rusqlite::Result<Option<Pin>> {
    let sql = format!("SELECT {COLUMNS} FROM pin WHERE server = ?1 AND kind = ?2 AND name = ?3");
    db.prepare_cached(&sql)?.query_row(params![key.server.as_str(), word(&key.kind), key.name], read).optional()
}

fn save(db: &Connection, pin: &Pin) -> rusqlite::Result<()> {
    let sql = format!("INSERT OR REPLACE INTO pin({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    db.prepare_cached(&sql)?.execute(params![
        pin.key.server.as_str(),
        word(&pin.key.kind),
        pin.key.name,
        pin.state.as_str(),
        pin.approved,
        pin.pending,
        micros(pin.first_seen),
        micros(pin.changed_at),
        pin.by,
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Pin> {
    let state = match row.get::<_, String>(3)?.as_str() {
        "approved" => PinState::Approved,
        "pending" => PinState::Pending,
        "rejected" => PinState::Rejected,
        // Doubt withholds.
        _ => PinState::Quarantined,
    };
    let time = |n| row.get::<_, i64>(n).map(|t| Timestamp::from_micros(u64::try_from(t).unwrap_or(0)));
    let bad = |e: String| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, e.into());
    let server: String = row.get(0)?;
    let kind: DefinitionKind = parse(&row.get::<_, String>(1)?).map_err(bad)?;
    Ok(Pin {
        key: PinKey {
            server: server.parse().map_err(|e: doorward_vocab::NameError| bad(e.to_string()))?,
            kind,
            name: row.get(2)?,
        },
        state,
        approved: row.get(4)?,
        pending: row.get(5)?,
        first_seen: time(6)?,
        changed_at: time(7)?,
        by: row.get(8)?,
    })
}

fn micros(t: Timestamp) -> i64 {
    i64::try_from(t.micros()).unwrap_or(i64::MAX)
}

/// The word that the trail uses for a value of an enumeration.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
fn parse<T: DeserializeOwned>(word: &str) -> Result<T, String> {
    serde_json::from_value(word.into()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: u64) -> Timestamp {
        Timestamp::from_micros(n)
    }
    fn key(name: &str) -> PinKey {
        PinKey::tool("files".parse().unwrap(), name)
    }

    #[test]
    fn the_life_of_a_pin() {
        let state = State::in_memory().unwrap();
        let (k, one, two) = (key("read"), b"one".as_slice(), b"two".as_slice());
        let (d1, d2) = (Digest::of(one), Digest::of(two));
        assert_eq!(state.upsert_seen(&k, one, Unknown::Wait, at(1)).unwrap(), Seen::New);
        assert_eq!(state.upsert_seen(&k, one, Unknown::Wait, at(2)).unwrap(), Seen::Still(PinState::Pending));
        assert!(matches!(state.approve(&k, d2, "ann", at(3)), Err(StateError::Changed { .. })));
        assert_eq!(state.approve(&k, d1, "ann", at(3)).unwrap().state, PinState::Approved);
        assert_eq!(state.upsert_seen(&k, one, Unknown::Wait, at(4)).unwrap(), Seen::Same);
        // It changes: withheld, until it is what was approved again.
        assert_eq!(state.upsert_seen(&k, two, Unknown::Approve, at(5)).unwrap(), Seen::Changed { from: d1, to: d2 });
        let pin = state.get(&k).unwrap().unwrap();
        assert_eq!(
            (pin.state, pin.approved_digest(), pin.pending_digest()),
            (PinState::Quarantined, Some(d1), Some(d2))
        );
        assert_eq!(state.upsert_seen(&k, one, Unknown::Wait, at(6)).unwrap(), Seen::Same);
        assert_eq!(state.get(&k).unwrap().unwrap().state, PinState::Approved);
        // Rejected is remembered for these bytes.
        state.upsert_seen(&k, two, Unknown::Wait, at(7)).unwrap();
        assert_eq!(state.reject(&k, d2, "ann", at(8)).unwrap().state, PinState::Rejected);
        assert_eq!(state.upsert_seen(&k, two, Unknown::Wait, at(9)).unwrap(), Seen::Still(PinState::Rejected));
        let pin = state.get(&k).unwrap().unwrap();
        assert_eq!((pin.first_seen, pin.changed_at, pin.by.as_deref()), (at(1), at(8), Some("ann")));
    }

    #[test]
    fn an_approval_can_be_taken_back() {
        let state = State::in_memory().unwrap();
        let k = key("write");
        assert_eq!(state.upsert_seen(&k, b"one", Unknown::Approve, at(1)).unwrap(), Seen::Pinned);
        let pin = state.reject(&k, Digest::of(b"one"), "bob", at(2)).unwrap();
        assert_eq!((pin.state, pin.approved), (PinState::Rejected, None));
        assert_eq!(state.upsert_seen(&k, b"one", Unknown::Approve, at(3)).unwrap(), Seen::Still(PinState::Rejected));
        assert!(matches!(state.reject(&key("x"), Digest::of(b""), "bob", at(2)), Err(StateError::Unknown { .. })));
    }

    #[test]
    fn lists_and_forgets_by_server() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path()).unwrap();
        let other: ServerName = "mail".parse().unwrap();
        for k in [key("b"), key("a"), PinKey::tool(other.clone(), "send")] {
            state.upsert_seen(&k, b"x", Unknown::Wait, at(1)).unwrap();
        }
        drop(state);
        let state = State::open(dir.path()).unwrap();
        let names = |s: Option<&ServerName>| state.list(s).unwrap().into_iter().map(|p| p.key.name).collect::<Vec<_>>();
        assert_eq!(
            (names(None), names(Some(&other))),
            (vec!["a".into(), "b".into(), "send".into()], vec!["send".to_owned()])
        );
        assert_eq!(state.remove_server(&other).unwrap(), 1);
        assert_eq!(names(None), ["a", "b"]);
    }
}
