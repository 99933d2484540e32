use crate::{
    Gateway,
    approval::Waiting,
    bridge::{Asking, Next},
    link::{Incoming, Incomings, Link},
    refusal::Refusal,
    road::{Delivery, Scope},
    session::Session,
};
use bytes::Bytes;
use doorward_mcp::{Id, Message, Method, Response, RpcError};
use doorward_transport::{LinkError, sse};
use doorward_vocab::Outcome;
use std::sync::Arc;
use tokio::{sync::mpsc, task::JoinSet};

/// What a client gets for a message.
#[derive(Debug)]
pub(crate) enum Reply {
    /// One message, and the session that it opened.
    Message { status: u16, body: Bytes, session: Option<Box<str>> },
    /// Messages until the stream ends.
    Stream(Flow),
    /// Taken, without an answer.
    Accepted,
    /// A status of HTTP alone.
    Status(u16),
}

/// Messages on their way to a client, from one server or from several.
#[derive(Debug)]
pub(crate) struct Flow {
    sources: Vec<Source>,
    fan: Option<Fan>,
}

/// Messages that tasks of their own bring together, for as long as somebody reads.
#[derive(Debug)]
struct Fan {
    from: mpsc::Receiver<Out>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Source {
    scope: Scope,
    incomings: Incomings,
    /// What its event ids begin with, where several servers share an endpoint.
    prefix: Option<String>,
    /// Whether the client got the answer.
    answered: bool,
    /// Whether an event had an id: the client may come back for what follows.
    resumable: bool,
    /// What the client is being asked, where its server asks in another way; and how often it was.
    asking: Option<Asking>,
    rounds: u32,
    /// The person who has to approve the request first.
    waiting: Option<Waiting>,
    /// The id of the last event that had one.
    last: Option<Box<str>>,
}

/// A cleared message, ready to be written.
#[derive(Debug)]
pub(crate) struct Out {
    /// The message; `None` for an event that carries none.
    pub(crate) message: Option<Bytes>,
    /// The event as it is written on a stream.
    pub(crate) event: Bytes,
    /// Whether it answers the request that the flow is for.
    pub(crate) last: bool,
    /// The HTTP status, where it is the whole reply.
    pub(crate) status: u16,
}

/// The HTTP status with which 2026-07-28 wants an error (basic, error codes).
fn status_of(response: &Response) -> u16 {
    let code = response.error().and_then(|e| e.get("code")?.as_i64()).and_then(|c| i32::try_from(c).ok());
    match code {
        Some(RpcError::MISSING_CAPABILITY) => 400,
        Some(RpcError::METHOD_NOT_FOUND) => 404,
        _ => 200,
    }
}

/// What became of a message between two eras.
enum Crossed {
    /// It goes on as it is.
    Goes(Incoming),
    /// Something else goes on, or nothing.
    Became(Option<Out>),
}

impl Flow {
    pub(crate) fn new(scope: Scope, incomings: Incomings) -> Self {
        let mut flow = Self::joined();
        flow.add(scope, incomings);
        flow
    }
    pub(crate) const fn joined() -> Self {
        Self { sources: Vec::new(), fan: None }
    }
    /// What `tasks` bring together; they end when nobody reads any more.
    pub(crate) const fn fan(from: mpsc::Receiver<Out>, tasks: JoinSet<()>) -> Self {
        Self { sources: Vec::new(), fan: Some(Fan { from, tasks }) }
    }
    /// Adds a source; behind an endpoint of several servers, its event ids carry its server's name, so that a stream can
    /// be resumed where it came from.
    pub(crate) fn add(&mut self, scope: Scope, incomings: Incomings) {
        let prefix = scope.joined.then(|| format!("{}:", scope.passage.server.profile.name));
        self.sources.push(Source {
            scope,
            incomings,
            prefix,
            answered: false,
            resumable: false,
            asking: None,
            rounds: 0,
            waiting: None,
            last: None,
        });
    }
    /// The same with event ids that begin with `prefix`.
    pub(crate) fn under(scope: Scope, incomings: Incomings, prefix: String) -> Self {
        let mut flow = Self::new(scope, incomings);
        flow.sources.iter_mut().for_each(|source| source.prefix = Some(prefix.clone()));
        flow
    }
    /// A request that waits for a person, and then for its server.
    pub(crate) fn waiting(scope: Scope, waiting: Waiting) -> Self {
        let mut flow = Self::new(scope, Incomings::Once(None));
        if let Some(source) = flow.sources.first_mut() {
            source.waiting = Some(waiting);
        }
        flow
    }
    /// The id of the last event of the server that had one: what follows it can be asked for.
    pub(crate) fn last_event(&self) -> Option<&str> {
        self.sources.first()?.last.as_deref()
    }
    pub(crate) fn is_single(&self) -> bool {
        self.sources.len() <= 1
    }
    /// Whether it comes from a pipe, or came at once: there an answer alone makes plain JSON.
    pub(crate) fn is_pipe(&self) -> bool {
        matches!(self.sources.as_slice(), [Source { incomings: Incomings::Lines(_) | Incomings::Once(_), .. }])
    }
    /// The session whose client may come back to this flow though nobody behind the gateway numbers its events.
    pub(crate) fn to_be_numbered(&self) -> Option<&Arc<Session>> {
        let [Source { scope, incomings, .. }] = self.sources.as_slice() else { return None };
        let numbered = matches!(incomings, Incomings::Events(..)) && scope.link.other_era().is_none();
        scope.session.as_ref().filter(|_| !numbered)
    }
    /// Whether its beginning decides about the HTTP status, which came with another meaning from a server with sessions.
    pub(crate) fn decides_status(&self) -> bool {
        matches!(self.sources.as_slice(), [Source { scope, .. }] if matches!(scope.link, Link::Pooled(_)))
    }

    /// The next message; `None` at the end, or where the server broke off.
    pub(crate) async fn next(&mut self, gateway: &Gateway) -> Option<Out> {
        match &mut self.fan {
            Some(fan) => fan.from.recv().await,
            None => self.sources.first_mut()?.next(gateway).await,
        }
    }

    /// Feeds everything into `to`, all sources side by side, until they end or nobody reads any more.
    pub(crate) async fn run(self, gateway: Arc<Gateway>, to: mpsc::Sender<Out>) -> Self {
        let mut tasks = JoinSet::new();
        for source in self.sources {
            tasks.spawn(source.run(gateway.clone(), to.clone()));
        }
        drop(to);
        Self { sources: tasks.join_all().await, fan: None }
    }

    /// The client is gone, or the stream is over: what has no end yet has one now. Returns pipes to whoever reads next.
    pub(crate) async fn finish(self, gateway: &Gateway, abandoned: bool) {
        if let Some(Fan { from, mut tasks }) = self.fan {
            drop(from);
            while tasks.join_next().await.is_some() {}
        }
        for source in self.sources {
            source.finish(gateway, abandoned).await;
        }
    }
}

impl Source {
    async fn next(&mut self, gateway: &Gateway) -> Option<Out> {
        match self.scope.passage.stop.clone() {
            None => self.step(gateway).await,
            Some(stop) => match stop.run_until_cancelled(self.step(gateway)).await {
                Some(out) => out,
                None => Box::pin(self.stopped(gateway)).await,
            },
        }
    }

    /// The client took its request back.
    async fn stopped(&mut self, gateway: &Gateway) -> Option<Out> {
        if !self.answered {
            self.incomings = Incomings::Once(None);
            // Its server knows nothing of what waits for a person.
            if self.waiting.take().is_none() {
                gateway.cancel(&self.scope).await;
            }
            self.answered = true;
        }
        None
    }

    async fn step(&mut self, gateway: &Gateway) -> Option<Out> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                match Box::pin(gateway.go_on_waiting(&mut self.scope, waiting)).await {
                    Next::Question(out) => return Some(out),
                    Next::Again(incomings) => self.incomings = incomings,
                    Next::Elsewhere => {
                        self.answered = true;
                        return None;
                    }
                    Next::Failed(refusal) => return self.fail(gateway, &refusal),
                }
                self.waiting = None;
                continue;
            }
            // Boxed, here and below: a quiet stream holds no room for what seldom happens.
            if let Some(asking) = &mut self.asking {
                match Box::pin(gateway.go_on_asking(&mut self.scope, asking, self.rounds)).await {
                    Next::Question(out) => return Some(out),
                    Next::Again(incomings) => {
                        self.incomings = incomings;
                        self.asking = None;
                        self.rounds += 1;
                    }
                    Next::Elsewhere => return None,
                    Next::Failed(refusal) => return self.fail(gateway, &refusal),
                }
                continue;
            }
            match self.incomings.next().await {
                Some(Ok(incoming)) => {
                    if let Some(id) = incoming.event.as_ref().and_then(|event| event.id()) {
                        self.resumable = true;
                        self.last = Some(String::from_utf8_lossy(&id).into());
                    }
                    let crossed = match self.scope.link.other_era() {
                        None => Crossed::Goes(incoming),
                        Some(_) => Box::pin(self.cross(gateway, incoming)).await,
                    };
                    let out = match crossed {
                        Crossed::Goes(incoming) => self.pass(gateway, incoming).await,
                        Crossed::Became(out) => out,
                    };
                    if let Some(out) = out {
                        self.answered |= out.last;
                        return Some(out);
                    }
                }
                Some(Err(error)) => return Box::pin(self.broke(gateway, error)).await,
                None => {
                    let error = LinkError::Protocol("it ended without an answer".into());
                    return Box::pin(self.broke(gateway, error)).await;
                }
            }
        }
    }

    async fn run(mut self, gateway: Arc<Gateway>, to: mpsc::Sender<Out>) -> Self {
        loop {
            let out = tokio::select! {
                biased;
                () = to.closed() => break,
                out = self.next(&gateway) => out,
            };
            let Some(out) = out else { break };
            if to.send(out).await.is_err() {
                break;
            }
        }
        self
    }

    /// What a message becomes where client and server do not ask each other in the same way.
    async fn cross(&mut self, gateway: &Gateway, incoming: Incoming) -> Crossed {
        match (self.scope.link.clone(), &incoming.message) {
            (Link::Pooled(pooled), Some(Message::Request(_))) => {
                let incomings = &mut self.incomings;
                Crossed::Became(gateway.park(&self.scope, &pooled, incomings, incoming).await)
            }
            (Link::Pooled(_), Some(Message::Response(response))) if response.is_error => {
                let scope = self.scope.clone();
                let status = status_of(response);
                let Delivery { message, last, .. } = gateway.deliver(&scope, incoming);
                let out = message.map(|m| match gateway.ask_elsewhere(&scope.passage, &m) {
                    Some(question) => Out::answer(question),
                    None => Out { last, status, ..Out::answer(m) },
                });
                Crossed::Became(out)
            }
            (Link::Lifted(lifted), Some(Message::Response(response))) => {
                self.asking = gateway.begin_asking(&self.scope, &lifted, response).await;
                match self.asking {
                    Some(_) => Crossed::Became(None),
                    None => Crossed::Goes(incoming),
                }
            }
            // Servers of this era make no requests.
            (Link::Lifted(_), Some(Message::Request(_))) => Crossed::Became(None),
            _ => Crossed::Goes(incoming),
        }
    }

    /// It cannot be answered any more.
    fn fail(&mut self, gateway: &Gateway, refusal: &Refusal) -> Option<Out> {
        (self.asking, self.waiting) = (None, None);
        let (method, id) = self.waiting()?;
        if let Some(session) = &self.scope.session {
            session.end(&id, &self.scope.passage.server.profile.name)?;
        }
        self.answered = true;
        Some(gateway.failed(&self.scope, refusal, method, &id))
    }

    async fn pass(&self, gateway: &Gateway, incoming: Incoming) -> Option<Out> {
        let Delivery { message, event, changed, last, decline } = gateway.deliver(&self.scope, incoming);
        if let Some((id, error)) = decline {
            Box::pin(gateway.decline(&self.scope, &id, &error)).await;
        }
        match (message, event) {
            (Some(message), Some(event)) => {
                let message = message.into_bytes();
                let text = self.event(&event, Some(&message), changed);
                Some(Out { message: Some(message), event: text, last, status: 200 })
            }
            (Some(message), None) => {
                let message = message.into_bytes();
                let event = sse::encode(Some("message"), None, &message);
                Some(Out { message: Some(message), event, last, status: 200 })
            }
            // A priming event, a comment or a `retry`; an event whose message was refused is not passed on.
            (None, Some(event)) if event.data().is_none_or(|d| d.is_empty()) => {
                let text = self.event(&event, event.data().as_deref(), false);
                Some(Out { message: None, event: text, last, status: 200 })
            }
            (None, _) => None,
        }
    }

    /// The event as the client gets it. Beside its message, which was cleared, only its id and its time to wait pass; the
    /// original bytes do where there is nothing else in them.
    fn event(&self, event: &sse::Event, data: Option<&[u8]>, changed: bool) -> Bytes {
        let id = event.id();
        let secret = id.as_ref().is_some_and(|id| !self.scope.passage.live.snapshot.secrets.find(id).is_empty());
        let id = id.filter(|_| !secret);
        let named = self.prefix.as_ref().zip(id.as_ref()).map(|(prefix, id)| [prefix.as_bytes(), id].concat());
        match (event.is_plain() && !secret, changed || named.is_some()) {
            (true, false) => event.raw().clone(),
            (true, true) => event.rewrite(data.filter(|_| changed), named.as_deref()),
            (false, _) => event.remake(data, named.as_deref().or(id.as_deref())),
        }
    }

    /// The server broke off, or its stream ended: a request that was not answered is answered with an error now, unless
    /// the client can come back for the rest (2025-11-25, resumability).
    async fn broke(&mut self, gateway: &Gateway, error: LinkError) -> Option<Out> {
        let (method, id) = self.waiting()?;
        let server = &self.scope.passage.server.profile.name;
        let ended = matches!(error, LinkError::Closed { .. } | LinkError::Protocol(_));
        if let Some(session) = &self.scope.session {
            if self.resumable && ended {
                return None;
            }
            session.end(&id, server)?;
        }
        tracing::warn!(%server, "{error}");
        let slow = matches!(error, LinkError::Timeout { .. });
        let outcome = if slow { Outcome::TimedOut } else { Outcome::Unreachable };
        gateway.ended(&self.scope.passage, outcome, None, None);
        if slow {
            gateway.cancel(&self.scope).await;
        }
        self.answered = true;
        let era = self.scope.passage.revision.era();
        let told = Refusal::Link(server.as_str().into(), error).told(Some(&id), Some(method), era);
        let message = told.message.into_bytes();
        Some(Out {
            event: sse::encode(Some("message"), None, &message),
            message: Some(message),
            last: true,
            status: 200,
        })
    }

    /// The request that this source is to answer, while it has not. What a server sends by itself belongs to the request
    /// that opened the session, which was answered long ago; a stream of changes ends without an answer.
    fn waiting(&self) -> Option<(Method, Id)> {
        match self.scope.passage.message.inspect() {
            Message::Request(r) if !self.answered && !matches!(r.method, Method::Initialize | Method::Listen) => {
                Some((r.method, r.id.clone()))
            }
            _ => None,
        }
    }

    async fn finish(mut self, gateway: &Gateway, abandoned: bool) {
        if self.scope.passage.stop.as_ref().is_some_and(tokio_util::sync::CancellationToken::is_cancelled) {
            self.stopped(gateway).await;
        }
        let waiting = self.waiting();
        let Self { scope, incomings, resumable, .. } = self;
        if scope.passage.method() == Some(Method::Listen) {
            gateway.unlisten(&scope).await;
        }
        if let (Some(pipe), Incomings::Lines(_)) = (scope.link.pipe(), &incomings)
            && scope.passage.method() == Some(Method::Initialize)
        {
            pipe.return_ambient(incomings);
        } else if abandoned && scope.session.is_none() {
            // In the 2026 era the end of the stream is the cancellation.
            gateway.ended(&scope.passage, Outcome::Cancelled, None, None);
            gateway.cancel(&scope).await;
        } else if let (Some(session), Some((_, id)), true, false) = (&scope.session, waiting, abandoned, resumable)
            && session.end(&id, &scope.passage.server.profile.name).is_some()
        {
            // Nobody can come back for the answer. The server is not told: in the 2025 era that cancels nothing.
            gateway.ended(&scope.passage, Outcome::Cancelled, None, None);
        }
    }
}
