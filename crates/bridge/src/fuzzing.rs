//! Entry point for fuzzing: takes any bytes and must neither panic nor break its law.

use crate::{Client, Filter, legacy_on_modern, modern_on_legacy};
use bytes::Bytes;
use doorward_mcp::{Id, Message, Notification, Request, Response, Revision, Side, decode, json::Limits};

/// What came in is at most this deep; an input inside a result stands a few levels deeper than it did alone.
const READ: Limits = Limits { depth: 64, nodes: 10_000 };
const WRITTEN: Limits = Limits { depth: 80, nodes: 20_000 };

/// Whatever is accepted is bridged to something that is accepted. The input is a request of a client, and, after a
/// zero byte, a message of a server about it.
pub fn fuzz_bridge(data: &[u8]) {
    let mut parts = data.splitn(2, |b| *b == 0);
    let (Some(asked), told) = (parts.next(), parts.next()) else { return };
    let Ok(Message::Request(asked)) = decode(Bytes::copy_from_slice(asked), &READ, Side::Client) else { return };
    requests(&asked);
    let told = told.map(|t| decode(Bytes::copy_from_slice(t), &READ, Side::Server));
    match told {
        Some(Ok(Message::Request(request))) => inputs(&request),
        Some(Ok(Message::Notification(told))) => notifications(&asked, &told),
        Some(Ok(Message::Response(answer))) => responses(&asked, &answer),
        Some(Err(_)) | None => {}
    }
}

fn accepted(bytes: Bytes, from: Side) -> Option<Message> {
    let read = decode(bytes.clone(), &WRITTEN, from);
    assert!(read.is_ok(), "{}: {read:?}", String::from_utf8_lossy(&bytes));
    read.ok()
}

fn requests(asked: &Request) {
    let id = Id::Str("doorward/1".into());
    for client in [Client::of_modern(asked), Client::of_initialize(asked)] {
        for revision in Revision::ALL {
            accepted(modern_on_legacy::initialize(&id, &client, revision), Side::Client);
        }
        accepted(legacy_on_modern::discover(&id, &client), Side::Client);
        accepted(legacy_on_modern::listen(&id, &client, &modern_on_legacy::subscribed(asked)), Side::Client);
        let inputs = [("a".into(), "{}".into()), ("A".into(), "{}".into())];
        let retry = legacy_on_modern::Retry { inputs: &inputs, state: Some("\"") };
        for retry in [None, Some(&retry)] {
            accepted(legacy_on_modern::request(asked, &id, &client, Some("info"), retry), Side::Client);
        }
    }
    accepted(modern_on_legacy::request(asked, &Id::Int(1)), Side::Client);
    let filter = modern_on_legacy::subscribed(asked);
    assert_eq!(filter.union(&filter), filter);
    assert_eq!(filter.intersection(&Filter::default()), Filter::default());
    accepted(modern_on_legacy::acknowledged(asked, &filter), Side::Server);
    accepted(modern_on_legacy::listened(asked), Side::Server);
    for (_, value) in asked.params().and_then(|p| p.get("inputResponses")).into_iter().flat_map(|v| v.members()) {
        accepted(modern_on_legacy::answer(&id, value), Side::Client);
    }
}

fn inputs(request: &Request) {
    let input = modern_on_legacy::input(request, "one");
    let asked = modern_on_legacy::input_required(&Id::Int(1), &[input.clone(), input], "state");
    accepted(asked, Side::Server);
}

fn notifications(asked: &Request, told: &Notification) {
    let filter = Filter { tools: true, prompts: true, resources: true, uris: vec!["test://".into()] };
    let all = [
        modern_on_legacy::notification(asked, told),
        modern_on_legacy::change(asked, &filter, told),
        legacy_on_modern::notification(asked, told),
        legacy_on_modern::change(told),
    ];
    all.into_iter().flatten().for_each(|bytes| drop(accepted(bytes, Side::Server)));
}

fn responses(asked: &Request, answer: &Response) {
    let server = Some(r#"{"name":"s","version":"1"}"#);
    accepted(modern_on_legacy::response(asked, answer, server), Side::Server);
    accepted(modern_on_legacy::discovered(asked, answer), Side::Server);
    if let Some(inputs) = modern_on_legacy::inputs_of_error(answer) {
        accepted(modern_on_legacy::input_required(&asked.id, &inputs, ""), Side::Server);
    }
    let required = legacy_on_modern::required(answer);
    for revision in Revision::ALL {
        accepted(legacy_on_modern::initialized(asked, answer, revision), Side::Server);
        accepted(legacy_on_modern::response(asked, answer, revision), Side::Server);
        for input in required.iter().flat_map(|r| &r.inputs) {
            if let Some(bytes) = legacy_on_modern::ask(&Id::Int(1), input, revision) {
                accepted(bytes, Side::Server);
            }
        }
    }
}
