//! What a request shows of who sends it, and what it is told where that is not enough.

use crate::{
    Endpoint, Live,
    front::{
        plain::{json, plain},
        route::Transport,
    },
};
use doorward_identity::{Asked, Chain, Presented, ProofFlaw, Refusal, Resource};
use doorward_transport::serve::{Body, Peer};
use doorward_vocab::ServerName;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;

/// What a request shows of who sends it. No header of these comes twice: the guard saw to it.
pub(super) fn presented<'a>(
    request: &'a Request<Incoming>,
    peer: &'a Peer,
    server: Option<&'a ServerName>,
) -> Result<Presented<'a>, Refusal> {
    let text = |name: &str, bad| request.headers().get(name).map(|v| v.to_str().map_err(|_| bad)).transpose();
    let proof = text("dpop", Refusal::Proof(ProofFlaw::Form))?;
    Ok(Presented {
        authorization: text("authorization", Refusal::Malformed)?,
        loopback: peer.address.ip().to_canonical().is_loopback(),
        server,
        request: Some(Asked { method: request.method().as_str(), path: request.uri().path(), proof }),
        certificates: chain(peer),
    })
}

/// The certificates whose key a peer proved to have.
pub(super) fn chain(peer: &Peer) -> Option<Chain<'_>> {
    peer.certificates.as_ref().map(|c| Chain { certificates: &c.chain, leaf: &c.leaf, whole: &c.whole })
}

/// What an endpoint is called as a resource.
const fn resource(endpoint: &Endpoint, transport: Transport) -> Resource<'_> {
    match (endpoint, transport) {
        (Endpoint::All, Transport::Streamable) => Resource::All,
        (Endpoint::All, Transport::Sse) => Resource::AllSse,
        (Endpoint::One(name) | Endpoint::Virtual(name), Transport::Streamable) => Resource::Server(name),
        (Endpoint::One(name) | Endpoint::Virtual(name), Transport::Sse) => Resource::ServerSse(name),
    }
}

pub(super) fn metadata(live: &Live, endpoint: &Endpoint, transport: Transport) -> Response<Body> {
    let resource = resource(endpoint, transport);
    match &live.resources {
        Some(resources) => json(200, resources.document(resource).into()),
        None => plain(StatusCode::NOT_FOUND, "tokens are not used here"),
    }
}

pub(super) fn refuse(live: &Live, endpoint: &Endpoint, transport: Transport, refusal: &Refusal) -> Response<Body> {
    let resource = resource(endpoint, transport);
    let url = live.resources.as_ref().map(|r| r.metadata_url(resource));
    let answer = refusal.answer(url.as_deref(), None);
    let mut response = plain(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::UNAUTHORIZED), "not authorized");
    if let Some(challenge) = answer.www_authenticate.and_then(|c| HeaderValue::from_str(&c).ok()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(nonce) = answer.dpop_nonce.and_then(|n| HeaderValue::from_str(&n).ok()) {
        response.headers_mut().insert("dpop-nonce", nonce);
    }
    if let Some(after) = answer.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    response
}
