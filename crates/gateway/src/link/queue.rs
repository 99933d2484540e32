use doorward_mcp::Message;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Messages that may wait for one reader.
const MESSAGES: usize = 256;
/// Bytes that may wait for one reader; a larger message waits alone.
const BYTES: u32 = 1 << 20;

/// A queue of messages with a ceiling on their number and on their bytes: what does not fit holds up the server, not the
/// memory of the gateway.
pub(super) fn queue() -> (Sender, Receiver) {
    let (to, from) = mpsc::channel(MESSAGES);
    (Sender { to, room: Arc::new(Semaphore::new(BYTES as usize)) }, Receiver(from))
}

/// Where a server's messages go in.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    to: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Receiver(mpsc::Receiver<Waiting>);

/// A message that takes room until it is read.
#[derive(Debug)]
struct Waiting {
    message: Message,
    _room: OwnedSemaphorePermit,
}

/// The reader is gone, or the queue is full.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotTaken;

impl Sender {
    /// Waits for room, then queues `message`.
    pub(super) async fn send(&self, message: Message) -> Result<(), NotTaken> {
        let room = tokio::select! {
            biased;
            () = self.to.closed() => return Err(NotTaken),
            room = self.room.clone().acquire_many_owned(weight(&message)) => room.map_err(|_| NotTaken)?,
        };
        self.to.send(Waiting { message, _room: room }).await.map_err(|_| NotTaken)
    }

    /// Queues `message` where there is room.
    pub(super) fn try_send(&self, message: Message) -> Result<(), NotTaken> {
        let room = self.room.clone().try_acquire_many_owned(weight(&message)).map_err(|_| NotTaken)?;
        self.to.try_send(Waiting { message, _room: room }).map_err(|_| NotTaken)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.to.is_closed()
    }
}

impl Receiver {
    /// The next message; `None` when none will come.
    pub(super) async fn recv(&mut self) -> Option<Message> {
        self.0.recv().await.map(|waiting| waiting.message)
    }
}

fn weight(message: &Message) -> u32 {
    u32::try_from(message.doc().bytes().len()).unwrap_or(u32::MAX).min(BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_mcp::{Side, decode, json::Limits};

    fn message(bytes: usize) -> Message {
        let text = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"info","data":"{}"}}}}"#,
            "x".repeat(bytes)
        );
        decode(text.into(), &Limits::default(), Side::Server).unwrap()
    }

    #[tokio::test]
    async fn bytes_and_messages_are_counted_until_they_are_read() {
        let (to, mut from) = queue();
        let most = |bytes| (0..1000).take_while(|_| to.try_send(message(bytes)).is_ok()).count();
        assert_eq!(most(1), MESSAGES);
        for _ in 0..MESSAGES {
            from.recv().await.unwrap();
        }
        assert_eq!(most((BYTES / 4) as usize), 3, "the envelope counts too");
        for _ in 0..3 {
            from.recv().await.unwrap();
        }
        assert_eq!(most(2 * BYTES as usize), 1, "what is larger than all passes alone");
    }

    #[tokio::test]
    async fn whoever_waits_for_room_learns_that_the_reader_went() {
        let (to, from) = queue();
        to.try_send(message(2 * BYTES as usize)).unwrap();
        let waiting = tokio::spawn({
            let to = to.clone();
            async move { to.send(message(1)).await.is_err() }
        });
        tokio::task::yield_now().await;
        drop(from);
        assert!(waiting.await.unwrap() && to.is_closed());
    }
}
