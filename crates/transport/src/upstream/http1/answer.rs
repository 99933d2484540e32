use super::{
    Head, Limits, head,
    length::{self, Chunk, Length},
};
use crate::LinkError;
use bytes::{Bytes, BytesMut};

/// What a server sends on a connection, as it arrives: the head of an answer, then its body, then the next answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    buffer: BytesMut,
    /// Bytes of it that were searched for the end of a head.
    seen: usize,
    /// Absent before the head, and behind the end of the body.
    length: Option<Length>,
    /// The last answer forbids another one on this connection.
    last: bool,
}

/// The longest line that gives the size of a chunk, in bytes.
const MAX_SIZE_LINE: usize = 1024;

impl Answer {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where bytes can be read into without a copy, and how many would be good to have; `None` while a few are waited for,
    /// and so that nothing is held for what may never come.
    pub(crate) fn room(&mut self) -> Option<(&mut BytesMut, usize)> {
        const SOME: u64 = 8 << 10;
        const MOST: u64 = 256 << 10;
        match self.length {
            Some(Length::Bytes(left) | Length::Chunks(Chunk::Data(left))) if left > SOME => {
                let wanted = usize::try_from(left.min(MOST)).unwrap_or(0).saturating_sub(self.buffer.len());
                (wanted > 0).then_some((&mut self.buffer, wanted))
            }
            _ => None,
        }
    }

    /// The head of the answer, once it is there.
    pub(crate) fn head(&mut self, limits: Limits) -> Result<Option<Head>, LinkError> {
        let Some(head) = head::take(&mut self.buffer, &mut self.seen, limits)? else { return Ok(None) };
        self.length = Some(Length::of(&head)?).filter(|length| *length != Length::Bytes(0));
        self.last |= !length::stays(&head) || self.length == Some(Length::UntilClose);
        Ok(Some(head))
    }

    /// The next piece of the body; `None` where more bytes must come first, and at its end.
    pub(crate) fn data(&mut self, limits: Limits) -> Result<Option<Bytes>, LinkError> {
        loop {
            let Some(length) = &mut self.length else { return Ok(None) };
            if self.buffer.is_empty() {
                return Ok(None);
            }
            match length {
                Length::UntilClose => return Ok(Some(self.buffer.split().freeze())),
                Length::Bytes(left) => {
                    let piece = piece(&mut self.buffer, left);
                    if *left == 0 {
                        self.length = None;
                        self.rest();
                    }
                    return Ok(Some(piece));
                }
                Length::Chunks(Chunk::End) => {
                    self.length = None;
                    self.rest();
                }
                Length::Chunks(Chunk::Data(left)) if *left > 0 => return Ok(Some(piece(&mut self.buffer, left))),
                Length::Chunks(chunk) => {
                    let Some(next) = between(*chunk, &mut self.buffer, limits)? else { return Ok(None) };
                    *chunk = next;
                    if next == Chunk::End {
                        self.length = None;
                        self.rest();
                    }
                }
            }
        }
    }

    /// Takes notice of the end of the connection. Gives whether the body may end there.
    pub(crate) fn end(&mut self) -> bool {
        self.last = true;
        self.length.take_if(|length| *length == Length::UntilClose).is_some()
    }

    /// Whether the answer is complete.
    pub(crate) const fn is_complete(&self) -> bool {
        self.length.is_none()
    }

    /// Whether another request can go out behind it: the answer is complete, more are welcome, and nothing came unasked.
    pub(crate) fn is_over(&self) -> bool {
        self.length.is_none() && !self.last && self.buffer.is_empty()
    }

    /// How many bytes of the body are certain to come.
    pub(crate) const fn announced(&self) -> u64 {
        match self.length {
            Some(Length::Bytes(left)) => left,
            _ => 0,
        }
    }

    /// Lets go of room that nothing stands in, so that it is not kept with what stood there.
    pub(crate) fn rest(&mut self) {
        // Without room left it holds on to its memory all the same.
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }
}

/// As much of `buffer` as belongs to a piece of which `left` bytes are left.
fn piece(buffer: &mut BytesMut, left: &mut u64) -> Bytes {
    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
    *left -= here as u64;
    buffer.split_to(here).freeze()
}

/// Goes over what stands between the data of chunks; `None` where more bytes must come first.
fn between(chunk: Chunk, buffer: &mut BytesMut, limits: Limits) -> Result<Option<Chunk>, LinkError> {
    let bad = || LinkError::Protocol("a chunk of its reply is malformed".into());
    Ok(match chunk {
        Chunk::Size => match httparse::parse_chunk_size(buffer).map_err(|_| bad())? {
            httparse::Status::Complete((line, size)) => {
                let _ = buffer.split_to(line);
                Some(if size == 0 { Chunk::Trailers(0) } else { Chunk::Data(size) })
            }
            httparse::Status::Partial if buffer.len() > MAX_SIZE_LINE => return Err(bad()),
            httparse::Status::Partial => None,
        },
        Chunk::Data(_) => match &**buffer {
            [b'\r', b'\n', ..] => {
                let _ = buffer.split_to(2);
                Some(Chunk::Size)
            }
            [b'\r'] => None,
            _ => return Err(bad()),
        },
        Chunk::Trailers(passed) => match memchr::memchr(b'\n', buffer) {
            None if passed + buffer.len() > limits.bytes => return Err(bad()),
            None => None,
            Some(end) => {
                let line = buffer.split_to(end + 1);
                match &*line {
                    b"\r\n" => Some(Chunk::End),
                    [.., b'\r', b'\n'] if passed + line.len() <= limits.bytes => {
                        Some(Chunk::Trailers(passed + line.len()))
                    }
                    _ => return Err(bad()),
                }
            }
        },
        Chunk::End => Some(Chunk::End),
    })
}

#[cfg(test)]
mod tests {
    use super::{Answer, Limits};
    use crate::LinkError;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { bytes: 1000, fields: 20 };

    /// Status and body of an answer that arrives in pieces, and whether another one may follow.
    fn read(text: &[u8], pieces: usize) -> Result<(u16, Vec<u8>, bool), LinkError> {
        let (mut answer, mut head, mut body) = (Answer::default(), None, Vec::new());
        for piece in text.chunks(pieces.max(1)) {
            answer.push(piece);
            if head.is_none() {
                head = answer.head(LIMITS)?;
            }
            while head.is_some()
                && let Some(data) = answer.data(LIMITS)?
            {
                body.extend_from_slice(&data);
            }
        }
        let again = answer.is_over();
        let whole = answer.is_complete() || answer.end();
        let head = head.filter(|_| whole).ok_or(LinkError::Closed { delivery: crate::Delivery::Unknown })?;
        Ok((head.status.as_u16(), body, again))
    }

    #[test]
    fn an_end_is_known_or_the_answer_is_refused() {
        let good: [(&str, u16, &str, bool); 10] = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", 200, "hi", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", 204, "", true),
            ("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", true),
            ("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false),
            ("HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end", false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\nh\r\n1\r\ni\r\n0\r\nx: y\r\n\r\n",
                200,
                "hi",
                true,
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!", 200, "hi", false),
        ];
        for (text, status, body, again) in good {
            for pieces in [1, 2, 7, text.len()] {
                let found = read(text.as_bytes(), pieces).unwrap();
                assert_eq!(found, (status, body.as_bytes().to_vec(), again), "{text:?} by {pieces}");
            }
        }
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
            "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nx: a\r\n b\r\nContent-Length: 2\r\n\r\nhi",
        ] {
            for pieces in [1, 3, text.len()] {
                assert!(read(text.as_bytes(), pieces).is_err(), "{text:?} by {pieces}");
            }
        }
    }

    #[test]
    fn a_head_is_bounded_however_it_comes() {
        for endless in [
            format!("HTTP/1.1 200 OK\r\nx: {}", "a".repeat(2000)),
            "HTTP/1.1 200 OK\r\n".to_owned() + &"a: b\r\n".repeat(30),
        ] {
            for pieces in [1, 100, 5000] {
                let complete = format!("{endless}\r\n\r\n");
                let refused = read(complete.as_bytes(), pieces);
                assert!(matches!(refused, Err(LinkError::TooLarge { .. })), "{refused:?}");
            }
        }
    }

    proptest! {
        /// However an answer in chunks is cut on its way, its body is what was put in.
        #[test]
        fn chunks_join(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6), pieces in 1..50_usize) {
            let mut text = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            for part in &parts {
                text.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                text.extend_from_slice(part);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(read(&text, pieces).unwrap(), (200, parts.concat(), true));
        }
    }
}
