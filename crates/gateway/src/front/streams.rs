//! What a client gets for a message, over HTTP: one JSON text, or a stream that it may read slowly, lose, or leave.

use crate::{
    Gateway,
    front::{
        outlive::outliving,
        plain::{SESSION, accepted, json, plain},
        reading::Reading,
    },
    refusal::Refusal,
    replay::{self, Replay},
    reply::{Flow, Out, Reply},
    session::Session,
};
use doorward_mcp::Id;
use doorward_transport::serve::{Body, Ends, StreamOptions};
use futures_util::FutureExt as _;
use http::{HeaderValue, Response, StatusCode, header};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

/// The reply to a message; `id` is that of a request.
pub(super) async fn respond(gateway: &Arc<Gateway>, reply: Reply, id: Option<&Id>) -> Response<Body> {
    match reply {
        Reply::Message { status, body, session } => {
            let mut response = json(status, body);
            if let Some(session) = session.and_then(|s| HeaderValue::from_str(&s).ok()) {
                response.headers_mut().insert(SESSION, session);
            }
            response
        }
        Reply::Accepted => accepted(),
        Reply::Status(status) => {
            plain(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), "refused by the server")
        }
        Reply::Stream(flow) if flow.decides_status() || (flow.is_pipe() && id.is_some()) => {
            Box::pin(begin(gateway, flow)).await
        }
        Reply::Stream(flow) => answer_stream(gateway, flow, None),
    }
}

/// Waits for the beginning of a flow. A pipe answers most requests with one message: that is plain JSON. What ends at once
/// with a status of its own is too.
async fn begin(gateway: &Arc<Gateway>, flow: Flow) -> Response<Body> {
    let pipe = flow.is_pipe();
    let mut beginning = Beginning { gateway: gateway.clone(), flow: Some(flow) };
    let first = match &mut beginning.flow {
        Some(flow) => flow.next(gateway).await,
        None => None,
    };
    let flow = beginning.goes_on();
    match first {
        Some(Out { message: Some(message), last: true, status, .. }) if pipe || status != 200 => {
            flow.finish(gateway, false).await;
            json(status, message)
        }
        first => answer_stream(gateway, flow, first),
    }
}

/// A flow whose client may leave before there is anything to tell it. Where that takes the request back, its server is
/// told; in a session it does not, and the request goes on to its end.
struct Beginning {
    gateway: Arc<Gateway>,
    flow: Option<Flow>,
}

impl Beginning {
    /// Its client is there.
    fn goes_on(mut self) -> Flow {
        self.flow.take().unwrap_or_else(Flow::joined)
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        if let Some(mut flow) = self.flow.take() {
            let gateway = self.gateway.clone();
            tokio::spawn(async move {
                let goes_on = flow.to_be_numbered().is_some();
                while goes_on && flow.next(&gateway).await.is_some_and(|out| !out.last) {}
                flow.finish(&gateway, !goes_on).await;
            });
        }
    }
}

/// Streams an answer: to a client with a session so that it may lose the stream and come back to it.
fn answer_stream(gateway: &Arc<Gateway>, flow: Flow, first: Option<Out>) -> Response<Body> {
    let numbered = flow.to_be_numbered().cloned().and_then(|session| Some((session.replays.open()?, session)));
    let Some((replay, session)) = numbered else { return stream(gateway, flow, first, None, Ends::AtDeadline) };
    tokio::spawn(replay::run(gateway.clone(), replay.clone(), flow, first, session.revision()));
    replayed(replay, None, session, gateway.clone())
}

/// What a numbered stream has after event `after`, and whatever follows.
pub(super) fn replayed(
    replay: Arc<Replay>,
    after: Option<u64>,
    session: Arc<Session>,
    gateway: Arc<Gateway>,
) -> Response<Body> {
    let (sender, body) = Body::stream(stream_options(Ends::AtDeadline));
    tokio::spawn(async move {
        session.streams.fetch_add(1, Relaxed);
        if !replay.read(after, &sender).await {
            tracing::debug!("a client came back to a stream of which it missed too much");
        }
        session.streams.fetch_sub(1, Relaxed);
        session.touch(gateway.clock.now());
    });
    event_stream(body)
}

pub(super) fn stream_options(ends: Ends) -> StreamOptions {
    StreamOptions { ends, keep_alive: Some(Duration::from_secs(20)), ..StreamOptions::default() }
}

/// A stream of events, which nothing on the way may hold back.
pub(super) fn event_stream(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Streams a flow to a client that may be slow or leave: the flow waits for the one and ends with the other.
pub(super) fn stream(
    gateway: &Arc<Gateway>,
    flow: Flow,
    first: Option<Out>,
    session: Option<Arc<Session>>,
    ends: Ends,
) -> Response<Body> {
    let (sender, body) = Body::stream(stream_options(ends));
    let gateway = gateway.clone();
    tokio::spawn(async move {
        if let Some(session) = &session {
            session.streams.fetch_add(1, Relaxed);
        }
        let mut answered = first.as_ref().is_some_and(|out| out.last);
        let mut open = match first {
            Some(out) => sender.send(out.event).await.is_ok(),
            None => true,
        };
        let mut reading = Reading::of(flow, &gateway);
        while open && !(answered && reading.is_pipe()) {
            let next = tokio::select! {
                biased;
                () = sender.closed() => None,
                next = reading.next(&gateway) => next,
            };
            let Some(out) = next else { break };
            answered |= out.last;
            open = sender.send(out.event).await.is_ok();
        }
        Box::pin(async { reading.end().await.finish(&gateway, !answered).await }).await;
        if let Some(session) = &session {
            session.streams.fetch_sub(1, Relaxed);
            session.touch(gateway.clock.now());
        }
    });
    event_stream(body)
}

/// Asks, whether or not the client waits: the end of a connection cancels nothing in this era, so the request must outlive
/// it, and so must its answer.
pub(super) fn to_its_end(
    gateway: Arc<Gateway>,
    asking: impl Future<Output = Result<Reply, Refusal>> + Send + 'static,
) -> impl Future<Output = Result<Reply, Refusal>> + Send {
    // Boxed before anything waits for it: who waits has no room for all of a request.
    let asking = outliving(asking.map(move |replied| match replied? {
        Reply::Stream(flow) => Ok::<_, Refusal>(Err(Beginning { gateway, flow: Some(flow) })),
        reply => Ok(Ok(reply)),
    }));
    asking.map(|asked| match asked? {
        Ok(reply) => Ok(reply),
        Err(beginning) => Ok(Reply::Stream(beginning.goes_on())),
    })
}
