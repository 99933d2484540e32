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
    Id, Message, Method, Request, Response, Revision, RpcError, Side, decode,
    json::{Limits, Value},
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How long a broken stream of changes waits before it is opened again, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Changes that may wait for their client.
const QUEUE: usize = 256;

/// A session with one server.
#[derive(Debug)]
pub(crate) struct Lifted {
    pub(crate) link: Link,
    pub(super) client: Client,
    /// The revision that the client speaks.
    pub(super) revision: Revision,
    issued: AtomicI64,
    level: Mutex<Option<Box<str>>>,
    /// What the client wants to hear of.
    wanted: Mutex<Filter>,
    /// What it was asked, and has not answered.
    waiting: Mutex<Map<Id, oneshot::Sender<Response>>>,
    /// Ends the server's stream of changes; the next one says what is wanted now.
    stream: Mutex<CancellationToken>,
    /// Ends the client's stream of changes.
    reader: Mutex<CancellationToken>,
    over: CancellationToken,
}

impl Lifted {
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
        {
            let mut wanted = self.wanted.lock();
            wanted.uris.retain(|u| &**u != uri);
            if on {
                wanted.uris.push(uri.into());
            }
        }
        self.stream.lock().cancel();
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
        let lifted = Lifted {
            link,
            client: Client::of_initialize(&request),
            revision,
            issued: AtomicI64::new(0),
            level: Mutex::default(),
            wanted: Mutex::new(wanted),
            waiting: Mutex::default(),
            stream: Mutex::default(),
            reader: Mutex::default(),
            over: CancellationToken::new(),
        };
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
        self.permit(&passage).await?;
        // Among several servers the id that the client knows is not the one that was given here.
        if let Ok(Message::Response(response)) = decode(bytes.clone(), &arrival.live.limits, Side::Client)
            && let Some(id) = response.id.clone()
        {
            lifted.answered(&id, response);
        }
        Ok(())
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

/// Keeps a stream of changes open at the server for as long as the client reads, asking again when what it wants changes.
async fn listen(gateway: Arc<Gateway>, lifted: Arc<Lifted>, by: Arc<Passage>, to: mpsc::Sender<Message>) {
    let mut pause = PAUSE;
    loop {
        let changed = {
            let mut stream = lifted.stream.lock();
            if stream.is_cancelled() {
                *stream = CancellationToken::new();
            }
            stream.clone()
        };
        let wanted = lifted.wanted.lock().clone();
        let round = async {
            let Some(mut incomings) = open(&gateway, &lifted, &by, &wanted).await else { return };
            while let Some(Ok(incoming)) = incomings.next().await {
                pause = PAUSE;
                if let Some(message @ Message::Notification(_)) = incoming.message
                    && to.send(message).await.is_err()
                {
                    return;
                }
            }
        };
        tokio::select! {
            () = to.closed() => return,
            () = changed.cancelled() => continue,
            () = round => {}
        }
        tokio::select! {
            () = to.closed() => return,
            () = changed.cancelled() => {}
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
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
