//! The console listener: health, readiness and metrics. Whoever watches the process needs no login for these; they say
//! nothing about what passes through the gateway.

use crate::{
    Gateway,
    front::plain::{json, plain},
};
use doorward_transport::{
    guard::Guard,
    serve::{Body, Peer, Serve},
};
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use std::sync::Arc;

/// The console listener.
pub struct ConsoleDoor {
    gateway: Arc<Gateway>,
    guard: Guard,
}

impl ConsoleDoor {
    /// The door for operators of `gateway`, which answers to the hosts that `guard` knows.
    pub fn new(gateway: Arc<Gateway>, guard: Guard) -> Arc<Self> {
        Arc::new(Self { gateway, guard })
    }
}

impl std::fmt::Debug for ConsoleDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsoleDoor")
    }
}

impl Serve for ConsoleDoor {
    async fn serve(self: Arc<Self>, request: Request<Incoming>, _peer: Arc<Peer>) -> Response<Body> {
        if let Err(refusal) = self.guard.check(request.uri(), request.version(), request.headers()) {
            return plain(refusal.status(), &refusal.to_string());
        }
        if request.method() != Method::GET {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET");
        }
        match request.uri().path() {
            "/healthz" => json(200, "{\"status\":\"ok\"}".into()),
            "/readyz" if self.gateway.trail.healthy() => json(200, "{\"status\":\"ready\"}".into()),
            "/readyz" => json(503, "{\"status\":\"the trail takes no records\"}".into()),
            "/metrics" => {
                self.gateway.gauges();
                let mut response = Response::new(Body::full(self.gateway.metrics.text()));
                let kind = http::HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                response
            }
            _ => plain(StatusCode::NOT_FOUND, "there is nothing here yet: /healthz, /readyz and /metrics are"),
        }
    }
}
