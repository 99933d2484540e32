use super::{Index, IndexError};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How often the thread looks at the trail.
const LOOK: Duration = Duration::from_millis(500);

/// Keeps an index close behind its trail, so that a question finds little to catch up with. Stops when dropped.
pub struct IndexThread {
    index: Arc<Index>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl IndexThread {
    /// Opens the index of the trail in `dir` and starts to follow it.
    ///
    /// # Errors
    /// [`IndexError`], also when no thread can be started.
    pub fn start(dir: &Path) -> Result<Self, IndexError> {
        let index = Arc::new(Index::open(dir)?);
        let stop = Arc::new(AtomicBool::new(false));
        let (index_of_thread, stopped) = (Arc::clone(&index), Arc::clone(&stop));
        let follow = move || {
            while !stopped.load(Ordering::Acquire) {
                if let Err(e) = index_of_thread.catch_up() {
                    tracing::warn!(error = %e, "the index does not follow the trail");
                }
                thread::park_timeout(LOOK);
            }
        };
        let thread = thread::Builder::new().name("trail-index".to_owned()).spawn(follow)?;
        Ok(Self { index, stop, thread: Some(thread) })
    }
    /// The index.
    pub const fn index(&self) -> &Arc<Index> {
        &self.index
    }
}

impl Drop for IndexThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread was reported by the hook.
            let _ = thread.join();
        }
    }
}
