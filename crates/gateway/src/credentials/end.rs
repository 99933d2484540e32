use doorward_credential::{Body, Request};
use doorward_transport::{
    egress::{Egress, Trust},
    upstream::{Fetch, Payload, fetch},
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::runtime::Handle;

const PATIENCE: Duration = Duration::from_secs(5);
const MAX: usize = 64 << 10;

/// Ends a credential at its provider when nobody holds it any more: a best effort, once. Where that fails it ends by itself,
/// when its time is over.
pub(super) struct End {
    request: Option<Box<Request>>,
    egress: Arc<Egress>,
    /// Where it is sent: what drops a credential may be a thread of its own.
    runtime: Handle,
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("End").field(&self.request.as_ref().map(|r| &r.url)).finish()
    }
}

impl End {
    pub(super) fn new(request: Box<Request>, egress: Arc<Egress>) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        Some(Self { request: Some(request), egress, runtime })
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let Some(request) = self.request.take() else { return };
        let egress = self.egress.clone();
        self.runtime.spawn(async move { send(&egress, *request).await });
    }
}

/// Ends it now.
pub(super) async fn send(egress: &Egress, request: Request) {
    let Request { url, body, headers, .. } = request;
    let payload = match body {
        Body::Nothing => None,
        Body::Form(form) => Some(Payload::Form(form)),
        Body::Json(json) => Some(Payload::Json(json)),
    };
    let ask = Fetch { url: &url, trust: Trust::Configured, payload, headers: &headers, limit: MAX, deadline: PATIENCE };
    match fetch(egress, ask).await {
        Ok(answer) if answer.status.is_success() => tracing::debug!(%url, "ended a credential"),
        Ok(answer) => tracing::warn!(%url, "cannot end a credential: status {}", answer.status),
        Err(error) => tracing::warn!(%url, "cannot end a credential: {error}"),
    }
}
