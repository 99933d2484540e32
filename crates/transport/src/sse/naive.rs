//! The parser of WHATWG HTML §9.2.6 word by word, to be compared with: it takes the whole stream and is in no hurry.

/// What a browser would dispatch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dispatched {
    pub(super) event: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) last_id: Vec<u8>,
}

pub(super) fn parse(stream: &[u8]) -> Vec<Dispatched> {
    let mut dispatched = Vec::new();
    let (mut event, mut data, mut last_id) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines(stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream)) {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                let event = if event.is_empty() { b"message".to_vec() } else { event.clone() };
                dispatched.push(Dispatched { event, data: data.clone(), last_id: last_id.clone() });
            }
            event.clear();
            data.clear();
            continue;
        }
        let (name, value) = match line.iter().position(|b| *b == b':') {
            None => (&line[..], &[][..]),
            Some(colon) => (&line[..colon], &line[colon + 1..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => event = value.to_vec(),
            b"data" => {
                data.extend_from_slice(value);
                data.push(b'\n');
            }
            b"id" if !value.contains(&0) => last_id = value.to_vec(),
            _ => {}
        }
    }
    dispatched
}

/// The lines that have an end.
fn lines(stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    let mut bytes = stream.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => lines.push(std::mem::take(&mut line)),
            b'\r' => {
                bytes.next_if_eq(&&b'\n');
                lines.push(std::mem::take(&mut line));
            }
            byte => line.push(*byte),
        }
    }
    lines
}
