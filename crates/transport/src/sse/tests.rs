use super::{
    Event, Splitter, SseError, comment, encode,
    naive::{self, Dispatched},
};
use crate::fuzzing::fuzz_sse;
use bytes::Bytes;
use proptest::prelude::*;

fn split(stream: &[u8], step: usize) -> Result<Vec<Event>, SseError> {
    let mut splitter = Splitter::new(1 << 16);
    let mut events = Vec::new();
    for chunk in stream.chunks(step) {
        splitter.push(chunk.to_vec());
        while let Some(event) = splitter.next_event()? {
            events.push(event);
        }
    }
    events.extend(splitter.finish()?);
    Ok(events)
}

fn one(stream: &str) -> Event {
    let mut events = split(stream.as_bytes(), stream.len()).unwrap();
    assert_eq!(events.len(), 1, "{stream:?}");
    events.remove(0)
}

fn dispatch(events: &[Event]) -> Vec<Dispatched> {
    let mut last_id = Vec::new();
    let mut dispatched = Vec::new();
    for event in events {
        last_id = event.id().map_or(last_id, |id| id.to_vec());
        if let Some(data) = event.data() {
            let name = event.event().filter(|e| !e.is_empty()).unwrap_or(Bytes::from_static(b"message"));
            dispatched.push(Dispatched { event: name.to_vec(), data: data.to_vec(), last_id: last_id.clone() });
        }
    }
    dispatched
}

#[test]
fn fields_are_read_over_the_original_bytes() {
    let event = one("id: 7\nevent: message\nretry: 1500\n: note\ndata:{\"a\":1}\nx: y\n\n");
    assert_eq!(event.data().unwrap(), &b"{\"a\":1}"[..]);
    assert_eq!(event.id().unwrap(), &b"7"[..]);
    assert_eq!(event.event().unwrap(), &b"message"[..]);
    assert_eq!(event.retry().unwrap().as_millis(), 1500);
    let inside = event.raw().as_ptr_range();
    assert!(inside.contains(&event.data().unwrap().as_ptr()), "data of one line is not copied");
}

#[test]
fn what_is_no_message_has_no_data() {
    for quiet in [": ping\n\n", "\n", "id: 3\n\n", "event: x\n\n", "dat: x\n\n", " data: x\n\n"] {
        assert_eq!(one(quiet).data(), None, "{quiet:?}");
    }
    assert_eq!(one("data\n\n").data().unwrap(), b""[..]);
    assert_eq!(one("data:\ndata:  two\n\n").data().unwrap(), b"\n two"[..]);
    assert_eq!(one("id: a\0b\ndata: 1\n\n").id(), None);
    assert_eq!(one("retry: 1x\nretry:\n\n").retry(), None);
}

#[test]
fn an_event_is_given_as_soon_as_its_blank_line_is_there() {
    for (stream, whole, at_the_end) in [
        ("data: 1\n\n", true, false),
        ("data: 1\r\n\r\n", true, false),
        ("data: 1\r\r", true, false),
        ("data: 1\n\r", true, false),
        // Only one LF away from its end.
        ("data: 1\r\n\r", false, true),
        ("data: 1\n", false, false),
        ("data: 1\r", false, false),
    ] {
        let mut splitter = Splitter::new(100);
        splitter.push(stream.as_bytes().to_vec());
        assert_eq!(splitter.next_event().unwrap().is_some(), whole, "{stream:?}");
        assert_eq!(splitter.finish().unwrap().is_some(), at_the_end, "{stream:?}");
    }
}

#[test]
fn a_byte_order_mark_counts_only_at_the_beginning() {
    assert_eq!(one("\u{FEFF}data: 1\n\n").raw(), &b"data: 1\n\n"[..]);
    let inside = "data: 1\n\n\u{FEFF}data: hidden\n\n";
    assert_eq!(split(inside.as_bytes(), 100), Err(SseError::Mark));
    assert_eq!(split("\u{FEFF}\u{FEFF}data: 1\n\n".as_bytes(), 100), Err(SseError::Mark));
}

#[test]
fn events_are_bounded_with_and_without_an_end() {
    let mut splitter = Splitter::new(10);
    splitter.push(&b"data: 12\n\n"[..]);
    assert!(splitter.next_event().unwrap().is_some());
    splitter.push(&b"data: 123\n\n"[..]);
    assert_eq!(splitter.next_event(), Err(SseError::TooLarge(10)));
    splitter.push(&b"data: 1\n\n"[..]);
    assert_eq!(splitter.next_event(), Err(SseError::TooLarge(10)), "a stream that was refused stays refused");

    let mut splitter = Splitter::new(10);
    for _ in 0..11 {
        splitter.push(&b"x"[..]);
        if splitter.next_event().is_err() {
            return;
        }
    }
    panic!("an event without an end must be refused");
}

#[test]
fn rewriting_changes_only_data_and_id() {
    let event = one("event: message\r\nid: up-7\r\n: note\r\ndata: old\r\ndata: older\r\nx: y\r\n\r\n");
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(
        text(event.rewrite(Some(b"new"), Some(b"9"))),
        "event: message\r\nid: 9\n: note\r\ndata: new\nx: y\r\n\n"
    );
    let unchanged = one("id: 1\ndata: a\ndata: b\n\n");
    assert_eq!(unchanged.rewrite(None, None), unchanged.raw());
    assert_eq!(text(one("data: 1\n\n").rewrite(None, Some(b"5"))), "id: 5\ndata: 1\n\n");
    assert_eq!(text(one("data: 1\n\n").rewrite(Some(b"a\r\nb\rc"), None)), "data: a\ndata: b\ndata: c\n\n");
    assert_eq!(text(one("id: 1\n\n").rewrite(None, Some(b"2\ndata: smuggled"))), "id: 2\n\n");
}

#[test]
fn encoded_values_cannot_open_new_lines() {
    assert_eq!(encode(Some("a\ndata: x"), Some(b"1\r\n\r\n"), b"{}"), &b"event: a\nid: 1\ndata: {}\n\n"[..]);
    assert_eq!(comment("hello\n\ndata: x"), &b": hello\n\n"[..]);
}

/// Streams made of the pieces that matter, so that chance finds their combinations.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "data", "data:", "data: x", "data:  y", "id", "id: 1", "id: 2\0", "event: e", "event", "retry: 5", "retry: q",
        ": c", ":", "x: y", " ", "é", "\n", "\n", "\n", "\r", "\r", "\r\n", "\r\n", "\n\n", "\r\r", "\r\n\r\n",
    ]);
    (any::<bool>(), prop::collection::vec(pieces, 0..40)).prop_map(|(mark, pieces)| {
        let mark: &str = if mark { "\u{FEFF}" } else { "" };
        [mark, &pieces.concat()].concat().into_bytes()
    })
}

proptest! {
    #[test]
    fn we_read_what_the_standard_reads(stream in streams(), step in 1_usize..9) {
        prop_assert_eq!(dispatch(&split(&stream, step).unwrap()), naive::parse(&stream));
    }

    #[test]
    fn no_chunking_changes_the_events(stream in streams(), step in 1_usize..9) {
        prop_assert_eq!(split(&stream, step), split(&stream, usize::MAX));
    }

    #[test]
    fn events_put_together_are_the_stream(stream in streams(), step in any::<u8>()) {
        fuzz_sse(&[&[step], &stream[..]].concat());
    }

    #[test]
    fn any_bytes_are_survived(input in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz_sse(&input);
    }

    #[test]
    fn what_is_encoded_is_read_back(name in "[a-z]{0,8}", id in "[ -~&&[^ ]][ -~]{0,8}", data in "[ -~\n]{0,40}") {
        let bytes = encode(Some(&name), Some(id.as_bytes()), data.as_bytes());
        let event = one(std::str::from_utf8(&bytes).unwrap());
        prop_assert_eq!(event.event().unwrap(), name.as_bytes());
        prop_assert_eq!(event.id().unwrap(), id.as_bytes());
        prop_assert_eq!(event.data().unwrap(), data.as_bytes());
    }

    #[test]
    fn rewriting_keeps_every_other_field(stream in streams(), data in "[ -~]{0,20}", id in "[!-~]{1,9}") {
        for event in split(&stream, 4096).unwrap() {
            let written = event.rewrite(Some(data.as_bytes()), Some(id.as_bytes()));
            let again = one(std::str::from_utf8(&written).unwrap());
            prop_assert_eq!(again.data().unwrap(), data.as_bytes());
            prop_assert_eq!(again.id().unwrap(), id.as_bytes());
            prop_assert_eq!(again.event(), event.event());
            prop_assert_eq!(again.retry(), event.retry());
        }
    }
}
