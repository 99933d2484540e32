//! What a connection has been doing, so that one watchdog per connection finds slow heads, idleness and stalled peers
//! without a timer per request.

use parking_lot::Mutex;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Duration, Instant},
};

use super::{ServeSettings, body::Lent};

/// Shared by the socket, the service and the watchdog of one connection. Times are milliseconds since `born`, plus one,
/// so that 0 means "not".
#[derive(Debug)]
pub(super) struct Activity {
    born: Instant,
    in_flight: AtomicU32,
    served: AtomicBool,
    multiplexed: AtomicBool,
    idle_since: AtomicU64,
    head_since: AtomicU64,
    stalled_since: AtomicU64,
    /// The stream that an HTTP/1.1 connection carries as its response now.
    pub(super) stream: Mutex<Option<Lent>>,
    /// Closed by the watchdog; kept for the log.
    pub(super) verdict: Mutex<Option<Overdue>>,
}

/// Why the watchdog ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    FirstRequest,
    Head,
    Idle,
    WriteStall,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            in_flight: AtomicU32::new(0),
            served: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            stalled_since: AtomicU64::new(0),
            stream: Mutex::new(None),
            verdict: Mutex::new(None),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    /// A request head is complete.
    pub(super) fn begin(self: &Arc<Self>, version: http::Version) -> InFlight {
        if !self.served.load(Relaxed) {
            self.multiplexed.store(version == http::Version::HTTP_2, Relaxed);
            self.served.store(true, Relaxed);
        }
        self.in_flight.fetch_add(1, Relaxed);
        self.head_since.store(0, Relaxed);
        InFlight(self.clone())
    }

    /// What, if anything, took too long.
    pub(super) fn overdue(&self, settings: &ServeSettings) -> Option<Overdue> {
        let now = self.now();
        let past =
            |since: u64, limit: Duration| since != 0 && u128::from(now.saturating_sub(since)) >= limit.as_millis();
        if past(self.stalled_since.load(Relaxed), settings.write_stall) {
            return Some(Overdue::WriteStall);
        }
        if !self.served.load(Relaxed) {
            return past(1, settings.first_request).then_some(Overdue::FirstRequest);
        }
        if self.in_flight.load(Relaxed) > 0 {
            return None;
        }
        // HTTP/2 reads frames between requests (pings, window updates), so a read is no sign of a head there.
        if !self.multiplexed.load(Relaxed) && past(self.head_since.load(Relaxed), settings.header_read) {
            return Some(Overdue::Head);
        }
        past(self.idle_since.load(Relaxed), settings.idle).then_some(Overdue::Idle)
    }

    fn read_some(&self) {
        if self.in_flight.load(Relaxed) == 0 && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    /// Whether everything that was written has gone out.
    pub(super) fn is_flushed(&self) -> bool {
        self.stalled_since.load(Relaxed) == 0
    }

    fn write_pending(&self) {
        if self.stalled_since.load(Relaxed) == 0 {
            self.stalled_since.store(self.now(), Relaxed);
        }
    }

    fn wrote(&self) {
        if self.stalled_since.load(Relaxed) != 0 {
            self.stalled_since.store(0, Relaxed);
        }
    }
}

/// One request between the end of its head and the end of its response body.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Relaxed) == 1 {
            self.0.idle_since.store(self.0.now(), Relaxed);
        }
    }
}

/// A socket that reports to an [`Activity`].
#[derive(Debug)]
pub(super) struct Watched<T> {
    pub(super) io: T,
    pub(super) activity: Arc<Activity>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let poll = Pin::new(&mut this.io).poll_read(cx, buf);
        if buf.filled().len() > before {
            this.activity.read_some();
        }
        poll
    }
}

impl<T: AsyncWrite + Unpin> Watched<T> {
    fn note<R>(&self, poll: Poll<R>) -> Poll<R> {
        match &poll {
            Poll::Pending => self.activity.write_pending(),
            Poll::Ready(_) => self.activity.wrote(),
        }
        poll
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.io).poll_write(cx, buf);
        this.note(poll)
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.note(poll)
    }
    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.io).poll_flush(cx);
        this.note(poll)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.io).poll_shutdown(cx);
        this.note(poll)
    }
}
