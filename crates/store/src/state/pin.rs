use crate::PlaceError;
use doorward_audit::DefinitionKind;
use doorward_vocab::{Digest, ServerName, Timestamp};

/// Which definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PinKey {
    /// The server that declares it.
    pub server: ServerName,
    /// What it defines.
    pub kind: DefinitionKind,
    /// Its name.
    pub name: String,
}

impl PinKey {
    /// A tool of a server.
    pub fn tool(server: ServerName, name: impl Into<String>) -> Self {
        Self { server, kind: DefinitionKind::Tool, name: name.into() }
    }
}

/// Where a definition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PinState {
    /// What the server declares is what was approved.
    Approved,
    /// New; nobody has approved it yet.
    Pending,
    /// Not what was approved; withheld.
    Quarantined,
    /// A person rejected what the server declares.
    Rejected,
}

impl PinState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Quarantined => "quarantined",
            Self::Rejected => "rejected",
        }
    }
}

/// What is known about a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Which one.
    pub key: PinKey,
    /// Where it stands.
    pub state: PinState,
    /// The canonical bytes that were approved.
    pub approved: Option<Vec<u8>>,
    /// The canonical bytes that the server declares, where they are not the approved ones.
    pub pending: Option<Vec<u8>>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When its state or bytes last changed.
    pub changed_at: Timestamp,
    /// Who last approved or rejected it.
    pub by: Option<String>,
}

impl Pin {
    /// The digest of the approved bytes.
    pub fn approved_digest(&self) -> Option<Digest> {
        self.approved.as_deref().map(Digest::of)
    }
    /// The digest of the bytes that wait.
    pub fn pending_digest(&self) -> Option<Digest> {
        self.pending.as_deref().map(Digest::of)
    }
}

/// What to do with a definition that was never seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Approve it at first sight.
    Approve,
    /// Let it wait for a person.
    Wait,
}

/// What seeing a definition meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is the approved one.
    Same,
    /// It was never seen, and is approved now.
    Pinned,
    /// It was never seen, and waits now.
    New,
    /// It is another than the approved one, or than the one that waited, as of now.
    Changed {
        /// The digest before.
        from: Digest,
        /// The digest now.
        to: Digest,
    },
    /// Nothing new: it still waits, is withheld or rejected.
    Still(PinState),
}

/// Why the state does not answer.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// SQLite refuses.
    #[error("the state database fails: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The directory cannot be made.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// No such definition.
    #[error("`{server}` has declared no {kind} `{name}`; run `doorward list` to see what it declares")]
    Unknown {
        /// The server.
        server: String,
        /// What was asked for.
        kind: String,
        /// Its name.
        name: String,
    },
    /// It is not the one any more that was looked at.
    #[error("`{name}` has changed since it was shown: it is {now} now; look at it again")]
    Changed {
        /// The name of the definition.
        name: String,
        /// The first digits of the digest that waits now.
        now: String,
    },
}

/// Definitions and who approved them.
pub trait Pins: Send + Sync {
    /// What is known about one.
    ///
    /// # Errors
    /// [`StateError`], as for all of these.
    fn get(&self, key: &PinKey) -> Result<Option<Pin>, StateError>;
    /// All of them, or those of one server, in order.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    fn list(&self, server: Option<&ServerName>) -> Result<Vec<Pin>, StateError>;
    /// A server declares `bytes`, in canonical form.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    fn upsert_seen(&self, key: &PinKey, bytes: &[u8], unknown: Unknown, at: Timestamp) -> Result<Seen, StateError>;
    /// A person approves the bytes with this digest.
    ///
    /// # Errors
    /// [`StateError::Unknown`]; [`StateError::Changed`] when the server declares something else by now.
    fn approve(&self, key: &PinKey, digest: Digest, by: &str, at: Timestamp) -> Result<Pin, StateError>;
    /// A person rejects the bytes with this digest, also when they were approved before.
    ///
    /// # Errors
    /// [`StateError::Unknown`]; [`StateError::Changed`] when the server declares something else by now.
    fn reject(&self, key: &PinKey, digest: Digest, by: &str, at: Timestamp) -> Result<Pin, StateError>;
    /// Forgets a server; gives how many definitions it had.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    fn remove_server(&self, server: &ServerName) -> Result<usize, StateError>;
}
