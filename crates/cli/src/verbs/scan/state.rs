use crate::{Failure, verbs::serve};
use doorward_audit::DefinitionKind;
use doorward_store::{Pin, Pins as _, State, Unknown};
use std::path::{Path, PathBuf};

/// A state folder for one look: it knows which servers are approved, and is gone afterwards.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new folder in which the servers of `pins` stand as they do there.
    pub(super) fn with(pins: &[Pin]) -> Result<Self, Failure> {
        let folder = Self(serve::state()?.join(format!("scan-{}", std::process::id())));
        let state = State::open(folder.path()).map_err(|e| Failure::Broken(e.to_string()))?;
        for pin in pins.iter().filter(|p| p.key.kind == DefinitionKind::Server) {
            let seen = [(&pin.approved, Unknown::Approve), (&pin.pending, Unknown::Wait)];
            for (bytes, unknown) in seen.into_iter().filter_map(|(b, u)| Some((b.as_ref()?, u))) {
                let kept = state.upsert_seen(&pin.key, bytes, unknown, pin.changed_at);
                kept.map_err(|e| Failure::Broken(e.to_string()))?;
            }
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
