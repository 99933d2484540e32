use crate::measure::Digests;
use doorward_store::State;
use moka::sync::Cache;
use std::sync::Arc;

/// Digests of files that have not changed since, in memory and in the state folder: a new process need not read a program
/// of a hundred megabytes again.
pub(crate) struct Remembered {
    memory: Cache<String, String>,
    state: Arc<State>,
}

impl Remembered {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { memory: Cache::new(MOST), state }
    }
}

/// Programs and package folders, not files of packages.
const MOST: u64 = 4096;

impl Digests for Remembered {
    fn known(&self, key: &str) -> Option<String> {
        if let Some(known) = self.memory.get(key) {
            return Some(known);
        }
        let known = self.state.measured(key).ok().flatten()?;
        self.memory.insert(key.to_owned(), known.clone());
        Some(known)
    }
    fn keep(&self, key: &str, value: &str) {
        self.memory.insert(key.to_owned(), value.to_owned());
        if let Err(error) = self.state.keep_measured(key, value) {
            tracing::debug!("cannot keep what was measured: {error}");
        }
    }
}
