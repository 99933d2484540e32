//! Messages from texts, and texts to compare them with.

use doorward_mcp::{Message, Notification, Request, Response, Side, decode, json::Limits};

pub(crate) fn asked(text: &str) -> Request {
    asked_by(text, Side::Client)
}

pub(crate) fn asked_by(text: &str, side: Side) -> Request {
    let Ok(Message::Request(request)) = decode(text.as_bytes().to_vec().into(), &Limits::default(), side) else {
        panic!("{text}")
    };
    request
}

pub(crate) fn answered(text: &str) -> Response {
    let Ok(Message::Response(response)) = decode(text.as_bytes().to_vec().into(), &Limits::default(), Side::Server)
    else {
        panic!("{text}")
    };
    response
}

pub(crate) fn told(text: &str) -> Notification {
    let Ok(Message::Notification(told)) = decode(text.as_bytes().to_vec().into(), &Limits::default(), Side::Server)
    else {
        panic!("{text}")
    };
    told
}

#[track_caller]
pub(crate) fn assert_text(bytes: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(String::from_utf8_lossy(bytes.as_ref()), expected);
}

/// The `_meta` that 2026-07-28 wants in each request, and `more` in it.
pub(crate) fn meta(more: &str) -> String {
    format!(
        r#""_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}{more}}}"#
    )
}
