use super::{
    headers::SESSION_ID,
    http1::Head,
    pool::{Lease, Pool},
    stream::SseStream,
};
use crate::{LinkError, Stage};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, StatusCode, header};
use std::{future::poll_fn, sync::Arc, time::Duration};
use tokio::time::timeout;

/// What a server answered to a message.
#[derive(Debug)]
pub struct PostReply {
    /// The HTTP status. Errors of the protocol come with 4xx and a JSON body.
    pub status: StatusCode,
    /// The session that the server gave, in the 2025 era.
    pub session_id: Option<Box<str>>,
    /// The challenge of a 401 or 403, at most 4 KiB: untrusted text.
    pub www_authenticate: Option<Box<str>>,
    /// The body: untrusted.
    pub body: PostBody,
}

/// The body of an answer.
#[derive(Debug)]
pub enum PostBody {
    /// One JSON text, or what calls itself so.
    Json(Bytes),
    /// Events, the answer among them.
    Stream(Box<SseStream>),
    /// Some other text, such as the error page of a proxy.
    Other(Bytes),
    /// Nothing, as for a notification that was accepted.
    Empty,
}

/// What a server answered to the wish to listen.
#[derive(Debug)]
pub enum Listening {
    /// Its events.
    Stream(Box<SseStream>),
    /// It offers no such stream (405).
    NotOffered,
    /// The session is gone (404).
    Gone,
    /// It wants another credential (401, 403); the challenge is at most 4 KiB of untrusted text.
    Unauthorized {
        /// 401 or 403.
        status: StatusCode,
        /// The challenge.
        www_authenticate: Option<Box<str>>,
    },
    /// Some other status.
    Refused(StatusCode),
}

/// What a server answered to the end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is gone, or was already.
    Gone,
    /// Clients may not end sessions there (405).
    NotOffered,
    /// Some other status.
    Refused(StatusCode),
}

/// Reads an answer as far as it is not a stream.
pub(super) async fn read(
    lease: Lease,
    head: Head,
    pool: &Arc<Pool>,
    quiet: Option<Duration>,
) -> Result<PostReply, LinkError> {
    check_head(&head)?;
    let (status, session_id) = (head.status, session_id(&head.headers)?);
    let www_authenticate = text(&head.headers, &header::WWW_AUTHENTICATE);
    let reply = |body| PostReply { status, session_id, www_authenticate, body };
    let kind = kind(&head.headers);
    if kind == Kind::Events && status.is_success() {
        return Ok(reply(PostBody::Stream(Box::new(SseStream::new(lease, pool.clone(), quiet)))));
    }
    let bytes = whole(lease, pool).await?;
    Ok(reply(match kind {
        _ if bytes.is_empty() => PostBody::Empty,
        Kind::Json => PostBody::Json(bytes),
        Kind::Events | Kind::Other => PostBody::Other(bytes),
    }))
}

/// Reads a whole body within the limits, and gives the connection back.
pub(super) async fn whole(lease: Lease, pool: &Arc<Pool>) -> Result<Bytes, LinkError> {
    let after = pool.settings.body;
    let slow = |_| LinkError::slow(Stage::Body, after);
    timeout(after, collect(lease, pool)).await.map_err(slow)?
}

async fn collect(mut lease: Lease, pool: &Arc<Pool>) -> Result<Bytes, LinkError> {
    let limit = pool.settings.max_reply;
    let too_large = LinkError::TooLarge { what: "a reply", limit };
    let announced = lease.wire.announced();
    if announced > limit as u64 {
        return Err(too_large);
    }
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while !lease.wire.is_complete() {
        let Some(data) = poll_fn(|cx| lease.wire.poll_data(cx)).await else { break };
        let data = data?;
        if first.len().max(more.len()) + data.len() > limit {
            return Err(too_large);
        }
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.reserve(usize::try_from(announced).unwrap_or(0).max(first.len() + data.len()));
                more.extend_from_slice(&std::mem::take(&mut first));
            }
            more.extend_from_slice(&data);
        }
    }
    pool.give_back(lease);
    Ok(if more.is_empty() { first } else { more.freeze() })
}

pub(super) fn check_head(head: &Head) -> Result<(), LinkError> {
    if head.status.is_redirection() {
        return Err(LinkError::Redirect(head.status.as_u16()));
    }
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(LinkError::Protocol("it switches protocols".into()));
    }
    match head.headers.get(header::CONTENT_ENCODING) {
        // We ask for none, and a compressed body could hide its size and its content from inspection.
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(LinkError::Protocol("it compresses although nobody asked".into()))
        }
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Events,
    Other,
}

pub(super) fn kind(headers: &HeaderMap) -> Kind {
    let value = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |v| v.as_bytes());
    let essence = value.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/json") {
        Kind::Json
    } else if essence.eq_ignore_ascii_case(b"text/event-stream") {
        Kind::Events
    } else {
        Kind::Other
    }
}

/// MCP 2025-11-25, session management: the id is visible ASCII.
fn session_id(headers: &HeaderMap) -> Result<Option<Box<str>>, LinkError> {
    const MAX: usize = 1024;
    let Some(value) = headers.get(SESSION_ID) else { return Ok(None) };
    match value.to_str() {
        Ok(id) if !id.is_empty() && id.len() <= MAX && id.bytes().all(|b| b.is_ascii_graphic()) => Ok(Some(id.into())),
        _ => Err(LinkError::Protocol("its session id is not visible ASCII".into())),
    }
}

pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<Box<str>> {
    const MAX: usize = 4 << 10;
    let bytes = headers.get(name)?.as_bytes();
    Some(String::from_utf8_lossy(bytes.get(..MAX).unwrap_or(bytes)).into())
}
