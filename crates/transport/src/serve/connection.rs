use super::{
    Ends, Peer, Serve, TlsSlot,
    activity::{Activity, Overdue, Watched},
    body::DrainSignal,
    listener::{Phase, Shared},
};
use crate::turn::Turn;
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, future::poll_fn, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;

/// Serves one connection to its end.
pub(super) async fn plain<S: Serve>(socket: TcpStream, address: SocketAddr, shared: Arc<Shared<S>>) {
    let _ = socket.set_nodelay(true);
    let local = socket.local_addr().unwrap_or(shared.local);
    speak(socket, Peer { address, local, tls: false, certificates: Vec::new() }, shared).await;
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
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let certificates = chain.iter().map(|c| c.clone().into_owned()).collect();
            speak(Box::new(stream), Peer { address, local, tls: true, certificates }, shared).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS with a client"),
        Err(_) => tracing::debug!(%address, "a client was too slow with its TLS handshake"),
    }
}

async fn speak<S: Serve, T>(io: T, peer: Peer, shared: Arc<Shared<S>>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let peer = Arc::new(peer);
    let service = {
        let (shared, activity) = (shared.clone(), activity.clone());
        service_fn(move |request: Request<Incoming>| {
            let in_flight = activity.begin(request.version());
            let phase = shared.phase.clone();
            let (service, peer) = (shared.service.clone(), peer.clone());
            // Boxed, so that a connection without a request holds no room for one. The answer is made inside: what is made
            // outside and awaited inside has room in both places.
            Box::pin(async move {
                let mut response = service.serve(request, peer).await;
                let body = response.body_mut();
                body.track(in_flight);
                body.on_drain(|ends| drain_signal(ends, &phase));
                Ok::<_, Infallible>(response)
            })
        })
    };
    let io = TokioIo::new(Watched { io, activity: activity.clone() });
    // Boxed, since what an async function holds while it waits is otherwise held twice: here and where it came from.
    let mut connection = Box::pin(shared.builder.serve_connection(io, service));
    let mut phase = shared.phase.subscribe();
    let tick = tick(&shared.settings);
    let mut watchdog = pin!(sleep_until(Instant::now() + tick));
    let turn = Turn::new();
    let mut closing = false;
    loop {
        tokio::select! {
            biased;
            _ = poll_fn(|cx| turn.poll(cx, |cx| connection.as_mut().poll(cx))) => return,
            () = watchdog.as_mut() => {
                watchdog.as_mut().reset(Instant::now() + tick);
                match activity.overdue(&shared.settings) {
                    None => {}
                    Some(Overdue::Idle) if !closing => {
                        closing = true;
                        connection.as_mut().graceful_shutdown();
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
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
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
