//! Answers, each with the headers that keep a page to itself.

use crate::{live::Feed, ports::Fault};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// What is sent.
#[derive(Debug)]
pub enum Content {
    /// All of it.
    Whole(Bytes),
    /// Events, as they come.
    Live(Feed),
}

/// An answer.
pub type Answer = Response<Content>;

/// Nothing runs in a page but our one script, nothing is loaded from elsewhere, and no text becomes markup unless it is
/// a page of ours that the script fetched again.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
                      trusted-types doorward";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: forms would be sent with `Origin: null`, which is nobody's.
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

fn whole(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Content::Whole(body.into()));
    *answer.status_mut() = status;
    for (name, value) in ALWAYS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

pub(crate) fn html(status: StatusCode, page: String) -> Answer {
    whole(status, "text/html; charset=utf-8", page)
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => whole(status, "application/json", body),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written"),
    }
}

pub(crate) fn plain(status: StatusCode, why: &str) -> Answer {
    whole(status, "text/plain; charset=utf-8", format!("{why}\n"))
}

/// A file of ours, which is another one when its address changes.
pub(crate) fn asset(kind: &'static str, body: &'static str) -> Answer {
    let mut answer = whole(StatusCode::OK, kind, body);
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    answer.headers_mut().insert(header::CACHE_CONTROL, forever);
    answer
}

pub(crate) fn events(feed: Feed) -> Answer {
    let mut answer = whole(StatusCode::OK, "text/event-stream", Bytes::new());
    *answer.body_mut() = Content::Live(feed);
    answer
}

/// Sends a browser elsewhere, with a GET.
pub(crate) fn go(to: &str) -> Answer {
    let mut answer = plain(StatusCode::SEE_OTHER, "go on elsewhere");
    if let Ok(to) = HeaderValue::from_str(to) {
        answer.headers_mut().insert(header::LOCATION, to);
    }
    answer
}

pub(crate) fn with_cookie(mut answer: Answer, cookie: &str) -> Answer {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

impl Fault {
    /// The status that fits.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::Changed(_) => StatusCode::CONFLICT,
            Self::Broken(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
