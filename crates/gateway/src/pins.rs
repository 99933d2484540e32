//! Which definitions are approved. Kept in the store, so that `doorward approve` and the gateway speak of the same.

use doorward_store::{PinKey, PinState, Pins as _, State, Unknown};
use doorward_vocab::{Digest, ServerName, Timestamp};
use std::sync::Arc;

/// What is known of one definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pin {
    /// The approved digest.
    pub(crate) approved: Option<Digest>,
    /// The digest that a person refused.
    pub(crate) rejected: Option<Digest>,
    /// The digest that waits for a person.
    pub(crate) waiting: Option<Digest>,
}

/// The pins of all servers. Asked only about definitions that are new or not as approved, so never on the way of a call.
#[derive(Clone)]
pub struct Pins(Arc<State>);

impl std::fmt::Debug for Pins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pins")
    }
}

impl Pins {
    /// The pins that `state` holds.
    pub fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    /// The pin of a tool. A store that cannot be read pins everything to nothing: nothing new is approved.
    pub(crate) fn pin(&self, server: &ServerName, name: &str) -> Pin {
        match self.0.get(&PinKey::tool(server.clone(), name)) {
            Ok(None) => Pin::default(),
            Ok(Some(pin)) => {
                let pending = pin.pending_digest();
                let (rejected, waiting) =
                    if pin.state == PinState::Rejected { (pending, None) } else { (None, pending) };
                Pin { approved: pin.approved_digest(), rejected, waiting }
            }
            Err(error) => {
                tracing::error!("cannot read what is approved: {error}");
                Pin { approved: Some(Digest::of(b"")), ..Pin::default() }
            }
        }
    }

    /// A definition was seen, in its canonical form; `first` says that it is approved at first sight.
    pub(crate) fn saw(&self, server: &ServerName, name: &str, canonical: &str, first: bool, now: Timestamp) {
        let unknown = if first { Unknown::Approve } else { Unknown::Wait };
        let key = PinKey::tool(server.clone(), name);
        if let Err(error) = self.0.upsert_seen(&key, canonical.as_bytes(), unknown, now) {
            tracing::error!("cannot keep what was declared: {error}");
        }
    }
}
