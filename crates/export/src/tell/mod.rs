//! Telling others what is recorded, while it is recorded.
//!
//! Each export is a thread of its own that reads the files of the trail. So a receiver that is slow, dead or hostile costs a
//! call nothing, nothing waits in memory for it but one batch, and nothing is dropped: what it was not told stands in the trail,
//! and where it was is kept on disk ([`cursor`]). A batch is told again until its receiver takes it; a receiver may therefore
//! get something twice, and every form has an id by which it can know.

mod cursor;
mod follower;
mod shown;
mod to;

pub use shown::{MEASURES, Shown};

use crate::tell::{cursor::Cursor, follower::Follower};
use doorward_config::Export;
use doorward_vocab::Clock;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
};
use tokio::{runtime::Handle, sync::watch};

/// What exports need of the gateway.
#[derive(Clone)]
pub struct Around {
    /// The folder of the trail.
    pub trail: PathBuf,
    /// Where what was sent is remembered.
    pub state: PathBuf,
    /// The network is used there.
    pub runtime: Handle,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How many records there are.
    pub size: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl fmt::Debug for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Around").field("trail", &self.trail).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Why an export cannot be told anything.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What it needs cannot be read.
    #[error("export `{name}`: {why}")]
    Broken {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
}

/// The exports that run.
#[derive(Debug)]
pub struct Exports {
    around: Around,
    running: Mutex<BTreeMap<String, Running>>,
    shown: Shown,
}

#[derive(Debug)]
struct Running {
    settings: Export,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Exports {
    /// None yet.
    pub fn new(around: Around) -> Self {
        let shown = Shown::new(around.size.clone());
        Self { around, running: Mutex::default(), shown }
    }

    /// Runs these and no others. Those that are as they were go on.
    ///
    /// # Errors
    /// The first that cannot run; the others do.
    pub fn run(&self, exports: &[Export]) -> Result<(), ExportError> {
        let mut running = self.running.lock();
        let same = |name: &str, settings: &Export| exports.iter().any(|e| e.name == name && e == settings);
        let over: Vec<String> =
            running.iter().filter(|(name, r)| !same(name, &r.settings)).map(|(name, _)| name.clone()).collect();
        for name in over {
            running.remove(&name).into_iter().for_each(Running::end);
            self.shown.forget(&name);
        }
        let mut failed = Ok(());
        for export in exports {
            if running.contains_key(&export.name) {
                continue;
            }
            match self.start(export) {
                Ok(started) => drop(running.insert(export.name.clone(), started)),
                Err(why) => {
                    failed = failed.and(Err(ExportError::Broken { name: export.name.clone(), why }));
                }
            }
        }
        failed
    }

    /// How they stand, for whoever watches.
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Ends all of them. What was not told is told when they run again.
    pub fn stop(&self) {
        let all = std::mem::take(&mut *self.running.lock());
        for running in all.values() {
            let _ = running.stop.send(true);
        }
        all.into_values().for_each(Running::end);
    }

    fn start(&self, export: &Export) -> Result<Running, String> {
        let cursor = Cursor::open(&self.around.state, &self.around.trail, &export.name)?;
        let receiver = to::receiver(export, &self.around, cursor.origin())?;
        let standing = self.shown.standing(&export.name);
        let (stop, stopped) = watch::channel(false);
        let follower = Follower::new(export, &self.around, cursor, receiver, standing)?;
        let spawned =
            thread::Builder::new().name(format!("export-{}", export.name)).spawn(move || follower.run(stopped));
        let thread = spawned.map_err(|e| format!("cannot start a thread: {e}"))?;
        Ok(Running { settings: export.clone(), stop, thread })
    }
}

impl Running {
    fn end(self) {
        let _ = self.stop.send(true);
        // A panic of the thread was reported by the hook.
        let _ = self.thread.join();
    }
}
