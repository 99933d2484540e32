//! What the tests share: permits, a link, and a server that plays a script.

use bytes::Bytes;
use doorward_audit::Receipt;
use doorward_engine::{Outbound, OutboundKind, Permitted, testing::permit_for_tests};
use doorward_transport::{
    egress::{Egress, EgressSettings, TlsRoots, Trust},
    upstream::{HttpLink, HttpSettings},
};
use doorward_vocab::CallId;
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

/// Long enough for anything that must happen; a test that waits this long has failed.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// A limit that a test waits for.
pub(crate) const SHORT: Duration = Duration::from_millis(60);

pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(SOON, what).await.expect("this must happen soon")
}

pub(crate) fn call(n: u8) -> CallId {
    format!("call_{:026}", n).parse().unwrap()
}

pub(crate) fn message(text: &str) -> Outbound {
    let kind = OutboundKind::Request { id: "1".into() };
    Outbound { bytes: Bytes::from(text.to_owned()), kind, method: "tools/call", headers: Arc::new([]) }
}

pub(crate) fn permit(text: &str) -> Permitted {
    permit_for_tests(message(text), call(1), false)
}

#[expect(clippy::disallowed_methods, reason = "a test plays the writer of the trail")]
pub(crate) fn receipt_of(call: CallId, durable: bool) -> Receipt {
    Receipt::assertion(call, 0, durable)
}

pub(crate) fn receipt() -> Receipt {
    receipt_of(call(1), false)
}

pub(crate) fn egress() -> Arc<Egress> {
    Arc::new(Egress::new(TlsRoots::system_and(None).unwrap(), EgressSettings::default()))
}

pub(crate) fn egress_with_roots(file: &Path) -> Arc<Egress> {
    Arc::new(Egress::new(TlsRoots::only(file).unwrap(), EgressSettings::default()))
}

pub(crate) fn link_with(address: SocketAddr, settings: HttpSettings) -> HttpLink {
    let url = format!("http://{address}/mcp").parse().unwrap();
    HttpLink::new(&url, Trust::Configured, &[], egress(), settings).unwrap()
}

pub(crate) fn link(address: SocketAddr) -> HttpLink {
    link_with(address, HttpSettings::default())
}

/// What a scripted server does after it has read a request.
pub(crate) enum Step {
    /// Writes this and waits for the next request.
    Reply(String),
    /// Writes this and closes.
    Last(String),
    /// Writes this and keeps the connection open until the client closes it.
    Hang(String),
    /// Writes this head, then this chunk for ever, counting the bytes.
    Flood(String, String),
}

/// A server that answers the n-th request of all with `play(n, request)`.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
    /// Bytes that a flood got rid of.
    pub(crate) flooded: Arc<AtomicUsize>,
    /// Requests as they came, head and body.
    pub(crate) requests: mpsc::UnboundedReceiver<String>,
    /// One for each connection that is over.
    pub(crate) closed: mpsc::UnboundedReceiver<()>,
}

pub(crate) async fn scripted(play: impl Fn(usize, &str) -> Step + Send + Sync + 'static) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, flooded, count) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, requests) = mpsc::unbounded_channel();
    let (gone, closed) = mpsc::unbounded_channel();
    let play = Arc::new(play);
    let scripted = Scripted { address, connections: connections.clone(), flooded: flooded.clone(), requests, closed };
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            let (play, count, seen, gone, flooded) =
                (play.clone(), count.clone(), seen.clone(), gone.clone(), flooded.clone());
            tokio::spawn(async move {
                while let Some(request) = read_request(&mut socket).await {
                    let step = play(count.fetch_add(1, Ordering::SeqCst), &request);
                    let _ = seen.send(request);
                    match step {
                        Step::Reply(text) => socket.write_all(text.as_bytes()).await.unwrap(),
                        Step::Last(text) => {
                            let _ = socket.write_all(text.as_bytes()).await;
                            break;
                        }
                        Step::Hang(text) => {
                            socket.write_all(text.as_bytes()).await.unwrap();
                            let _ = socket.read(&mut [0; 1]).await;
                            break;
                        }
                        Step::Flood(head, chunk) => {
                            let _ = socket.write_all(head.as_bytes()).await;
                            while let Ok(written) = socket.write(chunk.as_bytes()).await {
                                flooded.fetch_add(written, Ordering::SeqCst);
                            }
                            break;
                        }
                    }
                }
                drop(socket);
                let _ = gone.send(());
            });
        }
    });
    scripted
}

/// One request with its body, or `None` at the end of the connection.
async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1).and_then(|t| t.split('\r').next());
            let length = length.map_or(0, |l| l.parse::<usize>().unwrap());
            if bytes.len() >= head + 4 + length {
                return Some(String::from_utf8(bytes).unwrap());
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A reply of status 200 with this JSON.
pub(crate) fn json(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A reply without a body.
pub(crate) fn empty(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
}

/// The head of a chunked event stream.
pub(crate) const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";

/// One chunk of a chunked body.
pub(crate) fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// The end of a chunked body.
pub(crate) const END: &str = "0\r\n\r\n";
