//! What a gateway keeps so that another one, or itself after a restart, can go on with it: sessions, and calls that wait
//! for their clients. Sealed by whoever keeps it; nothing here can read it.

mod sqlite;

pub use sqlite::KeptDb;

use crate::PlaceError;
use doorward_vocab::{Digest, Timestamp};
use std::fmt;

/// What kind of thing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeptKind {
    /// A protocol session of a client.
    Session,
    /// A call whose server waits for something from its client.
    Parked,
    /// A client that registered itself at the authorization server.
    Client,
    /// A person who is signing in.
    Login,
    /// A code for a client, fresh or spent.
    Code,
    /// The refresh tokens that follow from one grant.
    Family,
    /// A name that is good once.
    Once,
    /// The keys that tokens are signed with.
    Keys,
    /// A credential for a server, for as long as it lasts.
    Credential,
    /// What a person granted at the provider of a credential.
    Grant,
    /// What a provider gave when a person signed in.
    SignIn,
    /// As whom the gateway registered itself at an authorization server.
    Registration,
    /// A question to a person, or the answer of an operator.
    Approval,
    /// What conversations left at servers for others.
    Written,
    /// What a conversation asked for, and what was read in it.
    Conversation,
}

impl KeptKind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Session,
        Self::Parked,
        Self::Client,
        Self::Login,
        Self::Code,
        Self::Family,
        Self::Once,
        Self::Keys,
        Self::Credential,
        Self::Grant,
        Self::SignIn,
        Self::Registration,
        Self::Approval,
        Self::Written,
        Self::Conversation,
    ];
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Parked => "parked",
            Self::Client => "client",
            Self::Login => "login",
            Self::Code => "code",
            Self::Family => "family",
            Self::Once => "once",
            Self::Keys => "keys",
            Self::Credential => "credential",
            Self::Grant => "grant",
            Self::SignIn => "sign-in",
            Self::Registration => "registration",
            Self::Approval => "approval",
            Self::Written => "written",
            Self::Conversation => "conversation",
        }
    }
}

/// One thing that is kept. Whoever seals it binds everything beside `sealed` into the seal.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is.
    pub kind: KeptKind,
    /// The digest of the name that its client knows. The name itself would open it.
    pub key: Digest,
    /// The principal that it belongs to.
    pub owner: Digest,
    /// The endpoint or server that it is good for.
    pub route: Box<str>,
    /// From when on it does not exist any more.
    pub until: Timestamp,
    /// The rest, sealed.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} {} for {})", self.kind.as_str(), self.key.short(), self.route)
    }
}

/// Why nothing is kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// SQLite refuses.
    #[error("the store of sessions fails: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The directory cannot be made.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

/// Where things are kept. Five single-key operations and one by time: what any database offers that several machines can
/// share. Calls may block; they come one after the other, from a thread that may wait.
pub trait Keep: fmt::Debug + Send + Sync {
    /// Keeps `kept`, in the place of what has the same kind and key.
    ///
    /// # Errors
    /// [`KeepError`], as for all of these.
    fn put(&self, kept: &Kept) -> Result<(), KeepError>;
    /// Keeps `kept` unless something of the same kind and key is kept already, whether its time is over or not; says whether
    /// it did. Of several that add one thing at once, one does.
    ///
    /// # Errors
    /// [`KeepError`].
    fn add(&self, kept: &Kept) -> Result<bool, KeepError>;
    /// What is kept under `key`, whether its time is over or not.
    ///
    /// # Errors
    /// [`KeepError`].
    fn find(&self, kind: KeptKind, key: &Digest) -> Result<Option<Kept>, KeepError>;
    /// The same, taken out: of several that take one thing at once, one gets it.
    ///
    /// # Errors
    /// [`KeepError`].
    fn take(&self, kind: KeptKind, key: &Digest) -> Result<Option<Kept>, KeepError>;
    /// Takes out at most `most` things whose time was over at `now`.
    ///
    /// # Errors
    /// [`KeepError`].
    fn expired(&self, now: Timestamp, most: usize) -> Result<Vec<Kept>, KeepError>;
}
