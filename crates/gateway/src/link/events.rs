use super::{
    Answer, Parcel,
    pipe::{Fed, Feed, Pipe, Routing},
};
use crate::{catalog::Catalog, credentials::Held};
use bytes::Bytes;
use doorward_mcp::{Request, json::Limits};
use doorward_transport::{
    Delivery, LinkError, Stage,
    upstream::{HttpLink, Listening, PostReply, SessionHeaders, SseStream},
};
use parking_lot::{Mutex, RwLock};
use std::{sync::Arc, time::Duration};
use tokio::{sync::OnceCell, task::AbortHandle};

/// A server over HTTP+SSE (2024-11-05, transports): one event stream carries all that it says, and its first event names
/// the address at which it listens. The stream is the session; there is no way back to one that ended.
#[derive(Debug)]
pub(crate) struct EventSession {
    /// Where the stream is.
    link: HttpLink,
    name: Box<str>,
    patience: Duration,
    pub(super) pipe: Pipe,
    /// Where messages go, once the stream is open. It is opened by the first message: nothing leaves unruled.
    to: OnceCell<HttpLink>,
    /// What the stream will feed.
    feed: Mutex<Option<Feed>>,
    reader: Mutex<Option<AbortHandle>>,
    revision: RwLock<Option<Arc<str>>>,
}

impl EventSession {
    pub(crate) fn new(
        name: &str,
        link: HttpLink,
        limits: Limits,
        patience: Duration,
        routing: Routing,
        catalog: Arc<Catalog>,
    ) -> Arc<Self> {
        let (pipe, feed) = Pipe::new(name, routing, patience, limits, catalog);
        Arc::new(Self {
            link,
            name: name.into(),
            patience,
            pipe,
            to: OnceCell::new(),
            feed: Mutex::new(Some(feed)),
            reader: Mutex::default(),
            revision: RwLock::default(),
        })
    }

    /// The revision that `initialize` settled on, sent with everything after it.
    pub(crate) fn settle(&self, revision: &str) {
        *self.revision.write() = Some(revision.into());
    }

    pub(super) async fn request(&self, request: &Request, parcel: Parcel) -> Result<Answer, LinkError> {
        let expected = self.pipe.expect(request, &parcel.permitted);
        Ok(match self.post(parcel).await? {
            Some(status) => Answer::Status(status),
            None => expected.map_or(Answer::Accepted, |e| Answer::Stream(e.sent())),
        })
    }

    pub(super) async fn tell(&self, parcel: Parcel) -> Result<Answer, LinkError> {
        Ok(self.post(parcel).await?.map_or(Answer::Accepted, Answer::Status))
    }

    /// Whether the stream is open, or may yet be.
    pub(super) fn alive(&self) -> bool {
        self.pipe.alive()
    }

    /// Hangs up: that is how a session ends here.
    pub(super) fn close(&self) {
        if let Some(reader) = self.reader.lock().take() {
            reader.abort();
        }
        self.pipe.end();
    }

    /// Posts a message. Gives the status where the server does not take it; whatever a taken one is answered with here
    /// does not count, since answers come on the stream.
    async fn post(&self, parcel: Parcel) -> Result<Option<u16>, LinkError> {
        let Parcel { permitted, receipt, held } = parcel;
        let to = self.to.get_or_try_init(|| self.open(held.as_deref())).await?;
        if !self.alive() {
            return Err(LinkError::Closed { delivery: Delivery::Never });
        }
        let revision = self.revision.read().clone();
        let headers = headers(revision.as_deref(), held.as_deref());
        let PostReply { status, www_authenticate: challenge, .. } = to.post(permitted, receipt, &headers).await?;
        if status == http::StatusCode::UNAUTHORIZED {
            return Err(LinkError::Unauthorized { status: status.as_u16(), challenge });
        }
        if status == http::StatusCode::NOT_FOUND {
            // The server does not know the session any more.
            self.close();
        }
        Ok((!status.is_success()).then(|| status.as_u16()))
    }

    /// Opens the stream, and reads where messages go.
    async fn open(&self, held: Option<&Held>) -> Result<HttpLink, LinkError> {
        let feed = self.feed.lock().take().ok_or(LinkError::Closed { delivery: Delivery::Never })?;
        let mut events = match self.link.listen(&headers(None, held), None).await? {
            Listening::Stream(events) => events,
            Listening::NotOffered => return Err(no_stream(405)),
            Listening::Gone => return Err(no_stream(404)),
            Listening::Unauthorized { status, www_authenticate: challenge } => {
                return Err(LinkError::Unauthorized { status: status.as_u16(), challenge });
            }
            Listening::Refused(status) => return Err(no_stream(status.as_u16())),
        };
        let slow = |_| LinkError::Timeout { stage: Stage::Reply, after: self.patience };
        let reference = tokio::time::timeout(self.patience, first(&mut events)).await.map_err(slow)??;
        let reference =
            std::str::from_utf8(&reference).map_err(|_| LinkError::Protocol("its endpoint is not text".into()))?;
        let to = self.link.endpoint(reference.trim())?;
        let reader = tokio::spawn(read(events, feed, self.name.clone()));
        *self.reader.lock() = Some(reader.abort_handle());
        Ok(to)
    }
}

fn headers<'a>(revision: Option<&'a str>, held: Option<&'a Held>) -> SessionHeaders<'a> {
    SessionHeaders { session_id: None, protocol_version: revision, credential: held.and_then(Held::on_request) }
}

impl Drop for EventSession {
    fn drop(&mut self) {
        self.close();
    }
}

fn no_stream(status: u16) -> LinkError {
    LinkError::Protocol(format!("it offers no event stream (HTTP status {status})").into())
}

/// The data of the first event, which must be `endpoint`. Comments may come before it.
async fn first(events: &mut SseStream) -> Result<Bytes, LinkError> {
    while let Some(event) = events.next().await {
        let event = event?;
        let Some(data) = event.data() else { continue };
        return match event.event().as_deref() {
            Some(b"endpoint") => Ok(data),
            _ => Err(LinkError::Protocol("the first event of its stream is not `endpoint`".into())),
        };
    }
    Err(LinkError::Protocol("its stream ended before it said where messages go".into()))
}

async fn read(mut events: Box<SseStream>, feed: Feed, name: Box<str>) {
    loop {
        let event = match events.next().await {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                tracing::warn!(server = %name, "{error}");
                break;
            }
            None => break,
        };
        // What is no message, such as a second `endpoint`, says nothing here.
        let message = matches!(event.event().as_deref(), None | Some(b"" | b"message"));
        if let Some(data) = event.data().filter(|d| message && !d.is_empty())
            && feed.take(data).await == Fed::Closed
        {
            break;
        }
    }
    tracing::debug!(server = %name, "the event stream has ended");
}
