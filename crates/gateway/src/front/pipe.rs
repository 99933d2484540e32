//! A client that has one pipe for everything: our own standard streams, or an event stream of 2024-11-05. Era and session
//! are chosen per message; every answer, and what servers say by themselves, goes out on the pipe.

use crate::{
    Endpoint, Gateway, Live,
    admit::Arrival,
    front::{modern::declared, reading::Reading},
    link::Routing,
    passage::Caller,
    refusal::Refusal,
    reply::{Flow, Out, Reply},
    session::Session,
};
use bytes::Bytes;
use doorward_mcp::{Era, Id, Message, Method, Notice, Notification, Request, Revision, RpcError, Side};
use doorward_transport::LinkError;
use doorward_vocab::Outcome;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, atomic::Ordering::Relaxed},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

/// Where the client reads.
pub(crate) trait Outlet: Clone + Debug + Send + Sync + 'static {
    /// Writes one cleared message; waits while the client is slow.
    fn send(&self, message: Bytes) -> impl Future<Output = Result<(), LinkError>> + Send;
}

/// One client.
#[derive(Debug)]
pub(crate) struct Client<O> {
    gateway: Arc<Gateway>,
    output: O,
    endpoint: Endpoint,
    /// The session of the 2025 era, once `initialize` opened one.
    session: Mutex<Option<Arc<Session>>>,
    /// Requests that stand alone and are under way. Each is cancelled when its sender goes.
    running: Mutex<HashMap<Id, oneshot::Sender<()>>>,
    /// Requests whose answers come with everything else that their server says.
    waiting: Mutex<HashMap<Id, UnderWay>>,
    /// How many requests may be under way at once.
    room: Arc<Semaphore>,
    most: u32,
    /// How many notifications and responses may be on their way at once.
    words: Semaphore,
    /// The client is gone: nobody reads any more.
    gone: watch::Sender<bool>,
    /// The session has ended at its server, and cannot go on.
    lost: watch::Sender<bool>,
}

/// A request that may begin.
#[derive(Debug)]
pub(crate) struct Begun {
    arrival: Arrival,
    request: Request,
    under_way: UnderWay,
}

/// What a request holds until it is answered.
#[derive(Debug)]
struct UnderWay {
    _room: OwnedSemaphorePermit,
    /// Resolves when the client cancels a request that stands alone; a request of a session is cancelled at its server.
    cancelled: Option<oneshot::Receiver<()>>,
}

/// Waits until the client cancels.
async fn cancelled(under_way: Option<&mut UnderWay>) {
    match under_way.and_then(|u| u.cancelled.as_mut()) {
        Some(cancelled) => drop(cancelled.await),
        None => std::future::pending().await,
    }
}

impl<O: Outlet> Client<O> {
    /// A client of `endpoint` that reads at `output` and may have `most` requests under way.
    pub(crate) fn new(gateway: Arc<Gateway>, output: O, endpoint: Endpoint, most: usize) -> Arc<Self> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Arc::new(Self {
            gateway,
            output,
            endpoint,
            session: Mutex::default(),
            running: Mutex::default(),
            waiting: Mutex::default(),
            room: Arc::new(Semaphore::new(most as usize)),
            most,
            words: Semaphore::new(most as usize),
            gone: watch::Sender::new(false),
            lost: watch::Sender::new(false),
        })
    }

    /// Takes a request in, in the order in which requests come. What follows may take its time.
    pub(crate) fn begin(&self, live: Arc<Live>, caller: Caller, request: Request) -> Result<Begun, Refusal> {
        let busy = |status, why: String| Refusal::Rpc(RpcError::new(RpcError::INVALID_REQUEST, status, why));
        let room = self.room.clone().try_acquire_owned();
        let room = room.map_err(|_| busy(503, "Too many requests wait for an answer. Wait for some.".into()))?;
        let mut running = self.running.lock();
        running.retain(|_, stop| !stop.is_closed());
        let of_session = || self.session().is_some_and(|s| s.pending(&request.id).is_some());
        if running.contains_key(&request.id) || of_session() {
            // Two answers on one pipe could not be told apart.
            return Err(busy(400, format!("The id {} is in use.", request.id)));
        }
        let mut cancelled = None;
        if request.era() == Era::Modern {
            let (stop, stopped) = oneshot::channel();
            running.insert(request.id.clone(), stop);
            cancelled = Some(stopped);
        }
        drop(running);
        let arrival = Arrival { live, caller, revision: Revision::LATEST_LEGACY, session: None, asked: None };
        Ok(Begun { arrival, request, under_way: UnderWay { _room: room, cancelled } })
    }

    /// Whether requests reach the server in the order in which they are served, without holding up what follows.
    pub(crate) fn in_order(&self, begun: &Begun) -> bool {
        if begun.request.era() == Era::Modern {
            return false;
        }
        // What comes after `initialize` counts on its session.
        begun.request.method == Method::Initialize
            || self.session().is_none_or(|s| s.links().iter().all(|(_, opened)| opened.link.pipe().is_some()))
    }

    /// Serves a request. Whatever comes of it goes out on the pipe.
    pub(crate) async fn serve(self: Arc<Self>, begun: Begun) {
        let Begun { mut arrival, request, mut under_way } = begun;
        let (id, method, era) = (request.id.clone(), request.method, request.era());
        let reply = tokio::select! {
            biased;
            () = cancelled(Some(&mut under_way)) => return,
            () = self.closed() => return,
            reply = self.ask(&mut arrival, request) => reply,
        };
        let told = match reply {
            Ok(Reply::Message { body, .. }) => body,
            Ok(Reply::Accepted) => {
                self.waiting.lock().insert(id, under_way);
                // The answer may have been faster.
                self.forget_answered();
                return;
            }
            Ok(Reply::Stream(flow)) => {
                tokio::spawn(async move { self.pump(flow, Some(under_way)).await });
                return;
            }
            Ok(Reply::Status(status)) => {
                self.look_after(status);
                RpcError::upstream(format!("The server refused with HTTP status {status}.")).to_message(Some(&id))
            }
            Err(refusal) => {
                self.gateway.refused(&refusal);
                refusal.told(Some(&id), Some(method), era).message.into_bytes()
            }
        };
        tokio::select! {
            biased;
            () = self.closed() => {}
            _ = self.output.send(told) => {}
        }
        if let (Method::Initialize, Some(session)) = (method, arrival.session.filter(|s| self.is_current(s))) {
            tokio::spawn(self.listen(session));
        }
    }

    /// Takes a notification or a response.
    pub(crate) async fn tell(&self, live: Arc<Live>, caller: Caller, message: Message) -> Result<(), Refusal> {
        if let Message::Notification(n) = &message
            && n.notice == Notice::Cancelled
            && self.stop(n)
        {
            return Ok(());
        }
        let Some(session) = self.session() else { return Ok(()) };
        let busy = |_| RpcError::new(RpcError::INVALID_REQUEST, 503, "Too many messages are on their way.");
        let _room = self.words.try_acquire().map_err(busy)?;
        let arrival =
            Arrival { live, caller, revision: session.revision(), session: Some(session.clone()), asked: None };
        let passed = self.gateway.pass_on(&arrival, &session, message).await;
        // A cancelled request is not answered any more.
        self.forget_answered();
        passed
    }

    /// Resolves when no request is under way; from then on none is taken.
    pub(crate) async fn quiet(&self) {
        if let Ok(all) = self.room.acquire_many(self.most).await {
            all.forget();
        }
    }

    /// Resolves when the session can go on no longer.
    pub(crate) async fn lost(&self) {
        let _ = self.lost.subscribe().wait_for(|lost| *lost).await;
    }

    /// The client is gone: ends what is under way, and its session.
    pub(crate) async fn leave(&self) {
        self.gone.send_replace(true);
        self.running.lock().clear();
        let session = self.session.lock().take();
        if let Some(session) = session {
            self.gateway.end_session(&session.id).await;
        }
    }

    /// Makes room where requests were answered, or never will be.
    fn forget_answered(&self) {
        let session = self.session();
        let waits = |id: &Id| session.as_ref().is_some_and(|s| s.pending(id).is_some());
        self.waiting.lock().retain(|id, _| waits(id));
    }

    async fn closed(&self) {
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.session.lock().clone()
    }

    async fn ask(&self, arrival: &mut Arrival, request: Request) -> Result<Reply, Refusal> {
        if request.method == Method::Initialize {
            return self.open(arrival, request).await;
        }
        let era = request.era();
        if era == Era::Modern {
            arrival.revision = Revision::LATEST;
            arrival.asked = Some(request.clone());
            declared(&self.gateway, arrival, &self.endpoint, &request).await?;
        } else {
            let closed = || RpcError::new(RpcError::INVALID_REQUEST, 400, "Open a session with `initialize` first.");
            let session = self.session().ok_or_else(closed)?;
            arrival.revision = session.revision();
            arrival.session = Some(session);
        }
        let Endpoint::One(name) = &self.endpoint else {
            return Box::pin(self.gateway.request_all(arrival, &self.endpoint, request)).await;
        };
        if !request.method.allowed(Side::Client, era) {
            return Err(RpcError::method_not_found(request.method.as_str()).into());
        }
        let gone = || RpcError::upstream("The server has ended.");
        let server = arrival.live.servers.get(name).cloned().ok_or_else(gone)?;
        let link = match &arrival.session {
            None => self.gateway.stateless(arrival, &server).await?,
            Some(session) => session.link(name).filter(|o| o.link.is_alive()).ok_or_else(gone)?.link,
        };
        self.gateway.request_one(arrival, &server, &link, request).await
    }

    /// Opens the session. One that was there before ends.
    async fn open(&self, arrival: &mut Arrival, request: Request) -> Result<Reply, Refusal> {
        let reply = match &self.endpoint {
            Endpoint::All | Endpoint::Virtual(_) => {
                Box::pin(self.gateway.open_all(arrival, &self.endpoint, request)).await?
            }
            Endpoint::One(name) => {
                let gone = || RpcError::upstream("The server has ended.");
                let server = arrival.live.servers.get(name).cloned().ok_or_else(gone)?;
                Box::pin(self.gateway.open_one(arrival, &server, request, Routing::InOrder)).await?
            }
        };
        if let (Reply::Message { session: Some(_), .. }, Some(session)) = (&reply, &arrival.session) {
            // It lasts as long as the pipe, however quiet that is.
            session.streams.fetch_add(1, Relaxed);
            let before = self.session.lock().replace(session.clone());
            if *self.gone.borrow() {
                self.leave().await;
            }
            if let Some(before) = before {
                self.gateway.end_session(&before.id).await;
            }
        }
        Ok(reply)
    }

    /// Passes on what servers say outside of streams.
    async fn listen(self: Arc<Self>, session: Arc<Session>) {
        let Ok(Reply::Stream(flow)) = self.gateway.listen_session(&session, None).await else { return };
        self.pump(flow, None).await;
        let Endpoint::One(name) = &self.endpoint else { return };
        if session.link(name).is_none_or(|opened| opened.link.pipe().is_none()) {
            return;
        }
        // The server is gone: whoever still waits is told.
        for (id, passage) in session.abandon(name) {
            self.gateway.ended(&passage, Outcome::Unreachable, None, None);
            let error = RpcError::upstream("The server ended without an answer.").to_message(Some(&id));
            if self.output.send(error).await.is_err() {
                break;
            }
        }
        self.forget_answered();
        self.lose(&session);
    }

    /// A server that does not know its session any more has ended it.
    fn look_after(&self, status: u16) {
        if let (404, Endpoint::One(_), Some(session)) = (status, &self.endpoint, self.session()) {
            self.lose(&session);
        }
    }

    /// The session is over, unless another one took its place.
    fn lose(&self, session: &Arc<Session>) {
        if self.is_current(session) {
            self.lost.send_replace(true);
        }
    }

    fn is_current(&self, session: &Arc<Session>) -> bool {
        self.session.lock().as_ref().is_some_and(|now| Arc::ptr_eq(now, session))
    }

    /// Passes on what comes, until the answer where there will be one.
    async fn pump(&self, flow: Flow, mut under_way: Option<UnderWay>) {
        let until_answer = under_way.is_some();
        let mut answered = false;
        let mut reading = Reading::of(flow, &self.gateway);
        loop {
            let out = tokio::select! {
                biased;
                () = cancelled(under_way.as_mut()) => break,
                () = self.closed() => break,
                out = reading.next(&self.gateway) => out,
            };
            let Some(Out { message, last, .. }) = out else { break };
            answered |= last;
            if let Some(message) = message {
                let sent = tokio::select! {
                    biased;
                    () = self.closed() => break,
                    sent = self.output.send(message) => sent,
                };
                if sent.is_err() {
                    break;
                }
            }
            if last && until_answer {
                break;
            }
            if last {
                self.forget_answered();
            }
        }
        reading.end().await.finish(&self.gateway, until_answer && !answered).await;
    }

    /// Ends a request that stands alone; `true` where there was one.
    fn stop(&self, cancelled: &Notification) -> bool {
        let id = cancelled.params().and_then(|p| p.get("requestId")).and_then(Id::read);
        id.is_some_and(|id| self.running.lock().remove(&id).is_some_and(|stop| !stop.is_closed()))
    }
}
