use crate::support::{SHORT, soon};
use bytes::Bytes;
use doorward_transport::serve::{
    Body, BodyError, Bound, Drained, Ends, Peer, Running, Serve, ServeSettings, StreamOptions, StreamSender, read_body,
};
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

pub(crate) fn start(settings: ServeSettings, service: impl Serve) -> Running {
    let bound = Bound::bind(([127, 0, 0, 1], 0).into()).unwrap();
    bound.serve(Arc::new(service), settings, None)
}

/// Answers with what it was sent, at most 1000 bytes that come within a short time.
pub(crate) async fn echo(request: Request<Incoming>, _: Arc<Peer>) -> Response<Body> {
    match read_body(request.into_body(), 1000, SHORT * 10).await {
        Ok(bytes) => Response::new(Body::full(bytes)),
        Err(error) => {
            let mut response = Response::new(Body::full(error.to_string()));
            *response.status_mut() = error.status();
            response
        }
    }
}

pub(crate) async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address()).await.unwrap()
}

/// Everything until the connection ends.
pub(crate) async fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = soon(socket.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until `wanted` has come.
pub(crate) async fn until(socket: &mut TcpStream, wanted: &str) -> String {
    let mut bytes = Vec::new();
    loop {
        if let Ok(text) = std::str::from_utf8(&bytes)
            && text.contains(wanted)
        {
            return text.to_owned();
        }
        assert!(soon(socket.read_buf(&mut bytes)).await.unwrap() > 0, "no `{wanted}` in {bytes:?}");
    }
}

pub(crate) const HEAD: &str = "POST /mcp HTTP/1.1\r\nHost: x\r\n";

#[tokio::test]
async fn requests_are_answered_one_after_another() {
    let running = start(ServeSettings::default(), |request: Request<Incoming>, peer: Arc<Peer>| async move {
        assert!(peer.address.ip().is_loopback() && !peer.tls && peer.certificates.is_none());
        Response::new(Body::full(format!("{} at {}", request.uri(), peer.local)))
    });
    let local = running.address();
    let mut socket = connect(&running).await;
    for path in ["/a", "/b"] {
        socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        until(&mut socket, &format!("{path} at {local}")).await;
    }
    assert_eq!(running.connections(), 1);
}

#[tokio::test]
async fn bodies_are_read_however_they_are_cut() {
    let running = start(ServeSettings::default(), echo);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}Content-Length: 5\r\n\r\nhello").as_bytes()).await.unwrap();
    until(&mut socket, "\r\n\r\nhello").await;
    socket.write_all(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    for piece in ["2\r\nhe", "\r\n3;x=y\r\nllo\r\n", "0\r\n", "\r\n"] {
        socket.write_all(piece.as_bytes()).await.unwrap();
        socket.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    until(&mut socket, "\r\n\r\nhello").await;
}

#[tokio::test]
async fn bodies_are_bounded_in_length_and_time() {
    let running = start(ServeSettings::default(), echo);
    for (request, status) in [
        // Too long by its own word, or in fact; and too slow.
        (format!("{HEAD}Content-Length: 1001\r\n\r\n"), 413),
        (format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n", "x".repeat(1001)), 413),
        (format!("{HEAD}Content-Length: 9\r\n\r\nslow"), 408),
    ] {
        let mut socket = connect(&running).await;
        socket.write_all(request.as_bytes()).await.unwrap();
        until(&mut socket, &format!("HTTP/1.1 {status}")).await;
    }
}

#[tokio::test]
async fn a_broken_body_is_not_a_short_one() {
    let (seen, mut results) = mpsc::unbounded_channel();
    let running = start(ServeSettings::default(), move |request: Request<Incoming>, _| {
        let seen = seen.clone();
        async move {
            let result = read_body(request.into_body(), 100, Duration::from_secs(5)).await;
            seen.send(result).unwrap();
            Response::new(Body::empty())
        }
    });
    for broken in ["Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX", "Transfer-Encoding: chunked\r\n\r\nzz\r\n"] {
        let mut socket = connect(&running).await;
        socket.write_all(format!("{HEAD}{broken}").as_bytes()).await.unwrap();
        assert_eq!(soon(results.recv()).await.unwrap(), Err(BodyError::Broken), "{broken}");
    }
}

#[tokio::test]
async fn heads_that_two_readers_could_read_differently_are_refused() {
    let running = start(ServeSettings::default(), echo);
    for head in [
        "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "Content-Length: +1\r\n\r\na",
        "Transfer-Encoding: gzip\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "X: a\r\n folded\r\n\r\n",
        "X: a\0b\r\n\r\n",
    ] {
        let mut socket = connect(&running).await;
        socket.write_all(format!("{HEAD}{head}").as_bytes()).await.unwrap();
        assert!(rest(&mut socket).await.starts_with("HTTP/1.1 400 "), "{head:?}");
    }
}

#[tokio::test]
async fn http2_is_spoken_too() {
    let running = start(ServeSettings::default(), |request: Request<Incoming>, peer| async move {
        assert_eq!(request.version(), Version::HTTP_2);
        echo(request, peer).await
    });
    let io = TokioIo::new(connect(&running).await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = |text: &str| Request::post("http://x/mcp").body(Full::new(Bytes::from(text.to_owned()))).unwrap();
    let (a, b) = tokio::join!(sender.clone().send_request(request("a")), sender.send_request(request("b")));
    for (response, text) in [(a, "a"), (b, "b")] {
        assert_eq!(soon(response.unwrap().into_body().collect()).await.unwrap().to_bytes(), text);
    }
}

/// A service that answers every request with a stream and hands its sender out.
pub(crate) fn streaming(options: StreamOptions) -> (impl Serve, mpsc::UnboundedReceiver<StreamSender>) {
    let (give, take) = mpsc::unbounded_channel();
    let service = move |_: Request<Incoming>, _: Arc<Peer>| {
        let give = give.clone();
        async move {
            let (sender, body) = Body::stream(options);
            give.send(sender).unwrap();
            Response::new(body)
        }
    };
    (service, take)
}

const QUIET: StreamOptions = StreamOptions { queue_bytes: 1000, keep_alive: None, ends: Ends::AtDeadline };

#[tokio::test]
async fn streams_carry_what_is_sent_and_end_with_their_sender() {
    let (service, mut senders) = streaming(QUIET);
    let running = start(ServeSettings::default(), service);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let sender = soon(senders.recv()).await.unwrap();
    sender.send(Bytes::from_static(b"data: 1\n\n")).await.unwrap();
    until(&mut socket, "data: 1\n\n").await;
    drop(sender);
    assert!(rest(&mut socket).await.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn a_slow_reader_holds_its_producer_back() {
    let (service, mut senders) = streaming(QUIET);
    let running = start(ServeSettings::default(), service);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    let sender = soon(senders.recv()).await.unwrap();
    let event = Bytes::from(vec![b'x'; 100_000]);
    let mut sent = 0;
    // The client reads nothing: sockets and queue fill up, then the producer waits.
    while tokio::time::timeout(SHORT, sender.send(event.clone())).await.is_ok() {
        sent += event.len();
        assert!(sent < 32 << 20, "the queue has no end");
    }
    assert!(!sender.is_closed());
    drop(socket);
    soon(sender.closed()).await;
    assert!(sender.send(event).await.is_err());
}

#[tokio::test]
async fn quiet_streams_are_kept_alive() {
    let (service, mut senders) = streaming(StreamOptions { keep_alive: Some(SHORT), ..QUIET });
    let running = start(ServeSettings::default(), service);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    let _sender = soon(senders.recv()).await.unwrap();
    until(&mut socket, ": keep-alive\n\n").await;
    until(&mut socket, ": keep-alive\n\n").await;
}

/// Every stream that is quiet for a moment is written without the HTTP library.
fn hasty() -> ServeSettings {
    ServeSettings { header_read: Duration::from_millis(40), ..ServeSettings::default() }
}

#[tokio::test]
async fn a_stream_goes_on_after_it_was_quiet() {
    let (service, mut senders) = streaming(QUIET);
    let running = start(hasty(), service);
    let mut socket = connect(&running).await;
    socket.write_all(b"GET /mcp HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let sender = soon(senders.recv()).await.unwrap();
    let mut text = until(&mut socket, "\r\n\r\n").await;
    for n in 0..4 {
        tokio::time::sleep(SHORT * 2).await;
        sender.send(Bytes::from(format!("data: {n}\n\n"))).await.unwrap();
        text += &until(&mut socket, "\n\n\r\n").await;
    }
    drop(sender);
    text += &rest(&mut socket).await;
    let body = text.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(body, "9\r\ndata: 0\n\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n\r\n");
    assert_eq!(running.connections(), 0);
}

#[tokio::test]
async fn a_quiet_stream_ends_with_its_client_its_listener_and_a_peer_that_reads_nothing() {
    let (service, mut senders) = streaming(StreamOptions { ends: Ends::AtDrain, ..QUIET });
    let running = start(ServeSettings { write_stall: SHORT, ..hasty() }, service);
    let mut open = async || {
        let mut socket = connect(&running).await;
        socket.write_all(b"GET /mcp HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let sender = soon(senders.recv()).await.unwrap();
        until(&mut socket, "\r\n\r\n").await;
        tokio::time::sleep(SHORT * 2).await;
        (socket, sender)
    };
    let (socket, sender) = open().await;
    drop(socket);
    soon(sender.closed()).await;

    let (_socket, sender) = open().await;
    let event = Bytes::from(vec![b'x'; 1 << 20]);
    soon(async { while sender.send(event.clone()).await.is_ok() {} }).await;
    assert!(sender.is_closed());

    let (mut socket, sender) = open().await;
    let drained = tokio::spawn(running.drain(Duration::from_secs(10)));
    assert_eq!(rest(&mut socket).await, "b\r\n: closing\n\n\r\n0\r\n\r\n");
    soon(sender.closed()).await;
    assert_eq!(soon(drained).await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn a_quiet_stream_ends_with_what_it_is_for() {
    let (give, mut senders) = mpsc::unbounded_channel();
    let over = Arc::new(tokio::sync::Notify::new());
    let ends = over.clone();
    let running = start(hasty(), move |_: Request<Incoming>, _| {
        let (give, ends) = (give.clone(), ends.clone());
        async move {
            let (sender, body) = Body::stream(QUIET);
            give.send(sender).unwrap();
            Response::new(body.until(async move { ends.notified().await }))
        }
    });
    let mut socket = connect(&running).await;
    socket.write_all(b"GET /mcp HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let sender = soon(senders.recv()).await.unwrap();
    until(&mut socket, "\r\n\r\n").await;
    tokio::time::sleep(SHORT * 2).await;
    over.notify_one();
    assert_eq!(rest(&mut socket).await, "0\r\n\r\n");
    soon(sender.closed()).await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let (started, mut starts) = mpsc::unbounded_channel();
    let (gone, mut ends) = mpsc::unbounded_channel::<()>();
    let running = start(ServeSettings::default(), move |_: Request<Incoming>, _| {
        let (started, gone) = (started.clone(), gone.clone());
        async move {
            started.send(()).unwrap();
            gone.closed().await;
            Response::new(Body::empty())
        }
    });
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    soon(starts.recv()).await.unwrap();
    drop(socket);
    soon(async {
        while running.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    ends.close();
}

#[tokio::test]
async fn a_drain_lets_requests_finish_and_closes_what_is_idle() {
    let (begin, mut begun) = mpsc::unbounded_channel::<tokio::sync::oneshot::Sender<()>>();
    let running = start(ServeSettings::default(), move |request: Request<Incoming>, _| {
        let begin = begin.clone();
        async move {
            if request.uri() == "/slow" {
                let (finish, finished) = tokio::sync::oneshot::channel();
                begin.send(finish).unwrap();
                finished.await.unwrap();
            }
            Response::new(Body::full("done"))
        }
    });
    let address = running.address();
    let (mut idle, mut busy, mut silent) = (connect(&running).await, connect(&running).await, connect(&running).await);
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(&mut idle, "done").await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let finish = soon(begun.recv()).await.unwrap();

    let drained = tokio::spawn(running.drain(Duration::from_secs(10)));
    assert_eq!(rest(&mut idle).await, "");
    assert_eq!(rest(&mut silent).await, "");
    assert!(TcpStream::connect(address).await.is_err(), "nobody is let in any more");
    finish.send(()).unwrap();
    assert!(rest(&mut busy).await.ends_with("done"));
    assert_eq!(soon(drained).await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn a_drain_ends_streams_with_a_comment() {
    for (ends, deadline) in
        [(Ends::AtDrain, Duration::from_secs(10)), (Ends::AtDeadline, SHORT), (Ends::ByProducer, SHORT)]
    {
        let (service, mut senders) = streaming(StreamOptions { ends, ..QUIET });
        let running = start(ServeSettings::default(), service);
        let mut socket = connect(&running).await;
        socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
        let sender = soon(senders.recv()).await.unwrap();
        sender.send(Bytes::from_static(b"data: last words\n\n")).await.unwrap();
        let drained = tokio::spawn(running.drain(deadline));
        let text = rest(&mut socket).await;
        assert!(text.contains("data: last words\n\n") && text.contains(": closing\n\n"), "{text}");
        assert!(text.ends_with("0\r\n\r\n"), "{text}");
        soon(sender.closed()).await;
        assert_eq!(soon(drained).await.unwrap(), Drained { cut: 0 });
    }
}

#[tokio::test]
async fn a_producer_that_is_told_of_the_drain_ends_its_stream_itself() {
    let (service, mut senders) = streaming(StreamOptions { ends: Ends::ByProducer, ..QUIET });
    let running = start(ServeSettings::default(), service);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    let sender = soon(senders.recv()).await.unwrap();
    sender.send(Bytes::from_static(b"data: before\n\n")).await.unwrap();
    let drained = tokio::spawn(running.drain(Duration::from_secs(10)));
    soon(sender.draining()).await;
    sender.send(Bytes::from_static(b"data: after\n\n")).await.unwrap();
    drop(sender);
    let text = rest(&mut socket).await;
    assert!(text.contains("data: before\n\n") && text.contains("data: after\n\n"), "{text}");
    assert!(!text.contains("closing") && text.ends_with("0\r\n\r\n"), "{text}");
    assert_eq!(soon(drained).await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn a_drain_cuts_what_does_not_end() {
    let (begin, mut begun) = mpsc::unbounded_channel();
    let running = start(ServeSettings::default(), move |_: Request<Incoming>, _| {
        let begin = begin.clone();
        async move {
            begin.send(()).unwrap();
            std::future::pending::<Response<Body>>().await
        }
    });
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    soon(begun.recv()).await.unwrap();
    assert_eq!(soon(running.drain(SHORT)).await, Drained { cut: 1 });
    assert_eq!(rest(&mut socket).await, "");
}

#[tokio::test]
async fn a_port_in_use_is_said_so() {
    let first = Bound::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let error = Bound::bind(first.address()).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on `{}`", first.address()));
    assert_eq!(BodyError::TooLarge(1).status(), StatusCode::PAYLOAD_TOO_LARGE);
}
