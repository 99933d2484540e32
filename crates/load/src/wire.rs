//! HTTP/1.1 messages out of bytes: just enough for a driver and an upstream that must cost next to nothing.
//!
//! The same reader serves requests and responses; it holds the bytes, does no I/O, and is reused for every
//! message of a connection.

use memchr::memmem;

/// What is wrong with a message of the other side.
pub(crate) type Fault = String;

/// No message of a benchmark comes near it.
const LARGEST: usize = 64 << 20;
const READ: usize = 64 << 10;

/// Collects one message, then the next.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    bytes: Vec<u8>,
    /// Where the body starts in `bytes`, once the head is complete.
    head: Option<usize>,
    framing: Framing,
    /// The decoded body when it came in chunks.
    joined: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Framing {
    #[default]
    Empty,
    Length(usize),
    /// The chunk that starts here is the next to be joined.
    Chunked(usize),
}

impl Incoming {
    /// Forgets the message that was complete and keeps what came after it.
    pub(crate) fn next(&mut self) {
        let end = match (self.head, self.framing) {
            (None, _) => 0,
            (Some(head), Framing::Empty) => head,
            (Some(head), Framing::Length(length)) => head + length,
            (Some(_), Framing::Chunked(at)) => at,
        };
        self.bytes.drain(..end.min(self.bytes.len()));
        self.joined.clear();
        self.head = None;
        self.framing = Framing::Empty;
    }

    /// Where to read more bytes to; call [`complete`](Self::complete) afterwards.
    pub(crate) fn space(&mut self) -> &mut Vec<u8> {
        self.bytes.reserve(READ);
        &mut self.bytes
    }

    /// True when the whole message is here.
    pub(crate) fn complete(&mut self) -> Result<bool, Fault> {
        if self.bytes.len() + self.joined.len() > LARGEST {
            return Err("a message beyond 64 MiB".into());
        }
        let Some(head) = self.head.map_or_else(|| self.read_head(), |head| Ok(Some(head)))? else {
            return Ok(false);
        };
        match self.framing {
            Framing::Empty => Ok(true),
            Framing::Length(length) => Ok(self.bytes.len() >= head + length),
            Framing::Chunked(at) => self.join(at),
        }
    }

    fn read_head(&mut self) -> Result<Option<usize>, Fault> {
        let Some(end) = memmem::find(&self.bytes, b"\r\n\r\n") else { return Ok(None) };
        let head = end + 4;
        self.head = Some(head);
        self.framing = if self.field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            Framing::Chunked(head)
        } else if let Some(length) = self.field("content-length") {
            let length = length.parse().ok().filter(|length| *length <= LARGEST);
            let length = length.ok_or("a content length that is none")?;
            self.bytes.reserve(length);
            Framing::Length(length)
        } else {
            Framing::Empty
        };
        Ok(Some(head))
    }

    fn join(&mut self, mut at: usize) -> Result<bool, Fault> {
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(line) = memmem::find(rest, b"\r\n") else { break };
            let size = rest.get(..line).and_then(chunk_size).ok_or("a chunk without a size")?;
            let Some(chunk) = rest.get(line + 2..line + 2 + size + 2) else { break };
            self.joined.extend_from_slice(chunk.get(..size).unwrap_or_default());
            at += line + 2 + size + 2;
            if size == 0 {
                self.framing = Framing::Chunked(at);
                return Ok(true);
            }
        }
        self.framing = Framing::Chunked(at);
        Ok(false)
    }

    fn head(&self) -> &str {
        let bytes = self.head.and_then(|head| self.bytes.get(..head)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The value of the first field of this name, which is given in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head().split("\r\n").skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Method and path of a request, version and status of a response.
    pub(crate) fn start(&self) -> (&str, &str) {
        let mut words = self.head().split([' ', '\r']);
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The body, without its framing.
    pub(crate) fn body(&self) -> &[u8] {
        match (self.head, self.framing) {
            (Some(head), Framing::Length(length)) => self.bytes.get(head..head + length).unwrap_or_default(),
            (Some(_), Framing::Chunked(_)) => &self.joined,
            _ => &[],
        }
    }
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split(';').next()?.trim();
    usize::from_str_radix(digits, 16).ok().filter(|size| *size <= LARGEST)
}

/// The data of each event of an event stream, in order.
pub(crate) fn events(stream: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut lines = stream.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    std::iter::from_fn(move || {
        let mut data: Option<Vec<u8>> = None;
        for line in lines.by_ref() {
            if let Some(rest) = line.strip_prefix(b"data:") {
                let rest = rest.strip_prefix(b" ").unwrap_or(rest);
                match &mut data {
                    Some(data) => data.extend([b"\n", rest].concat()),
                    None => data = Some(rest.to_vec()),
                }
            } else if line.is_empty() && data.is_some() {
                break;
            }
        }
        data
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the bytes in every way of cutting them once; each must give these bodies.
    fn check(wire: &str, bodies: &[&str]) {
        for cut in 0..=wire.len() {
            let mut incoming = Incoming::default();
            let mut found = Vec::new();
            for part in [&wire[..cut], &wire[cut..]] {
                incoming.space().extend_from_slice(part.as_bytes());
                while incoming.complete().unwrap() {
                    found.push(String::from_utf8(incoming.body().to_vec()).unwrap());
                    incoming.next();
                }
            }
            assert_eq!(found, bodies, "cut at {cut}");
        }
    }

    #[test]
    fn bodies_by_length_by_chunks_and_none() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", &["hello"]);
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", &["hello"]);
        check("HTTP/1.1 202 Accepted\r\nServer: x\r\n\r\n", &[""]);
        check("POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\n\r\n", &["{}", ""]);
    }

    #[test]
    fn reads_the_start_line_and_fields() {
        let mut incoming = Incoming::default();
        incoming.space().extend_from_slice(b"HTTP/1.1 404 Not Found\r\nMcp-Session-ID:  a b \r\n\r\n");
        assert!(incoming.complete().unwrap());
        assert_eq!(incoming.start(), ("HTTP/1.1", "404"));
        assert_eq!(incoming.field("mcp-session-id"), Some("a b"));
        assert_eq!(incoming.field("mcp-session"), None);
    }

    #[test]
    fn refuses_nonsense() {
        for wire in [
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ] {
            let mut incoming = Incoming::default();
            incoming.space().extend_from_slice(wire.as_bytes());
            assert!(incoming.complete().is_err(), "{wire}");
        }
    }

    #[test]
    fn events_carry_their_data() {
        let stream = b": hello\n\nevent: message\ndata: {\"a\":1}\n\nid: 7\r\ndata:one\r\ndata: two\r\n\r\n";
        let found: Vec<_> = events(stream).map(|data| String::from_utf8(data).unwrap()).collect();
        assert_eq!(found, ["{\"a\":1}", "one\ntwo"]);
        assert_eq!(events(b"retry: 5\n\n").count(), 0);
    }
}
