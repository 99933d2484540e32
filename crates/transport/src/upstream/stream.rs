use super::pool::{Lease, Pool};
use crate::{
    LinkError, Stage,
    sse::{Event, Splitter, SseError},
};
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::time::{Duration, Instant, Sleep, sleep_until};

/// The events that a server sends. Nothing is read ahead: a slow reader slows the server. Dropping it closes the
/// connection to the server.
pub struct SseStream {
    /// Gone once the stream has ended.
    open: Option<Open>,
    splitter: Splitter,
    quiet: Option<Duration>,
    last: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

struct Open {
    lease: Lease,
    pool: Arc<Pool>,
}

impl fmt::Debug for SseStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseStream").field("open", &self.open.is_some()).finish_non_exhaustive()
    }
}

impl SseStream {
    pub(super) fn new(lease: Lease, pool: Arc<Pool>, quiet: Option<Duration>) -> Self {
        let splitter = Splitter::new(pool.settings.max_event);
        Self { open: Some(Open { lease, pool }), splitter, quiet, last: Instant::now(), timer: None }
    }

    /// The next event; `None` at the end of the stream. After an error there is nothing more. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Event, LinkError>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next event, as a poll.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, LinkError>>> {
        loop {
            let event = if self.open.is_some() { self.splitter.next_event() } else { self.splitter.finish() };
            match event {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Ok(None) => {}
                Err(SseError::TooLarge(limit)) => return self.fail(LinkError::TooLarge { what: "an event", limit }),
                Err(error @ SseError::Mark) => return self.fail(LinkError::Protocol(error.to_string().into())),
            }
            let Some(open) = &mut self.open else { return Poll::Ready(None) };
            match open.lease.wire.poll_data(cx) {
                Poll::Ready(Some(Ok(data))) => {
                    self.last = Instant::now();
                    self.splitter.push(data);
                }
                Poll::Ready(Some(Err(error))) => return self.fail(error),
                Poll::Ready(None) => {
                    if let Some(open) = self.open.take() {
                        open.pool.give_back(open.lease);
                    }
                }
                Poll::Pending => return self.poll_quiet(cx),
            }
        }
    }

    fn fail(&mut self, error: LinkError) -> Poll<Option<Result<Event, LinkError>>> {
        self.open = None;
        self.splitter = Splitter::new(0);
        Poll::Ready(Some(Err(error)))
    }

    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, LinkError>>> {
        let Some(quiet) = self.quiet else { return Poll::Pending };
        let due = self.last + quiet;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        while timer.as_mut().poll(cx).is_ready() {
            let due = self.last + quiet;
            if Instant::now() >= due {
                return self.fail(LinkError::slow(Stage::Body, quiet));
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
