//! The door for clients of 2024-11-05 (HTTP+SSE): `GET` opens an event stream, whose first event names the address to which
//! this client posts; every answer comes on the stream. The session is the stream: it ends with it.

use crate::{
    Endpoint, Gateway, Live,
    front::{
        pipe::{Client, Outlet},
        plain::{accepted, accepts, is_json, plain, told},
        streams::{event_stream, stream_options},
    },
    passage::Caller,
    refusal::Refusal,
};
use bytes::Bytes;
use doorward_identity::PrincipalKey;
use doorward_mcp::{Era, Message, Side, decode};
use doorward_transport::{
    Delivery, LinkError,
    serve::{Body, Ends, StreamSender, read_body},
    sse::encode,
};
use doorward_vocab::Entropy;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};

/// The open streams. Each is bound to its principal and its endpoint; its id proves nothing.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: RwLock<HashMap<Box<str>, Stream>>,
}

#[derive(Debug)]
struct Stream {
    owner: PrincipalKey,
    endpoint: Endpoint,
    client: Arc<Client<Events>>,
}

/// What the query of the address is called to which a client posts.
const ID: &str = "sessionId";

/// Answers a request at `/sse` or `/sse/{server}` of a known caller.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: Endpoint,
    caller: Caller,
    request: Request<Incoming>,
) -> Response<Body> {
    let id = request.uri().query().and_then(|q| q.split('&').find_map(|pair| pair.strip_prefix(ID)?.strip_prefix('=')));
    match (request.method(), id.map(str::to_owned)) {
        (&Method::GET, _) => open(gateway, &live, endpoint, &caller, &request),
        (&Method::POST, Some(id)) => post(gateway, live, &endpoint, caller, &id, request).await,
        // A client that knows both transports tries the newer one first, and takes this for a no.
        _ => not_allowed(),
    }
}

fn open(
    gateway: &Arc<Gateway>,
    live: &Live,
    endpoint: Endpoint,
    caller: &Caller,
    request: &Request<Incoming>,
) -> Response<Body> {
    if !accepts(request.headers()).1 {
        return plain(StatusCode::NOT_ACCEPTABLE, "send `Accept: text/event-stream`");
    }
    let (sender, body) = Body::stream(stream_options(Ends::ByProducer));
    let limits = &live.settings.limits;
    let client = Client::new(gateway.clone(), Events(sender.clone()), endpoint.clone(), limits.in_flight);
    let stream = Stream { owner: caller.actor.key(), endpoint: endpoint.clone(), client: client.clone() };
    let Some(id) = gateway.streams.add(stream, limits.streams, &*gateway.entropy) else {
        let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "too many event streams are open");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        return response;
    };
    let address = address(live, &endpoint, &id);
    let gateway = gateway.clone();
    tokio::spawn(async move {
        if sender.send(encode(Some("endpoint"), None, address.as_bytes())).await.is_ok() {
            tokio::select! {
                () = sender.closed() => {}
                () = client.lost() => {}
                // What runs may finish when the gateway stops; nobody waits for what else may happen.
                () = async { sender.draining().await; client.quiet().await; } => {}
            }
        }
        gateway.streams.remove(&id);
        client.leave().await;
    });
    event_stream(body)
}

async fn post(
    gateway: &Arc<Gateway>,
    live: Arc<Live>,
    endpoint: &Endpoint,
    caller: Caller,
    id: &str,
    request: Request<Incoming>,
) -> Response<Body> {
    let Some(client) = gateway.streams.find(id, caller.actor.key(), endpoint) else {
        return plain(StatusCode::NOT_FOUND, "there is no such session; open a stream with GET");
    };
    let (head, body) = request.into_parts();
    if let Err((status, why)) = is_json(&head.headers) {
        return plain(status, why);
    }
    let bytes = match read_body(body, live.settings.limits.request, live.settings.limits.body_timeout).await {
        Ok(bytes) => bytes,
        Err(error) => return plain(error.status(), &error.to_string()),
    };
    let message = match decode(bytes, &live.limits, Side::Client) {
        Ok(message) => message,
        Err(error) => {
            gateway.metrics.refused.inc();
            gateway.note_malformed(&caller, &error);
            return told(Refusal::Decode(error).told(None, None, Era::Legacy));
        }
    };
    let Message::Request(request) = message else {
        // It outlives a client that hangs up before it was answered.
        let telling = tokio::spawn(async move { client.tell(live, caller, message).await });
        return match telling.await.unwrap_or(Err(Refusal::Trail)) {
            Ok(()) => accepted(),
            Err(refusal) => {
                gateway.refused(&refusal);
                told(refusal.told(None, None, Era::Legacy))
            }
        };
    };
    let (id, method, era) = (request.id.clone(), request.method, request.era());
    match client.begin(live, caller, request) {
        Ok(begun) => {
            tokio::spawn(client.serve(begun));
            accepted()
        }
        Err(refusal) => {
            gateway.refused(&refusal);
            told(refusal.told(Some(&id), Some(method), era))
        }
    }
}

/// Where the client of a stream posts: a path, so that it stays at the origin that it came to.
fn address(live: &Live, endpoint: &Endpoint, id: &str) -> String {
    let base = live.settings.public_url.as_ref().map_or("", |url| url.path().trim_end_matches('/'));
    match endpoint {
        Endpoint::All => format!("{base}/sse?{ID}={id}"),
        Endpoint::One(name) | Endpoint::Virtual(name) => format!("{base}/sse/{name}?{ID}={id}"),
    }
}

fn not_allowed() -> Response<Body> {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "GET opens an event stream here; it says where to POST");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    response
}

impl Streams {
    /// Gives a stream its id; `None` where there are too many.
    fn add(&self, stream: Stream, most: usize, entropy: &dyn Entropy) -> Option<Box<str>> {
        let id: Box<str> =
            [entropy.draw(), entropy.draw()].concat().iter().map(|b| format!("{b:02x}")).collect::<String>().into();
        let mut open = self.open.write();
        if open.len() >= most {
            return None;
        }
        open.insert(id.clone(), stream);
        Some(id)
    }

    /// The client of this id, for this principal at this endpoint; for anybody else it does not exist.
    fn find(&self, id: &str, owner: PrincipalKey, endpoint: &Endpoint) -> Option<Arc<Client<Events>>> {
        let open = self.open.read();
        open.get(id).filter(|s| s.owner == owner && s.endpoint == *endpoint).map(|s| s.client.clone())
    }

    fn remove(&self, id: &str) {
        self.open.write().remove(id);
    }
}

/// The event stream of one client. What waits for a slow one has a ceiling; whoever has more to say waits.
#[derive(Clone, Debug)]
pub(crate) struct Events(StreamSender);

impl Outlet for Events {
    async fn send(&self, message: Bytes) -> Result<(), LinkError> {
        let event = encode(Some("message"), None, &message);
        self.0.send(event).await.map_err(|_| LinkError::Closed { delivery: Delivery::Never })
    }
}
