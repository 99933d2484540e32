//! Streams of a session that the gateway numbers itself, because nobody behind it does: a client that loses one takes it up
//! after the last event that it got (2025-11-25, basic/transports, resumability). A stream goes on without its client, as
//! far as its buffer reaches: in this era the end of a connection cancels nothing.

use crate::{
    Gateway,
    reply::{Flow, Out},
};
use bytes::{BufMut, Bytes, BytesMut};
use doorward_mcp::Revision;
use doorward_transport::serve::StreamSender;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::Notify;

/// What the ids of these events begin with.
const PREFIX: &str = "doorward/";
/// The most that one stream keeps, in bytes and in events: more waits at the server. One event alone may be larger.
const MOST_BYTES: usize = 256 << 10;
const MOST_EVENTS: usize = 256;
/// Streams of one session that are kept, the oldest that ended goes first.
const MOST_STREAMS: usize = 16;
/// How long a client waits before it takes a stream up again, in milliseconds.
const RETRY: u32 = 500;

/// The streams of one session.
#[derive(Debug, Default)]
pub(crate) struct Replays {
    streams: Mutex<VecDeque<Arc<Replay>>>,
    opened: AtomicU64,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Replay {
    number: u64,
    state: Mutex<State>,
    /// There is something new to read, or room to write.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Events with their numbers, oldest first.
    events: VecDeque<(u64, Bytes)>,
    bytes: usize,
    /// The number of the next event.
    next: u64,
    /// The last event that was handed to a reader.
    sent: u64,
    /// Whoever reads now; who read before stops.
    reader: u64,
    over: bool,
}

impl Replays {
    /// Of a session that had streams before: no id of theirs may come again.
    pub(crate) fn after(number: u64) -> Self {
        Self { opened: AtomicU64::new(number), ..Self::default() }
    }

    /// A new stream. Where too many are open already, there is none, and the flow is its client's alone.
    pub(crate) fn open(&self) -> Option<Arc<Replay>> {
        let mut streams = self.streams.lock();
        if streams.len() >= MOST_STREAMS {
            let ended = streams.iter().position(|s| s.state.lock().over)?;
            streams.remove(ended);
        }
        let number = self.opened.fetch_add(1, Relaxed) + 1;
        let stream = Arc::new(Replay { number, state: Mutex::default(), changed: Notify::new() });
        streams.push_back(stream.clone());
        Some(stream)
    }

    /// Ends all of them: the session is over.
    pub(crate) fn close(&self) {
        self.streams.lock().drain(..).for_each(|stream| stream.end());
    }

    /// The stream that an event id is of, and the event's number.
    pub(crate) fn find(&self, id: &str) -> Option<(Arc<Replay>, u64)> {
        let (stream, event) = id.strip_prefix(PREFIX)?.split_once('.')?;
        let (stream, event): (u64, u64) = (stream.parse().ok()?, event.parse().ok()?);
        let found = self.streams.lock().iter().find(|s| s.number == stream).cloned()?;
        Some((found, event))
    }
}

impl Replay {
    /// The event that a client of 2025-11-25 gets first, so that it can come back before there is anything else.
    fn prime(&self) {
        let mut state = self.state.lock();
        let id = self.id(state.next);
        state.add(format!("id: {id}\nretry: {RETRY}\ndata: \n\n").into());
    }

    fn id(&self, event: u64) -> String {
        format!("{PREFIX}{}.{event}", self.number)
    }

    /// Adds an event, when there is room for it. `false` where the stream was ended: nobody can come back to it.
    async fn push(&self, event: &Bytes) -> bool {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state.lock();
                if state.over {
                    return false;
                }
                if state.make_room(event.len()) {
                    let id = self.id(state.next);
                    let mut text = BytesMut::with_capacity(event.len() + id.len() + 8);
                    text.put_slice(format!("id: {id}\n").as_bytes());
                    text.put_slice(event);
                    state.add(text.freeze());
                    break;
                }
            }
            changed.await;
        }
        self.changed.notify_waiters();
        true
    }

    fn end(&self) {
        self.state.lock().over = true;
        self.changed.notify_waiters();
    }

    /// Sends what comes after event `after` to a client, until the stream is over or another reader takes it up. `false`
    /// where events after it are gone.
    pub(crate) async fn read(&self, after: Option<u64>, to: &StreamSender) -> bool {
        let (mine, mut next) = {
            let mut state = self.state.lock();
            state.reader += 1;
            let next = after.map_or(0, |n| n + 1);
            if state.events.front().map_or(state.next, |(n, _)| *n) > next {
                return false;
            }
            (state.reader, next)
        };
        self.changed.notify_waiters();
        loop {
            let changed = self.changed.notified();
            let event = {
                let state = self.state.lock();
                if state.reader != mine {
                    return true;
                }
                match state.events.iter().find(|(n, _)| *n >= next) {
                    Some(found) => Some(found.clone()),
                    None if state.over => return true,
                    None => None,
                }
            };
            match event {
                Some((number, event)) => {
                    if to.send(event).await.is_err() {
                        return true;
                    }
                    next = number + 1;
                    let mut state = self.state.lock();
                    state.sent = state.sent.max(next);
                    drop(state);
                    self.changed.notify_waiters();
                }
                None => tokio::select! {
                    () = changed => {}
                    () = to.closed() => return true,
                },
            }
        }
    }
}

impl State {
    fn add(&mut self, event: Bytes) {
        self.bytes += event.len();
        self.events.push_back((self.next, event));
        self.next += 1;
    }
    /// Forgets events that were sent, oldest first, until `more` bytes fit.
    fn make_room(&mut self, more: usize) -> bool {
        while !self.events.is_empty() && (self.bytes + more > MOST_BYTES || self.events.len() >= MOST_EVENTS) {
            if self.events.front().is_none_or(|(number, _)| *number >= self.sent) {
                return false;
            }
            if let Some((_, event)) = self.events.pop_front() {
                self.bytes -= event.len();
            }
        }
        true
    }
}

/// Runs `flow`, of which `first` was read already, into `stream`, with or without a reader.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    stream: Arc<Replay>,
    mut flow: Flow,
    first: Option<Out>,
    revision: Revision,
) {
    // Older clients do not expect an event without data.
    if revision >= Revision::V2025_11_25 {
        stream.prime();
    }
    let mut answered = false;
    let mut next = first;
    loop {
        let out = match next.take() {
            Some(out) => Some(out),
            None => flow.next(&gateway).await,
        };
        let Some(out) = out else { break };
        if !stream.push(&out.event).await {
            break;
        }
        answered |= out.last;
        if out.last && flow.is_pipe() {
            break;
        }
    }
    flow.finish(&gateway, !answered).await;
    stream.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is kept is bounded, in order, and loses nothing that was not sent.
        #[test]
        fn bounded_and_whole(sizes in prop::collection::vec(1_usize..60_000, 1..80), reads in prop::collection::vec(any::<bool>(), 80)) {
            let mut state = State::default();
            for (size, read) in sizes.iter().zip(reads) {
                if state.make_room(*size) {
                    state.add(vec![0; *size].into());
                }
                if read {
                    state.sent = state.next;
                }
                prop_assert!(state.bytes <= MOST_BYTES || state.events.len() == 1);
                prop_assert_eq!(state.bytes, state.events.iter().map(|(_, e)| e.len()).sum::<usize>());
                let first = state.events.front().map_or(state.next, |(n, _)| *n);
                prop_assert!(first <= state.sent, "what was not sent is kept");
                prop_assert!(state.events.iter().zip(first..).all(|((n, _), m)| *n == m));
            }
        }
    }

    #[test]
    fn ids_lead_back() {
        let replays = Replays::default();
        let stream = replays.open().unwrap();
        assert!(replays.find(&stream.id(7)).is_some_and(|(found, event)| Arc::ptr_eq(&found, &stream) && event == 7));
        for foreign in ["doorward/2.0", "doorward/1", "1.0", "doorward/x.y", ""] {
            assert!(replays.find(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn a_session_keeps_so_many_streams() {
        let replays = Replays::default();
        let all: Vec<_> = std::iter::from_fn(|| replays.open()).collect();
        assert_eq!(all.len(), MOST_STREAMS);
        all[3].end();
        assert!(replays.open().is_some());
        assert!(replays.find(&all[3].id(0)).is_none());
    }
}
