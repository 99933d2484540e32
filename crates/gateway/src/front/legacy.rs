//! What belongs to a session: everything that clients of 2025 and before send.

use crate::{
    Endpoint, Gateway, Live,
    admit::Arrival,
    front::{
        http::VERSION,
        plain::{SESSION, not_allowed, plain, told},
        streams::{replayed, stream, to_its_end},
    },
    hosted::MOST_BYTES,
    link::Routing,
    passage::Caller,
    refusal::Refusal,
    reply::Reply,
    session::Session,
};
use doorward_mcp::{Era, Message, Method as McpMethod, Request, Revision, RpcError, Side, json::Value};
use doorward_transport::serve::{Body, Ends};
use http::{HeaderMap, Response, StatusCode};
use std::sync::Arc;

/// A message of a session, or the request that opens one.
pub(super) async fn legacy(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: Endpoint,
    caller: Caller,
    headers: HeaderMap,
    message: Message,
) -> Result<Reply, Refusal> {
    let mut arrival =
        Arrival { live: live.clone(), caller, revision: Revision::LATEST_LEGACY, session: None, asked: None };
    let message = match message {
        Message::Request(request) if request.method == McpMethod::Initialize => {
            let client = client_name(&request);
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
            if let (Some(session), Some(client)) = (&arrival.session, client) {
                let _ = session.client.set(client);
            }
            if let (Ok(Reply::Message { session: Some(_), .. }), Some(session)) = (&opened, &arrival.session) {
                gateway.keep_session(session);
            }
            return opened;
        }
        message => message,
    };
    let session = session_of(gateway, &endpoint, &arrival.caller, &headers).await?;
    // They hold the memory that the request was read into.
    drop(headers);
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

/// What a client calls itself, where that is no longer than any that hosts are known by.
fn client_name(initialize: &Request) -> Option<Box<str>> {
    let name = initialize.params()?.get("clientInfo")?.get("name").and_then(Value::as_str)?;
    (name.len() <= MOST_BYTES).then(|| name.as_ref().into())
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

/// Listens: the stream of what belongs to no request, or the rest of a stream that was lost.
pub(crate) async fn get(
    gateway: &Arc<Gateway>,
    endpoint: &Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
) -> Response<Body> {
    let session = match session_at(gateway, endpoint, caller, headers).await {
        Ok(session) => session,
        Err(response) => return response,
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

/// Ends a session.
pub(crate) async fn delete(
    gateway: &Arc<Gateway>,
    endpoint: &Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
) -> Response<Body> {
    match session_at(gateway, endpoint, caller, headers).await {
        Ok(session) => {
            gateway.end_session(&session.id).await;
            Response::new(Body::empty())
        }
        Err(response) => response,
    }
}

/// The session of a request that is about nothing but a session, or what its client gets instead.
async fn session_at(
    gateway: &Gateway,
    endpoint: &Endpoint,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Arc<Session>, Response<Body>> {
    if !headers.contains_key(SESSION) {
        return Err(not_allowed());
    }
    let session = session_of(gateway, endpoint, caller, headers).await;
    session.map_err(|refusal| told(refusal.told(None, None, Era::Legacy)))
}
