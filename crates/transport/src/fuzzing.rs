//! Entry points for fuzzers: each takes any bytes and panics only where a law of this room is broken.

use crate::{
    sse::Splitter,
    upstream::http1::{Answer, Limits},
};
use bytes::Bytes;

/// Splits the input whole and in pieces (the first byte says how long); both must give the same events, and the events
/// must be the stream.
pub fn fuzz_sse(input: &[u8]) {
    let (step, stream) = match input.split_first() {
        Some((step, stream)) => (usize::from(*step).max(1), stream),
        None => return,
    };
    let whole = split(stream, stream.len().max(1));
    assert_eq!(whole, split(stream, step), "the chunks of a stream must not change its events");
    let Some(whole) = whole else { return };
    let unmarked = stream.strip_prefix(b"\xEF\xBB\xBF").filter(|_| whole.len() > 1).unwrap_or(stream);
    assert_eq!(whole.concat(), unmarked, "events must keep the bytes of their stream");
}

/// The events of a stream and what is left over; nothing where the stream is refused.
fn split(stream: &[u8], step: usize) -> Option<Vec<Vec<u8>>> {
    let mut splitter = Splitter::new(stream.len() + 1);
    let mut parts = Vec::new();
    for chunk in stream.chunks(step) {
        splitter.push(chunk.to_vec());
        while let Some(event) = splitter.next_event().ok()? {
            let (data, id) = (event.data(), event.id());
            check_rewrite(&event.rewrite(data.as_deref(), id.as_deref()), data, id);
            parts.push(event.raw().to_vec());
        }
    }
    parts.extend(splitter.finish().ok()?.map(|event| event.raw().to_vec()));
    parts.push(splitter.rest().to_vec());
    Some(parts)
}

/// A rewritten event is one event, and holds what was put in.
fn check_rewrite(written: &[u8], data: Option<Bytes>, id: Option<Bytes>) {
    let mut splitter = Splitter::new(written.len());
    splitter.push(written.to_vec());
    match splitter.next_event() {
        Ok(Some(event)) => {
            assert_eq!((event.data(), event.id()), (data, id), "a rewritten event holds what was put in");
            assert!(splitter.rest().is_empty(), "a rewritten event is one event");
        }
        other => assert!(other.is_ok_and(|e| e.is_some()), "a rewritten event can be read"),
    }
}

/// Reads the input as what a server answers, whole and in pieces (the first byte says how long); both must give the same
/// heads and bodies.
pub fn fuzz_answer(input: &[u8]) {
    let (step, stream) = match input.split_first() {
        Some((step, stream)) => (usize::from(*step).max(1), stream),
        None => return,
    };
    let (whole, pieces) = (answers(stream, stream.len().max(1)), answers(stream, step));
    // A head that is too large may be noticed at another byte; what was read before must agree.
    if let (Some(whole), Some(pieces)) = (whole, pieces) {
        assert_eq!(whole, pieces, "the pieces of an answer must not change it");
    }
}

/// Status and body of each answer on a connection; nothing where one is refused.
fn answers(stream: &[u8], step: usize) -> Option<Vec<(u16, Vec<u8>)>> {
    let limits = Limits { bytes: 4096, fields: 16 };
    let (mut answer, mut found) = (Answer::default(), Vec::new());
    let mut reading = false;
    for chunk in stream.chunks(step) {
        answer.push(chunk);
        loop {
            if !reading {
                let Some(head) = answer.head(limits).ok()? else { break };
                found.push((head.status.as_u16(), Vec::new()));
                reading = true;
            }
            while let Some(data) = answer.data(limits).ok()? {
                found.last_mut()?.1.extend_from_slice(&data);
            }
            if !answer.is_complete() {
                break;
            }
            reading = false;
        }
    }
    Some(found)
}

/// Feeds `data` to what reads the answers of a Workload API.
pub fn fuzz_workload(data: &[u8]) {
    crate::workload::fuzz(data);
}
