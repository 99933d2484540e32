use super::{Index, IndexError};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How often the thread looks at the trail.
const LOOK: Duration = Duration::from_millis(500);
/// A trail that grows by more than this many bytes while a batch is read is busy.
const BUSY: u64 = 256 << 10;
/// While it is, the thread rests so many times as long as it works: calls come first, and who asks catches up.
const REST: u32 = 31;

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
        let mut trail = Growth { segments: dir.join("segments"), last: None };
        let follow = move || {
            while !stopped.load(Ordering::Acquire) {
                let began = Instant::now();
                let more = index_of_thread.keep_up().unwrap_or_else(|e| {
                    tracing::warn!(error = %e, "the index does not follow the trail");
                    0
                });
                match (more, trail.since() > BUSY) {
                    (0, _) => thread::park_timeout(LOOK),
                    (_, true) => thread::park_timeout((began.elapsed() * REST).max(LOOK)),
                    (_, false) => {}
                }
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

/// How much a trail grows.
struct Growth {
    segments: PathBuf,
    /// The newest segment, and how long it was.
    last: Option<(PathBuf, u64)>,
}

impl Growth {
    /// By how many bytes since the last look; without bound where there is a new segment.
    fn since(&mut self) -> u64 {
        let files = fs::read_dir(&self.segments).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let Some(newest) = files.max() else { return 0 };
        let long = fs::metadata(&newest).map_or(0, |file| file.len());
        let before = self.last.replace((newest.clone(), long));
        match before {
            Some((file, before)) if file == newest => long.saturating_sub(before),
            Some(_) => u64::MAX,
            None => 0,
        }
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
