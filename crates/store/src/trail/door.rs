use super::{
    OpenError, TrailError,
    buffer::Buffer,
    layout::Layout,
    publisher::{Publisher, Queue, SegmentHead},
    recover::recover,
    writer::Writer,
};
use crate::place::make_dir;
use doorward_audit::{Event, Receipt, Record, Recovered, Ruling, VerifierKey, encode_ruling, encode_ruling_texts};
use doorward_vocab::{CallId, Clock, Timestamp};
use parking_lot::Mutex;
use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;

/// How a trail is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the log in its checkpoints and of its key; used when the key is made. Absent: a random one.
    pub origin: Option<String>,
    /// A segment is closed when it has this many bytes.
    pub segment_bytes: u64,
    /// How many bytes may wait for the disk before records are refused.
    pub max_waiting: usize,
    /// The longest time until a record that nobody waits for is on disk.
    pub sync_every: Duration,
    /// How often a head is signed while records come.
    pub checkpoint_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            origin: None,
            segment_bytes: 64 << 20,
            max_waiting: 32 << 20,
            sync_every: Duration::from_millis(50),
            checkpoint_every: Duration::from_secs(1),
        }
    }
}

/// The trail of this gateway, open for writing. One process holds it at a time.
///
/// Dropping it writes what waits, signs the last head and gives the lock back.
pub struct Trail {
    dir: PathBuf,
    buffer: Arc<Buffer>,
    verifier: VerifierKey,
    latest: Arc<Mutex<Arc<str>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// What every record passes before it is taken.
    check: OnceLock<Box<dyn Check>>,
    _lock: fs::File,
}

/// Looks for what must not be kept.
pub trait Check: Send + Sync {
    /// Whether there is anything to look for.
    fn looks(&self) -> bool;
    /// Whether some of it stands in the texts of a record: JSON that holds nothing that the gateway made itself.
    fn sees(&self, texts: &[u8]) -> bool;
    /// What is written instead of the JSON of this record; `None` where it stays as it is.
    fn cleaned(&self, record: &[u8]) -> Option<Vec<u8>>;
}

/// What is to be recorded.
#[derive(Clone, Copy)]
enum Matter<'r> {
    Record(&'r Record),
    Ruling(Timestamp, &'r Ruling),
}

impl Matter<'_> {
    fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Record(record) => record.encode(out),
            Self::Ruling(time, ruling) => encode_ruling(time, ruling, out),
        }
    }

    fn encode_texts(self, out: &mut Vec<u8>) {
        match self {
            Self::Record(record) => record.encode_texts(out),
            Self::Ruling(_, ruling) => encode_ruling_texts(ruling, out),
        }
    }
}

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Trail {
    /// Opens the trail in `dir`, or begins one. What a crash left unfinished is cut and recorded; the rest is checked
    /// against the last checkpoint.
    ///
    /// # Errors
    /// [`OpenError`]: in use, key or checkpoint not usable, records missing or changed, or the file system refuses.
    pub fn open(dir: &Path, clock: &dyn Clock, options: Options) -> Result<Self, OpenError> {
        let layout = Layout::new(dir);
        make_dir(&layout.segments())?;
        let lock = layout.lock()?;
        let found = recover(&layout, options.origin.as_deref())?;
        let verifier = found.key.verifier();
        let buffer = Arc::new(Buffer::new(found.tiler.size(), options.max_waiting));
        let queue = Arc::new(Queue::default());
        let latest = Arc::new(Mutex::new(Arc::from("")));
        let segment = found.segment.first;
        let mut publisher = Publisher {
            layout: layout.clone(),
            key: found.key,
            queue: Arc::clone(&queue),
            buffer: Arc::clone(&buffer),
            latest: Arc::clone(&latest),
            segment: found.from,
            young: found.young,
        };
        let (size, root) = (found.tiler.size(), found.tiler.head().root());
        publisher
            .publish(&found.tiles, SegmentHead { size, root, segment })
            .map_err(OpenError::io("write", layout.checkpoint()))?;
        let writer = Writer {
            layout,
            options,
            buffer: Arc::clone(&buffer),
            queue,
            segment: found.segment,
            tiler: found.tiler,
            tiles: Vec::new(),
            published: size,
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenError::io("start a thread for", dir))
        };
        let threads = vec![
            spawn("trail-write", Box::new(move || writer.run()))?,
            spawn("trail-sign", Box::new(move || publisher.run()))?,
        ];
        let trail = Self {
            dir: dir.to_owned(),
            buffer,
            verifier,
            latest,
            threads: Mutex::new(threads),
            check: OnceLock::new(),
            _lock: lock,
        };
        for (what, bytes) in found.repairs {
            tracing::warn!(what, bytes, "the trail was repaired");
            let repaired = Event::Recovered(Recovered { what: what.into(), bytes, size });
            // INVARIANT: a new buffer is neither full nor failed.
            let _ = trail.append(&Record::new(clock.now(), repaired));
        }
        Ok(trail)
    }

    /// Records something that nobody waits for; gives its index. It is on disk within [`Options::sync_every`].
    ///
    /// # Errors
    /// [`TrailError`]: the record was not taken.
    pub fn append(&self, record: &Record) -> Result<u64, TrailError> {
        self.encoded(Matter::Record(record), |bytes| self.buffer.push(bytes))
    }

    /// Records something and waits until it is on disk; gives its index.
    ///
    /// # Errors
    /// [`TrailError`]: the record was not taken, or may not be on disk.
    pub async fn append_durable(&self, record: &Record) -> Result<u64, TrailError> {
        self.durably(Matter::Record(record)).await
    }

    /// Records the decision about a message that need not be on disk before the message leaves. Costs an encoding and
    /// a copy; no system call.
    ///
    /// # Errors
    /// [`TrailError`]: the decision was not taken; the message must not leave.
    pub fn record(&self, time: Timestamp, ruling: &Ruling) -> Result<Receipt, TrailError> {
        let index = self.encoded(Matter::Ruling(time, ruling), |bytes| self.buffer.push(bytes))?;
        Ok(receipt(ruling.call, index, false))
    }

    /// Records the decision about a message, and waits until it is on disk.
    ///
    /// # Errors
    /// [`TrailError`]: the decision was not taken, or may not be on disk; the message must not leave.
    pub async fn commit(&self, time: Timestamp, ruling: &Ruling) -> Result<Receipt, TrailError> {
        let index = self.durably(Matter::Ruling(time, ruling)).await?;
        Ok(receipt(ruling.call, index, true))
    }

    /// Whether the trail still takes records. When it does not, the gateway refuses every call.
    pub fn healthy(&self) -> bool {
        self.buffer.healthy()
    }
    /// Why it takes no records any more.
    pub fn failure(&self) -> Option<Arc<str>> {
        self.buffer.failure()
    }
    /// How many records were taken in.
    pub fn size(&self) -> u64 {
        self.buffer.next()
    }
    /// The last signed head, as a note.
    pub fn checkpoint(&self) -> Arc<str> {
        Arc::clone(&self.latest.lock())
    }
    /// The key that checks it.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }
    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes no more records, writes what waits and signs the last head.
    ///
    /// # Errors
    /// [`TrailError::Failed`] when the disk failed, now or before.
    pub fn close(&self) -> Result<(), TrailError> {
        self.buffer.close();
        for thread in self.threads.lock().drain(..) {
            // A panic of the thread would have been reported by the hook; there is nothing to add.
            let _ = thread.join();
        }
        self.failure().map_or(Ok(()), |why| Err(TrailError::Failed(why)))
    }

    /// Has every record from now on looked at before it is taken. Nothing happens the second time.
    pub fn check_with(&self, check: Box<dyn Check>) {
        let _ = self.check.set(check);
    }

    /// Encodes into memory that the thread keeps, outside of any lock.
    fn encoded<R>(&self, matter: Matter<'_>, take: impl FnOnce(&[u8]) -> R) -> R {
        SCRATCH.with_borrow_mut(|scratch| {
            let check = self.check.get().filter(|check| check.looks()).filter(|check| {
                scratch.clear();
                matter.encode_texts(scratch);
                check.sees(scratch)
            });
            scratch.clear();
            matter.encode(scratch);
            match check.and_then(|check| check.cleaned(scratch)) {
                Some(instead) => take(&instead),
                None => take(scratch),
            }
        })
    }

    async fn durably(&self, matter: Matter<'_>) -> Result<u64, TrailError> {
        let (send, receive) = oneshot::channel();
        let index = self.encoded(matter, |bytes| self.buffer.push_durable(bytes, send))?;
        match receive.await {
            Ok(done) => done.map(|()| index),
            Err(_) => Err(TrailError::Failed("the writer went away".into())),
        }
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if let Err(e) = self.close() {
            tracing::error!(error = %e, "the trail did not close in good order");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the writer of the trail: the index was just assigned")]
const fn receipt(call: CallId, index: u64, durable: bool) -> Receipt {
    Receipt::assertion(call, index, durable)
}
