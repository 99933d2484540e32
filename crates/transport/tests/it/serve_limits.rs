use crate::{
    serve::{HEAD, connect, echo, rest, start, streaming, until},
    support::{SHORT, soon},
};
use bytes::Bytes;
use doorward_transport::serve::{Ends, ServeSettings, StreamOptions};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_connection_that_never_asks_is_closed() {
    let running = start(ServeSettings { first_request: SHORT, ..ServeSettings::default() }, echo);
    for begin in ["", "POST /mcp HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut socket = connect(&running).await;
        socket.write_all(begin.as_bytes()).await.unwrap();
        let text = rest(&mut socket).await;
        assert!(!text.contains("200"), "{text}");
    }
}

#[tokio::test]
async fn a_later_head_must_not_dawdle_either() {
    let running = start(ServeSettings { header_read: SHORT, ..ServeSettings::default() }, echo);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}Content-Length: 2\r\n\r\nhi").as_bytes()).await.unwrap();
    until(&mut socket, "hi").await;
    socket.write_all(HEAD.as_bytes()).await.unwrap();
    assert_eq!(rest(&mut socket).await, "");
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let running = start(ServeSettings { idle: SHORT, ..ServeSettings::default() }, echo);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}Content-Length: 2\r\n\r\nhi").as_bytes()).await.unwrap();
    until(&mut socket, "hi").await;
    assert_eq!(rest(&mut socket).await, "");
}

#[tokio::test]
async fn a_stream_that_is_quiet_is_not_idle() {
    let (service, mut senders) = streaming(StreamOptions { keep_alive: None, ..StreamOptions::default() });
    let limits = ServeSettings { idle: SHORT, header_read: SHORT, ..ServeSettings::default() };
    let running = start(limits, service);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    let sender = soon(senders.recv()).await.unwrap();
    assert!(tokio::time::timeout(SHORT * 4, sender.closed()).await.is_err(), "the stream stays open");
    sender.send(Bytes::from_static(b"data: 1\n\n")).await.unwrap();
    until(&mut socket, "data: 1\n\n").await;
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_cut() {
    let options = StreamOptions { queue_bytes: 1000, keep_alive: None, ends: Ends::AtDeadline };
    let (service, mut senders) = streaming(options);
    let running = start(ServeSettings { write_stall: SHORT, ..ServeSettings::default() }, service);
    let mut socket = connect(&running).await;
    socket.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    let sender = soon(senders.recv()).await.unwrap();
    let event = Bytes::from(vec![b'x'; 1 << 20]);
    soon(async { while sender.send(event.clone()).await.is_ok() {} }).await;
    assert!(sender.is_closed());
}

#[tokio::test]
async fn connections_beyond_the_cap_are_told_to_come_back() {
    let running = start(ServeSettings { max_connections: 2, ..ServeSettings::default() }, echo);
    let (mut first, mut second) = (connect(&running).await, connect(&running).await);
    for socket in [&mut first, &mut second] {
        socket.write_all(format!("{HEAD}Content-Length: 2\r\n\r\nhi").as_bytes()).await.unwrap();
        until(socket, "hi").await;
    }
    let text = rest(&mut connect(&running).await).await;
    assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("Retry-After: 1"), "{text}");
    drop(first);
    soon(async {
        while running.connections() == 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut third = connect(&running).await;
    third.write_all(format!("{HEAD}Content-Length: 2\r\n\r\nhi").as_bytes()).await.unwrap();
    until(&mut third, "hi").await;
}

#[tokio::test]
async fn heads_are_bounded() {
    let running = start(ServeSettings { max_headers: 10, max_head_bytes: 8192, ..ServeSettings::default() }, echo);
    let many: String = (0..20).map(|n| format!("X-{n}: 1\r\n")).collect();
    for head in [format!("X: {}\r\n", "x".repeat(9000)), many] {
        let mut socket = connect(&running).await;
        socket.write_all(format!("{HEAD}{head}\r\n").as_bytes()).await.unwrap();
        assert!(rest(&mut socket).await.starts_with("HTTP/1.1 431 "));
    }
}
