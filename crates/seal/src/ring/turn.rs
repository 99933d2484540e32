//! Turning keys, in steps of which each leaves a ring that opens: a kill between two of them loses nothing.

use super::{KeyId, SealError, book::Book};
use crate::outer::{Outer, OuterId, Under};
use doorward_store::PlaceError;
use doorward_vocab::Timestamp;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What is known of the keys, without any of them.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Where the outer key is, in words.
    pub from: String,
    /// The outer keys that the ring is wrapped under: one, or two while they change.
    pub outer: Vec<OuterId>,
    /// The data keys, oldest first.
    pub keys: Vec<Entry>,
}

/// One data key.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its name.
    pub id: KeyId,
    /// When it was made, in microseconds since 1970.
    pub made: u64,
    /// When another took its place; `None` for the one in use.
    pub retired: Option<u64>,
    /// How many things in the store are sealed with it.
    pub sealed: u64,
}

/// What became of a change of data keys.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// What is sealed with from now on.
    pub current: KeyId,
    /// What was taken out, because nothing is sealed with it any more.
    pub dropped: Vec<KeyId>,
}

/// What the ring in `state` holds; `count` says how many things are sealed with a key.
///
/// # Errors
/// [`SealError`]. The outer key must be there: a ring that does not open is told as what it is.
pub fn status(state: &Path, outer: &Outer, count: impl Fn(KeyId) -> u64) -> Result<Status, SealError> {
    let book = existing(state)?;
    for page in &book.keys {
        page.open(outer)?;
    }
    let mut ids: Vec<OuterId> = book.keys.iter().flat_map(|page| page.wraps.iter().map(|wrap| wrap.outer)).collect();
    ids.sort_unstable();
    ids.dedup();
    let entry = |page: &super::book::Page| Entry {
        id: page.id,
        made: page.made,
        retired: page.retired,
        sealed: count(page.id),
    };
    Ok(Status { from: outer.to_string(), outer: ids, keys: book.keys.iter().map(entry).collect() })
}

/// Puts a new data key in force. Old ones stay for what is sealed with them: until nothing in the store is, and a day after
/// they were replaced.
///
/// # Errors
/// [`SealError`].
pub fn turn(state: &Path, outer: &Outer, count: impl Fn(KeyId) -> u64, now: Timestamp) -> Result<Moved, SealError> {
    let _alone = Alone::in_place(state)?;
    let mut book = existing(state)?;
    let current = book.turn(outer, now)?;
    let dropped = book.prune(|id| count(id) > 0, now);
    book.write(&Book::path(state))?;
    Ok(Moved { current, dropped })
}

/// Takes out the data keys that nothing is sealed with any more.
///
/// # Errors
/// [`SealError`].
pub fn sweep(state: &Path, count: impl Fn(KeyId) -> u64, now: Timestamp) -> Result<Vec<KeyId>, SealError> {
    let _alone = Alone::in_place(state)?;
    let mut book = existing(state)?;
    let dropped = book.prune(|id| count(id) > 0, now);
    if !dropped.is_empty() {
        book.write(&Book::path(state))?;
    }
    Ok(dropped)
}

/// Wraps every data key under a new outer key, or, with `former`, under the outer key of another place.
///
/// # Errors
/// [`SealError`].
pub fn turn_outer(state: &Path, outer: &Outer, former: Option<&Outer>) -> Result<OuterId, SealError> {
    let _alone = Alone::in_place(state)?;
    let turning = Turning::begin(state, outer, former)?;
    turning.add()?;
    turning.commit()?;
    turning.finish()
}

/// A change of outer keys under way.
struct Turning<'a> {
    path: PathBuf,
    outer: &'a Outer,
    former: &'a Outer,
    under: Under,
}

impl<'a> Turning<'a> {
    /// Nothing is changed yet, but that a token may hold one more key.
    fn begin(state: &Path, outer: &'a Outer, former: Option<&'a Outer>) -> Result<Self, SealError> {
        existing(state)?;
        let under = if former.is_some() { outer.first()? } else { outer.next()? };
        Ok(Self { path: Book::path(state), outer, former: former.unwrap_or(outer), under })
    }

    /// Both outer keys open the ring.
    fn add(&self) -> Result<(), SealError> {
        let mut book = self.book()?;
        for page in &mut book.keys {
            let (key, bound) = (page.open(self.former)?, page.bound());
            // A change that was cut off left wraps under keys that nobody has.
            let opens = self.former.choose(&page.wraps)?.id();
            page.wraps.retain(|wrap| wrap.outer == opens);
            if opens != self.under.id() {
                page.wraps.push(self.outer.wrap(&self.under, &key, &bound)?);
            }
        }
        book.write(&self.path)
    }

    /// The new outer key is where the next start looks for it.
    fn commit(&self) -> Result<(), SealError> {
        Ok(self.outer.commit(&self.under)?)
    }

    /// Only the new one opens the ring.
    fn finish(self) -> Result<OuterId, SealError> {
        let mut book = self.book()?;
        let id = self.under.id();
        for page in &mut book.keys {
            page.wraps.retain(|wrap| wrap.outer == id);
        }
        book.write(&self.path)?;
        Ok(id)
    }

    fn book(&self) -> Result<Book, SealError> {
        Book::read(&self.path)?.ok_or_else(|| SealError::None(self.path.clone()))
    }
}

fn existing(state: &Path) -> Result<Book, SealError> {
    Book::read(&Book::path(state))?.ok_or_else(|| SealError::None(state.to_owned()))
}

/// Who changes the ring does it alone; a lock of a file ends with its process.
struct Alone(#[expect(dead_code, reason = "held, and let go when it is dropped")] fs::File);

impl Alone {
    fn in_place(state: &Path) -> Result<Self, SealError> {
        let path = state.join("seal.lock");
        let failed = |source| PlaceError::Io { act: "lock", path: path.clone(), source };
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests;
