use super::{Part, Server};
use crate::Failure;
use bytes::Bytes;
use doorward_transport::serve::{Body, Bound, Peer, Running, Serve, ServeSettings, read_body};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::Value;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A server of the demo that speaks Streamable HTTP of both eras, until it is dropped.
pub(in crate::demo) struct Door {
    running: Running,
}

impl Door {
    /// Where it is.
    pub(in crate::demo) fn url(&self) -> String {
        format!("http://{}/mcp", self.running.address())
    }
}

/// Starts `part` on a free port of loopback.
pub(in crate::demo) fn start(part: &'static Part, seen: PathBuf) -> Result<Door, Failure> {
    let bound = Bound::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let bound = bound.map_err(|e| Failure::Broken(e.to_string()))?;
    let web = Arc::new(Web(Mutex::new(Server::new(part, seen))));
    Ok(Door { running: bound.serve(web, ServeSettings::default(), None) })
}

struct Web(Mutex<Server>);

impl Serve for Web {
    async fn serve(self: Arc<Self>, request: Request<Incoming>, _peer: Arc<Peer>) -> Response<Body> {
        let status = |status| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            response
        };
        if request.method() != Method::POST {
            return status(StatusCode::METHOD_NOT_ALLOWED);
        }
        let (head, body) = request.into_parts();
        let authorization = head.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let read = read_body(body, 1 << 20, Duration::from_secs(5)).await;
        let Some(message) = read.ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else {
            return status(StatusCode::BAD_REQUEST);
        };
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).hear(&message, authorization);
        match said.as_slice() {
            [] => status(StatusCode::ACCEPTED),
            [one] => answer("application/json", one.to_string()),
            more => answer(
                "text/event-stream",
                more.iter().map(|m| format!("event: message\ndata: {m}\n\n")).collect::<String>(),
            ),
        }
    }
}

fn answer(kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::full(Bytes::from(text)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
