use super::{
    Body, ClientCertificates, Ends, Peer, PeerProcess, Serve, TlsSlot,
    activity::{Activity, Overdue, Watched},
    body::DrainSignal,
    listener::{Phase, Shared},
    quiet::Quiet,
};
use crate::turn::Turn;
use http::{Request, Response, Version};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;

/// Serves one connection to its end.
pub(super) async fn plain<S: Serve>(socket: TcpStream, address: SocketAddr, shared: Arc<Shared<S>>) {
    let _ = socket.set_nodelay(true);
    let local = socket.local_addr().unwrap_or(shared.local);
    let mut phase = shared.phase.subscribe();
    let newer = tokio::select! {
        newer = timeout(shared.settings.first_request, begins_http2(&socket)) => newer,
        _ = phase_after(&mut phase, false) => return,
    };
    let Ok(newer) = newer else { return };
    speak(socket, newer, Peer { address, local, tls: false, certificates: None, process: None }, shared).await;
}

/// Serves one connection of a process to its end.
pub(super) async fn local<S: Serve>(socket: UnixStream, process: PeerProcess, shared: Arc<Shared<S>>) {
    let (address, process) = (shared.local, Some(Arc::new(process)));
    speak(socket, false, Peer { address, local: address, tls: false, certificates: None, process }, shared).await;
}

/// Shakes hands, then serves one connection to its end.
pub(super) async fn secure<S: Serve>(
    socket: TcpStream,
    address: SocketAddr,
    shared: Arc<Shared<S>>,
    tls: Arc<TlsSlot>,
) {
    let _ = socket.set_nodelay(true);
    let local = socket.local_addr().unwrap_or(shared.local);
    let handshake = Box::pin(TlsAcceptor::from(tls.current()).accept(socket));
    match timeout(shared.settings.first_request, handshake).await {
        Ok(Ok(stream)) => {
            let session = stream.get_ref().1;
            let newer = session.alpn_protocol() == Some(b"h2");
            let certificates = session.peer_certificates().and_then(ClientCertificates::of);
            speak(Box::new(stream), newer, Peer { address, local, tls: true, certificates, process: None }, shared)
                .await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS with a client"),
        Err(_) => tracing::debug!(%address, "a client was too slow with its TLS handshake"),
    }
}

/// Whether a client begins with the preface of HTTP/2 (RFC 9113 §3.4). No method of HTTP/1.1 begins like it, and it comes
/// whole in the first packet of every client that knows it.
async fn begins_http2(socket: &TcpStream) -> bool {
    let mut start = [0; 3];
    matches!(socket.peek(&mut start).await, Ok(3)) && start == *b"PRI"
}

async fn speak<S: Serve, T>(io: T, newer: bool, peer: Peer, shared: Arc<Shared<S>>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let service = Answering { shared: shared.clone(), activity: activity.clone(), peer: Arc::new(peer) };
    let io = TokioIo::new(Watched { io, activity: activity.clone() });
    // Boxed, since what an async function holds while it waits is otherwise held twice: here and where it came from.
    let mut connection = if newer {
        Connection::Http2(Box::pin(shared.http2.serve_connection(io, service)))
    } else {
        Connection::Http1(Box::pin(shared.http1.serve_connection(io, service)))
    };
    let mut phase = shared.phase.subscribe();
    let tick = tick(&shared.settings);
    let mut watchdog = pin!(sleep_until(Instant::now() + tick));
    let turn = Turn::new();
    let mut closing = false;
    loop {
        tokio::select! {
            biased;
            () = poll_fn(|cx| turn.poll(cx, |cx| connection.poll(cx))) => return,
            () = watchdog.as_mut() => {
                watchdog.as_mut().reset(Instant::now() + tick);
                match activity.overdue(&shared.settings) {
                    None => connection = connection.rested(&activity, tick),
                    Some(Overdue::Idle) if !closing => {
                        closing = true;
                        connection.close();
                    }
                    Some(overdue) => {
                        *activity.verdict.lock() = Some(overdue);
                        tracing::debug!(?overdue, "a connection is cut");
                        return;
                    }
                }
            }
            phase = phase_after(&mut phase, closing) => match phase {
                Phase::Cut => return,
                _ => {
                    closing = true;
                    connection.close();
                }
            }
        }
    }
}

/// The listener's service, for one connection.
struct Answering<S> {
    shared: Arc<Shared<S>>,
    activity: Arc<Activity>,
    peer: Arc<Peer>,
}

impl<S: Serve> Service<Request<Incoming>> for Answering<S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let in_flight = self.activity.begin(request.version());
        let in_chunks = request.version() == Version::HTTP_11;
        let (shared, activity, peer) = (self.shared.clone(), self.activity.clone(), self.peer.clone());
        // Boxed, so that a connection without a request holds no room for one. The answer is made inside: what is made
        // outside and awaited inside has room in both places.
        Box::pin(async move {
            let mut response = shared.service.clone().serve(request, peer).await;
            let stream = response.body_mut().track(in_flight, |ends| drain_signal(ends, &shared.phase));
            *activity.stream.lock() = stream.filter(|_| in_chunks);
            Ok(response)
        })
    }
}

type Http1<S, T> = http1::Connection<TokioIo<Watched<T>>, Answering<S>>;
type Http2<S, T> = http2::Connection<TokioIo<Watched<T>>, Answering<S>, TokioExecutor>;

/// A connection, in what it speaks now.
enum Connection<S: Serve, T> {
    Http1(Pin<Box<Http1<S, T>>>),
    Http2(Pin<Box<Http2<S, T>>>),
    /// The rest of a stream.
    Quiet(Box<Quiet<T>>),
}

impl<S: Serve, T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S, T> {
    /// Ready when it has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Http1(connection) => connection.as_mut().poll(cx).map(drop),
            Self::Http2(connection) => connection.as_mut().poll(cx).map(drop),
            Self::Quiet(stream) => stream.poll(cx),
        }
    }

    /// Ends it once what it does now is done. A stream hears of it on its own.
    fn close(&mut self) {
        match self {
            Self::Http1(connection) => connection.as_mut().graceful_shutdown(),
            Self::Http2(connection) => connection.as_mut().graceful_shutdown(),
            Self::Quiet(_) => {}
        }
    }

    /// The same, without what it does not need while its stream has been quiet for so `long`. All that the stream said has
    /// gone out by then.
    fn rested(self, activity: &Activity, long: Duration) -> Self {
        let Self::Http1(connection) = self else { return self };
        let mut lent = activity.stream.lock();
        let quiet = lent.as_ref().is_some_and(|stream| activity.is_flushed() && stream.is_quiet(long));
        let Some(stream) = (if quiet { lent.take().and_then(|lent| lent.take()) } else { None }) else {
            return Self::Http1(connection);
        };
        let parts = Pin::into_inner(connection).into_parts();
        Self::Quiet(Box::new(Quiet::new(parts.io.into_inner(), stream)))
    }
}

/// Waits for the next phase that concerns a connection: the beginning of the drain, then the cut.
async fn phase_after(phase: &mut watch::Receiver<Phase>, closing: bool) -> Phase {
    let wanted = if closing { Phase::Cut } else { Phase::Draining };
    phase.wait_for(|p| *p >= wanted).await.map_or(Phase::Cut, |p| *p)
}

fn drain_signal(ends: Ends, phase: &watch::Sender<Phase>) -> DrainSignal {
    let mut phase = phase.subscribe();
    let wanted = match ends {
        Ends::AtDrain => Phase::Draining,
        Ends::AtDeadline | Ends::ByProducer => Phase::Closing,
    };
    Box::pin(async move {
        let _ = phase.wait_for(|p| *p >= wanted).await;
    })
}

/// How often the watchdog looks: a quarter of the shortest limit, between 10 ms and 5 s.
fn tick(settings: &super::ServeSettings) -> Duration {
    let shortest = settings.first_request.min(settings.header_read).min(settings.idle).min(settings.write_stall);
    (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(5))
}
