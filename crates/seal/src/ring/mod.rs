//! The data keys: what everything in the store, and everything that clients hold sealed, is sealed with.

mod book;
mod turn;

pub use turn::{Entry, Moved, Status, status, sweep, turn, turn_outer};

use crate::{
    ShieldError, Shielded,
    outer::{Outer, OuterError},
};
use book::{Book, Stamp};
use doorward_store::PlaceError;
use doorward_vocab::{Secret, Timestamp};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often a running gateway looks whether the keys changed.
const LOOK: Duration = Duration::from_millis(500);

/// The name of a data key: random, and no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for KeyId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_ours = text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let number = u64::from_str_radix(&text, 16).ok().filter(|_| is_ours);
        number.map(|n| Self(n.to_be_bytes())).ok_or("a name of a key is 16 hexadecimal digits")
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The ring is not one.
    #[error("`{}` is not a ring of keys: {why}", path.display())]
    Book {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is no ring to work on.
    #[error("there are no keys in `{}` yet: they are made when the gateway first starts", .0.display())]
    None(PathBuf),
    /// The outer key does not do.
    #[error(transparent)]
    Outer(#[from] OuterError),
    /// The key cannot be held.
    #[error(transparent)]
    Shield(#[from] ShieldError),
    /// The system has no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
}

/// The data keys in force. They are followed while others change them.
pub struct Keyring {
    place: Option<Place>,
    held: RwLock<Arc<Held>>,
    /// One look at a time.
    looking: Mutex<()>,
}

struct Place {
    path: PathBuf,
    outer: Outer,
}

struct Held {
    stamp: Option<Stamp>,
    current: KeyId,
    keys: BTreeMap<KeyId, Arc<Shielded>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({:?})", self.held.read().current)
    }
}

impl Keyring {
    /// The keys of the state folder; the first is made where there is none.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(state: &Path, outer: Outer, now: Timestamp) -> Result<Self, SealError> {
        let path = Book::path(state);
        let stamp = Book::stamp(&path);
        let (book, stamp) = match Book::read(&path)? {
            Some(book) => (book, stamp),
            None => (Book::begin(&path, &outer, now)?, Book::stamp(&path)),
        };
        let held = Held::open(&book, stamp, &outer, &BTreeMap::new())?;
        Ok(Self { place: Some(Place { path, outer }), held: RwLock::new(Arc::new(held)), looking: Mutex::default() })
    }

    /// With one key that nobody else has, and that ends with the process.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn passing() -> Result<Self, SealError> {
        let mut key = vec![0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| SealError::Randomness)?;
        Self::of(Secret::new(key))
    }

    fn of(key: Secret<Vec<u8>>) -> Result<Self, SealError> {
        let (current, keys) = (KeyId([0; 8]), BTreeMap::from([(KeyId([0; 8]), Arc::new(Shielded::new(key)?))]));
        let held = RwLock::new(Arc::new(Held { stamp: None, current, keys }));
        Ok(Self { place: None, held, looking: Mutex::default() })
    }

    /// The key that is sealed with now, shown to `edge`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn current<R>(&self, edge: impl FnOnce(KeyId, &[u8]) -> R) -> Result<R, SealError> {
        let held = self.held.read().clone();
        let key = held.keys.get(&held.current).ok_or(SealError::Randomness)?;
        Ok(key.reveal(|key| edge(held.current, key))?)
    }

    /// The key of this name, shown to `edge`; `None` where it is none of ours.
    pub fn named<R>(&self, id: KeyId, edge: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let known = || self.held.read().keys.get(&id).cloned();
        let key = known().or_else(|| {
            self.look();
            known()
        })?;
        key.reveal(edge).map_err(|error| tracing::error!("{error}")).ok()
    }

    /// Reads the ring again where it changed. What cannot be read leaves the keys that are known in force.
    pub fn look(&self) {
        let Some(place) = &self.place else { return };
        let _one_at_a_time = self.looking.lock();
        let (stamp, known) = (Book::stamp(&place.path), self.held.read().clone());
        if stamp == known.stamp {
            return;
        }
        let read = Book::read(&place.path).and_then(|book| {
            let book = book.ok_or_else(|| SealError::None(place.path.clone()))?;
            Held::open(&book, stamp, &place.outer, &known.keys)
        });
        let next = match read {
            Ok(next) => {
                if next.current != known.current {
                    tracing::info!("sealing with key {} from now on", next.current);
                }
                next
            }
            Err(error) => {
                tracing::error!("the keys known before stay in force: {error}");
                // Said once for each change of the file.
                Held { stamp, current: known.current, keys: known.keys.clone() }
            }
        };
        *self.held.write() = Arc::new(next);
    }

    /// Follows changes of the ring within a second, until the ring goes.
    pub fn follow(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let work = move || {
            while let Some(ring) = weak.upgrade() {
                ring.look();
                drop(ring);
                std::thread::sleep(LOOK);
            }
        };
        if let Err(error) = std::thread::Builder::new().name("keys".to_owned()).spawn(work) {
            tracing::error!("new keys are seen when something names them, not before: {error}");
        }
    }
}

impl Held {
    /// What is known already is not unwrapped again: a token or a TPM takes its time.
    fn open(
        book: &Book,
        stamp: Option<Stamp>,
        outer: &Outer,
        known: &BTreeMap<KeyId, Arc<Shielded>>,
    ) -> Result<Self, SealError> {
        let mut keys = BTreeMap::new();
        let mut current = None;
        for page in &book.keys {
            let key = match known.get(&page.id) {
                Some(key) => key.clone(),
                None => {
                    let key = page.open(outer)?;
                    Arc::new(Shielded::new(key.reveal(|key| Secret::new(key.to_vec())))?)
                }
            };
            keys.insert(page.id, key);
            if page.retired.is_none() {
                current = Some(page.id);
            }
        }
        let current = current.ok_or(SealError::Randomness)?;
        Ok(Self { stamp, current, keys })
    }
}
