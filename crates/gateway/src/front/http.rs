//! The door over HTTP: both eras of Streamable HTTP on every endpoint, chosen per request.

use crate::{
    Endpoint, Gateway, Live,
    admit::Arrival,
    front::{
        oauth::{self, Page},
        plain::{SESSION, json, negotiable, not_allowed, plain, told},
        sse,
        streams::{replayed, respond, stream, to_its_end},
        turns,
    },
    link::Routing,
    passage::Caller,
    refusal::Refusal,
    reply::Reply,
    session::Session,
};
use bytes::Bytes;
use doorward_identity::{
    Asked, Chain, Flaw, Presented, ProofFlaw, Refusal as IdentityRefusal, Resource, delegation::Broken,
};
use doorward_mcp::{
    Era, Message, Method as McpMethod, Request as McpRequest, Revision, RpcError, Side, check_headers, check_notice,
    decode, meta,
};
use doorward_transport::serve::{Body, Ends, Peer, Serve, read_body};
use doorward_vocab::ServerName;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use std::sync::Arc;

/// The MCP listener.
#[derive(Debug)]
pub struct McpDoor {
    gateway: Arc<Gateway>,
}

impl McpDoor {
    /// The door of `gateway`.
    pub fn new(gateway: Arc<Gateway>) -> Arc<Self> {
        Arc::new(Self { gateway })
    }
}

const VERSION: &str = "mcp-protocol-version";

/// What stands at a path. Everything else is 404. Who may use each is in `answer`: only metadata is open to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// MCP.
    Mcp(Endpoint),
    /// Protected-resource metadata (RFC 9728).
    Metadata(Endpoint, Transport),
    /// The authorization server.
    Oauth(Page),
    /// HTTP+SSE of 2024-11-05.
    Sse(Endpoint),
    /// Turns of the human.
    Turns,
}

/// How MCP is spoken over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Streamable,
    Sse,
}

impl Route {
    pub(crate) fn of(path: &str) -> Option<Self> {
        let endpoint = |path: &str, base: &str| match path.strip_prefix(base)? {
            "" => Some(Endpoint::All),
            name => name.strip_prefix('/')?.parse().ok().map(Endpoint::One),
        };
        if path == "/v1/turns" {
            return Some(Self::Turns);
        }
        if let Some(page) = Page::of(path) {
            return Some(Self::Oauth(page));
        }
        match path.strip_prefix("/.well-known/oauth-protected-resource") {
            Some("" | "/") => Some(Self::Metadata(Endpoint::All, Transport::Streamable)),
            Some(rest) => endpoint(rest, "/mcp")
                .map(|e| Self::Metadata(e, Transport::Streamable))
                .or_else(|| endpoint(rest, "/sse").map(|e| Self::Metadata(e, Transport::Sse))),
            None => endpoint(path, "/mcp").map(Self::Mcp).or_else(|| endpoint(path, "/sse").map(Self::Sse)),
        }
    }
}

impl Serve for McpDoor {
    async fn serve(self: Arc<Self>, request: Request<Incoming>, peer: Arc<Peer>) -> Response<Body> {
        let gateway = &self.gateway;
        let live = gateway.live.load_full();
        // Before anything else, on every method and path: a page of a browser must not reach a gateway on loopback.
        if let Err(refusal) = live.guard.check(request.uri(), request.version(), request.headers()) {
            gateway.metrics.refused.inc();
            return plain(refusal.status(), &refusal.to_string());
        }
        let Some(route) = Route::of(request.uri().path()) else {
            return plain(StatusCode::NOT_FOUND, "there is nothing here; MCP is at /mcp and /mcp/{server}");
        };
        if let Route::Oauth(page) = route {
            return Box::pin(oauth::answer(gateway, &live, page, request, peer)).await;
        }
        answer(gateway, live, route, request, &peer).await
    }
}

async fn answer(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    route: Route,
    request: Request<Incoming>,
    peer: &Peer,
) -> Response<Body> {
    let (endpoint, transport) = match route {
        Route::Metadata(endpoint, transport) => return metadata(&live, &endpoint, transport),
        // Answered before.
        Route::Oauth(_) => return plain(StatusCode::NOT_FOUND, "there is nothing here"),
        Route::Turns => return Box::pin(turns::answer(gateway, &live, request, peer)).await,
        Route::Mcp(endpoint) => (live.settle(endpoint), Transport::Streamable),
        Route::Sse(endpoint) => (live.settle(endpoint), Transport::Sse),
    };
    let server = match &endpoint {
        Endpoint::One(name) => Some(name),
        Endpoint::All | Endpoint::Virtual(_) => None,
    };
    let shown = match presented(&request, peer, server) {
        Ok(shown) => shown,
        Err(refusal) => return refuse_identity(&live, &endpoint, transport, &refusal),
    };
    // Before the body is read: a stranger costs no memory.
    let process = peer.process.as_ref().filter(|_| shown.authorization.is_none());
    let known = match process {
        Some(process) => Box::pin(gateway.authenticate_process(&live, process)).await,
        None => None,
    };
    let authenticated = match known {
        Some(known) => known,
        None => gateway.authenticate(&live, shown).await,
    };
    let caller = match authenticated {
        Ok(caller) if live.is_for(caller.actor.principal(), &endpoint) => caller,
        Ok(_) => return refuse_identity(&live, &endpoint, transport, &IdentityRefusal::Invalid(Flaw::Audience)),
        Err(refusal) => {
            gateway.metrics.refused.inc();
            tracing::info!("refused a request: {refusal}");
            return refuse_identity(&live, &endpoint, transport, &refusal);
        }
    };
    // After authentication, so that nobody learns which servers there are.
    if server.is_some_and(|name| !live.servers.contains_key(name)) {
        return plain(StatusCode::NOT_FOUND, "no such server");
    }
    let presence = caller.presence.clone();
    let served = async {
        if transport == Transport::Sse {
            return Box::pin(sse::answer(gateway, live.clone(), endpoint.clone(), caller, request)).await;
        }
        match *request.method() {
            Method::POST => post(gateway, live.clone(), endpoint.clone(), caller, request).await,
            Method::GET => Box::pin(get(gateway, &endpoint, &caller, request.headers())).await,
            Method::DELETE => Box::pin(delete(gateway, &endpoint, &caller, request.headers())).await,
            _ => not_allowed(),
        }
    };
    if !presence.is_bound() {
        return Box::pin(served).await;
    }
    // What goes on under a delegation ends with it: whoever waits is told, and a stream is over.
    let answered = tokio::select! {
        biased;
        () = presence.clone().ended() => None,
        response = Box::pin(served) => Some(response),
    };
    match answered {
        Some(response) => response.map(|body| body.until(presence.ended())),
        None => refuse_identity(&live, &endpoint, transport, &IdentityRefusal::Delegation(Broken::Revoked)),
    }
}

/// What a request shows of who sends it. No header of these comes twice: the guard saw to it.
pub(super) fn presented<'a>(
    request: &'a Request<Incoming>,
    peer: &'a Peer,
    server: Option<&'a ServerName>,
) -> Result<Presented<'a>, IdentityRefusal> {
    let text = |name: &str, bad| request.headers().get(name).map(|v| v.to_str().map_err(|_| bad)).transpose();
    let proof = text("dpop", IdentityRefusal::Proof(ProofFlaw::Form))?;
    Ok(Presented {
        authorization: text("authorization", IdentityRefusal::Malformed)?,
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

async fn post(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: Endpoint,
    caller: Caller,
    request: Request<Incoming>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    if let Err((status, why)) = negotiable(&head.headers) {
        return plain(status, why);
    }
    let limits = &live.settings.limits;
    let bytes = match read_body(body, limits.request, limits.body_timeout).await {
        Ok(bytes) => bytes,
        Err(error) => return plain(error.status(), &error.to_string()),
    };
    message(gateway, live, endpoint, caller, &head.headers, bytes).await
}

/// One message of a client, and what it gets for it. Whoever drops this, or its body, is a client that is gone.
pub(crate) async fn message(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: Endpoint,
    caller: Caller,
    headers: &HeaderMap,
    bytes: Bytes,
) -> Response<Body> {
    let message = match decode(bytes, &live.limits, Side::Client) {
        Ok(message) => message,
        Err(error) => {
            gateway.metrics.refused.inc();
            gateway.note_malformed(&caller, &error);
            return told(Refusal::Decode(error).told(None, None, Era::Legacy));
        }
    };
    let (id, method) = match &message {
        Message::Request(r) => (Some(r.id.clone()), Some(r.method)),
        Message::Notification(_) | Message::Response(_) => (None, None),
    };
    let era = era_of(headers, &message);
    let served = match era {
        Era::Modern => Box::pin(modern(gateway, live, &endpoint, caller, headers, message)).await,
        Era::Legacy => legacy(gateway, live, endpoint, caller, headers, message).await,
    };
    match served {
        Ok(reply) => respond(gateway, reply, id.as_ref()).await,
        Err(refusal) => {
            gateway.refused(&refusal);
            told(refusal.told(id.as_ref(), method, era))
        }
    }
}

/// The era of a message: what its body says; where a body cannot say it, what the header says.
fn era_of(headers: &HeaderMap, message: &Message) -> Era {
    let said = || headers.get(VERSION).and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse::<Revision>().ok());
    match message {
        // It opens a session whatever its `_meta` says, unless the header claims an era that has none.
        Message::Request(r) if r.method == McpMethod::Initialize => said().map_or(Era::Legacy, Revision::era),
        Message::Request(r) if r.era() == Era::Modern => Era::Modern,
        _ if headers.contains_key(SESSION) => Era::Legacy,
        _ => said().map_or(Era::Legacy, Revision::era),
    }
}

/// A request that stands alone.
async fn modern(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: &Endpoint,
    caller: Caller,
    headers: &HeaderMap,
    message: Message,
) -> Result<Reply, Refusal> {
    let request = match message {
        Message::Request(request) => request,
        Message::Notification(n) => {
            // Over HTTP the end of a stream cancels; there is nothing that a notification could do.
            check_notice(headers, n.notice).map_err(Refusal::Header)?;
            return Ok(Reply::Accepted);
        }
        Message::Response(_) => {
            return Err(
                RpcError::new(RpcError::INVALID_REQUEST, 400, "Clients of 2026-07-28 send no responses.").into()
            );
        }
    };
    if !request.method.allowed(Side::Client, Era::Modern) {
        return Err(RpcError::method_not_found(request.method.as_str()).into());
    }
    check_headers(headers, &request, &[]).map_err(Refusal::Header)?;
    let arrival =
        Arrival { live: live.clone(), caller, revision: Revision::LATEST, session: None, asked: Some(request.clone()) };
    declared(gateway, &arrival, endpoint, &request).await?;
    match endpoint {
        Endpoint::All | Endpoint::Virtual(_) => Box::pin(gateway.request_all(&arrival, endpoint, request)).await,
        Endpoint::One(name) => {
            let server =
                live.servers.get(name).cloned().ok_or_else(|| RpcError::method_not_found(request.method.as_str()))?;
            let link = gateway.stateless(&arrival, &server).await?;
            if request.method == McpMethod::ToolsCall
                && let Some(definition) = request.target().and_then(|name| server.catalog.tool(&name))
            {
                check_headers(headers, &request, &definition.parameters).map_err(Refusal::Header)?;
            }
            gateway.request_one(&arrival, &server, &link, request).await
        }
    }
}

/// Checks what a modern request says of itself.
pub(super) async fn declared(
    gateway: &Gateway,
    arrival: &Arrival,
    endpoint: &Endpoint,
    request: &McpRequest,
) -> Result<(), Refusal> {
    match (envelope(request), endpoint) {
        (Ok(()), _) => Ok(()),
        // What is supported at the endpoint of one server is what that server supports.
        (Err(error), Endpoint::One(name)) if error.code == RpcError::UNSUPPORTED_VERSION => {
            let asked = request.declared_version().unwrap_or_default().into_owned();
            let spoken = match arrival.live.servers.get(name) {
                Some(server) => Box::pin(gateway.spoken_by(arrival, server)).await,
                None => None,
            };
            Err(spoken.map_or(error, |spoken| RpcError::unsupported_version(&asked, &spoken)).into())
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// What every modern request must say of itself (2026-07-28, basic).
fn envelope(request: &McpRequest) -> Result<(), RpcError> {
    match request.declared_version().as_deref().map(|v| (v.to_owned(), v.parse::<Revision>())) {
        None => return Err(RpcError::invalid_params(format!("`_meta[\"{}\"]` is required", meta::PROTOCOL_VERSION))),
        Some((_, Ok(revision))) if revision.era() == Era::Modern => {}
        Some((asked, _)) => return Err(RpcError::unsupported_version(&asked, &Revision::ALL)),
    }
    match request.meta(meta::CLIENT_CAPABILITIES) {
        Some(capabilities) if capabilities.is_object() => Ok(()),
        _ => Err(RpcError::invalid_params(format!("`_meta[\"{}\"]` is required", meta::CLIENT_CAPABILITIES))),
    }
}

/// A message of a session, or the request that opens one.
async fn legacy(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: Endpoint,
    caller: Caller,
    headers: &HeaderMap,
    message: Message,
) -> Result<Reply, Refusal> {
    let mut arrival =
        Arrival { live: live.clone(), caller, revision: Revision::LATEST_LEGACY, session: None, asked: None };
    let message = match message {
        Message::Request(request) if request.method == McpMethod::Initialize => {
            let opened = match &endpoint {
                Endpoint::All | Endpoint::Virtual(_) => {
                    Box::pin(gateway.open_all(&mut arrival, &endpoint, request)).await
                }
                Endpoint::One(name) => {
                    let server =
                        live.servers.get(name).cloned().ok_or_else(|| RpcError::method_not_found("initialize"))?;
                    Box::pin(gateway.open_one(&mut arrival, &server, request, Routing::ByRequest)).await
                }
            };
            if let (Ok(Reply::Message { session: Some(_), .. }), Some(session)) = (&opened, &arrival.session) {
                gateway.keep_session(session);
            }
            return opened;
        }
        message => message,
    };
    let session = session_of(gateway, &endpoint, &arrival.caller, headers).await?;
    arrival.revision = session.revision();
    arrival.session = Some(session.clone());
    let own = gateway.clone();
    match message {
        Message::Request(request) => match &endpoint {
            Endpoint::All | Endpoint::Virtual(_) => {
                let (gateway, endpoint) = (gateway.clone(), endpoint.clone());
                let asking = async move { gateway.request_all(&arrival, &endpoint, request).await };
                to_its_end(own, asking).await
            }
            Endpoint::One(name) => {
                if !request.method.allowed(Side::Client, Era::Legacy) {
                    return Err(RpcError::method_not_found(request.method.as_str()).into());
                }
                let gone = || RpcError::new(RpcError::INVALID_REQUEST, 404, "The session is gone. Open a new one.");
                let server = live.servers.get(name).cloned().ok_or_else(gone)?;
                let link = session.link(name).ok_or_else(gone)?.link;
                if !link.is_alive() {
                    // The process of this session has ended: another one knows nothing of it.
                    Box::pin(gateway.end_session(&session.id)).await;
                    return Err(gone().into());
                }
                let gateway = gateway.clone();
                let asking = async move { gateway.request_one(&arrival, &server, &link, request).await };
                to_its_end(own, asking).await
            }
        },
        message => Box::pin(gateway.pass_on(&arrival, &session, message)).await.map(|()| Reply::Accepted),
    }
}

async fn session_of(
    gateway: &Gateway,
    endpoint: &Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Arc<Session>, Refusal> {
    let missing = || {
        RpcError::new(RpcError::INVALID_REQUEST, 400, "`Mcp-Session-Id` is required. Open a session with `initialize`.")
    };
    let unknown =
        || RpcError::new(RpcError::INVALID_REQUEST, 404, "There is no such session. Open a new one with `initialize`.");
    if let Some(version) = headers.get(VERSION)
        && version.to_str().ok().and_then(|v| v.trim().parse::<Revision>().ok()).is_none()
    {
        return Err(
            RpcError::new(RpcError::INVALID_REQUEST, 400, "`MCP-Protocol-Version` names no known version.").into()
        );
    }
    let id = headers.get(SESSION).ok_or_else(missing)?.to_str().map_err(|_| unknown())?;
    gateway.session(id, caller, endpoint).await?.ok_or_else(|| unknown().into())
}

pub(crate) async fn get(
    gateway: &Arc<Gateway>,
    endpoint: &Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
) -> Response<Body> {
    if !headers.contains_key(SESSION) {
        return not_allowed();
    }
    let session = match session_of(gateway, endpoint, caller, headers).await {
        Ok(session) => session,
        Err(refusal) => return told(refusal.told(None, None, Era::Legacy)),
    };
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    if let Some((replay, after)) = last.and_then(|id| session.replays.find(id)) {
        return replayed(replay, Some(after), session, gateway.clone());
    }
    match gateway.listen_session(&session, last).await {
        Ok(Reply::Stream(flow)) => stream(gateway, flow, None, Some(session), Ends::AtDrain),
        Ok(_) | Err(405) => not_allowed(),
        Err(status) => {
            plain(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), "the server offers no such stream")
        }
    }
}

pub(crate) async fn delete(
    gateway: &Arc<Gateway>,
    endpoint: &Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
) -> Response<Body> {
    if !headers.contains_key(SESSION) {
        return not_allowed();
    }
    match session_of(gateway, endpoint, caller, headers).await {
        Ok(session) => {
            gateway.end_session(&session.id).await;
            Response::new(Body::empty())
        }
        Err(refusal) => told(refusal.told(None, None, Era::Legacy)),
    }
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

fn metadata(live: &Live, endpoint: &Endpoint, transport: Transport) -> Response<Body> {
    let resource = resource(endpoint, transport);
    match &live.resources {
        Some(resources) => json(200, resources.document(resource).into()),
        None => plain(StatusCode::NOT_FOUND, "tokens are not used here"),
    }
}

fn refuse_identity(
    live: &Live,
    endpoint: &Endpoint,
    transport: Transport,
    refusal: &IdentityRefusal,
) -> Response<Body> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let one = |s: &str| Endpoint::One(s.parse().unwrap());
        assert_eq!(Route::of("/mcp"), Some(Route::Mcp(Endpoint::All)));
        assert_eq!(Route::of("/mcp/files"), Some(Route::Mcp(one("files"))));
        assert_eq!(
            Route::of("/.well-known/oauth-protected-resource/mcp/files"),
            Some(Route::Metadata(one("files"), Transport::Streamable))
        );
        assert_eq!(
            Route::of("/.well-known/oauth-protected-resource/sse"),
            Some(Route::Metadata(Endpoint::All, Transport::Sse))
        );
        assert_eq!(Route::of("/oauth/token"), Some(Route::Oauth(Page::Token)));
        assert_eq!(Route::of("/.well-known/openid-configuration/x"), Some(Route::Oauth(Page::Metadata)));
        assert_eq!(Route::of("/sse"), Some(Route::Sse(Endpoint::All)));
        assert_eq!(Route::of("/sse/files"), Some(Route::Sse(one("files"))));
        assert_eq!(Route::of("/v1/turns"), Some(Route::Turns));
        for nothing in [
            "/",
            "/mcp/",
            "/mcp/a/b",
            "/mcp/..",
            "/MCP",
            "/mcp/Files",
            "/.well-known/x",
            "/sse/",
            "/sse/a/b",
            "/ssefiles",
        ] {
            assert_eq!(Route::of(nothing), None, "{nothing}");
        }
    }
}
