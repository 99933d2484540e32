use bytes::{BufMut, Bytes, BytesMut};

/// One event. A line break in `data` makes several `data` lines, which a reader joins again; in `event` and `id` a line
/// break ends the value, since those are one line.
pub fn encode(event: Option<&str>, id: Option<&[u8]>, data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() + 64);
    if let Some(event) = event {
        line(&mut out, b"event: ", one_line(event.as_bytes()));
    }
    if let Some(id) = id {
        put_id(&mut out, id);
    }
    put_data(&mut out, data);
    out.put_u8(b'\n');
    out.freeze()
}

/// A comment, which readers skip: keeps a quiet stream open.
pub fn comment(text: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(text.len() + 4);
    line(&mut out, b": ", one_line(text.as_bytes()));
    out.put_u8(b'\n');
    out.freeze()
}

pub(super) fn put_data(out: &mut BytesMut, payload: &[u8]) {
    let mut rest = payload;
    loop {
        let end = memchr::memchr2(b'\n', b'\r', rest);
        let (head, tail) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
        line(out, b"data: ", head);
        rest = match tail {
            [] => return,
            [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
        };
    }
}

pub(super) fn put_id(out: &mut BytesMut, value: &[u8]) {
    line(out, b"id: ", one_line(value));
}

fn line(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(value);
    out.put_u8(b'\n');
}

fn one_line(value: &[u8]) -> &[u8] {
    let end = memchr::memchr2(b'\n', b'\r', value).unwrap_or(value.len());
    value.get(..end).unwrap_or_default()
}
