//! What was granted to agents and what was taken back, for every gateway that shares the store. What a grant says is for
//! others to read; here it is bytes with an id, a parent and an end.

mod sqlite;

pub use sqlite::GrantsDb;

use crate::PlaceError;
use doorward_vocab::Timestamp;
use std::fmt;

/// One grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: Box<str>,
    /// The grant that it was made from.
    pub parent: Option<Box<str>>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// When it was written down.
    pub at: Timestamp,
    /// What it says. Empty where only the revocation of this id is known.
    pub body: Vec<u8>,
    /// When and by whom it was taken back.
    pub revoked: Option<(Timestamp, Box<str>)>,
}

/// What changed since somebody last looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The grants that were written or revoked, in that order: parents before what was made from them.
    pub grants: Vec<Grant>,
    /// Up to where this is everything.
    pub seen: u64,
}

/// Why nothing was granted, revoked or read.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// SQLite refuses.
    #[error("the store of delegations fails: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The directory cannot be made.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The id stands for another grant.
    #[error("there is another delegation `{0}`")]
    Taken(Box<str>),
    /// It, or its parent, was taken back.
    #[error("the delegation `{0}` was revoked")]
    Revoked(Box<str>),
}

/// Where grants are kept. Calls may block; what they wrote is on disk when they return.
pub trait Grants: fmt::Debug + Send + Sync {
    /// Writes a grant down. The same one twice is one.
    ///
    /// # Errors
    /// [`GrantError`], as for all of these.
    fn grant(&self, grant: &Grant) -> Result<(), GrantError>;
    /// Takes back a grant and all that were made from it; gives the ids that were in force until now. An id that is not
    /// known is remembered.
    ///
    /// # Errors
    /// [`GrantError`].
    fn revoke(&self, id: &str, by: &str, at: Timestamp) -> Result<Vec<Box<str>>, GrantError>;
    /// What changed after `seen`; after 0 it is everything.
    ///
    /// # Errors
    /// [`GrantError`].
    fn since(&self, seen: u64) -> Result<Changes, GrantError>;
    /// Counts one more use of `id`, if it was used less than `most` times; whether it was.
    ///
    /// # Errors
    /// [`GrantError`].
    fn spend(&self, id: &str, most: u64) -> Result<bool, GrantError>;
    /// How often `id` was used.
    ///
    /// # Errors
    /// [`GrantError`].
    fn spent(&self, id: &str) -> Result<u64, GrantError>;
    /// Forgets what ended before `now`; gives how many.
    ///
    /// # Errors
    /// [`GrantError`].
    fn forget(&self, now: Timestamp) -> Result<usize, GrantError>;
}
