//! What a gateway does to its own process before it does anything else, and before there is a second thread.
//!
//! | file | story |
//! |---|---|
//! | `held` | secrets leave the environment: the process starts itself again without them |
//! | here | no core dump, and nobody of the same user reads its memory |

mod held;

pub(crate) use held::{Resumed, resume};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::collections::BTreeSet;

/// Whoever looks for a fault in the gateway itself may want its memory.
const CORE: &str = "DOORWARD_CORE";

/// Takes `variables` out of the environment, and closes the process to others. May start the program again: nothing was done
/// yet that would be done twice.
pub(crate) fn prepare(resumed: Resumed, variables: &BTreeSet<String>) {
    held::withdraw(resumed, variables);
    if std::env::var_os(CORE).is_some_and(|wish| wish == "1") {
        tracing::warn!("{CORE}=1: a core dump may be written, and holds what passes through");
        return;
    }
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!("core dumps stay possible: {error}");
    }
    // Also closes /proc/PID/mem, environ and fd to other processes of the same user (prctl(2), PR_SET_DUMPABLE).
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!("other processes of this user can read the memory of this one: {error}");
    }
}
