//! What conversations left at servers that remember, shared by all of them.

use doorward_flow::{DecodeError, Settings, Written};
use std::sync::{PoisonError, RwLock};

/// So much memory have the values of all conversations together, in bytes.
const MEMORY: usize = 256 * 1024;

/// What was left at servers, by all conversations. It holds sums, and names of servers and tools.
pub struct Memories {
    written: RwLock<Written>,
    settings: Settings,
}

impl Memories {
    /// Nothing was left yet. Sums are made under `key`, which has to stay the same for what is kept to be known again.
    pub fn new(key: [u8; 16]) -> Self {
        let settings = Settings { memory: MEMORY, ..Settings::new(key) };
        Self { written: RwLock::new(Written::new(settings)), settings }
    }

    /// All of it, to be kept sealed.
    pub fn encode(&self) -> Vec<u8> {
        self.written.read().unwrap_or_else(PoisonError::into_inner).encode()
    }

    /// Takes back what was kept.
    ///
    /// # Errors
    /// Where it is something else or was made under another key. Then nothing is changed.
    pub fn restore(&self, kept: &[u8]) -> Result<(), DecodeError> {
        let written = Written::decode(kept, self.settings)?;
        *self.written.write().unwrap_or_else(PoisonError::into_inner) = written;
        Ok(())
    }

    pub(super) fn read<R>(&self, read: impl FnOnce(&Written) -> R) -> R {
        read(&self.written.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change<R>(&self, change: impl FnOnce(&mut Written) -> R) -> R {
        change(&mut self.written.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Memories {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memories")
    }
}
