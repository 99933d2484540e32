//! The door over HTTP: both eras of Streamable HTTP on every endpoint, chosen per request.

use crate::{
    Endpoint, Gateway, Live,
    front::{
        legacy::{self, legacy},
        modern::modern,
        oauth,
        plain::{SESSION, negotiable, not_allowed, plain, told},
        reports,
        route::{Route, Transport},
        sse,
        streams::respond,
        turns,
        who::{metadata, presented, refuse},
    },
    passage::Caller,
    refusal::Refusal,
};
use bytes::Bytes;
use doorward_identity::{Flaw, Refusal as IdentityRefusal, delegation::Broken};
use doorward_mcp::{Era, Message, Method as McpMethod, Revision, Side, decode};
use doorward_transport::serve::{Body, Peer, Serve, read_body};
use http::{HeaderMap, Method, Request, Response, StatusCode};
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

pub(super) const VERSION: &str = "mcp-protocol-version";

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
        answer(gateway, live, route, request, peer).await
    }
}

async fn answer(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    route: Route,
    request: Request<Incoming>,
    peer: Arc<Peer>,
) -> Response<Body> {
    let (endpoint, transport) = match route {
        Route::Metadata(endpoint, transport) => return metadata(&live, &endpoint, transport),
        Route::Oauth(page) => return Box::pin(oauth::answer(gateway, &live, page, request, peer)).await,
        Route::Turns => return Box::pin(turns::answer(gateway, &live, request, &peer)).await,
        Route::Reports(report) => return Box::pin(reports::answer(gateway, &live, report, request, &peer)).await,
        Route::Mcp(endpoint) => (live.settle(endpoint), Transport::Streamable),
        Route::Sse(endpoint) => (live.settle(endpoint), Transport::Sse),
    };
    let server = match &endpoint {
        Endpoint::One(name) => Some(name),
        Endpoint::All | Endpoint::Virtual(_) => None,
    };
    let shown = match presented(&request, &peer, server) {
        Ok(shown) => shown,
        Err(refusal) => return refuse(&live, &endpoint, transport, &refusal),
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
        Ok(_) => return refuse(&live, &endpoint, transport, &IdentityRefusal::Invalid(Flaw::Audience)),
        Err(refusal) => {
            gateway.metrics.refused.inc();
            tracing::info!("refused a request: {refusal}");
            return refuse(&live, &endpoint, transport, &refusal);
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
            Method::GET => Box::pin(legacy::get(gateway, &endpoint, &caller, request.headers())).await,
            Method::DELETE => Box::pin(legacy::delete(gateway, &endpoint, &caller, request.headers())).await,
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
        None => refuse(&live, &endpoint, transport, &IdentityRefusal::Delegation(Broken::Revoked)),
    }
}

async fn post(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: Endpoint,
    caller: Caller,
    request: Request<Incoming>,
) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    if let Err((status, why)) = negotiable(&head.headers) {
        return plain(status, why);
    }
    let limits = &live.settings.limits;
    let bytes = match read_body(body, limits.request, limits.body_timeout).await {
        Ok(bytes) => bytes,
        Err(error) => return plain(error.status(), &error.to_string()),
    };
    let headers = std::mem::take(&mut head.headers);
    drop(head);
    message(gateway, live, endpoint, caller, headers, bytes).await
}

/// One message of a client, and what it gets for it. Whoever drops this, or its body, is a client that is gone.
pub(crate) async fn message(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: Endpoint,
    caller: Caller,
    headers: HeaderMap,
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
    let era = era_of(&headers, &message);
    let served = match era {
        Era::Modern => Box::pin(modern(gateway, live, &endpoint, caller, &headers, message)).await,
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
