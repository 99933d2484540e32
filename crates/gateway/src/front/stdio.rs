//! The door of `doorward wrap`: one client on our own stdin and stdout, in front of one server.

use crate::{
    Endpoint, Gateway,
    admit::Arrival,
    link::{Link, Routing},
    one::ambient,
    refusal::Refusal,
    reply::{Flow, Out, Reply},
    server::Server,
    session::{Opened, Session},
};
use doorward_mcp::{Era, Message, Method, Notice, Revision, RpcError, Side, decode};
use doorward_transport::{
    LinkError,
    stdio::{StdioInput, StdioOutput, StdioServer},
};
use doorward_vocab::ServerName;
use std::{collections::HashMap, sync::Arc};
use tokio::task::AbortHandle;

/// Serves the client on `pipes` until it closes its end; `name` is the server behind.
///
/// # Errors
/// The pipe's own failure.
pub async fn serve(gateway: Arc<Gateway>, pipes: StdioServer, name: ServerName) -> Result<(), LinkError> {
    let StdioServer { mut input, output } = pipes;
    let mut client = Client { gateway, output, name, session: None, running: HashMap::new() };
    while let Some(line) = next(&mut input).await {
        let line = line?;
        client.line(line).await?;
    }
    if let Some(session) = client.session.take() {
        client.gateway.end_session(&session.id).await;
    }
    Ok(())
}

async fn next(input: &mut StdioInput) -> Option<Result<bytes::Bytes, LinkError>> {
    input.recv().await
}

struct Client {
    gateway: Arc<Gateway>,
    output: StdioOutput,
    name: ServerName,
    session: Option<Arc<Session>>,
    /// Requests that run beside the pipe (HTTP servers), to be ended when they are cancelled.
    running: HashMap<doorward_mcp::Id, AbortHandle>,
}

impl Client {
    async fn line(&mut self, line: bytes::Bytes) -> Result<(), LinkError> {
        let gateway = self.gateway.clone();
        let live = gateway.live.load_full();
        let caller = match gateway.authenticate(&live, None, true, Some(&self.name)).await {
            Ok(caller) => caller,
            Err(refusal) => {
                tracing::error!("the local user is not known here: {refusal}");
                return Ok(());
            }
        };
        let message = match decode(line, &live.limits, Side::Client) {
            Ok(message) => message,
            Err(error) => {
                gateway.note_malformed(&caller, &error);
                let told = Refusal::Decode(error).told(None, None, Era::Legacy);
                return self.output.send(told.message.into_bytes()).await;
            }
        };
        let (id, method, era) = match &message {
            Message::Request(r) => (Some(r.id.clone()), Some(r.method), r.era()),
            Message::Notification(_) | Message::Response(_) => (None, None, Era::Legacy),
        };
        let Some(server) = live.servers.get(&self.name).cloned() else { return Ok(()) };
        let mut arrival = Arrival { live, caller, revision: Revision::LATEST_LEGACY, session: None, asked: None };
        match self.message(&mut arrival, &server, message, era).await {
            Ok(reply) => self.reply(reply, id).await,
            Err(refusal) => {
                gateway.refused(&refusal);
                if id.is_some() {
                    self.output.send(refusal.told(id.as_ref(), method, era).message.into_bytes()).await?;
                }
                Ok(())
            }
        }
    }

    async fn message(
        &mut self,
        arrival: &mut Arrival,
        server: &Arc<Server>,
        message: Message,
        era: Era,
    ) -> Result<Reply, Refusal> {
        match message {
            Message::Request(request) if request.method == Method::Initialize => {
                let reply = self.gateway.open_one(arrival, server, request, Routing::InOrder).await?;
                if let (Reply::Message { session: Some(_), .. }, Some(session)) = (&reply, &arrival.session) {
                    self.session = Some(session.clone());
                    self.listen(session, server);
                }
                Ok(reply)
            }
            Message::Request(request) => {
                arrival.asked = (era == Era::Modern).then(|| request.clone());
                let (link, revision) = self.way(arrival, server, era).await?;
                arrival.revision = revision;
                if !request.method.allowed(Side::Client, era) {
                    return Err(RpcError::method_not_found(request.method.as_str()).into());
                }
                self.gateway.request_one(arrival, server, &link, request).await
            }
            Message::Notification(n) if n.notice == Notice::Cancelled && self.stop(&n) => Ok(Reply::Accepted),
            message => {
                let Some(session) = self.session.clone() else { return Ok(Reply::Accepted) };
                arrival.revision = session.revision();
                arrival.session = Some(session.clone());
                self.gateway.pass_on(arrival, &session, message).await.map(|()| Reply::Accepted)
            }
        }
    }

    /// The way to the server: the session's, or for a request of the 2026 era one without.
    async fn way(
        &mut self,
        arrival: &mut Arrival,
        server: &Arc<Server>,
        era: Era,
    ) -> Result<(Link, Revision), Refusal> {
        if era == Era::Modern {
            arrival.revision = Revision::LATEST;
            return Ok((self.gateway.stateless(arrival, server).await?, Revision::LATEST));
        }
        let closed = || RpcError::new(RpcError::INVALID_REQUEST, 400, "Open a session with `initialize` first.");
        let session = self.session.clone().ok_or_else(closed)?;
        arrival.session = Some(session.clone());
        let gone = || RpcError::upstream("The server has ended.");
        let link = session.link(&self.name).filter(|o| o.link.is_alive()).ok_or_else(gone)?.link;
        Ok((link, session.revision()))
    }

    /// Passes on what the server sends outside of streams.
    fn listen(&self, session: &Arc<Session>, server: &Arc<Server>) {
        let Some(opened) = session.link(&self.name) else { return };
        let (gateway, output, session, server) =
            (self.gateway.clone(), self.output.clone(), session.clone(), server.clone());
        tokio::spawn(async move {
            if let Some(flow) = open(&gateway, &session, &opened).await {
                pump(&gateway, &output, flow, false).await;
                // The server is gone: whoever still waits is told.
                for (id, passage) in session.abandon(&server.profile.name) {
                    gateway.ended(&passage, doorward_vocab::Outcome::Unreachable, None, None);
                    let error = RpcError::upstream("The server ended without an answer.").to_message(Some(&id));
                    let _ = output.send(error).await;
                }
            }
        });
    }

    async fn reply(&mut self, reply: Reply, id: Option<doorward_mcp::Id>) -> Result<(), LinkError> {
        match reply {
            Reply::Message { body, .. } => self.output.send(one_line(body)).await,
            Reply::Accepted => Ok(()),
            Reply::Status(status) => match id {
                Some(id) => {
                    let error = RpcError::upstream(format!("The server refused with HTTP status {status}."));
                    self.output.send(error.to_message(Some(&id))).await
                }
                None => Ok(()),
            },
            Reply::Stream(flow) => {
                let (gateway, output) = (self.gateway.clone(), self.output.clone());
                let task = tokio::spawn(async move { pump(&gateway, &output, flow, true).await });
                self.running.retain(|_, t| !t.is_finished());
                if let Some(id) = id {
                    self.running.insert(id, task.abort_handle());
                }
                Ok(())
            }
        }
    }

    /// Ends a request of the 2026 era whose stream is open here; `true` where there was one.
    fn stop(&mut self, cancelled: &doorward_mcp::Notification) -> bool {
        if self.session.is_some() {
            return false;
        }
        let id = cancelled.params().and_then(|p| p.get("requestId")).and_then(doorward_mcp::Id::read);
        match id.and_then(|id| self.running.remove(&id)) {
            Some(task) => {
                task.abort();
                true
            }
            None => false,
        }
    }
}

async fn open(gateway: &Arc<Gateway>, session: &Arc<Session>, opened: &Opened) -> Option<Flow> {
    match &opened.link {
        Link::Events(_) | Link::Process(_) => {
            Some(Flow::new(ambient(session, opened, false), opened.link.pipe()?.ambient()?))
        }
        Link::Lifted(lifted) => {
            let incomings = gateway.listen_lifted(lifted, &opened.by)?;
            Some(Flow::new(ambient(session, opened, false), incomings))
        }
        Link::Http(_) | Link::Pooled(_) => match gateway.listen_session(session, None).await {
            Ok(Reply::Stream(flow)) => Some(flow),
            _ => None,
        },
    }
}

async fn pump(gateway: &Arc<Gateway>, output: &StdioOutput, mut flow: Flow, until_answer: bool) {
    let mut answered = false;
    while let Some(Out { message, last, .. }) = flow.next(gateway).await {
        answered |= last;
        if let Some(message) = message
            && output.send(one_line(message)).await.is_err()
        {
            break;
        }
        if last && until_answer {
            break;
        }
    }
    flow.finish(gateway, until_answer && !answered).await;
}

fn one_line(bytes: bytes::Bytes) -> bytes::Bytes {
    crate::admit::on_one_line(bytes)
}

/// The endpoint of a wrapped server.
#[must_use]
pub fn endpoint(name: &ServerName) -> Endpoint {
    Endpoint::One(name.clone())
}
