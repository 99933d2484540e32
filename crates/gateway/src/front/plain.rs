//! Answers of HTTP alone, and what a client says it takes.

use crate::refusal::Told;
use bytes::Bytes;
use doorward_transport::serve::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// The header that names a session.
pub(super) const SESSION: &str = "mcp-session-id";

/// 415 and 406.
pub(super) fn negotiable(headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    is_json(headers)?;
    match accepts(headers) {
        (true, true) => Ok(()),
        _ => Err((StatusCode::NOT_ACCEPTABLE, "send `Accept: application/json, text/event-stream`")),
    }
}

/// 415.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let is_json = |v: &HeaderValue| {
        let essence = v.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
    };
    match headers.get(header::CONTENT_TYPE).is_some_and(is_json) {
        true => Ok(()),
        false => Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "send `Content-Type: application/json`")),
    }
}

/// Whether a client takes JSON, and whether it takes events; both where it does not say.
pub(super) fn accepts(headers: &HeaderMap) -> (bool, bool) {
    let mut ranges = headers.get_all(header::ACCEPT).iter().flat_map(|v| v.as_bytes().split(|b| *b == b',')).peekable();
    let (mut json, mut events) = (ranges.peek().is_none(), ranges.peek().is_none());
    for range in ranges {
        let range = range.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
        let is = |kind: &[u8]| range.eq_ignore_ascii_case(kind);
        json |= is(b"application/json") || is(b"application/*") || is(b"*/*");
        events |= is(b"text/event-stream") || is(b"text/*") || is(b"*/*");
    }
    (json, events)
}

/// 202.
pub(super) fn accepted() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// 405 at the endpoints of MCP.
pub(super) fn not_allowed() -> Response<Body> {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "POST MCP messages here");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, GET, DELETE"));
    response
}

pub(super) fn told(told: Told) -> Response<Body> {
    json(told.status, told.message.into_bytes())
}

pub(crate) fn json(status: u16, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A refusal below MCP. It says what to do, and nothing about what is behind the gateway.
pub(crate) fn plain(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(Body::full(format!("{why}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
