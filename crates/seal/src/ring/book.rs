//! `seal.ring`: the data keys, each wrapped under one outer key, or under two while outer keys change.

use super::{KeyId, SealError};
use crate::outer::{Outer, Under, Wrap};
use doorward_store::{PlaceError, make_once, replace_secret};
use doorward_vocab::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// How long a key that was replaced is kept at least, whatever the store says: what clients hold of it (states, cursors) is
/// in no store.
const REST: u64 = 24 * 60 * 60;

const VERSION: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    version: u32,
    /// Oldest first. Exactly one is not retired: what is sealed now is sealed with it.
    pub(super) keys: Vec<Page>,
}

/// One data key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub(super) id: KeyId,
    /// Microseconds since 1970, as for all times here.
    pub(super) made: u64,
    pub(super) retired: Option<u64>,
    pub(super) wraps: Vec<Wrap>,
}

/// What changes when the file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u64, i64, i64);

impl Book {
    pub(super) fn path(state: &Path) -> PathBuf {
        state.join("seal.ring")
    }

    pub(super) fn stamp(path: &Path) -> Option<Stamp> {
        fs::metadata(path).ok().map(|meta| Stamp(meta.ino(), meta.mtime(), meta.mtime_nsec()))
    }

    /// `None` where there is none yet.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SealError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(PlaceError::Io { act: "read", path: path.to_owned(), source }.into()),
        };
        let bad = |why: String| SealError::Book { path: path.to_owned(), why };
        let book: Self = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        if book.version != VERSION {
            return Err(bad(format!("its version is {}, not {VERSION}", book.version)));
        }
        if book.keys.iter().filter(|page| page.retired.is_none()).count() != 1 {
            return Err(bad("it does not say which key is in use".into()));
        }
        Ok(Some(book))
    }

    /// A book with one new key, unless somebody was quicker.
    pub(super) fn begin(path: &Path, outer: &Outer, now: Timestamp) -> Result<Self, SealError> {
        let page = Page::draw(outer, &outer.first()?, now)?;
        make_once(path, &encode(&Self { version: VERSION, keys: vec![page] })?).map_err(|source| PlaceError::Io {
            act: "write",
            path: path.to_owned(),
            source,
        })?;
        let found = Self::read(path)?;
        found.ok_or_else(|| SealError::Book { path: path.to_owned(), why: "it went away".into() })
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), SealError> {
        Ok(replace_secret(path, &encode(self)?)?)
    }

    /// The outer key that the current data key is wrapped under and that `outer` has.
    pub(super) fn under(&self, outer: &Outer) -> Result<Under, SealError> {
        let current = self.keys.iter().find(|page| page.retired.is_none());
        Ok(outer.choose(current.map_or(&[], |page| &page.wraps))?)
    }

    /// Another key takes the place of the one in use.
    pub(super) fn turn(&mut self, outer: &Outer, now: Timestamp) -> Result<KeyId, SealError> {
        let page = Page::draw(outer, &self.under(outer)?, now)?;
        let id = page.id;
        for old in self.keys.iter_mut().filter(|page| page.retired.is_none()) {
            old.retired = Some(now.micros());
        }
        self.keys.push(page);
        Ok(id)
    }

    /// Takes out what was replaced long ago and what nothing in the store is sealed with.
    pub(super) fn prune(&mut self, is_used: impl Fn(KeyId) -> bool, now: Timestamp) -> Vec<KeyId> {
        let over = |page: &Page| {
            page.retired.is_some_and(|at| at.saturating_add(REST * 1_000_000) <= now.micros()) && !is_used(page.id)
        };
        let gone = self.keys.iter().filter(|page| over(page)).map(|page| page.id).collect();
        self.keys.retain(|page| !over(page));
        gone
    }
}

impl Page {
    fn draw(outer: &Outer, under: &Under, now: Timestamp) -> Result<Self, SealError> {
        let mut id = [0; 8];
        let mut key = [0; 32];
        let filled = aws_lc_rs::rand::fill(&mut id).and_then(|()| aws_lc_rs::rand::fill(&mut key));
        let key = Secret::new(key);
        filled.map_err(|_| SealError::Randomness)?;
        let mut page = Self { id: KeyId(id), made: now.micros(), retired: None, wraps: Vec::new() };
        page.wraps.push(outer.wrap(under, &key, &page.bound())?);
        Ok(page)
    }

    /// What a wrap is good for.
    pub(super) fn bound(&self) -> Vec<u8> {
        format!("doorward ring {VERSION}\n{}\n{}", self.id, self.made).into_bytes()
    }

    pub(super) fn open(&self, outer: &Outer) -> Result<Secret<[u8; 32]>, SealError> {
        Ok(outer.unwrap(&self.wraps, &self.bound())?)
    }
}

fn encode(book: &Book) -> Result<Vec<u8>, SealError> {
    serde_json::to_vec_pretty(book).map_err(|_| SealError::Randomness)
}
