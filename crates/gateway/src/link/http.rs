use super::{Answer, Incomings};
use crate::server::Credentials;
use doorward_audit::Receipt;
use doorward_engine::Permitted;
use doorward_mcp::{Message, Side, decode, json::Limits};
use doorward_transport::{
    LinkError,
    upstream::{HttpLink, Listening, PostBody, PostReply, SessionHeaders},
};
use parking_lot::RwLock;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// A server over HTTP: in the 2025 era with the session that it gave, in the 2026 era with none.
#[derive(Debug)]
pub(crate) struct HttpSession {
    link: HttpLink,
    credentials: Arc<Credentials>,
    limits: Limits,
    state: RwLock<State>,
    /// The server does not know the session any more.
    lost: AtomicBool,
    /// Somebody else goes on with the session: its end here is not its end.
    left: AtomicBool,
}

#[derive(Clone, Debug, Default)]
struct State {
    id: Option<Arc<str>>,
    revision: Option<Arc<str>>,
}

impl HttpSession {
    pub(crate) fn new(link: HttpLink, credentials: Arc<Credentials>, limits: Limits) -> Arc<Self> {
        Self::resumed(link, credentials, limits, None, None)
    }

    /// The same with a session that the server gave before.
    pub(crate) fn resumed(
        link: HttpLink,
        credentials: Arc<Credentials>,
        limits: Limits,
        id: Option<&str>,
        revision: Option<&str>,
    ) -> Arc<Self> {
        let state = RwLock::new(State { id: id.map(Into::into), revision: revision.map(Into::into) });
        Arc::new(Self { link, credentials, limits, state, lost: AtomicBool::default(), left: AtomicBool::default() })
    }

    /// What the server knows the session by: its id, and the revision that it settled on.
    pub(crate) fn known_as(&self) -> (Option<String>, Option<String>) {
        let state = self.state.read();
        (state.id.as_deref().map(str::to_owned), state.revision.as_deref().map(str::to_owned))
    }

    /// Somebody else goes on with the session.
    pub(super) fn leave(&self) {
        self.left.store(true, Relaxed);
    }

    /// The revision that `initialize` settled on, sent with everything after it.
    pub(crate) fn settle(&self, revision: &str) {
        self.state.write().revision = Some(revision.into());
    }

    /// Whether the server still knows the session, as far as it has said.
    pub(super) fn alive(&self) -> bool {
        !self.lost.load(Relaxed)
    }

    /// The server serves the session no more.
    pub(super) fn forget(&self) {
        self.lost.store(true, Relaxed);
    }

    pub(super) async fn post(&self, permitted: Permitted, receipt: Receipt) -> Result<Answer, LinkError> {
        let state = self.state.read().clone();
        let reply = self.link.post(permitted, receipt, &self.headers(&state)).await?;
        let answer = self.answer(reply)?;
        // 2025-11-25, session management: 404 to a request with a session says that it is over, whatever the body says.
        let over = match &answer {
            Answer::Status(404) => true,
            Answer::Message(404, message) => matches!(&**message, Message::Response(r) if r.id.is_none()),
            _ => false,
        };
        if over && state.id.is_some() {
            self.lost.store(true, Relaxed);
            return Ok(Answer::Status(404));
        }
        Ok(answer)
    }

    fn headers<'a>(&'a self, state: &'a State) -> SessionHeaders<'a> {
        SessionHeaders {
            session_id: state.id.as_deref(),
            protocol_version: state.revision.as_deref(),
            credential: self.credentials.for_server(),
        }
    }

    fn answer(&self, reply: PostReply) -> Result<Answer, LinkError> {
        if let Some(id) = reply.session_id {
            let mut state = self.state.write();
            if state.id.is_none() {
                state.id = Some(id.into());
            }
        }
        let status = reply.status.as_u16();
        match reply.body {
            PostBody::Json(bytes) => match decode(bytes, &self.limits, Side::Server) {
                Ok(message) => Ok(Answer::Message(status, Box::new(message))),
                Err(_) if status >= 400 => Ok(Answer::Status(status)),
                Err(e) => Err(LinkError::Protocol(e.to_string().into())),
            },
            PostBody::Stream(events) => Ok(Answer::Stream(Incomings::Events(events, self.limits))),
            PostBody::Empty if status < 300 => Ok(Answer::Accepted),
            PostBody::Empty | PostBody::Other(_) => Ok(Answer::Status(status)),
        }
    }

    /// Opens the stream of messages that belong to no request, or resumes a stream after `last_event_id`.
    ///
    /// # Errors
    /// The HTTP status where the server offers none, or the link's error.
    pub(crate) async fn listen(&self, last_event_id: Option<&str>) -> Result<Result<Incomings, u16>, LinkError> {
        let state = self.state.read().clone();
        Ok(match self.link.listen(&self.headers(&state), last_event_id).await? {
            Listening::Stream(events) => Ok(Incomings::Events(events, self.limits)),
            Listening::NotOffered => Err(405),
            Listening::Gone => Err(404),
            Listening::Unauthorized { .. } => Err(502),
            Listening::Refused(status) => Err(status.as_u16()),
        })
    }

    pub(super) async fn close(&self) {
        let state = self.state.read().clone();
        if state.id.is_some()
            && !self.left.load(Relaxed)
            && let Err(e) = self.link.delete(&self.headers(&state)).await
        {
            tracing::debug!("could not end a session of {}: {e}", self.link.url());
        }
    }
}
