//! The way to one server: an HTTP session, a stateless HTTP origin, or a child process. Everything that is sent is a
//! [`Permitted`] message with the [`Receipt`] of its decision; everything that comes is decoded, and not yet cleared.

mod http;
mod process;

pub(crate) use http::HttpSession;
pub(crate) use process::{Process, Routing};

use doorward_audit::Receipt;
use doorward_engine::Permitted;
use doorward_mcp::{Id, Message, Request, Side, decode, json::Limits};
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
}

/// Messages of a process.
#[derive(Debug)]
pub(crate) struct Lines {
    from: mpsc::Receiver<Message>,
    /// How long to wait for each, where somebody waits for an answer.
    patience: Option<Duration>,
}

impl Lines {
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

/// The way to one server.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    Http(Arc<HttpSession>),
    Process(Arc<Process>),
}

impl Link {
    /// Sends a request and waits for the beginning of its answer.
    pub(crate) async fn request(
        &self,
        request: &Request,
        permitted: Permitted,
        receipt: Receipt,
    ) -> Result<Answer, LinkError> {
        match self {
            Self::Http(session) => session.post(permitted, receipt).await,
            Self::Process(process) => process.request(request, permitted, receipt).await,
        }
    }
    /// Sends a notification or a response.
    pub(crate) async fn tell(&self, permitted: Permitted, receipt: Receipt) -> Result<Answer, LinkError> {
        match self {
            Self::Http(session) => session.post(permitted, receipt).await,
            Self::Process(process) => process.tell(permitted, receipt).await.map(|()| Answer::Accepted),
        }
    }
    /// The id under which a request goes there, where it cannot keep its own.
    pub(crate) fn alias(&self) -> Option<Id> {
        match self {
            Self::Http(_) => None,
            Self::Process(process) => process.alias(),
        }
    }
    /// Whether messages must be one line.
    pub(crate) const fn one_line(&self) -> bool {
        matches!(self, Self::Process(_))
    }
    /// Whether it can still be used.
    pub(crate) fn is_alive(&self) -> bool {
        match self {
            Self::Http(session) => session.alive(),
            Self::Process(process) => process.alive(),
        }
    }
    /// Ends it.
    pub(crate) async fn close(&self) {
        match self {
            Self::Http(session) => session.close().await,
            Self::Process(process) => process.close().await,
        }
    }
}
