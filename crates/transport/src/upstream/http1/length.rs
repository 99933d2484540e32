use super::Head;
use crate::LinkError;
use http::{HeaderMap, HeaderName, StatusCode, header};

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// So many bytes are left.
    Bytes(u64),
    /// In chunks.
    Chunks(Chunk),
    /// It ends with the connection.
    UntilClose,
}

/// Where in a chunked body one is (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Before the size of a chunk.
    Size,
    /// So many bytes of a chunk are left; with none, before the line break that ends it.
    Data(u64),
    /// In the trailers; so many bytes of them were passed over.
    Trailers(usize),
    /// Behind it all.
    End,
}

impl Length {
    /// The length of the body behind `head`, which answers a request that is no `HEAD` and no `CONNECT`.
    pub(super) fn of(head: &Head) -> Result<Self, LinkError> {
        let refuse = |why: &str| Err(LinkError::Protocol(why.into()));
        if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || head.status.is_informational() {
            return Ok(Self::Bytes(0));
        }
        let announced = announced(&head.headers)?;
        let mut codings = listed(&head.headers, &header::TRANSFER_ENCODING);
        match (codings.next(), codings.next()) {
            (None, _) => Ok(announced.map_or(Self::UntilClose, Self::Bytes)),
            // Two lengths may be meant to be read in two ways (RFC 9112 §6.1).
            (Some(_), _) if announced.is_some() => refuse("its reply has two lengths"),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") && head.newer => {
                Ok(Self::Chunks(Chunk::Size))
            }
            _ => refuse("its reply has a transfer coding that nobody asked for"),
        }
    }
}

/// Whether the connection can be used again, as far as the head says.
pub(super) fn stays(head: &Head) -> bool {
    head.newer && !listed(&head.headers, &header::CONNECTION).any(|option| option.eq_ignore_ascii_case(b"close"))
}

/// `Content-Length`: digits; where it stands there more than once, the same each time (RFC 9112 §6.3).
fn announced(headers: &HeaderMap) -> Result<Option<u64>, LinkError> {
    let bad = || LinkError::Protocol("the length of its reply is malformed".into());
    let mut length = None;
    for text in listed(headers, &header::CONTENT_LENGTH) {
        let digits = std::str::from_utf8(text).ok().filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()));
        let number: u64 = digits.and_then(|t| t.parse().ok()).ok_or_else(bad)?;
        if length.is_some_and(|length| length != number) {
            return Err(bad());
        }
        length = Some(number);
    }
    Ok(length)
}

/// The elements of a field that is a list (RFC 9110 §5.6.1).
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).into_iter().flat_map(|value| value.as_bytes().split(|b| *b == b',')).map(<[u8]>::trim_ascii)
}
