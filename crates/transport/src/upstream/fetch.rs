use super::{
    headers::{allowed, secret, value},
    http1::{Limits, Outgoing},
    link::path_and_query,
    reply,
    wire::Wire,
};
use crate::{
    LinkError, Stage,
    egress::{Egress, Origin, PeerRules, Trust},
};
use bytes::{Bytes, BytesMut};
use doorward_vocab::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::{future::poll_fn, time::Duration};
use tokio::time::timeout;
use url::Url;

/// A single request that is no MCP message: keys, metadata, a token.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// Where.
    pub url: &'a Url,
    /// Who chose that address.
    pub trust: Trust,
    /// With a payload it is a POST, without one a GET.
    pub payload: Option<Payload>,
    /// Further headers.
    pub headers: &'a [(HeaderName, Secret<String>)],
    /// The longest answer, in bytes.
    pub limit: usize,
    /// For everything, from the look-up of the name to the last byte.
    pub deadline: Duration,
}

/// What a fetch sends.
#[derive(Debug)]
pub enum Payload {
    /// `application/x-www-form-urlencoded`, as token endpoints want it.
    Form(Secret<String>),
    /// `application/json`, as vaults want it. A JSON-RPC message is refused: those need a permit.
    Json(Secret<String>),
    /// What is told of records. No server of MCP takes one of these types for a message.
    Report(Report, Bytes),
}

/// How records are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// `application/x-protobuf`, as OTLP/HTTP wants it.
    Protobuf,
    /// `application/cloudevents-batch+json` (CloudEvents 1.0, HTTP binding §3.3).
    CloudEvents,
}

impl Report {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::CloudEvents => "application/cloudevents-batch+json",
        }
    }
}

/// What came back: untrusted.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Sends one request on a connection of its own. Redirects are errors.
pub async fn fetch(egress: &Egress, request: Fetch<'_>) -> Result<Fetched, LinkError> {
    fetch_from(egress, None, request).await
}

/// The same from a server that proves who it is, or at which the gateway does.
pub async fn fetch_from(egress: &Egress, rules: Option<&PeerRules>, request: Fetch<'_>) -> Result<Fetched, LinkError> {
    let after = request.deadline;
    timeout(after, exchange(egress, rules, request)).await.map_err(|_| LinkError::slow(Stage::Reply, after))?
}

async fn exchange(egress: &Egress, rules: Option<&PeerRules>, fetch: Fetch<'_>) -> Result<Fetched, LinkError> {
    let origin = Origin::of(fetch.url)?;
    let request = build(&origin, &fetch)?;
    let io = egress.connect_to(&origin, fetch.trust, rules).await?;
    let mut wire = Wire::open(io, LIMITS);
    let head = wire.exchange(&request).await.map_err(|failed| failed.error)?;
    reply::check_head(&head)?;
    let too_large = LinkError::TooLarge { what: "a reply", limit: fetch.limit };
    if wire.announced() > fetch.limit as u64 {
        return Err(too_large);
    }
    let mut whole = BytesMut::new();
    while let Some(data) = poll_fn(|cx| wire.poll_data(cx)).await {
        let data = data?;
        if whole.len() + data.len() > fetch.limit {
            return Err(too_large);
        }
        whole.extend_from_slice(&data);
    }
    Ok(Fetched { status: head.status, headers: head.headers, body: whole.freeze() })
}

const LIMITS: Limits = Limits { bytes: 16 << 10, fields: 64 };

fn build(origin: &Origin, fetch: &Fetch<'_>) -> Result<Outgoing, LinkError> {
    let (kind, body) = match &fetch.payload {
        None => (None, Bytes::new()),
        Some(Payload::Form(form)) => {
            (Some("application/x-www-form-urlencoded"), form.reveal(|f| Bytes::copy_from_slice(f.as_bytes())))
        }
        Some(Payload::Json(json)) => {
            if json.reveal(|j| j.contains("\"jsonrpc\"")) {
                return Err(LinkError::Unproven);
            }
            (Some("application/json"), json.reveal(|j| Bytes::copy_from_slice(j.as_bytes())))
        }
        Some(Payload::Report(report, body)) => (Some(report.media_type()), body.clone()),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, value("host", &origin.authority())?);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, text) in fetch.headers {
        headers.insert(allowed(name)?.clone(), secret(name.as_str(), text)?);
    }
    let method = if kind.is_some() { Method::POST } else { Method::GET };
    Ok(Outgoing { method, path: path_and_query(fetch.url), headers, body })
}
