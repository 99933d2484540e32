use super::Event;
use bytes::{Buf, Bytes, BytesMut};

/// What is wrong with a stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// An event does not end within the limit. The stream cannot be read on.
    #[error("an event is larger than {0} bytes")]
    TooLarge(usize),
    /// A byte order mark begins an event that is not the first. It means nothing there, but sent on as the first event of
    /// another stream it would vanish, and the line behind it would be read as a field.
    #[error("a byte order mark begins an event inside the stream")]
    Mark,
}

/// The byte order mark, which a stream may begin with (§9.2.5).
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Cuts a stream of bytes into events, as they arrive.
///
/// A byte order mark at the beginning of the stream is dropped; every other byte belongs to an event.
///
/// An event ends with its blank line. Where the line before ended with CR LF, a CR that begins the blank line waits for
/// its LF; otherwise a CR ends the event at once, and an LF that follows opens the next event's bytes (and means
/// nothing there). So the same bytes give the same events, however they are cut into chunks.
#[derive(Debug)]
pub struct Splitter {
    /// The newest chunk, while nothing is pending: its events are slices of it.
    chunk: Bytes,
    /// The beginning of an event whose end has not come.
    pending: BytesMut,
    scan: Scan,
    limit: usize,
    first: bool,
    failed: Option<SseError>,
}

impl Splitter {
    /// A splitter for events of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { chunk: Bytes::new(), pending: BytesMut::new(), scan: Scan::default(), limit, first: true, failed: None }
    }

    /// Takes the next bytes of the stream. Take all events out before the next chunk, or they pile up.
    pub fn push(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if self.chunk.is_empty() && self.pending.is_empty() {
            self.chunk = bytes;
        } else {
            self.keep_rest();
            self.pending.extend_from_slice(&bytes);
        }
    }

    /// The next whole event, or `None` until more bytes come.
    pub fn next_event(&mut self) -> Result<Option<Event>, SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let bytes: &[u8] = if self.pending.is_empty() { &self.chunk } else { &self.pending };
        let end = self.scan.find_end(bytes);
        if end.unwrap_or(bytes.len()) > self.limit {
            return Err(self.fail(SseError::TooLarge(self.limit)));
        }
        let Some(end) = end else {
            self.keep_rest();
            return Ok(None);
        };
        self.take(end).map(Some)
    }

    /// The end of the stream. Gives the event whose blank line was a CR that waited for its LF. Anything else that is
    /// left has no end, and means nothing (§9.2.6).
    pub fn finish(&mut self) -> Result<Option<Event>, SseError> {
        let waits = self.rest().get(self.scan.line..) == Some(b"\r");
        if waits && self.failed.is_none() { self.take(self.rest().len()).map(Some) } else { Ok(None) }
    }

    fn take(&mut self, end: usize) -> Result<Event, SseError> {
        let mut raw =
            if self.pending.is_empty() { self.chunk.split_to(end) } else { self.pending.split_to(end).freeze() };
        self.scan.restart();
        if std::mem::take(&mut self.first) && raw.starts_with(MARK) {
            raw.advance(MARK.len());
        }
        if raw.starts_with(MARK) {
            return Err(self.fail(SseError::Mark));
        }
        Ok(Event::parse(raw))
    }

    fn fail(&mut self, error: SseError) -> SseError {
        (self.chunk, self.pending) = (Bytes::new(), BytesMut::new());
        *self.failed.insert(error)
    }

    /// Bytes that belong to no whole event yet.
    pub fn rest(&self) -> &[u8] {
        if self.pending.is_empty() { &self.chunk } else { &self.pending }
    }

    fn keep_rest(&mut self) {
        if !self.chunk.is_empty() {
            self.pending.extend_from_slice(&self.chunk);
            self.chunk.advance(self.chunk.len());
            self.chunk = Bytes::new();
        }
    }
}

/// Where the search for the end of the current event stands. Offsets count from the event's first byte.
#[derive(Debug, Default)]
struct Scan {
    /// Where the current line begins.
    line: usize,
    /// How far the current line is known to hold no line end.
    seen: usize,
    /// How the line before ended; a blank line may take LF after CR only where that was CR LF.
    ended: Ended,
    /// The event before ended at a CR, so an LF at the very beginning belongs to that.
    after_cr: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ended {
    #[default]
    Lone,
    CrLf,
}

impl Scan {
    /// The length of the event at the beginning of `bytes`, if it is whole.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.after_cr && self.line == 0 {
            if bytes.first()? == &b'\n' {
                (self.line, self.seen) = (1, 1);
            }
            self.after_cr = false;
        }
        loop {
            let at = self.seen
                + memchr::memchr2(b'\n', b'\r', bytes.get(self.seen..)?).or_else(|| {
                    self.seen = bytes.len();
                    None
                })?;
            let blank = at == self.line;
            let lone_cr_ends = blank && self.ended == Ended::Lone;
            let (next, ended) = match (bytes.get(at), bytes.get(at + 1)) {
                (Some(b'\n'), _) => (at + 1, Ended::Lone),
                (_, _) if lone_cr_ends => {
                    self.after_cr = true;
                    return Some(at + 1);
                }
                (_, Some(b'\n')) => (at + 2, Ended::CrLf),
                (_, Some(_)) => (at + 1, Ended::Lone),
                (_, None) => {
                    self.seen = at;
                    return None;
                }
            };
            if blank {
                self.after_cr = false;
                return Some(next);
            }
            (self.line, self.seen, self.ended) = (next, next, ended);
        }
    }

    /// The event was taken out. How its last line ended is kept: a blank line may follow at once.
    fn restart(&mut self) {
        (self.line, self.seen) = (0, 0);
        if self.after_cr {
            self.ended = Ended::Lone;
        }
    }
}
