//! Which definitions are approved. Kept in the store, so that `doorward approve` and the gateway speak of the same.

use doorward_policy::DefinitionState;
use doorward_vocab::{Digest, ServerName};
use parking_lot::Mutex;
use std::collections::HashMap;

/// What is known of one definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// The approved digest.
    pub approved: Option<Digest>,
    /// The digest that a person refused.
    pub rejected: Option<Digest>,
}

/// The pins of all servers.
#[derive(Debug, Default)]
pub struct Pins {
    memory: Mutex<HashMap<(ServerName, String), Pin>>,
}

impl Pins {
    /// The pin of a tool.
    pub(crate) fn pin(&self, server: &ServerName, name: &str) -> Pin {
        self.memory.lock().get(&(server.clone(), name.to_owned())).copied().unwrap_or_default()
    }
    /// A definition was seen: `first` says that it is approved at first sight.
    pub(crate) fn saw(&self, server: &ServerName, name: &str, _text: &str, digest: Digest, _state: DefinitionState, first: bool) {
        if first {
            self.memory.lock().entry((server.clone(), name.to_owned())).or_default().approved = Some(digest);
        }
    }
}
