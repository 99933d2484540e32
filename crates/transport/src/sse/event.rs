use bytes::{Bytes, BytesMut};
use std::{ops::Range, time::Duration};

/// A block of lines that ends with a blank line, over its original bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    raw: Bytes,
    data: Lines,
    event: Option<Range<usize>>,
    id: Option<Range<usize>>,
    retry: Option<Duration>,
    /// Whether it has no line but those of the protocol.
    plain: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Lines {
    None,
    One(Range<usize>),
    Many(Vec<Range<usize>>),
}

/// One line of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// A line of data.
    Data,
    /// The event's type.
    Event,
    /// The event's id.
    Id,
    /// Milliseconds to wait before a new connection.
    Retry,
    /// Anything else: a comment, an unknown field, the blank line.
    Other,
}

impl Event {
    /// Reads the lines of one block.
    pub(super) fn parse(raw: Bytes) -> Self {
        let mut event = Self { data: Lines::None, event: None, id: None, retry: None, plain: true, raw: Bytes::new() };
        for line in lines(&raw) {
            let value = || raw.get(line.value.clone()).unwrap_or_default();
            event.plain &= match line.field {
                Field::Data | Field::Id => true,
                Field::Event => matches!(value(), b"message" | b""),
                Field::Retry => value().iter().all(u8::is_ascii_digit),
                Field::Other => line.is_blank(&raw),
            };
            match line.field {
                Field::Data => event.data.add(line.value),
                Field::Event => event.event = Some(line.value),
                // §9.2.6: an id with a NUL is ignored.
                Field::Id if !value().contains(&0) => event.id = Some(line.value),
                Field::Retry => {
                    let digits = std::str::from_utf8(value()).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
                    event.retry = digits.and_then(|v| v.parse().ok()).map(Duration::from_millis).or(event.retry);
                }
                Field::Id | Field::Other => {}
            }
        }
        event.raw = raw;
        event
    }

    /// The bytes as they came, blank line included.
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }
    /// The data: its lines joined by LF; `None` where there is no data line, so that nothing is dispatched. Data of one
    /// line is a slice of the original bytes.
    pub fn data(&self) -> Option<Bytes> {
        match &self.data {
            Lines::None => None,
            Lines::One(range) => Some(self.slice(range)),
            Lines::Many(ranges) => {
                let mut joined = BytesMut::with_capacity(self.raw.len());
                for (n, range) in ranges.iter().enumerate() {
                    if n > 0 {
                        joined.extend_from_slice(b"\n");
                    }
                    joined.extend_from_slice(self.raw.get(range.clone()).unwrap_or_default());
                }
                Some(joined.freeze())
            }
        }
    }
    /// The event's type, where it has one; an empty one means `message`.
    pub fn event(&self) -> Option<Bytes> {
        self.event.as_ref().map(|r| self.slice(r))
    }
    /// The event's id, where it has one. An empty id forgets the last one.
    pub fn id(&self) -> Option<Bytes> {
        self.id.as_ref().map(|r| self.slice(r))
    }
    /// How long the server wants the client to wait before it connects again.
    pub const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Whether it has only lines that say something here: data, an id, a time to wait, the type `message`. Comments,
    /// unknown fields and other types are words of the server that no reader looks at, and that nobody has judged.
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// The event made anew of `data` and `id` and the time to wait: nothing else of the original is in it. Without any of
    /// them it is an empty comment.
    #[must_use]
    pub fn remake(&self, data: Option<&[u8]>, id: Option<&[u8]>) -> Bytes {
        let mut out = BytesMut::with_capacity(data.map_or(0, <[u8]>::len) + 64);
        if let Some(id) = id {
            super::encode::put_id(&mut out, id);
        }
        if let Some(retry) = self.retry {
            out.extend_from_slice(format!("retry: {}\n", retry.as_millis()).as_bytes());
        }
        if let Some(data) = data {
            super::encode::put_data(&mut out, data);
        }
        out.extend_from_slice(if out.is_empty() { b":\n\n" } else { b"\n" });
        out.freeze()
    }

    /// The event with other data and another id; every other line stays as it came, and so does what is `None`.
    ///
    /// New lines stand where the first old one stood; an event without such a line gets them at its beginning. A line
    /// break in `id` ends it, since an id is one line.
    #[must_use]
    pub fn rewrite(&self, data: Option<&[u8]>, id: Option<&[u8]>) -> Bytes {
        let mut out =
            BytesMut::with_capacity(self.raw.len() + data.map_or(0, <[u8]>::len) + id.map_or(0, <[u8]>::len) + 16);
        let (mut data, had_data) = (data.map(Some), data.is_some());
        let (mut id, had_id) = (id.map(Some), id.is_some());
        let mut put = |field, out: &mut BytesMut| match field {
            Field::Data => {
                data.as_mut().and_then(Option::take).into_iter().for_each(|d| super::encode::put_data(out, d))
            }
            Field::Id => id.as_mut().and_then(Option::take).into_iter().for_each(|i| super::encode::put_id(out, i)),
            _ => {}
        };
        let all: Vec<Line> = lines(&self.raw).collect();
        let has = |field| all.iter().any(|l| l.field == field);
        if !has(Field::Id) {
            put(Field::Id, &mut out);
        }
        if !has(Field::Data) {
            put(Field::Data, &mut out);
        }
        for line in &all {
            // A blank line before the last one belongs to the event before; after new lines it would cut this one. The
            // last one is written anew, as how it may end depends on how the line before it ends.
            if line.is_blank(&self.raw) {
                continue;
            }
            match line.field {
                Field::Data if had_data => put(Field::Data, &mut out),
                Field::Id if had_id => put(Field::Id, &mut out),
                _ => out.extend_from_slice(self.raw.get(line.whole.clone()).unwrap_or_default()),
            }
        }
        out.extend_from_slice(if out.last() == Some(&b'\r') { b"\r" } else { b"\n" });
        out.freeze()
    }

    fn slice(&self, range: &Range<usize>) -> Bytes {
        self.raw.slice(range.clone())
    }
}

impl Lines {
    fn add(&mut self, line: Range<usize>) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(line),
            Self::One(first) => Self::Many(vec![first, line]),
            Self::Many(mut all) => {
                all.push(line);
                Self::Many(all)
            }
        };
    }
}

struct Line {
    field: Field,
    value: Range<usize>,
    whole: Range<usize>,
}

impl Line {
    fn is_blank(&self, raw: &[u8]) -> bool {
        matches!(raw.get(self.whole.clone()).unwrap_or_default(), b"\n" | b"\r" | b"\r\n")
    }
}

/// The lines of a block with the range of the value and of the whole line, its end included.
fn lines(raw: &[u8]) -> impl Iterator<Item = Line> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at;
        let rest = raw.get(begin..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        at = match rest.get(length..) {
            Some([b'\r', b'\n', ..]) => begin + length + 2,
            Some([_, ..]) => begin + length + 1,
            Some([]) | None => begin + length,
        };
        let (field, value) = split_field(rest.get(..length).unwrap_or_default());
        Some(Line { field, value: begin + value.start..begin + value.end, whole: begin..at })
    })
}

/// §9.2.6: the name up to the first colon, the value after it without one leading space.
fn split_field(line: &[u8]) -> (Field, Range<usize>) {
    let colon = memchr::memchr(b':', line);
    let begin = match colon.map(|c| c + 1) {
        Some(b) if line.get(b) == Some(&b' ') => b + 1,
        Some(b) => b,
        None => line.len(),
    };
    let field = match line.get(..colon.unwrap_or(line.len())).unwrap_or_default() {
        b"data" => Field::Data,
        b"event" => Field::Event,
        b"id" => Field::Id,
        b"retry" => Field::Retry,
        _ => Field::Other,
    };
    (field, begin..line.len())
}
