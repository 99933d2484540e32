//! Entry points for fuzzers: each takes any bytes and panics only where a law of this room is broken.

use crate::sse::Splitter;

/// Splits the input whole and in pieces (the first byte says how long); both must give the same events, and the events
/// must be the stream.
pub fn fuzz_sse(input: &[u8]) {
    let (step, stream) = match input.split_first() {
        Some((step, stream)) => (usize::from(*step).max(1), stream),
        None => return,
    };
    let whole = split(stream, stream.len().max(1));
    assert_eq!(whole, split(stream, step), "the chunks of a stream must not change its events");
    let joined: Vec<u8> = whole.concat();
    assert_eq!(joined, stream, "events must keep the bytes of their stream");
}

fn split(stream: &[u8], step: usize) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::new(stream.len() + 1);
    let mut parts = Vec::new();
    for chunk in stream.chunks(step) {
        splitter.push(chunk.to_vec());
        while let Ok(Some(event)) = splitter.next_event() {
            assert!(event.data().is_none_or(|d| d.len() <= event.raw().len()), "data is part of its event");
            let same = event.rewrite(event.data().as_deref(), event.id().as_deref());
            assert!(!same.is_empty(), "a rewritten event has at least its blank line");
            parts.push(event.raw().to_vec());
        }
    }
    parts.push(splitter.rest().to_vec());
    parts
}
