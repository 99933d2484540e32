use bytes::Bytes;
use doorward_admin::{Admin, Asked, Content};
use doorward_gateway::console::ConsoleDoor;
use doorward_transport::{
    guard::Guard,
    serve::{Body, Ends, Peer, Serve, StreamOptions, read_body},
};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::{sync::Arc, time::Duration};

/// The console listener: what watches the process needs, and the console.
pub(crate) struct Console {
    health: Arc<ConsoleDoor>,
    admin: Admin,
    guard: Guard,
}

/// The longest form, in bytes, and how long it may take.
const FORM: (usize, Duration) = (64 << 10, Duration::from_secs(10));

impl Console {
    pub(crate) fn new(health: Arc<ConsoleDoor>, admin: Admin, guard: Guard) -> Arc<Self> {
        Arc::new(Self { health, admin, guard })
    }
}

impl Serve for Console {
    async fn serve(self: Arc<Self>, request: Request<Incoming>, peer: Arc<Peer>) -> Response<Body> {
        if matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics") {
            return self.health.clone().serve(request, peer).await;
        }
        if let Err(refusal) = self.guard.check(request.uri(), request.version(), request.headers()) {
            return plain(refusal.status(), &refusal.to_string());
        }
        let (head, body) = request.into_parts();
        let body = match head.method {
            Method::POST => match read_body(body, FORM.0, FORM.1).await {
                Ok(body) => body,
                Err(error) => return plain(error.status(), &error.to_string()),
            },
            _ => Bytes::new(),
        };
        let (head, content) = Box::pin(self.admin.answer(Asked { head, body })).await.into_parts();
        let body = match content {
            Content::Whole(bytes) => Body::full(bytes),
            Content::Live(mut feed) => {
                let (sender, body) = Body::stream(StreamOptions { ends: Ends::AtDrain, ..StreamOptions::default() });
                tokio::spawn(async move {
                    loop {
                        let event = tokio::select! {
                            () = sender.closed() => break,
                            event = feed.next() => event,
                        };
                        let Some(event) = event else { break };
                        if sender.send(event).await.is_err() {
                            break;
                        }
                    }
                });
                body
            }
        };
        Response::from_parts(head, body)
    }
}

fn plain(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(Body::full(format!("{why}\n")));
    *response.status_mut() = status;
    response
}
