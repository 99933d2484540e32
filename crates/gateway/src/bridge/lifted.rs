//! A client's session over a server that has none: what a session holds (capabilities, log level, subscriptions) is held
//! here and said again with every request.

use crate::{
    Gateway,
    admit::Arrival,
    link::{Answer, Incomings, Lines, Link},
    maps::Map,
    one::requested_revision,
    passage::{About, Passage},
    refusal::Refusal,
    reply::Reply,
    server::Server,
    session::Opened,
};
use bytes::Bytes;
use doorward_bridge::{Client, Filter, legacy_on_modern};
use doorward_engine::Cleared;
use doorward_mcp::{
    Id, Message, Method, Notice, Request, Response, Revision, RpcError, Side, decode,
    json::{Limits, Value},
};
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// How long a broken stream of changes waits before it is opened again, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Changes that may wait for their client.
const QUEUE: usize = 256;
/// How many resources one session may want to hear of.
const MOST_RESOURCES: usize = 1024;
/// How long the answer to a subscription waits for the server to acknowledge it.
const SOON: Duration = Duration::from_secs(3);

/// A session with one server.
#[derive(Debug)]
pub(crate) struct Lifted {
    pub(crate) link: Link,
    pub(super) client: Client,
    /// The revision that the client speaks.
    pub(super) revision: Revision,
    issued: AtomicI64,
    level: Mutex<Option<Box<str>>>,
    /// What the client wants to hear of, and how often that changed.
    wanted: watch::Sender<(u64, Filter)>,
    /// Up to which change the server has said that it will tell.
    acknowledged: watch::Sender<u64>,
    /// What it was asked, and has not answered.
    waiting: Mutex<Map<Id, oneshot::Sender<Response>>>,
    /// Ends the client's stream of changes.
    reader: Mutex<CancellationToken>,
    over: CancellationToken,
}

impl Lifted {
    fn new(link: Link, client: Client, revision: Revision, wanted: Filter) -> Self {
        Self {
            link,
            client,
            revision,
            issued: AtomicI64::new(0),
            level: Mutex::default(),
            wanted: watch::Sender::new((0, wanted)),
            acknowledged: watch::Sender::new(0),
            waiting: Mutex::default(),
            reader: Mutex::default(),
            over: CancellationToken::new(),
        }
    }
    /// One that was held by another gateway. Its ids begin with `first`, so that none of before comes again.
    pub(crate) fn resumed(
        link: Link,
        client: Client,
        revision: Revision,
        level: Option<Box<str>>,
        wanted: Filter,
        first: u64,
    ) -> Self {
        let issued = AtomicI64::new(i64::try_from(first).unwrap_or(0));
        Self { issued, level: Mutex::new(level), ..Self::new(link, client, revision, wanted) }
    }
    /// What is held here because the server holds nothing: the level of its log, and what the client wants to hear of.
    pub(crate) fn held(&self) -> (Option<Box<str>>, Filter) {
        (self.level(), self.wanted.borrow().1.clone())
    }
    pub(crate) const fn revision(&self) -> Revision {
        self.revision
    }
    pub(crate) fn issue(&self) -> Id {
        Id::Int(self.issued.fetch_add(1, Relaxed) + 1)
    }
    pub(super) fn level(&self) -> Option<Box<str>> {
        self.level.lock().clone()
    }
    /// The client is asked something: the id for it, and where its answer will come.
    pub(super) fn ask(&self) -> (Id, oneshot::Receiver<Response>) {
        let id = Id::Str(format!("doorward-{}", self.issued.fetch_add(1, Relaxed) + 1).into());
        let (to, from) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        waiting.retain(|_, to| !to.is_closed());
        waiting.insert(id.clone(), to);
        (id, from)
    }
    /// The client answers.
    pub(crate) fn answered(&self, id: &Id, response: Response) {
        if let Some(to) = self.waiting.lock().remove(id) {
            let _ = to.send(response);
        }
    }
    pub(crate) fn end(&self) {
        self.over.cancel();
    }
    fn want(&self, uri: &str, on: bool) {
        self.wanted.send_modify(|(changes, wanted)| {
            *changes += 1;
            wanted.uris.retain(|u| &**u != uri);
            if on {
                wanted.uris.push(uri.into());
            }
        });
    }
    fn has_room(&self) -> bool {
        self.wanted.borrow().1.uris.len() < MOST_RESOURCES
    }
    /// Waits until the server tells what is wanted now, where the client listens: what changes after it was told so, it hears.
    async fn in_force(&self) {
        let wanted = self.wanted.borrow().0;
        if self.wanted.receiver_count() > 0 {
            let mut acknowledged = self.acknowledged.subscribe();
            let _ = tokio::time::timeout(SOON, acknowledged.wait_for(|so_far| *so_far >= wanted)).await;
        }
    }
}

impl Gateway {
    /// Opens a client's session with a server that has none. `None` where the server does not speak that era either.
    pub(crate) async fn lift(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        request: Request,
    ) -> Result<Option<(Opened, Revision, Bytes)>, Refusal> {
        let modern = Arrival { revision: Revision::LATEST, session: None, ..arrival.clone() };
        let Some(link) = self.modern_way(&modern, server).await? else { return Ok(None) };
        let request = Request { doc: request.doc.detached(), ..request };
        let passage = Arc::new(self.passage(arrival, server, Message::Request(request.clone()), About::Server));
        self.permit(&passage).await?;
        let (_, answer) = self.ask(&modern, server, &link, Method::Discover, None).await?;
        let Ok(Message::Response(discovered)) = decode(answer.into_bytes(), &arrival.live.limits, Side::Server) else {
            return Ok(None);
        };
        if discovered.is_error {
            return Ok(None);
        }
        let revision = requested_revision(&request);
        let tells = |kind: &str, what: &str| {
            let declared = discovered.result().and_then(|r| r.get("capabilities")?.get(kind)?.get(what));
            declared.and_then(Value::as_bool) == Some(true)
        };
        let wanted = Filter {
            tools: tells("tools", "listChanged"),
            prompts: tells("prompts", "listChanged"),
            resources: tells("resources", "listChanged"),
            uris: Vec::new(),
        };
        let answer = Cleared::own_message(legacy_on_modern::initialized(&request, &discovered, revision));
        let lifted = Lifted::new(link, Client::of_initialize(&request), revision, wanted);
        let opened = Opened { link: Link::Lifted(Arc::new(lifted)), by: passage };
        Ok(Some((opened, revision, answer.into_bytes())))
    }

    /// What a session's own requests come to, where there is no session behind it. `None` for what the server answers.
    pub(super) async fn answer_lifted(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        lifted: &Lifted,
        request: &Request,
        about: &About,
    ) -> Result<Option<Reply>, Refusal> {
        let change: &(dyn Fn() + Sync) = match request.method {
            Method::Ping => &|| {},
            Method::SetLevel => &|| {
                let level = request.params().and_then(|p| p.get("level")).and_then(Value::as_str);
                *lifted.level.lock() = level.map(|l| l.as_ref().into());
            },
            Method::ResourcesSubscribe if !lifted.has_room() => {
                return Err(RpcError::invalid_params("this session subscribes to too many resources").into());
            }
            Method::ResourcesSubscribe => &|| lifted.want(&request.target().unwrap_or_default(), true),
            Method::ResourcesUnsubscribe => &|| lifted.want(&request.target().unwrap_or_default(), false),
            // The tasks of this era are not those of the extension of the other.
            Method::TasksGet | Method::TasksResult | Method::TasksList | Method::TasksCancel | Method::TasksUpdate => {
                return Err(RpcError::method_not_found(request.method.as_str()).into());
            }
            _ => return Ok(None),
        };
        let passage = self.passage(arrival, server, Message::Request(request.clone()), about.clone());
        self.permit(&passage).await?;
        change();
        if matches!(request.method, Method::ResourcesSubscribe | Method::ResourcesUnsubscribe) {
            lifted.in_force().await;
        }
        if let Some(session) = arrival.session.as_ref().filter(|_| request.method != Method::Ping) {
            self.rekeep_session(session);
        }
        self.ended(&passage, doorward_vocab::Outcome::Completed, None, None);
        let body = Cleared::own(&request.id, "{}").into_bytes();
        Ok(Some(Reply::Message { status: 200, body, session: None }))
    }

    /// A notification or a response of the client. What a session says of itself is said again with every request; what
    /// the server asked goes to the request that waits for it.
    pub(crate) async fn tell_lifted(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        lifted: &Lifted,
        message: Message,
        bytes: &Bytes,
    ) -> Result<(), Refusal> {
        let passage = self.passage(arrival, server, message, About::Server);
        let permitted = self.permit(&passage).await;
        // Among several servers the id that the client knows is not the one that was given here.
        if let Ok(Message::Response(response)) = decode(bytes.clone(), &arrival.live.limits, Side::Client)
            && let Some(id) = response.id.clone()
        {
            // What must not reach the server is no answer, and there will be no other.
            match permitted {
                Ok(()) => lifted.answered(&id, response),
                Err(_) => drop(lifted.waiting.lock().remove(&id)),
            }
        }
        permitted
    }

    /// What the server says by itself, for the one stream of a session.
    pub(crate) fn listen_lifted(&self, lifted: &Arc<Lifted>, by: &Arc<Passage>) -> Option<Incomings> {
        let gateway = self.me.upgrade()?;
        let (to, from) = mpsc::channel(QUEUE);
        // A stream that was open before ends: a message goes on one stream only.
        let mine = lifted.over.child_token();
        std::mem::replace(&mut *lifted.reader.lock(), mine.clone()).cancel();
        let reading = listen(gateway, lifted.clone(), by.clone(), to);
        tokio::spawn(async move { mine.run_until_cancelled(reading).await });
        Some(Incomings::Lines(Lines::of(from)))
    }
}

/// Keeps a stream of changes open at the server for as long as the client reads, and opens another when what it wants
/// changes: the old one ends when the new one is acknowledged, so that nothing is missed in between.
async fn listen(gateway: Arc<Gateway>, lifted: Arc<Lifted>, by: Arc<Passage>, to: mpsc::Sender<Message>) {
    let mut wants = lifted.wanted.subscribe();
    let mut current: Option<Incomings> = None;
    let mut pause = PAUSE;
    loop {
        let (changes, wanted) = wants.borrow_and_update().clone();
        let opening = async {
            let mut next = open(&gateway, &lifted, &by, &wanted).await?;
            // A server that never acknowledges is heard all the same.
            let acknowledged = tokio::time::timeout(SOON, pass(&mut next, &to, true)).await;
            (acknowledged != Ok(false)).then_some(next)
        };
        let opened = tokio::select! {
            () = to.closed() => return,
            opened = opening => opened,
        };
        if let Some(next) = opened {
            if let Some(mut old) = current.replace(next) {
                // What it has said already; to hear of a change twice does no harm.
                let _ = pass(&mut old, &to, false).now_or_never();
            }
            pause = PAUSE;
            lifted.acknowledged.send_replace(changes);
        }
        if let Some(incomings) = &mut current {
            tokio::select! {
                () = to.closed() => return,
                _ = wants.changed() => continue,
                _ = pass(incomings, &to, false) => current = None,
            }
        }
        tokio::select! {
            () = to.closed() => return,
            _ = wants.changed() => {}
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

/// Passes on what comes, until the server has acknowledged the stream where that is what is waited for, else to the end.
/// `false` at the end.
async fn pass(incomings: &mut Incomings, to: &mpsc::Sender<Message>, until_acknowledged: bool) -> bool {
    // Room first: whoever stops waiting here loses nothing that was read.
    while let Ok(room) = to.reserve().await {
        let Some(Ok(incoming)) = incomings.next().await else { return false };
        let Some(Message::Notification(told)) = incoming.message else { continue };
        if told.notice != Notice::Acknowledged {
            room.send(Message::Notification(told));
        } else if until_acknowledged {
            return true;
        }
    }
    false
}

async fn open(gateway: &Gateway, lifted: &Lifted, by: &Passage, wanted: &Filter) -> Option<Incomings> {
    let id = lifted.link.alias().unwrap_or_else(|| lifted.issue());
    let bytes = legacy_on_modern::listen(&id, &lifted.client, wanted);
    let Ok(message) = decode(bytes.clone(), &Limits::default(), Side::Client) else { return None };
    let passage = Passage { revision: Revision::LATEST, ..gateway.own_passage(by, message) };
    let outbound = crate::admit::outbound(&passage, bytes, &lifted.link);
    match gateway.forward(&passage, &lifted.link, outbound).await {
        Ok(Answer::Stream(incomings)) => Some(incomings),
        Ok(_) => None,
        Err(refusal) => {
            tracing::debug!(server = %by.server.profile.name, "no stream of changes: {refusal:?}");
            None
        }
    }
}
