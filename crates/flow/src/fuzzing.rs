//! Entry points for fuzzers: anything may come in, nothing may panic, and every span must be usable.

use crate::{Index, Settings, Source, Write, Written, classes};
use doorward_vocab::{CallId, Label, Standing, TurnId};

/// Takes in `data` as a turn, as a result and as a string that leaves; and as an encoded index.
///
/// # Panics
/// When a span cannot be cut out of its text, memory is not kept, or what is decoded is not what was encoded: those are the bugs
/// that the fuzzer looks for.
pub fn fuzz_flow(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let settings = Settings { memory: 16 * 1024, ..Settings::new([7; 16]) };
    let mut index = Index::new(settings);
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    index.turn(TurnId::from_bits(1), first);
    let Ok(server) = "notes".parse() else { return };
    let standing = Standing { classes: classes::of(&text), ..Standing::of(Label::OUTSIDE) };
    let source = Source::result(CallId::from_bits(2), &server, "list", standing.clone());
    assert!(classes::secrets(&text).all(|at| text.get(at).is_some_and(|secret| !secret.is_empty())));
    index.result(&source, [("/content/0/text", &*text), ("/structuredContent", second)]);
    assert!(index.memory() <= settings.memory);
    let leaves = [("/to", second), ("/body", &*text)];
    let origins = index.trace_call(&server, "send", &leaves);
    for (origin, (_, leaf)) in origins.iter().zip(&leaves) {
        assert!(origin.parts.iter().all(|p| !p.places.is_empty() && leaf.get(p.span.clone()).is_some()));
        assert!(origin.parts.is_sorted_by(|a, b| a.span.end <= b.span.start));
        assert!(origin.unknown.iter().all(|u| leaf.get(u.clone()).is_some()));
    }
    index.left(&server, "send", &leaves, &origins);
    assert!(index.memory() <= settings.memory);
    let encoded = index.encode();
    let back = Index::decode(&encoded, settings);
    assert!(back.is_ok_and(|back| back.encode() == encoded
        && back.trace_call(&server, "send", &leaves) == index.trace_call(&server, "send", &leaves)));
    assert!(Index::decode(data, settings).is_err());
    let mut written = Written::new(settings);
    let write = Write { server: &server, resource: Some(first), by: CallId::from_bits(3), from: (&server, "list") };
    written.write(write, &standing, [("", &*text)]);
    let recalled = written.read(&server, Some(first), [second]);
    assert!(recalled.is_some_and(|all| all.standing.covers(&standing)));
    let encoded = written.encode();
    assert!(Written::decode(&encoded, settings).is_ok_and(|back| back.encode() == encoded));
    assert!(Written::decode(data, settings).is_err());
}
