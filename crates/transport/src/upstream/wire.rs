use super::http1::{Answer, Head, Limits, Outgoing};
use crate::{Delivery, LinkError, egress::Connection};
use bytes::{Buf, BufMut, Bytes};
use std::{
    future::poll_fn,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::Instant,
};
use zeroize::Zeroize;

/// One HTTP/1.1 connection. Nobody drives it in the background: whoever waits for its answer does.
pub(super) struct Wire {
    io: Connection,
    answer: Answer,
    limits: Limits,
    /// No request can follow: one was not written whole, or its answer could not be read.
    spent: bool,
    pub(super) idle_since: Instant,
}

/// A request that did not get its answer.
pub(super) struct Unanswered {
    pub(super) error: LinkError,
    /// Whether not one byte of it was written.
    pub(super) unsent: bool,
}

/// What is read at once where few bytes are expected.
const SPACE: usize = 8 << 10;

impl Wire {
    pub(super) fn open(io: Connection, limits: Limits) -> Self {
        Self { io, answer: Answer::default(), limits, spent: false, idle_since: Instant::now() }
    }

    /// Whether a new request can go out: the last answer was read to its end, and the server has not hung up.
    pub(super) fn is_reusable(&mut self, cx: &mut Context<'_>) -> bool {
        let mut space = [MaybeUninit::uninit(); 1];
        let mut buf = ReadBuf::uninit(&mut space);
        !self.spent && self.answer.is_over() && Pin::new(&mut self.io).poll_read(cx, &mut buf).is_pending()
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn exchange(&mut self, request: &Outgoing) -> Result<Head, Unanswered> {
        let mut writing = request.write();
        // Until its answer is there; whoever gives up before leaves a connection that is good for nothing.
        self.spent = true;
        let mut flushed = false;
        let answered = poll_fn(|cx| {
            let wrote = self.poll_write(&mut writing, &mut flushed, cx);
            // A server may answer before it has read everything, and hang up on the rest.
            match self.poll_head(cx) {
                Poll::Pending if matches!(wrote, Poll::Ready(Err(_))) && !writing.written => {
                    Poll::Ready(Err(LinkError::Closed { delivery: Delivery::Never }))
                }
                answered => answered,
            }
        })
        .await;
        match answered {
            Ok(head) => {
                self.spent = !flushed;
                Ok(head)
            }
            Err(error) => Err(Unanswered { error, unsent: !writing.written }),
        }
    }

    fn poll_write<B: Buf>(&mut self, bytes: &mut B, flushed: &mut bool, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while bytes.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 2];
            let count = bytes.chunks_vectored(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            match ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => bytes.advance(count),
            }
        }
        if !*flushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            *flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, LinkError>> {
        loop {
            if let Some(head) = self.answer.head(self.limits)? {
                return Poll::Ready(Ok(head));
            }
            if !ready!(self.poll_fill(cx)) {
                return Poll::Ready(Err(LinkError::Closed { delivery: Delivery::Unknown }));
            }
        }
    }

    /// The next piece of an answer's body.
    pub(super) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, LinkError>>> {
        loop {
            match self.answer.data(self.limits) {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(None) if self.answer.is_complete() => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => {
                    self.spent = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            match self.poll_fill(cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) if self.answer.end() => return Poll::Ready(None),
                Poll::Ready(false) => {
                    self.spent = true;
                    return Poll::Ready(Some(Err(LinkError::Closed { delivery: Delivery::Unknown })));
                }
                Poll::Pending => {
                    self.answer.rest();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Whether the body was read to its end.
    pub(super) const fn is_complete(&self) -> bool {
        self.answer.is_complete()
    }

    /// How many bytes of the body are certain to come.
    pub(super) const fn announced(&self) -> u64 {
        self.answer.announced()
    }

    /// Reads what is there. Gives whether there was anything: `false` is the end of the connection, however it came.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if let Some((buffer, wanted)) = self.answer.room() {
            buffer.reserve(wanted);
            let mut buffer = buffer.limit(wanted);
            return pin!(self.io.read_buf(&mut buffer)).poll(cx).map(|read| read.is_ok_and(|count| count > 0));
        }
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut buf = ReadBuf::uninit(&mut space);
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf));
        self.answer.push(buf.filled());
        let any = !buf.filled().is_empty();
        // A server may say a secret that it was sent, and a stack lives long.
        buf.filled_mut().zeroize();
        Poll::Ready(read.is_ok() && any)
    }
}
