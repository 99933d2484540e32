//! A request of 2026-07-28: it stands alone.

use crate::{Endpoint, Gateway, Live, admit::Arrival, passage::Caller, refusal::Refusal, reply::Reply};
use doorward_mcp::{
    Era, Message, Method as McpMethod, Request as McpRequest, Revision, RpcError, Side, check_headers, check_notice,
    meta,
};
use http::HeaderMap;
use std::sync::Arc;

/// A request that stands alone.
pub(super) async fn modern(
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
