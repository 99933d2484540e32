//! A reverse proxy of hyper and nothing else: collect the body, forward it, collect the reply, answer.
//!
//! It judges nothing. What the gateway costs above it is the price of its controls; what it costs above the plain
//! reverse proxy is the price of our HTTP stack.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri, body::Incoming};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::args::Args;

type Upstream = Client<HttpConnector, Full<Bytes>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Fields of one hop (RFC 9110 §7.6.1), which are not handed on; `Host` names the next hop.
const HOP: [HeaderName; 3] = [CONNECTION, TRANSFER_ENCODING, HOST];

pub(crate) fn serve(args: &Args) -> Result<(), String> {
    let address = args.text("listen").unwrap_or("127.0.0.1:0").to_owned();
    let upstream = args.required("upstream")?.to_owned();
    args.obey_until()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(accept(&address, &upstream)).map_err(|error| format!("`{address}`: {error}"))
}

async fn accept(address: &str, authority: &str) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await?;
    println!("listening {}", listener.local_addr()?);
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let upstream: Upstream = Client::builder(TokioExecutor::new()).build(connector);
    let authority: hyper::http::uri::Authority = authority.parse()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (upstream, authority) = (upstream.clone(), authority.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (upstream, authority) = (upstream.clone(), authority.clone());
                async move { Ok::<_, std::convert::Infallible>(forward(&upstream, authority, request).await) }
            });
            // A client that goes away in the middle is its own affair.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn forward(
    upstream: &Upstream,
    authority: hyper::http::uri::Authority,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    exchange(upstream, authority, request).await.unwrap_or_else(|failure| {
        let mut response = Response::new(Full::new(Bytes::from(failure.to_string())));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

async fn exchange(
    upstream: &Upstream,
    authority: hyper::http::uri::Authority,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Failure> {
    let (mut head, body) = request.into_parts();
    head.headers = end_to_end(head.headers);
    head.headers.insert(HOST, HeaderValue::from_str(authority.as_str())?);
    let mut target = head.uri.into_parts();
    target.scheme = Some(hyper::http::uri::Scheme::HTTP);
    target.authority = Some(authority);
    head.uri = Uri::from_parts(target)?;
    let body = body.collect().await?.to_bytes();
    let (mut head, body) = upstream.request(Request::from_parts(head, Full::new(body))).await?.into_parts();
    head.headers = end_to_end(head.headers);
    Ok(Response::from_parts(head, Full::new(body.collect().await?.to_bytes())))
}

fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in HOP {
        headers.remove(name);
    }
    headers
}
