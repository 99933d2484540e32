use bytes::{Bytes, BytesMut};
use http_body::Body;
use std::{future::poll_fn, pin::pin, time::Duration};

/// What is copied rather than held, in bytes.
const SMALL: usize = 2 << 10;

/// Why a request body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the limit, or says so in its head. Answer 413.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// It was not complete within the deadline. Answer 408.
    #[error("the body was not complete within {0:?}")]
    Slow(Duration),
    /// The peer went away or broke the framing. Answer 400, if anybody listens.
    #[error("the body broke off")]
    Broken,
}

impl BodyError {
    /// The HTTP status that fits.
    pub const fn status(self) -> http::StatusCode {
        match self {
            Self::TooLarge(_) => http::StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow(_) => http::StatusCode::REQUEST_TIMEOUT,
            Self::Broken => http::StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a whole body of at most `limit` bytes within `deadline`. A body that arrives in one piece is not copied, unless it
/// is so small that this costs less than to hold the memory that its connection reads into.
pub async fn read_body<B>(body: B, limit: usize, deadline: Duration) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge(limit));
    }
    // The time-out polls the body before it arms its timer, so a body that is already here costs no timer.
    tokio::time::timeout(deadline, collect(body, limit)).await.unwrap_or(Err(BodyError::Slow(deadline)))
}

async fn collect<B: Body<Data = Bytes>>(body: B, limit: usize) -> Result<Bytes, BodyError> {
    let expected = usize::try_from(body.size_hint().exact().unwrap_or(0)).unwrap_or(0);
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len() + whole.len() + data.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        if whole.is_empty() && first.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.reserve(expected.max(first.len() + data.len()));
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(match first.len() {
        0 => whole.freeze(),
        1..=SMALL => Bytes::copy_from_slice(&first),
        _ => first,
    })
}
