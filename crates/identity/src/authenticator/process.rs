//! Agents that are programs of this machine.

use super::Authenticator;
use crate::{Principal, Refusal, Verified, attest::process::Process, delegation::Bound};
use doorward_vocab::Timestamp;
use std::sync::Arc;

/// A process that was recognized before.
pub(super) struct Running {
    principal: Arc<Verified<Principal>>,
    bound: Bound,
}

impl Authenticator {
    /// Whether any rule is about processes.
    pub fn knows_processes(&self) -> bool {
        !self.processes.is_empty()
    }

    /// Who `process` is. The same process has the same principal, as long as what binds it is in force.
    ///
    /// # Errors
    /// [`Refusal::Missing`] where no rule knows it; a [`Refusal`] of what binds it.
    pub fn authenticate_process(&self, process: &Process, now: Timestamp) -> Result<Arc<Verified<Principal>>, Refusal> {
        let known = self.processes.iter().find_map(|rules| rules.recognize(process)).ok_or(Refusal::Missing)?;
        if let Some(running) = self.running.get(&known.evidence) {
            if self.binding.still(&running.bound, now) {
                return Ok(running.principal.clone());
            }
            self.running.invalidate(&known.evidence);
        }
        let (principal, bound) = self.binding.bind(known.principal(now), false, now)?;
        let principal = Arc::new(Verified::attest(principal));
        self.running.insert(known.evidence, Arc::new(Running { principal: principal.clone(), bound }));
        Ok(principal)
    }
}
