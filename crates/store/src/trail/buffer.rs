//! What is between the callers and the writer thread.

use super::{TrailError, segment::push_frame};
use parking_lot::{Condvar, Mutex};
use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// The writer is woken early when this many bytes wait.
const FLUSH: usize = 256 * 1024;

pub(super) type Waiter = oneshot::Sender<Result<(), TrailError>>;

pub(super) struct Buffer {
    state: Mutex<State>,
    wake: Condvar,
    healthy: AtomicBool,
    /// Bytes that the writer has taken and not yet written.
    in_flight: AtomicU64,
    max: usize,
}

struct State {
    frames: Vec<u8>,
    next: u64,
    waiters: Vec<Waiter>,
    parked: bool,
    closing: bool,
    failed: Option<Arc<str>>,
}

/// What the writer takes at once.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) frames: Vec<u8>,
    pub(super) waiters: Vec<Waiter>,
}

/// Why the writer was woken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is work in the batch.
    Write,
    /// There was none in the time it waited.
    Idle,
    /// There is none left, and none will come.
    Close,
}

/// How the writer waits.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    /// Look again after a moment; nobody needs to wake it.
    Poll(Duration),
    /// Sleep until something comes, or for this long.
    Park(Option<Duration>),
}

impl Buffer {
    pub(super) fn new(next: u64, max: usize) -> Self {
        let state =
            State { frames: Vec::new(), next, waiters: Vec::new(), parked: false, closing: false, failed: None };
        let healthy = AtomicBool::new(true);
        Self { state: Mutex::new(state), wake: Condvar::new(), healthy, in_flight: AtomicU64::new(0), max }
    }

    /// Takes a record in and gives its index. Wakes the writer only where it sleeps or has much to do.
    pub(super) fn push(&self, record: &[u8]) -> Result<u64, TrailError> {
        let mut state = self.state.lock();
        let index = self.admit(&mut state, record)?;
        let wake = mem::take(&mut state.parked) || state.frames.len() >= FLUSH;
        drop(state);
        if wake {
            self.wake.notify_one();
        }
        Ok(index)
    }

    /// Takes a record in and wakes the writer; `waiter` learns when it is on disk.
    pub(super) fn push_durable(&self, record: &[u8], waiter: Waiter) -> Result<u64, TrailError> {
        let mut state = self.state.lock();
        let index = self.admit(&mut state, record)?;
        state.waiters.push(waiter);
        state.parked = false;
        drop(state);
        self.wake.notify_one();
        Ok(index)
    }

    fn admit(&self, state: &mut State, record: &[u8]) -> Result<u64, TrailError> {
        if let Some(why) = &state.failed {
            return Err(TrailError::Failed(Arc::clone(why)));
        }
        if state.closing {
            return Err(TrailError::Closed);
        }
        let in_flight = usize::try_from(self.in_flight.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let waiting = state.frames.len().saturating_add(in_flight);
        if waiting.saturating_add(record.len()) > self.max {
            return Err(TrailError::Full { waiting });
        }
        let index = state.next;
        state.next += 1;
        push_frame(&mut state.frames, index, record);
        Ok(index)
    }

    /// For the writer: swaps `batch`, which must be empty, for what waits; waits for it where there is nothing.
    pub(super) fn take(&self, batch: &mut Batch, wait: Wait) -> Turn {
        let mut state = self.state.lock();
        if state.waiters.is_empty() && state.frames.len() < FLUSH && !state.closing {
            match wait {
                Wait::Poll(time) => drop(self.wake.wait_for(&mut state, time)),
                Wait::Park(_) if !state.frames.is_empty() => {}
                Wait::Park(time) => {
                    state.parked = true;
                    match time {
                        Some(time) => drop(self.wake.wait_for(&mut state, time)),
                        None => self.wake.wait(&mut state),
                    }
                    state.parked = false;
                }
            }
        }
        if state.frames.is_empty() {
            return if state.closing { Turn::Close } else { Turn::Idle };
        }
        mem::swap(&mut state.frames, &mut batch.frames);
        mem::swap(&mut state.waiters, &mut batch.waiters);
        self.in_flight.store(batch.frames.len() as u64, Ordering::Relaxed);
        Turn::Write
    }

    /// For the writer: what it took is written.
    pub(super) fn landed(&self) {
        self.in_flight.store(0, Ordering::Relaxed);
    }

    /// The trail takes nothing more: the disk failed.
    pub(super) fn fail(&self, why: &Arc<str>) {
        self.healthy.store(false, Ordering::Release);
        let mut state = self.state.lock();
        state.failed.get_or_insert_with(|| Arc::clone(why));
        state.frames = Vec::new();
        for waiter in state.waiters.drain(..) {
            // A caller that went away does not care.
            let _ = waiter.send(Err(TrailError::Failed(Arc::clone(why))));
        }
    }

    pub(super) fn close(&self) {
        self.state.lock().closing = true;
        self.wake.notify_one();
    }

    pub(super) fn healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }

    pub(super) fn failure(&self) -> Option<Arc<str>> {
        self.state.lock().failed.clone()
    }

    /// The index that the next record gets: how many were taken in.
    pub(super) fn next(&self) -> u64 {
        self.state.lock().next
    }
}
