//! The way to one server: an HTTP session, a stateless HTTP origin, an event stream of 2024-11-05, or a child process; or
//! one of them for clients of the other era. Everything that is sent is a
//! [`Permitted`] message with the [`Receipt`] of its decision; everything that comes is decoded, and not yet cleared.

mod events;
mod http;
mod pipe;
mod process;
mod queue;

pub(crate) use events::EventSession;
pub(crate) use http::HttpSession;
pub(crate) use pipe::{Pipe, Routing};
pub(crate) use process::Process;

use crate::{
    bridge::{Lifted, Pooled},
    credentials::Held,
};
use doorward_audit::Receipt;
use doorward_engine::Permitted;
use doorward_mcp::{Era, Id, Message, Request, Side, decode, json::Limits};
use doorward_transport::{LinkError, Stage, sse, upstream::SseStream};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// A message of a server, or an event that carries none (a priming event, a comment, a `retry`).
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) message: Option<Message>,
    /// The event it came in, to be passed on as it is where nothing of it changes.
    pub(crate) event: Option<sse::Event>,
}

/// Messages in the order in which they come.
#[derive(Debug)]
pub(crate) enum Incomings {
    Events(Box<SseStream>, Limits),
    Lines(Lines),
    /// One message that came at once.
    Once(Option<Box<Message>>),
}

/// Messages of a server that has one pipe for them all.
#[derive(Debug)]
pub(crate) struct Lines {
    from: Source,
    /// How long to wait for each, where somebody waits for an answer.
    patience: Option<Duration>,
}

/// Where they come from.
#[derive(Debug)]
enum Source {
    Pipe(queue::Receiver),
    Plain(mpsc::Receiver<Message>),
}

impl Source {
    async fn recv(&mut self) -> Option<Message> {
        match self {
            Self::Pipe(from) => from.recv().await,
            Self::Plain(from) => from.recv().await,
        }
    }
}

impl Lines {
    /// What comes through `from`, for as long as it comes.
    pub(crate) const fn of(from: mpsc::Receiver<Message>) -> Self {
        Self { from: Source::Plain(from), patience: None }
    }
    async fn next(&mut self) -> Option<Result<Message, LinkError>> {
        match self.patience {
            None => self.from.recv().await.map(Ok),
            Some(after) => match tokio::time::timeout(after, self.from.recv()).await {
                Ok(message) => message.map(Ok),
                Err(_) => Some(Err(LinkError::Timeout { stage: Stage::Reply, after })),
            },
        }
    }
}

impl Incomings {
    /// The next one; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Incoming, LinkError>> {
        match self {
            Self::Lines(lines) => {
                let message = lines.next().await?;
                Some(message.map(|m| Incoming { message: Some(m), event: None }))
            }
            Self::Once(message) => message.take().map(|m| Ok(Incoming { message: Some(*m), event: None })),
            Self::Events(events, limits) => {
                let event = match events.next().await? {
                    Ok(event) => event,
                    Err(e) => return Some(Err(e)),
                };
                let message = match event.data().filter(|d| !d.is_empty()) {
                    None => None,
                    Some(data) => match decode(data, limits, Side::Server) {
                        Ok(message) => Some(message),
                        Err(e) => return Some(Err(LinkError::Protocol(e.to_string().into()))),
                    },
                };
                Some(Ok(Incoming { message, event: Some(event) }))
            }
        }
    }
}

/// What a server makes of a message.
#[derive(Debug)]
pub(crate) enum Answer {
    /// One message, with its HTTP status.
    Message(u16, Box<Message>),
    /// Messages until the stream ends.
    Stream(Incomings),
    /// Taken, without an answer.
    Accepted,
    /// Refused on the level of HTTP, without a message.
    Status(u16),
}

impl Answer {
    /// The status with which a server refused a message on the level of HTTP, as one does that has nothing to post to.
    pub(crate) fn refused(&self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(*status),
            Self::Message(status @ (404 | 405), message) => match &**message {
                Message::Response(r) if r.id.is_none() => Some(*status),
                _ => None,
            },
            Self::Message(..) | Self::Stream(_) | Self::Accepted => None,
        }
    }
}

/// What goes over a link: a permitted message with the proof that its decision was recorded, and what opens the server.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) permitted: Permitted,
    pub(crate) receipt: Receipt,
    /// What an HTTP server asks for; a command found it in its environment when it began.
    pub(crate) held: Option<Arc<Held>>,
}

/// The way to one server.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    Http(Arc<HttpSession>),
    Events(Arc<EventSession>),
    Process(Arc<Process>),
    /// A session that the gateway holds for requests that stand alone.
    Pooled(Arc<Pooled>),
    /// A client's session, over a server that has none.
    Lifted(Arc<Lifted>),
}

impl Link {
    /// The way itself, without what crosses it.
    pub(crate) fn wire(&self) -> &Self {
        match self {
            Self::Http(_) | Self::Events(_) | Self::Process(_) => self,
            Self::Pooled(pooled) => pooled.link.wire(),
            Self::Lifted(lifted) => lifted.link.wire(),
        }
    }
    /// Whether it is the same one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Http(one), Self::Http(other)) => Arc::ptr_eq(one, other),
            (Self::Process(one), Self::Process(other)) => Arc::ptr_eq(one, other),
            (Self::Events(one), Self::Events(other)) => Arc::ptr_eq(one, other),
            (Self::Pooled(one), Self::Pooled(other)) => Arc::ptr_eq(one, other),
            (Self::Lifted(one), Self::Lifted(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
    /// The era of what goes over it, where that is not the client's.
    pub(crate) const fn other_era(&self) -> Option<Era> {
        match self {
            Self::Http(_) | Self::Events(_) | Self::Process(_) => None,
            Self::Pooled(_) => Some(Era::Legacy),
            Self::Lifted(_) => Some(Era::Modern),
        }
    }
    /// Sends a request and waits for the beginning of its answer.
    pub(crate) async fn request(&self, request: &Request, parcel: Parcel) -> Result<Answer, LinkError> {
        match self.wire() {
            Self::Events(session) => Box::pin(session.request(request, parcel)).await,
            Self::Process(process) => Box::pin(process.request(request, parcel)).await,
            other => other.tell(parcel).await,
        }
    }
    /// Sends a notification or a response.
    pub(crate) async fn tell(&self, parcel: Parcel) -> Result<Answer, LinkError> {
        match self.wire() {
            Self::Http(session) => session.post(parcel).await,
            Self::Events(session) => Box::pin(session.tell(parcel)).await,
            Self::Process(process) => Box::pin(process.tell(parcel)).await.map(|()| Answer::Accepted),
            Self::Pooled(_) | Self::Lifted(_) => Ok(Answer::Accepted),
        }
    }
    /// The id under which a request goes there, where it cannot keep its own.
    pub(crate) fn alias(&self) -> Option<Id> {
        match self {
            Self::Http(_) => None,
            Self::Events(session) => session.pipe.alias(),
            Self::Process(process) => process.pipe.alias(),
            Self::Pooled(pooled) => Some(pooled.issue()),
            Self::Lifted(lifted) => Some(lifted.link.alias().unwrap_or_else(|| lifted.issue())),
        }
    }
    /// The credential that its server found in its environment when it began.
    pub(crate) fn worn(&self) -> Option<&Arc<Held>> {
        match self.wire() {
            Self::Process(process) => process.worn.as_ref(),
            _ => None,
        }
    }
    /// What the server says, where it has one pipe for all of it.
    pub(crate) fn pipe(&self) -> Option<&Pipe> {
        match self {
            Self::Http(_) => None,
            Self::Events(session) => Some(&session.pipe),
            Self::Process(process) => Some(&process.pipe),
            Self::Pooled(_) | Self::Lifted(_) => None,
        }
    }
    /// Says which revision `initialize` settled on.
    pub(crate) fn settle(&self, revision: &str) {
        match self {
            Self::Http(session) => session.settle(revision),
            Self::Events(session) => session.settle(revision),
            Self::Process(_) | Self::Pooled(_) | Self::Lifted(_) => {}
        }
    }
    /// Whether messages must be one line.
    pub(crate) fn one_line(&self) -> bool {
        matches!(self.wire(), Self::Process(_))
    }
    /// Whether it can still be used.
    pub(crate) fn is_alive(&self) -> bool {
        match self.wire() {
            Self::Http(session) => session.alive(),
            Self::Events(session) => session.alive(),
            Self::Process(process) => process.alive(),
            Self::Pooled(_) | Self::Lifted(_) => false,
        }
    }
    /// The server does not serve this session any more.
    pub(crate) fn forget(&self) {
        match (self, self.wire()) {
            (Self::Pooled(_), Self::Http(session)) => session.forget(),
            (Self::Pooled(_), Self::Events(session)) => session.close(),
            _ => {}
        }
    }
    /// Somebody else goes on with what it is a session of.
    pub(crate) fn leave(&self) {
        if let (Self::Http(_) | Self::Pooled(_), Self::Http(session)) = (self, self.wire()) {
            session.leave();
        }
    }
    /// Whether both lead to one session of a server.
    pub(crate) fn is_same_session(&self, other: &Self) -> bool {
        match (self.wire(), other.wire()) {
            (Self::Http(one), Self::Http(other)) => one.known_as() == other.known_as(),
            _ => false,
        }
    }
    /// Ends it. What a lifted session goes over belongs to others too.
    pub(crate) async fn close(&self) {
        match self {
            Self::Http(session) => session.close().await,
            Self::Events(session) => session.close(),
            Self::Process(process) => process.close().await,
            Self::Pooled(pooled) => Box::pin(pooled.link.close()).await,
            Self::Lifted(lifted) => lifted.end(),
        }
    }
}
