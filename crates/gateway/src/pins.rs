//! Which definitions are approved. Kept in the store, so that `doorward approve` and the gateway speak of the same.

use doorward_audit::DefinitionKind;
use doorward_detect::definition::change::{Kinship, kinship};
use doorward_store::{PinKey, PinState, Pins as _, Seen, State, Unknown};
use doorward_vocab::{Digest, ServerName, Timestamp};
use parking_lot::Mutex;
use std::{collections::HashSet, sync::Arc, time::Duration};

/// What is known of one definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pin {
    /// Whether anything of this name was ever seen.
    pub(crate) known: bool,
    /// The approved definition in its canonical form.
    pub(crate) text: Option<String>,
    /// The approved digest.
    pub(crate) approved: Option<Digest>,
    /// Whether a person approved it, and not only the level at first sight.
    pub(crate) by_person: bool,
    /// The digest that a person refused.
    pub(crate) rejected: Option<Digest>,
    /// The digest that waits for a person.
    pub(crate) waiting: Option<Digest>,
}

/// A tool that was known under another name.
#[derive(Debug)]
pub(crate) enum Kin {
    /// It is withheld.
    Withheld {
        /// Its name.
        name: String,
    },
    /// It is approved, and the same.
    Renamed {
        /// Its name.
        name: String,
    },
    /// It is approved, and says nearly the same.
    Like {
        /// Its name.
        name: String,
        /// What was approved.
        text: String,
    },
}

/// The pins of all servers. Asked only about definitions that are new or not as approved, so never on the way of a call.
#[derive(Clone)]
pub struct Pins {
    state: Arc<State>,
    looked: Arc<Mutex<Looked>>,
}

/// When it was last asked whether somebody decided something, and which version it was then.
#[derive(Debug, Default)]
struct Looked {
    at: Timestamp,
    version: i64,
}

/// How long a decision of a person may take to be noticed.
const PATIENCE: Duration = Duration::from_secs(1);

impl std::fmt::Debug for Pins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pins")
    }
}

impl Pins {
    /// The pins that `state` holds.
    pub fn new(state: Arc<State>) -> Self {
        let version = state.version().unwrap_or_default();
        Self { state, looked: Arc::new(Mutex::new(Looked { at: Timestamp::default(), version })) }
    }

    /// Whether somebody else, such as `doorward approve`, changed a pin since this was last asked. Unless it is `urgent`,
    /// the store is asked once a second at most.
    pub(crate) fn moved(&self, now: Timestamp, urgent: bool) -> bool {
        let mut looked = self.looked.lock();
        if !urgent && now.since(looked.at) < PATIENCE {
            return false;
        }
        looked.at = now;
        match self.state.version() {
            Ok(version) if version == looked.version => false,
            Ok(version) => {
                looked.version = version;
                true
            }
            Err(error) => {
                tracing::error!("cannot read what is approved: {error}");
                false
            }
        }
    }

    /// The pin of a tool.
    pub(crate) fn tool(&self, server: &ServerName, name: &str) -> Pin {
        self.pin_of(&PinKey::tool(server.clone(), name))
    }

    /// The pin of a definition. A store that cannot be read pins everything to nothing: nothing new is approved.
    pub(crate) fn pin_of(&self, key: &PinKey) -> Pin {
        match self.state.get(key) {
            Ok(None) => Pin::default(),
            Ok(Some(pin)) => {
                let pending = pin.pending_digest();
                let (rejected, waiting) =
                    if pin.state == PinState::Rejected { (pending, None) } else { (None, pending) };
                let (approved, by_person) = (pin.approved_digest(), pin.by.is_some());
                let text = pin.approved.and_then(|bytes| String::from_utf8(bytes).ok());
                Pin { known: true, text, approved, by_person, rejected, waiting }
            }
            Err(error) => {
                tracing::error!("cannot read what is approved: {error}");
                Pin { known: true, approved: Some(Digest::of(b"")), ..Pin::default() }
            }
        }
    }

    /// The tool of the same server that comes under the new name `name`, of those that are not `listed` any more: nothing
    /// that is withheld comes back under another name, and what is approved stays so.
    pub(crate) fn kin(
        &self,
        server: &ServerName,
        name: &str,
        canonical: &str,
        listed: &HashSet<String>,
    ) -> Option<Kin> {
        let all = self.state.list(Some(server)).unwrap_or_default();
        let tools = all.into_iter().filter(|p| p.key.kind == DefinitionKind::Tool && p.key.name != name);
        let mut found = None;
        for pin in tools {
            let kin = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(|b| kinship(b, canonical.as_bytes()));
            let withheld = matches!(pin.state, PinState::Quarantined | PinState::Rejected);
            if withheld && kin(&pin.pending) >= Some(Kinship::Like) && kin(&pin.approved) != Some(Kinship::Same) {
                return Some(Kin::Withheld { name: pin.key.name });
            }
            if listed.contains(&pin.key.name) {
                continue;
            }
            match kin(&pin.approved) {
                Some(Kinship::Same) => found = Some(Kin::Renamed { name: pin.key.name }),
                Some(Kinship::Like) if found.is_none() => {
                    let text = pin.approved.and_then(|bytes| String::from_utf8(bytes).ok());
                    found = text.map(|text| Kin::Like { name: pin.key.name, text });
                }
                _ => {}
            }
        }
        found
    }

    /// A tool was seen, in its canonical form; `first` says that it is approved at first sight.
    pub(crate) fn saw(&self, server: &ServerName, name: &str, canonical: &str, first: bool, now: Timestamp) {
        self.saw_key(&PinKey::tool(server.clone(), name), canonical, first, now);
    }

    /// The same of any definition.
    pub(crate) fn saw_key(&self, key: &PinKey, canonical: &str, first: bool, now: Timestamp) {
        let unknown = if first { Unknown::Approve } else { Unknown::Wait };
        if let Err(error) = self.state.upsert_seen(key, canonical.as_bytes(), unknown, now) {
            tracing::error!("cannot keep what was declared: {error}");
        }
    }

    /// Where this is kept, for what is kept beside it.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.clone()
    }

    /// Whether nothing was ever seen of a server that is reached like this.
    pub(crate) fn is_unknown(&self, server: &ServerName, place: &str) -> bool {
        matches!(self.state.get(&place_key(server, place)), Ok(None))
    }

    /// A server was looked at, which is reached in the way that `place` stands for; `first` says that it is approved at
    /// first sight.
    pub(crate) fn saw_server(
        &self,
        server: &ServerName,
        place: &str,
        canonical: &[u8],
        first: bool,
        now: Timestamp,
    ) -> Approval {
        let key = place_key(server, place);
        let unknown = if first { Unknown::Approve } else { Unknown::Wait };
        match self.state.upsert_seen(&key, canonical, unknown, now) {
            Ok(Seen::Same) => Approval::Approved,
            Ok(Seen::Pinned) => Approval::Pinned,
            Ok(seen) => match self.state.get(&key) {
                Ok(pin) => {
                    let fresh = matches!(seen, Seen::New | Seen::Changed { .. });
                    Approval::Waits { fresh, approved: pin.and_then(|p| p.approved) }
                }
                Err(error) => Approval::Unknown(error.to_string()),
            },
            Err(error) => Approval::Unknown(error.to_string()),
        }
    }
}

/// Whether what was found of a server is approved.
#[derive(Debug)]
pub(crate) enum Approval {
    /// It is what was approved.
    Approved,
    /// It was never seen, and is approved now.
    Pinned,
    /// It waits for a person.
    Waits {
        /// It is seen for the first time.
        fresh: bool,
        /// What was approved instead.
        approved: Option<Vec<u8>>,
    },
    /// Nobody can say.
    Unknown(String),
}

/// Another command or address is another server, whatever its name is.
fn place_key(server: &ServerName, place: &str) -> PinKey {
    PinKey { server: server.clone(), kind: DefinitionKind::Server, name: place.to_owned() }
}
