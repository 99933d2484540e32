use super::Parcel;
use super::{Answer, Incomings};
use crate::credentials::Held;
use arc_swap::ArcSwapOption;
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
    limits: Limits,
    state: RwLock<State>,
    /// What the last message carried: the end of a session carries it too. Nothing where several principals share it.
    worn: ArcSwapOption<Held>,
    is_shared: bool,
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
    pub(crate) fn new(link: HttpLink, limits: Limits) -> Arc<Self> {
        Self::resumed(link, limits, None, None)
    }

    /// The same for requests that stand alone, of everybody.
    pub(crate) fn shared(link: HttpLink, limits: Limits) -> Arc<Self> {
        Arc::new(Self { is_shared: true, ..Self::with(link, limits, State::default()) })
    }

    /// The same with a session that the server gave before.
    pub(crate) fn resumed(link: HttpLink, limits: Limits, id: Option<&str>, revision: Option<&str>) -> Arc<Self> {
        let state = State { id: id.map(Into::into), revision: revision.map(Into::into) };
        Arc::new(Self::with(link, limits, state))
    }

    fn with(link: HttpLink, limits: Limits, state: State) -> Self {
        let (worn, lost, left) = Default::default();
        Self { link, limits, state: RwLock::new(state), worn, is_shared: false, lost, left }
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

    pub(super) async fn post(&self, parcel: Parcel) -> Result<Answer, LinkError> {
        let state = self.state.read().clone();
        let Parcel { permitted, receipt, held } = parcel;
        let reply = self.link.post(permitted, receipt, &headers(&state, held.as_deref())).await?;
        if !self.is_shared {
            self.worn.store(held);
        }
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

    fn answer(&self, reply: PostReply) -> Result<Answer, LinkError> {
        if let Some(id) = reply.session_id {
            let mut state = self.state.write();
            if state.id.is_none() {
                state.id = Some(id.into());
            }
        }
        let status = reply.status.as_u16();
        if status == 401 || status == 403 && reply.www_authenticate.is_some() {
            return Err(LinkError::Unauthorized { status, challenge: reply.www_authenticate });
        }
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
    pub(crate) async fn listen(
        &self,
        last_event_id: Option<&str>,
        held: Option<&Held>,
    ) -> Result<Result<Incomings, u16>, LinkError> {
        let state = self.state.read().clone();
        Ok(match self.link.listen(&headers(&state, held), last_event_id).await? {
            Listening::Stream(events) => Ok(Incomings::Events(events, self.limits)),
            Listening::NotOffered => Err(405),
            Listening::Gone => Err(404),
            Listening::Unauthorized { .. } => Err(502),
            Listening::Refused(status) => Err(status.as_u16()),
        })
    }

    pub(super) async fn close(&self) {
        let state = self.state.read().clone();
        let worn = self.worn.load_full();
        if state.id.is_some()
            && !self.left.load(Relaxed)
            && let Err(e) = self.link.delete(&headers(&state, worn.as_deref())).await
        {
            tracing::debug!("could not end a session of {}: {e}", self.link.url());
        }
    }
}

fn headers<'a>(state: &'a State, held: Option<&'a Held>) -> SessionHeaders<'a> {
    SessionHeaders {
        session_id: state.id.as_deref(),
        protocol_version: state.revision.as_deref(),
        credential: held.and_then(Held::on_request),
    }
}
