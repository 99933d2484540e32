//! A stream that has nothing to say for a while. The HTTP library keeps buffers for the next request of its connection, and
//! for a client that only listens there is none: so the stream is written here until it ends, and its connection with it. No
//! further request is read: a client that sent one learns from the end of the connection that it was not.

use super::{activity::Watched, body::StreamBody};
use bytes::{Buf, Bytes, BytesMut};
use std::{
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The rest of a response whose head was written with `Transfer-Encoding: chunked` (RFC 9112 §7.1).
pub(super) struct Quiet<T> {
    io: Watched<T>,
    /// Gone once it has ended.
    stream: Option<Box<StreamBody>>,
    writing: Bytes,
    /// What its client sends is read by nobody; so many bytes of it are put up with.
    spare: usize,
}

const SPARE: usize = 64 << 10;

impl<T: AsyncRead + AsyncWrite + Unpin> Quiet<T> {
    pub(super) const fn new(io: Watched<T>, stream: Box<StreamBody>) -> Self {
        Self { io, stream: Some(stream), writing: Bytes::new(), spare: SPARE }
    }

    /// Writes what the stream sends. Ready when it has ended, or the client is gone.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_gone(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            while self.writing.has_remaining() {
                match ready!(Pin::new(&mut self.io).poll_write(cx, &self.writing)) {
                    Ok(count) if count > 0 => self.writing.advance(count),
                    _ => return Poll::Ready(()),
                }
            }
            if ready!(Pin::new(&mut self.io).poll_flush(cx)).is_err() {
                return Poll::Ready(());
            }
            let Some(stream) = &mut self.stream else {
                return Pin::new(&mut self.io).poll_shutdown(cx).map(drop);
            };
            match ready!(stream.poll_chunk(cx)) {
                Some(data) if data.is_empty() => {}
                Some(data) => self.writing = chunk(&data),
                None => {
                    self.writing = Bytes::from_static(b"0\r\n\r\n");
                    self.stream = None;
                }
            }
        }
    }

    /// Ready when the client has hung up, or sends too much.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut space = [MaybeUninit::uninit(); 256];
            let mut buf = ReadBuf::uninit(&mut space);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf));
            self.spare = self.spare.saturating_sub(buf.filled().len());
            if read.is_err() || buf.filled().is_empty() || self.spare == 0 {
                return Poll::Ready(());
            }
        }
    }
}

fn chunk(data: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(data.len() + 12);
    bytes.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\r\n");
    bytes.freeze()
}
