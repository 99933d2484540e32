use super::{Body, Peer, ServeSettings, TlsSlot, connection};
use http::{Request, Response};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

/// A listener's service: one request in, one response out.
///
/// Any `Fn(Request<Incoming>, Arc<Peer>) -> impl Future<Output = Response<Body>>` is one.
pub trait Serve: Send + Sync + 'static {
    /// Answers `request` of `peer`.
    fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: Arc<Peer>,
    ) -> impl Future<Output = Response<Body>> + Send + 'static;
}

impl<F, R> Serve for F
where
    F: Fn(Request<Incoming>, Arc<Peer>) -> R + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: Arc<Peer>,
    ) -> impl Future<Output = Response<Body>> + Send + 'static {
        self(request, peer)
    }
}

/// Why a listener does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A listening socket that does not accept yet: connections wait in its backlog.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Binds `address`; port 0 takes a free one. Needs a tokio runtime.
    pub fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        listen(address).map_err(|source| ServeError::Bind { address, source })
    }
    /// The address with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
    /// Begins to accept. With `tls` every connection must be TLS.
    pub fn serve<S: Serve>(self, service: Arc<S>, settings: ServeSettings, tls: Option<Arc<TlsSlot>>) -> Running {
        let (shared, running, slots) = shared(service, settings, tls, self.address);
        tokio::spawn(accept(self.listener, shared, slots));
        running
    }
}

/// What a listener at `address` works with.
pub(super) fn shared<S>(
    service: Arc<S>,
    settings: ServeSettings,
    tls: Option<Arc<TlsSlot>>,
    address: SocketAddr,
) -> (Arc<Shared<S>>, Running, Arc<Semaphore>) {
    let (phase, _) = watch::channel(Phase::Running);
    let slots = Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS)));
    let shared = Arc::new(Shared {
        service,
        http1: older(&settings),
        http2: newer(&settings),
        settings,
        tls,
        phase: phase.clone(),
        local: address,
    });
    let max = shared.settings.max_connections;
    (shared, Running { phase, slots: slots.clone(), max, address }, slots)
}

/// A listener that accepts. Dropping it cuts every connection; [`Running::drain`] lets them finish.
#[derive(Debug)]
pub struct Running {
    phase: watch::Sender<Phase>,
    slots: Arc<Semaphore>,
    max: usize,
    address: SocketAddr,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still open at the end and were cut.
    pub cut: usize,
}

/// Header fields that hyper takes at most, unless told otherwise.
const DEFAULT_MAX_HEADERS: usize = 100;
/// How long connections may flush after the deadline.
const FLUSH: Duration = Duration::from_secs(1);

impl Running {
    /// The address with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
    /// Open connections.
    pub fn connections(&self) -> usize {
        self.max.saturating_sub(self.slots.available_permits())
    }
    /// Stops accepting and lets what runs finish: idle connections close at once, requests and their replies have until
    /// `deadline`, then streams get a final comment, then everything is cut.
    pub async fn drain(self, deadline: Duration) -> Drained {
        self.phase.send_replace(Phase::Draining);
        if self.all_closed(deadline).await {
            return Drained { cut: 0 };
        }
        self.phase.send_replace(Phase::Closing);
        if self.all_closed(FLUSH).await {
            return Drained { cut: 0 };
        }
        let cut = self.connections();
        self.phase.send_replace(Phase::Cut);
        Drained { cut }
    }
    async fn all_closed(&self, within: Duration) -> bool {
        let all = u32::try_from(self.max).unwrap_or(u32::MAX);
        timeout(within, self.slots.acquire_many(all)).await.is_ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Cut);
    }
}

/// The life of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    Draining,
    Closing,
    Cut,
}

/// What all connections of a listener share.
pub(super) struct Shared<S> {
    pub(super) service: Arc<S>,
    pub(super) http1: http1::Builder,
    pub(super) http2: http2::Builder<TokioExecutor>,
    pub(super) settings: ServeSettings,
    pub(super) tls: Option<Arc<TlsSlot>>,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) local: SocketAddr,
}

fn listen(address: SocketAddr) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    let listener = TcpListener::from_std(socket.into())?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

fn older(settings: &ServeSettings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Slow heads and idle connections are the watchdog's business: hyper's own timer costs an allocation per request.
    builder.header_read_timeout(None).max_buf_size(settings.max_head_bytes.max(8192));
    // Saying what hyper does anyway would make it clear a table of that size for every head.
    if settings.max_headers != DEFAULT_MAX_HEADERS {
        builder.max_headers(settings.max_headers);
    }
    builder
}

fn newer(settings: &ServeSettings) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(u32::try_from(settings.max_head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(64)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

async fn accept<S: Serve>(listener: TcpListener, shared: Arc<Shared<S>>, slots: Arc<Semaphore>) {
    let mut phase = shared.phase.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phase.wait_for(|p| *p > Phase::Running) => return,
        };
        match accepted {
            Ok((socket, address)) => match slots.clone().try_acquire_owned() {
                Ok(slot) => {
                    let shared = shared.clone();
                    match shared.tls.clone() {
                        None => tokio::spawn(holding(slot, connection::plain(socket, address, shared))),
                        Some(tls) => tokio::spawn(holding(slot, connection::secure(socket, address, shared, tls))),
                    };
                }
                Err(_) => shed(&socket, shared.tls.is_some()),
            },
            // Out of descriptors or memory: give what is open a chance to close.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves a connection while it counts as open.
async fn holding(slot: OwnedSemaphorePermit, connection: impl Future<Output = ()>) {
    connection.await;
    drop(slot);
}

/// Tells a client beyond the cap to come back later, as far as that is possible without waiting.
fn shed(socket: &TcpStream, tls: bool) {
    const BUSY: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if !tls {
        let _ = socket.try_write(BUSY);
    }
}
