use crate::LinkError;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::mem::MaybeUninit;

/// Bounds of the head of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes.
    pub(crate) bytes: usize,
    /// Header fields, at most [`MAX_FIELDS`].
    pub(crate) fields: usize,
}

/// The most header fields of an answer.
const MAX_FIELDS: usize = 128;

/// The head of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Whether it is of HTTP/1.1, and not of 1.0.
    pub(super) newer: bool,
}

/// Takes the head of an answer out of `buffer` as soon as it is complete. Interim answers (RFC 9110 §15.2) are passed over.
/// `seen` counts the bytes that held no end of a head, so that one that comes byte by byte is not read again each time.
pub(super) fn take(buffer: &mut BytesMut, seen: &mut usize, limits: Limits) -> Result<Option<Head>, LinkError> {
    loop {
        let news = buffer.get(seen.saturating_sub(3)..).unwrap_or_default();
        let may_end =
            *seen == 0 || [&b"\n\r\n"[..], b"\n\n"].iter().any(|end| memchr::memmem::find(news, end).is_some());
        if !may_end && buffer.len() < limits.bytes {
            *seen = buffer.len();
            return Ok(None);
        }
        match parse(buffer, limits)? {
            Some(head) if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS => *seen = 0,
            Some(head) => {
                *seen = 0;
                return Ok(Some(head));
            }
            None => {
                *seen = buffer.len();
                return Ok(None);
            }
        }
    }
}

fn parse(buffer: &mut BytesMut, limits: Limits) -> Result<Option<Head>, LinkError> {
    let too_large = LinkError::TooLarge { what: "the head of a reply", limit: limits.bytes };
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let fields = fields.get_mut(..limits.fields.min(MAX_FIELDS)).unwrap_or_default();
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut response, buffer, fields);
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) if length <= limits.bytes => length,
        Ok(httparse::Status::Partial) if buffer.len() < limits.bytes => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(too_large),
        Err(error) => return Err(LinkError::Protocol(error.to_string().into())),
    };
    let odd = || LinkError::Protocol("the head of its reply is malformed".into());
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or_else(odd)?;
    let newer = response.version == Some(1);
    let start = buffer.as_ptr().addr();
    let mut headers = HeaderMap::with_capacity(response.headers.len());
    let spans: Vec<(HeaderName, std::ops::Range<usize>)> = response
        .headers
        .iter()
        .map(|field| {
            let from = field.value.as_ptr().addr() - start;
            Ok((HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| odd())?, from..from + field.value.len()))
        })
        .collect::<Result<_, LinkError>>()?;
    let bytes: Bytes = buffer.split_to(length).freeze();
    for (name, span) in spans {
        // The values are parts of the head: none is copied.
        headers.append(name, HeaderValue::from_maybe_shared(bytes.slice(span)).map_err(|_| odd())?);
    }
    Ok(Some(Head { status, headers, newer }))
}
