use super::activity::InFlight;
use crate::queue::{self, Disconnected};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};
use tokio::{
    sync::watch,
    time::{Duration, Instant, Sleep, sleep_until},
};

/// The body of a response: whole, or a stream of server-sent events.
#[derive(Debug)]
pub struct Body {
    kind: Kind,
    in_flight: Option<InFlight>,
}

#[derive(Debug)]
enum Kind {
    Full(Bytes),
    Stream(Shared),
}

type Shared = Arc<Mutex<Option<Box<StreamBody>>>>;

/// A stream that may be taken out of its response, as long as that exists: who has it writes it.
#[derive(Clone, Debug)]
pub(super) struct Lent(Weak<Mutex<Option<Box<StreamBody>>>>);

impl Lent {
    /// Whether it is there, and nothing was sent for this long.
    pub(super) fn is_quiet(&self, long: Duration) -> bool {
        let quiet = |stream: &StreamBody| stream.state == State::Open && stream.last.elapsed() >= long;
        self.0.upgrade().is_some_and(|shared| shared.lock().as_deref().is_some_and(quiet))
    }
    pub(super) fn take(&self) -> Option<Box<StreamBody>> {
        self.0.upgrade()?.lock().take()
    }
}

/// When a stream ends while the listener drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// As soon as the drain begins: a stream on which the client waits for whatever happens.
    AtDrain,
    /// At the drain's deadline: a stream that will end with a reply.
    AtDeadline,
    /// At the drain's deadline, unless its producer ends it before: a stream that carries replies and whatever else
    /// happens. [`StreamSender::draining`] tells the producer when.
    ByProducer,
}

/// How a stream is queued and kept alive.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// Bytes that may wait for a slow client; a producer that has more waits. One larger chunk passes alone.
    pub queue_bytes: u32,
    /// A comment is sent when nothing else was for this long.
    pub keep_alive: Option<Duration>,
    /// What a drain does to it.
    pub ends: Ends,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self { queue_bytes: 256 << 10, keep_alive: Some(Duration::from_secs(15)), ends: Ends::AtDeadline }
    }
}

/// The producer's end of a streamed body. The body ends when the last sender is dropped.
#[derive(Clone, Debug)]
pub struct StreamSender {
    queue: queue::Sender,
    draining: Option<watch::Receiver<bool>>,
}

impl StreamSender {
    /// Queues one or more whole events; waits while the client is slow.
    pub async fn send(&self, events: Bytes) -> Result<(), Disconnected> {
        self.queue.send(events).await
    }
    /// Waits until the client is gone or the stream was closed by a drain.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
    /// Waits until a drain begins, for a stream that ends [`Ends::ByProducer`]. Others never hear of it.
    pub async fn draining(&self) {
        let told = match self.draining.clone() {
            Some(mut draining) => draining.wait_for(|draining| *draining).await.is_ok(),
            None => false,
        };
        if !told {
            std::future::pending().await
        }
    }
    /// Whether the client is gone or the stream was closed by a drain.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

const QUEUE_CHUNKS: usize = 64;
const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";
const CLOSING: &[u8] = b": closing\n\n";

impl Body {
    /// No bytes.
    pub const fn empty() -> Self {
        Self { kind: Kind::Full(Bytes::new()), in_flight: None }
    }
    /// These bytes.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Full(bytes.into()), in_flight: None }
    }
    /// A stream of events and the end that feeds it.
    pub fn stream(options: StreamOptions) -> (StreamSender, Self) {
        let (tx, rx) = queue::queue(QUEUE_CHUNKS, options.queue_bytes);
        let told = (options.ends == Ends::ByProducer).then(|| watch::channel(false));
        let (draining, told) = told.unzip();
        let stream = StreamBody {
            rx,
            options,
            drain: None,
            begins: None,
            cut: None,
            draining,
            timer: None,
            last: Instant::now(),
            state: State::Open,
            in_flight: None,
        };
        let stream = Arc::new(Mutex::new(Some(Box::new(stream))));
        (StreamSender { queue: tx, draining: told }, Self { kind: Kind::Stream(stream), in_flight: None })
    }

    /// Ends a stream as soon as `ended` is done, whatever waits in it. What is whole stays whole.
    #[must_use]
    pub fn until(self, ended: impl Future<Output = ()> + Send + 'static) -> Self {
        if let Kind::Stream(shared) = &self.kind
            && let Some(stream) = &mut *shared.lock()
        {
            stream.cut = Some(Box::pin(ended));
        }
        self
    }

    /// Counts the response as in flight until its last byte, or until it is dropped. A stream learns when it must end, from
    /// the future that `drain` makes of what a drain does to it, and is given to whoever may take it out.
    pub(super) fn track(&mut self, in_flight: InFlight, drain: impl Fn(Ends) -> DrainSignal) -> Option<Lent> {
        let Kind::Stream(shared) = &self.kind else {
            self.in_flight = Some(in_flight);
            return None;
        };
        if let Some(stream) = &mut *shared.lock() {
            stream.in_flight = Some(in_flight);
            stream.begins = (stream.options.ends == Ends::ByProducer).then(|| drain(Ends::AtDrain));
            stream.drain = Some(drain(stream.options.ends));
        }
        Some(Lent(Arc::downgrade(shared)))
    }
}

/// Resolves when a stream must end.
pub(super) type DrainSignal = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct StreamBody {
    rx: queue::Receiver,
    options: StreamOptions,
    drain: Option<DrainSignal>,
    /// The beginning of the drain, for a producer that wants to know.
    begins: Option<DrainSignal>,
    /// The end of what the stream is for.
    cut: Option<DrainSignal>,
    draining: Option<watch::Sender<bool>>,
    timer: Option<Pin<Box<Sleep>>>,
    last: Instant,
    state: State,
    in_flight: Option<InFlight>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The drain has begun: what is queued still goes out, then the final comment.
    Closing,
    Ended,
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamBody").field("options", &self.options).field("state", &self.state).finish_non_exhaustive()
    }
}

impl StreamBody {
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.cut.as_mut().is_some_and(|cut| cut.as_mut().poll(cx).is_ready()) {
            self.cut = None;
            self.rx.close();
            self.state = State::Ended;
        }
        if self.begins.as_mut().is_some_and(|b| b.as_mut().poll(cx).is_ready()) {
            self.begins = None;
            if let Some(draining) = &self.draining {
                draining.send_replace(true);
            }
        }
        if self.state == State::Open && self.drain.as_mut().is_some_and(|d| d.as_mut().poll(cx).is_ready()) {
            self.drain = None;
            self.rx.close();
            self.state = State::Closing;
        }
        if self.state == State::Ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(chunk) = self.rx.poll_recv(cx) {
            self.last = Instant::now();
            return Poll::Ready(match (chunk, self.state) {
                (Some(chunk), _) => Some(chunk),
                (None, State::Closing) => {
                    self.state = State::Ended;
                    Some(Bytes::from_static(CLOSING))
                }
                (None, _) => {
                    self.state = State::Ended;
                    None
                }
            });
        }
        self.poll_keep_alive(cx)
    }

    /// The timer is armed once and re-armed only when it fires, so a busy stream pays nothing for it.
    fn poll_keep_alive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(every) = self.options.keep_alive else { return Poll::Pending };
        let due = self.last + every;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= self.last + every {
                self.last = now;
                timer.as_mut().reset(now + every);
                return Poll::Ready(Some(Bytes::from_static(KEEP_ALIVE)));
            }
            timer.as_mut().reset(self.last + every);
        }
        Poll::Pending
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.get_mut().kind {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream(shared) => match &mut *shared.lock() {
                Some(stream) => stream.poll_chunk(cx).map(|chunk| chunk.map(|c| Ok(Frame::data(c)))),
                // Somebody else writes it; this response is dropped.
                None => Poll::Pending,
            },
        }
    }
    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Stream(shared) => shared.lock().as_ref().is_some_and(|stream| stream.state == State::Ended),
        }
    }
    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}
