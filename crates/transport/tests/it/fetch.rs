use crate::support::{SHORT, Step, egress, json, scripted, soon};
use doorward_transport::{
    LinkError,
    egress::Trust,
    upstream::{Fetch, Payload, fetch},
};
use doorward_vocab::Secret;
use http::header;
use std::time::Duration;
use url::Url;

fn request(url: &Url, payload: Option<Payload>) -> Fetch<'_> {
    let deadline = Duration::from_secs(5);
    Fetch { url, trust: Trust::Configured, payload, headers: &[], limit: 10, deadline }
}

#[tokio::test]
async fn documents_are_fetched_and_forms_are_sent() {
    let mut server = scripted(|n, _| Step::Reply(json(if n == 2 { "12345678901" } else { "{}" }))).await;
    let url: Url = format!("http://{}/keys?a=b", server.address).parse().unwrap();
    let fetched = soon(fetch(&egress(), request(&url, None))).await.unwrap();
    assert_eq!((fetched.status.as_u16(), fetched.body.as_ref()), (200, &b"{}"[..]));
    let sent = server.requests.recv().await.unwrap();
    assert!(sent.starts_with("GET /keys?a=b HTTP/1.1\r\n") && !sent.contains("content-length"), "{sent}");

    let form = Payload::Form(Secret::new("grant_type=x".to_owned()));
    let headers = [(header::AUTHORIZATION, Secret::new("Basic eDp5".to_owned()))];
    soon(fetch(&egress(), Fetch { headers: &headers, ..request(&url, Some(form)) })).await.unwrap();
    let sent = server.requests.recv().await.unwrap();
    assert!(sent.starts_with("POST ") && sent.ends_with("\r\n\r\ngrant_type=x"), "{sent}");
    assert!(sent.contains("content-type: application/x-www-form-urlencoded\r\n"), "{sent}");
    assert!(sent.contains("authorization: Basic eDp5\r\n"), "{sent}");

    let error = soon(fetch(&egress(), request(&url, None))).await.unwrap_err();
    assert!(matches!(error, LinkError::TooLarge { limit: 10, .. }), "{error:?}");
}

#[tokio::test]
async fn fetching_does_not_stray_or_wait_for_ever() {
    let redirect = "HTTP/1.1 307 Go\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
    let server =
        scripted(move |n, _| if n == 0 { Step::Reply(redirect.into()) } else { Step::Hang(String::new()) }).await;
    let url: Url = format!("http://{}/", server.address).parse().unwrap();
    let error = soon(fetch(&egress(), request(&url, None))).await.unwrap_err();
    assert!(matches!(error, LinkError::Redirect(307)), "{error:?}");
    let error = soon(fetch(&egress(), Fetch { deadline: SHORT, ..request(&url, None) })).await.unwrap_err();
    assert!(matches!(error, LinkError::Timeout { .. }), "{error:?}");

    let discovered = Fetch { trust: Trust::Discovered, ..request(&url, None) };
    let error = soon(fetch(&egress(), discovered)).await.unwrap_err();
    assert!(matches!(error, LinkError::Egress(_)), "{error:?}");
    assert_eq!(server.connections.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_json_rpc_message_is_not_a_payload() {
    let url: Url = "http://127.0.0.1:1/".parse().unwrap();
    let payload = Payload::Json(Secret::new(r#"{"jsonrpc":"2.0","method":"tools/call"}"#.to_owned()));
    let error = soon(fetch(&egress(), request(&url, Some(payload)))).await.unwrap_err();
    assert!(matches!(error, LinkError::Unproven), "{error:?}");
}
