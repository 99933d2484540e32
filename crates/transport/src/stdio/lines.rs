use crate::LinkError;
use bytes::{Buf, Bytes, BytesMut};

/// Cuts bytes into lines of bounded length. A line ends with LF, or CR LF; empty lines are skipped.
#[derive(Debug)]
pub struct Lines {
    buffer: BytesMut,
    seen: usize,
    limit: usize,
}

impl Lines {
    /// Lines of at most `limit` bytes, their end not counted.
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), seen: 0, limit }
    }
    /// Where to put the next bytes: room for at least one read.
    pub fn room(&mut self) -> &mut BytesMut {
        self.buffer.reserve(8 << 10);
        &mut self.buffer
    }
    /// The next whole line. Take all of them before more bytes are put in.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, LinkError> {
        loop {
            let rest = self.buffer.get(self.seen..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest).map(|n| n + self.seen) else {
                self.seen = self.buffer.len();
                // One more byte may be the CR of the line's end.
                return if self.seen > self.limit + 1 { Err(self.too_large()) } else { Ok(None) };
            };
            let mut line = self.buffer.split_to(end).freeze();
            self.buffer.advance(1);
            self.seen = 0;
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            if line.len() > self.limit {
                return Err(self.too_large());
            }
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }
    /// Bytes after the last line end. At the end of a stream they are a message that broke off.
    pub fn rest(&self) -> &[u8] {
        &self.buffer
    }
    const fn too_large(&self) -> LinkError {
        LinkError::TooLarge { what: "a line", limit: self.limit }
    }
}

/// A message as it goes onto a pipe: exactly one line. JSON allows raw line breaks between tokens; on a pipe they would
/// let the reader see two messages where one was judged, so they are refused.
pub(super) fn one_line(message: &[u8]) -> Result<(), LinkError> {
    if message.is_empty() || memchr::memchr2(b'\n', b'\r', message).is_some() {
        return Err(LinkError::NotOneLine);
    }
    Ok(())
}
