use bytes::Bytes;
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::{Semaphore, mpsc};

/// The receiving side is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side is gone")]
pub struct Disconnected;

/// A queue of byte chunks with a ceiling on their number and on their sum. A sender waits while it is full.
///
/// A chunk larger than the ceiling waits until the queue is empty and passes alone.
pub(crate) fn queue(chunks: usize, bytes: u32) -> (Sender, Receiver) {
    let (tx, rx) = mpsc::channel(chunks.max(1));
    let room = Arc::new(Semaphore::new(bytes.max(1) as usize));
    (Sender { tx, room: room.clone(), bytes: bytes.max(1) }, Receiver { rx, room, bytes: bytes.max(1) })
}

#[derive(Clone, Debug)]
pub(crate) struct Sender {
    tx: mpsc::Sender<Bytes>,
    room: Arc<Semaphore>,
    bytes: u32,
}

#[derive(Debug)]
pub(crate) struct Receiver {
    rx: mpsc::Receiver<Bytes>,
    room: Arc<Semaphore>,
    bytes: u32,
}

fn weight(chunk: &Bytes, ceiling: u32) -> u32 {
    u32::try_from(chunk.len()).unwrap_or(u32::MAX).min(ceiling)
}

impl Sender {
    /// Waits for room, then queues `chunk`.
    pub(crate) async fn send(&self, chunk: Bytes) -> Result<(), Disconnected> {
        let weight = weight(&chunk, self.bytes);
        let room = self.room.acquire_many(weight).await.map_err(|_| Disconnected)?;
        self.tx.send(chunk).await.map_err(|_| Disconnected)?;
        room.forget();
        Ok(())
    }
    /// Waits until the receiver is gone.
    pub(crate) async fn closed(&self) {
        self.tx.closed().await;
    }
    pub(crate) fn is_closed(&self) -> bool {
        self.tx.is_closed()
    }
}

impl Receiver {
    pub(crate) async fn recv(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let chunk = std::task::ready!(self.rx.poll_recv(cx));
        Poll::Ready(chunk.inspect(|c| self.room.add_permits(weight(c, self.bytes) as usize)))
    }
    /// What is queued now, without waiting.
    pub(crate) fn try_recv(&mut self) -> Option<Bytes> {
        let chunk = self.rx.try_recv().ok()?;
        self.room.add_permits(weight(&chunk, self.bytes) as usize);
        Some(chunk)
    }
    /// Waits on a thread that has no runtime.
    pub(crate) fn blocking_recv(&mut self) -> Option<Bytes> {
        let chunk = self.rx.blocking_recv()?;
        self.room.add_permits(weight(&chunk, self.bytes) as usize);
        Some(chunk)
    }
    pub(crate) fn close(&mut self) {
        self.rx.close();
        self.room.close();
    }
}

/// Senders that wait for room learn that nobody will make any.
impl Drop for Receiver {
    fn drop(&mut self) {
        self.room.close();
    }
}
