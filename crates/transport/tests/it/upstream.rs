use crate::support::{
    SHORT, Step, call, empty, json, link, link_with, message, permit, receipt, receipt_of, scripted, soon,
};
use doorward_engine::testing::permit_for_tests;
use doorward_seal::Shielded;
use doorward_transport::{
    Delivery, Fault, LinkError, Stage,
    egress::Trust,
    upstream::{Credential, Ended, HttpLink, HttpSettings, Listening, PostBody, PostReply, SessionHeaders},
};
use doorward_vocab::Secret;
use http::header;
use std::sync::{Arc, atomic::Ordering::SeqCst};

async fn post(link: &HttpLink) -> Result<PostReply, LinkError> {
    soon(link.post(permit("{}"), receipt(), &SessionHeaders::default())).await
}

fn json_of(reply: PostReply) -> String {
    match reply.body {
        PostBody::Json(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_goes_out_as_it_was_judged_with_the_headers_it_needs() {
    let mut server = scripted(|_, _| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nMcp-Session-Id: s-1\r\n";
        Step::Reply(format!("{head}Content-Length: 4\r\n\r\ntrue"))
    })
    .await;
    let url = format!("http://{}/base/mcp?tenant=a", server.address).parse().unwrap();
    let fixed = [("X-Team".to_owned(), Secret::new("blue".to_owned()))];
    let link =
        HttpLink::new(&url, Trust::Configured, &fixed, crate::support::egress(), HttpSettings::default()).unwrap();
    let mut sent = message(r#"{"jsonrpc":"2.0" , "id":1}"#);
    sent.headers =
        Arc::new([("Mcp-Method".into(), "tools/call".into()), ("MCP-Protocol-Version".into(), "new".into())]);
    let credential = Credential::Header {
        header: header::AUTHORIZATION,
        value: Arc::new(Shielded::text(&Secret::new("Bearer t".to_owned())).unwrap()),
    };
    let session =
        SessionHeaders { session_id: Some("s-0"), protocol_version: Some("old"), credential: Some(&credential) };
    let reply = soon(link.post(permit_for_tests(sent, call(1), false), receipt(), &session)).await.unwrap();

    assert_eq!((reply.status.as_u16(), reply.session_id.as_deref()), (200, Some("s-1")));
    assert_eq!(json_of(reply), "true");
    let request = server.requests.recv().await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, r#"{"jsonrpc":"2.0" , "id":1}"#);
    assert!(head.starts_with("POST /base/mcp?tenant=a HTTP/1.1\r\n"), "{head}");
    for line in [
        &format!("host: {}", server.address),
        "x-team: blue",
        "mcp-method: tools/call",
        "mcp-protocol-version: new",
        "mcp-session-id: s-0",
        "authorization: Bearer t",
        "accept: application/json, text/event-stream",
        "content-type: application/json",
    ] {
        assert_eq!(head.lines().filter(|l| *l == line).count(), 1, "{line} in {head}");
    }
}

#[tokio::test]
async fn a_connection_serves_one_call_after_another() {
    let server = scripted(|n, _| match n {
        // With a length, chunked, and empty: after each of them the connection is as good as new.
        0 => Step::Reply(json("0")),
        1 => Step::Reply(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n2\r\n11\r\n0\r\n\r\n"
                .into(),
        ),
        2 => Step::Reply(empty("202 Accepted")),
        _ => Step::Reply(json("3")),
    })
    .await;
    let link = link(server.address);
    assert_eq!(json_of(post(&link).await.unwrap()), "0");
    assert_eq!(json_of(post(&link).await.unwrap()), "111");
    assert!(matches!(post(&link).await.unwrap().body, PostBody::Empty));
    assert_eq!(json_of(post(&link).await.unwrap()), "3");
    assert_eq!(server.connections.load(SeqCst), 1);
}

#[tokio::test]
async fn calls_at_once_have_connections_of_their_own() {
    let server = scripted(|n, _| Step::Reply(json(&n.to_string()))).await;
    let link = link(server.address);
    let (a, b, c) = tokio::join!(post(&link), post(&link), post(&link));
    let mut replies = [a, b, c].map(|r| json_of(r.unwrap()));
    replies.sort();
    assert_eq!(replies, ["0", "1", "2"]);
    assert_eq!(server.connections.load(SeqCst), 3);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let mut server = scripted(|n, _| if n == 0 { Step::Last(json("0")) } else { Step::Reply(json("1")) }).await;
    let link = link(server.address);
    assert_eq!(json_of(post(&link).await.unwrap()), "0");
    soon(server.closed.recv()).await.unwrap();
    // The runtime looks at its sockets, so the end of the connection is known.
    tokio::task::yield_now().await;
    assert_eq!(json_of(post(&link).await.unwrap()), "1");
    assert_eq!(server.connections.load(SeqCst), 2);
}

#[tokio::test]
async fn a_message_that_may_have_been_read_is_not_sent_again() {
    let mut server = scripted(|n, _| if n == 0 { Step::Reply(json("0")) } else { Step::Last(String::new()) }).await;
    let link = link(server.address);
    post(&link).await.unwrap();
    let error = post(&link).await.unwrap_err();
    assert!(matches!(error, LinkError::Closed { delivery: Delivery::Unknown }), "{error:?}");
    assert_eq!((error.fault(), error.delivery()), (Fault::Upstream, Delivery::Unknown));
    server.requests.recv().await.unwrap();
    server.requests.recv().await.unwrap();
    assert!(server.requests.try_recv().is_err(), "only two requests went out");
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_the_connection() {
    let server =
        scripted(|n, _| Step::Reply(json(&n.to_string()) + if n == 0 { "HTTP/1.1 200 OK\r\n" } else { "" })).await;
    let link = link(server.address);
    assert_eq!(json_of(post(&link).await.unwrap()), "0");
    // What follows an answer is not taken for the answer to the next message.
    assert_eq!(json_of(post(&link).await.unwrap()), "1");
    assert_eq!(server.connections.load(SeqCst), 2);
}

#[tokio::test]
async fn replies_are_bounded_however_they_say_their_length() {
    let big = "x".repeat(2000);
    let replies = [
        json(&big),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{big}\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{big}"),
    ];
    for reply in replies {
        let server = scripted(move |_, _| Step::Last(reply.clone())).await;
        let link = link_with(server.address, HttpSettings { max_reply: 1999, ..HttpSettings::default() });
        let error = post(&link).await.unwrap_err();
        assert!(matches!(error, LinkError::TooLarge { limit: 1999, .. }), "{error:?}");
    }
    let server = scripted(move |_, _| Step::Last(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(9000)))).await;
    let link = link_with(server.address, HttpSettings { max_head: 8192, ..HttpSettings::default() });
    let error = post(&link).await.unwrap_err();
    assert!(matches!(error, LinkError::TooLarge { limit: 8192, .. }), "{error:?}");
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_its_connection() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[1,2]";
    let server = scripted(move |_, _| Step::Last(reply.into())).await;
    assert_eq!(json_of(post(&link(server.address)).await.unwrap()), "[1,2]");
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[1,2]";
    let server = scripted(move |_, _| Step::Last(cut.into())).await;
    let error = post(&link(server.address)).await.unwrap_err();
    assert!(matches!(error, LinkError::Closed { delivery: Delivery::Unknown }), "{error:?}");
}

#[tokio::test]
async fn answers_that_cannot_be_judged_are_refused() {
    type Check = fn(&LinkError) -> bool;
    let table: [(&str, Check); 6] = [
        ("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", |e| {
            matches!(e, LinkError::Redirect(302))
        }),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", |e| {
            matches!(e, LinkError::Protocol(_))
        }),
        ("HTTP/1.1 200 OK\r\nMcp-Session-Id: a b\r\nContent-Length: 0\r\n\r\n", |e| {
            matches!(e, LinkError::Protocol(_))
        }),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", |e| matches!(e, LinkError::Protocol(_))),
        ("HTTP/9.9 200 OK\r\n\r\n", |e| matches!(e, LinkError::Protocol(_))),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", |e| matches!(e, LinkError::Protocol(_))),
    ];
    for (reply, check) in table {
        let server = scripted(move |_, _| Step::Last(reply.into())).await;
        let error = post(&link(server.address)).await.unwrap_err();
        assert!(check(&error), "{reply:?}: {error:?}");
    }
}

#[tokio::test]
async fn errors_of_the_protocol_are_replies() {
    let server = scripted(|n, _| {
        Step::Reply(match n {
            0 => json(r#"{"error":1}"#).replace("200 OK", "400 Bad Request"),
            1 => empty("401 Unauthorized").replace("\r\n\r\n", "\r\nWWW-Authenticate: Bearer scope=\"x\"\r\n\r\n"),
            _ => "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p>!".into(),
        })
    })
    .await;
    let link = link(server.address);
    let reply = post(&link).await.unwrap();
    assert_eq!(reply.status, 400);
    assert_eq!(json_of(reply), r#"{"error":1}"#);
    let reply = post(&link).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.www_authenticate.as_deref()), (401, Some("Bearer scope=\"x\"")));
    assert!(matches!(post(&link).await.unwrap().body, PostBody::Other(b) if &b[..] == b"<p>!"));
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,";
    let defaults = HttpSettings::default;
    for (reply, stage, settings) in [
        ("", Stage::Reply, HttpSettings { reply: SHORT, ..defaults() }),
        (head, Stage::Body, HttpSettings { body: SHORT, ..defaults() }),
    ] {
        let mut server = scripted(move |_, _| Step::Hang(reply.into())).await;
        let link = link_with(server.address, settings);
        let error = post(&link).await.unwrap_err();
        assert!(matches!(error, LinkError::Timeout { stage: s, .. } if s == stage), "{error:?}");
        // The connection is closed, so the server may notice.
        soon(server.closed.recv()).await.unwrap();
    }
}

#[tokio::test]
async fn calls_beyond_the_connections_wait_and_then_fail() {
    let server = scripted(|_, _| Step::Hang(String::new())).await;
    let settings = HttpSettings { max_connections: 1, queue: SHORT, ..HttpSettings::default() };
    let link = link_with(server.address, settings);
    let first = tokio::spawn({
        let link = link.clone();
        async move { link.post(permit("{}"), receipt(), &SessionHeaders::default()).await }
    });
    let mut server = server;
    soon(server.requests.recv()).await.unwrap();
    let error = post(&link).await.unwrap_err();
    assert!(matches!(error, LinkError::Busy(1)), "{error:?}");
    // A call that is given up closes its connection, and makes room.
    first.abort();
    soon(server.closed.recv()).await.unwrap();
    let session = SessionHeaders::default();
    let second = link.post(permit("{}"), receipt(), &session);
    assert!(tokio::time::timeout(SHORT, second).await.is_err(), "the call is under way");
}

#[tokio::test]
async fn nobody_there_is_an_error_before_anything_was_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = post(&link(free)).await.unwrap_err();
    assert!(matches!(error, LinkError::Connect { .. }), "{error:?}");
    assert_eq!(error.delivery(), Delivery::Never);
}

#[tokio::test]
async fn a_permit_needs_its_own_receipt() {
    let mut server = scripted(|_, _| Step::Reply(json("1"))).await;
    let link = link(server.address);
    for (sink, receipt) in [(false, receipt_of(call(2), true)), (true, receipt_of(call(1), false))] {
        let permit = permit_for_tests(message("{}"), call(1), sink);
        let error = soon(link.post(permit, receipt, &SessionHeaders::default())).await.unwrap_err();
        assert!(matches!(error, LinkError::Unproven), "{error:?}");
    }
    assert!(server.requests.try_recv().is_err(), "nothing was sent");
    let permit = permit_for_tests(message("{}"), call(1), true);
    soon(link.post(permit, receipt_of(call(1), true), &SessionHeaders::default())).await.unwrap();
}

#[tokio::test]
async fn a_message_cannot_set_headers_that_are_not_its_own() {
    let server = scripted(|_, _| Step::Reply(json("1"))).await;
    let link = link(server.address);
    for (name, value) in [
        ("Authorization", "Bearer stolen"),
        ("Mcp-Session-Id", "s"),
        ("Host", "evil.example"),
        ("Mcp-Name\r\nX", "a"),
        ("Mcp-Name", "a\r\nX: b"),
    ] {
        let mut sent = message("{}");
        sent.headers = Arc::new([(name.into(), value.into())]);
        let permit = permit_for_tests(sent, call(1), false);
        let error = soon(link.post(permit, receipt(), &SessionHeaders::default())).await.unwrap_err();
        assert!(matches!(error, LinkError::Header(_)), "{name}: {error:?}");
    }
    for name in ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Mcp-Session-Id", "bad name"] {
        let url = "http://127.0.0.1:1/".parse().unwrap();
        let fixed = [(name.to_owned(), Secret::new("x".to_owned()))];
        let refused = HttpLink::new(&url, Trust::Configured, &fixed, crate::support::egress(), HttpSettings::default());
        assert!(matches!(refused, Err(LinkError::Header(_))), "{name}");
    }
}

#[tokio::test]
async fn listening_and_ending_say_what_the_server_offers() {
    let server = scripted(|n, request| {
        assert!(!request.starts_with("POST"), "no message is sent");
        Step::Reply(empty(["405 No", "404 No", "403 No", "500 No", "204 OK", "405 No", "404 No", "500 No"][n]))
    })
    .await;
    let link = link(server.address);
    let session = SessionHeaders { session_id: Some("s"), ..SessionHeaders::default() };
    assert!(matches!(soon(link.listen(&session, None)).await.unwrap(), Listening::NotOffered));
    assert!(matches!(soon(link.listen(&session, Some("7"))).await.unwrap(), Listening::Gone));
    assert!(matches!(soon(link.listen(&session, None)).await.unwrap(), Listening::Unauthorized { .. }));
    assert!(matches!(soon(link.listen(&session, None)).await.unwrap(), Listening::Refused(s) if s == 500));
    assert_eq!(soon(link.delete(&session)).await.unwrap(), Ended::Gone);
    assert_eq!(soon(link.delete(&session)).await.unwrap(), Ended::NotOffered);
    assert_eq!(soon(link.delete(&session)).await.unwrap(), Ended::Gone);
    assert!(matches!(soon(link.delete(&session)).await.unwrap(), Ended::Refused(s) if s == 500));
}

#[tokio::test]
async fn an_endpoint_event_cannot_lead_elsewhere() {
    let link = link("127.0.0.1:4000".parse().unwrap());
    for (reference, url) in [
        ("/message?sessionId=1", "http://127.0.0.1:4000/message?sessionId=1"),
        ("message", "http://127.0.0.1:4000/message"),
        ("http://127.0.0.1:4000/m", "http://127.0.0.1:4000/m"),
    ] {
        assert_eq!(link.endpoint(reference).unwrap().url().as_str(), url);
    }
    for elsewhere in [
        "http://127.0.0.1:4001/m",
        "https://127.0.0.1:4000/m",
        "//evil.example/m",
        "http://u@127.0.0.1:4000/",
        "file:///x",
    ] {
        assert!(matches!(link.endpoint(elsewhere), Err(LinkError::Protocol(_))), "{elsewhere}");
    }
}
