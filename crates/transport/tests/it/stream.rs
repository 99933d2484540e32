use crate::support::{END, EVENTS, SHORT, Step, chunk, json, link, link_with, permit, receipt, scripted, soon};
use doorward_transport::{
    LinkError, Stage,
    upstream::{HttpLink, HttpSettings, Listening, PostBody, SessionHeaders, SseStream},
};
use std::sync::atomic::Ordering::SeqCst;

async fn stream(link: &HttpLink) -> SseStream {
    let reply = soon(link.post(permit("{}"), receipt(), &SessionHeaders::default())).await.unwrap();
    match reply.body {
        PostBody::Stream(stream) => *stream,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn events_come_as_they_are_and_the_connection_serves_again() {
    let server = scripted(|n, _| {
        Step::Reply(match n {
            // Cut in the middle of an event, and of a line end.
            0 => [
                EVENTS,
                &chunk("id: 1\r\ndata: a\r"),
                &chunk("\n\r\nda"),
                &chunk("ta: b\n\n"),
                &chunk("data: lost"),
                END,
            ]
            .concat(),
            _ => json("1"),
        })
    })
    .await;
    let link = link(server.address);
    let mut stream = stream(&link).await;
    let first = soon(stream.next()).await.unwrap().unwrap();
    assert_eq!((first.raw().as_ref(), first.id().unwrap().as_ref()), (&b"id: 1\r\ndata: a\r\n\r\n"[..], &b"1"[..]));
    assert_eq!(soon(stream.next()).await.unwrap().unwrap().data().unwrap(), &b"b"[..]);
    assert!(soon(stream.next()).await.is_none(), "an event without an end is none");
    assert!(soon(stream.next()).await.is_none(), "the end stays the end");
    soon(link.post(permit("{}"), receipt(), &SessionHeaders::default())).await.unwrap();
    assert_eq!(server.connections.load(SeqCst), 1);
}

#[tokio::test]
async fn dropping_a_stream_closes_the_connection() {
    let mut server = scripted(|_, _| Step::Hang([EVENTS, &chunk("data: 1\n\n")].concat())).await;
    let link = link(server.address);
    let mut stream = stream(&link).await;
    soon(stream.next()).await.unwrap().unwrap();
    drop(stream);
    soon(server.closed.recv()).await.unwrap();
}

#[tokio::test]
async fn dropping_a_call_closes_the_connection() {
    let mut server = scripted(|_, _| Step::Hang(String::new())).await;
    let link = link(server.address);
    let session = SessionHeaders::default();
    {
        let call = link.post(permit("{}"), receipt(), &session);
        tokio::select! {
            _ = call => panic!("there is no answer"),
            request = server.requests.recv() => assert!(request.is_some()),
        }
    }
    soon(server.closed.recv()).await.unwrap();
}

#[tokio::test]
async fn an_event_is_bounded() {
    let endless = chunk("data: and so on and so on\n");
    let server = scripted(move |_, _| Step::Flood(EVENTS.into(), endless.clone())).await;
    let link = link_with(server.address, HttpSettings { max_event: 10_000, ..HttpSettings::default() });
    let mut stream = stream(&link).await;
    let error = soon(stream.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, LinkError::TooLarge { limit: 10_000, .. }), "{error:?}");
    assert!(soon(stream.next()).await.is_none());
    let mut server = server;
    soon(server.closed.recv()).await.unwrap();
}

#[tokio::test]
async fn a_flood_is_held_back_by_a_reader_that_takes_its_time() {
    let event = chunk(&format!("data: {}\n\n", "x".repeat(10_000)));
    let server = scripted(move |_, _| Step::Flood(EVENTS.into(), event.clone())).await;
    let link = link(server.address);
    let mut stream = stream(&link).await;
    for _ in 0..3 {
        assert_eq!(soon(stream.next()).await.unwrap().unwrap().data().unwrap().len(), 10_000);
    }
    // The server writes until the sockets are full, and not more: nothing is read ahead here.
    let mut before = usize::MAX;
    while before != server.flooded.load(SeqCst) {
        before = server.flooded.load(SeqCst);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert!(before < 32 << 20, "{before} bytes were taken");
    for _ in 0..3 {
        soon(stream.next()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error() {
    let server = scripted(|_, _| Step::Last([EVENTS, &chunk("data: 1\n\n")].concat())).await;
    let mut stream = stream(&link(server.address)).await;
    soon(stream.next()).await.unwrap().unwrap();
    let error = soon(stream.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, LinkError::Closed { .. }), "{error:?}");
    assert!(soon(stream.next()).await.is_none());
}

#[tokio::test]
async fn a_reply_stream_may_not_be_quiet_for_ever() {
    let server = scripted(|_, _| Step::Hang([EVENTS, &chunk("data: 1\n\n")].concat())).await;
    let link = link_with(server.address, HttpSettings { quiet: Some(SHORT * 8), ..HttpSettings::default() });
    let mut stream = stream(&link).await;
    soon(stream.next()).await.unwrap().unwrap();
    let error = soon(stream.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, LinkError::Timeout { stage: Stage::Body, .. }), "{error:?}");
}

#[tokio::test]
async fn listening_gives_events_and_resumes_where_it_was() {
    let mut server = scripted(|_, _| Step::Reply([EVENTS, &chunk(": hello\n\n"), END].concat())).await;
    let link = link(server.address);
    let session = SessionHeaders { session_id: Some("s"), protocol_version: Some("2025-11-25"), credential: None };
    let Listening::Stream(mut stream) = soon(link.listen(&session, Some("7"))).await.unwrap() else {
        panic!("a stream is offered")
    };
    assert_eq!(soon(stream.next()).await.unwrap().unwrap().data(), None);
    let request = server.requests.recv().await.unwrap();
    assert!(request.starts_with("GET /mcp HTTP/1.1\r\n"), "{request}");
    for line in
        ["last-event-id: 7", "mcp-session-id: s", "mcp-protocol-version: 2025-11-25", "accept: text/event-stream"]
    {
        assert!(request.lines().any(|l| l == line), "{line} in {request}");
    }
}
