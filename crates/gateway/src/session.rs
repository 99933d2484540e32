//! Sessions of the 2025 era: one client, its links to servers, and what is in flight between them.

use crate::{link::Link, maps::Map, passage::Passage, replay::Replays};
use doorward_identity::PrincipalKey;
use doorward_mcp::{Id, Response, Revision, json::Value};
use doorward_vocab::{ConversationId, Digest, Entropy, ServerName, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// What a client asked for: all servers under joined names, or one under its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/mcp`
    All,
    /// `/mcp/{server}`
    One(ServerName),
    /// `/mcp/{name}` of a virtual server: a selection of what servers have.
    Virtual(ServerName),
}

impl Endpoint {
    /// Whether several servers share it: ids of theirs must be told apart.
    pub(crate) const fn is_joined(&self) -> bool {
        !matches!(self, Self::One(_))
    }
}

/// A way to a server, with the request that opened it: what the server sends by itself belongs to that.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) link: Link,
    pub(crate) by: Arc<Passage>,
}

/// One session. It is bound to its principal and its endpoint; its id proves nothing.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: Box<str>,
    pub(crate) digest: Digest,
    /// What the conversation is called where nothing names it better.
    pub(crate) conversation: ConversationId,
    pub(crate) owner: PrincipalKey,
    pub(crate) endpoint: Endpoint,
    pub(crate) revision: OnceLock<Revision>,
    /// What its client calls itself (`clientInfo.name`); unknown where another gateway opened it.
    pub(crate) client: OnceLock<Box<str>>,
    links: RwLock<BTreeMap<ServerName, Opened>>,
    /// Whose turn it is to open a link again.
    turns: Mutex<BTreeMap<ServerName, Arc<tokio::sync::Mutex<()>>>>,
    /// Requests of the client that were forwarded and not answered, by their id.
    pending: Mutex<Map<Id, Arc<Passage>>>,
    /// Requests of servers that were delivered and not answered, by the id that the client sees, and who asked.
    asked: Mutex<Map<Id, Link>>,
    /// What the gateway itself asked the client.
    own: Mutex<Map<Id, oneshot::Sender<Response>>>,
    touched: AtomicU64,
    /// Streams that the gateway numbers, for this session's client to come back to.
    pub(crate) replays: Replays,
    /// Open streams; a session with one is not idle.
    pub(crate) streams: AtomicUsize,
    /// Until when it is kept beyond this gateway; `None` where it is not.
    pub(crate) kept: Mutex<Option<Timestamp>>,
}

/// How long the ids of sessions are.
pub(crate) const ID_LEN: usize = 64;

impl Session {
    fn new(id: Box<str>, owner: PrincipalKey, endpoint: Endpoint, now: Timestamp) -> Option<Self> {
        let digest = Digest::of(id.as_bytes());
        Some(Self {
            digest,
            conversation: ConversationId::new(&format!("session:{}", digest.to_string().get(7..23)?)).ok()?,
            id,
            owner,
            endpoint,
            revision: OnceLock::new(),
            client: OnceLock::new(),
            links: RwLock::default(),
            turns: Mutex::default(),
            pending: Mutex::default(),
            asked: Mutex::default(),
            own: Mutex::default(),
            touched: AtomicU64::new(now.micros()),
            replays: Replays::default(),
            streams: AtomicUsize::new(0),
            kept: Mutex::default(),
        })
    }
    /// One that another gateway had.
    pub(crate) fn taken_up(id: &str, owner: PrincipalKey, endpoint: Endpoint, now: Timestamp) -> Option<Self> {
        Some(Self { replays: Replays::after(now.micros()), ..Self::new(id.into(), owner, endpoint, now)? })
    }
    /// Whether it outlives this gateway.
    pub(crate) fn travels(&self) -> bool {
        self.kept.lock().is_some()
    }
    /// When it is over, if nothing happens before.
    pub(crate) fn until(&self, now: Timestamp, limit: Duration) -> Timestamp {
        now.plus(limit.saturating_sub(self.idle(now)))
    }
    pub(crate) fn link(&self, server: &ServerName) -> Option<Opened> {
        self.links.read().get(server).cloned()
    }
    pub(crate) fn links(&self) -> Vec<(ServerName, Opened)> {
        self.links.read().iter().map(|(n, o)| (n.clone(), o.clone())).collect()
    }
    pub(crate) fn add_link(&self, server: ServerName, opened: Opened) {
        self.links.write().insert(server, opened);
    }
    /// Locked by whoever opens the link to a server again.
    pub(crate) fn turn(&self, server: &ServerName) -> Arc<tokio::sync::Mutex<()>> {
        self.turns.lock().entry(server.clone()).or_default().clone()
    }
    /// How many requests wait for their answers.
    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> usize {
        self.pending.lock().len()
    }
    /// A request is on its way, unless its id is in use, since two answers could not be told apart, or `most` wait already.
    pub(crate) fn begin(&self, id: &Id, passage: &Arc<Passage>, most: usize) -> Begun {
        let mut pending = self.pending.lock();
        if pending.contains_key(id) {
            return Begun::InUse;
        }
        if pending.len() >= most {
            return Begun::TooMany;
        }
        pending.insert(id.clone(), passage.clone());
        Begun::Yes
    }
    /// The answer of `server` came, or none will. A server ends only what it was asked itself: one among several must
    /// not answer for another.
    pub(crate) fn end(&self, id: &Id, server: &ServerName) -> Option<Arc<Passage>> {
        let mut pending = self.pending.lock();
        pending.get(id).filter(|p| p.server.profile.name == *server)?;
        pending.remove(id)
    }
    /// A request in flight was sent again, and is known by another passage since.
    pub(crate) fn replace(&self, id: &Id, passage: &Arc<Passage>) {
        if let Some(old) = self.pending.lock().get_mut(id) {
            *old = passage.clone();
        }
    }
    /// The server that a request in flight went to.
    pub(crate) fn pending(&self, id: &Id) -> Option<Arc<Passage>> {
        self.pending.lock().get(id).cloned()
    }
    /// Requests to `server` that were not answered; they never will be.
    pub(crate) fn abandon(&self, server: &ServerName) -> Vec<(Id, Arc<Passage>)> {
        let mut pending = self.pending.lock();
        let lost: Vec<Id> =
            (pending.iter()).filter(|(_, p)| p.server.profile.name == *server).map(|(id, _)| id.clone()).collect();
        lost.into_iter().filter_map(|id| pending.remove(&id).map(|p| (id, p))).collect()
    }
    /// A server asked the client something.
    pub(crate) fn ask(&self, id: Id, link: &Link) {
        self.asked.lock().insert(id, link.clone());
    }
    /// The client answers; who asked, where anybody did.
    pub(crate) fn answered(&self, id: &Id) -> Option<Link> {
        self.asked.lock().remove(id)
    }
    /// The gateway itself asks the client something: the id for it, made of what was drawn, and where the answer will come.
    pub(crate) fn ask_in_own_name(&self, drawn: [u8; 16]) -> (Id, oneshot::Receiver<Response>) {
        let name = drawn.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let id = Id::Str(format!("{}{name}", crate::admit::OWN_ID).into());
        let (to, from) = oneshot::channel();
        let mut own = self.own.lock();
        own.retain(|_, to| !to.is_closed());
        own.insert(id.clone(), to);
        (id, from)
    }
    /// Where the answer to this question of the gateway goes.
    pub(crate) fn answered_in_own_name(&self, id: &Id) -> Option<oneshot::Sender<Response>> {
        self.own.lock().remove(id)
    }
    pub(crate) fn touch(&self, now: Timestamp) {
        self.touched.store(now.micros(), Relaxed);
    }
    fn idle(&self, now: Timestamp) -> Duration {
        if self.streams.load(Relaxed) > 0 {
            return Duration::ZERO;
        }
        now.since(Timestamp::from_micros(self.touched.load(Relaxed)))
    }
    /// The revision that the session settled on.
    pub(crate) fn revision(&self) -> Revision {
        self.revision.get().copied().unwrap_or(Revision::V2025_03_26)
    }
}

/// Whether a request may be on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Yes,
    /// Another one has its id.
    InUse,
    /// Too many are.
    TooMany,
}

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    open: RwLock<Map<Box<str>, Arc<Session>>>,
    most: usize,
}

impl Sessions {
    pub(crate) fn new(most: usize) -> Self {
        Self { open: RwLock::default(), most }
    }

    /// A new session; `None` where there are too many.
    pub(crate) fn open(
        &self,
        owner: PrincipalKey,
        endpoint: Endpoint,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Option<Arc<Session>> {
        let id: Box<str> =
            [entropy.draw(), entropy.draw()].concat().iter().map(|b| format!("{b:02x}")).collect::<String>().into();
        let session = Arc::new(Session::new(id.clone(), owner, endpoint, now)?);
        let mut open = self.open.write();
        if open.len() >= self.most {
            return None;
        }
        open.insert(id, session.clone());
        Some(session)
    }

    /// The session of this id, for this principal at this endpoint; for anybody else it does not exist.
    pub(crate) fn find(
        &self,
        id: &str,
        owner: PrincipalKey,
        endpoint: &Endpoint,
        now: Timestamp,
    ) -> Option<Arc<Session>> {
        let session = self.open.read().get(id).cloned()?;
        (session.owner == owner && session.endpoint == *endpoint).then(|| {
            session.touch(now);
            session
        })
    }

    /// Adds a session that was made elsewhere, unless it is there already. Gives the one that is there now, and whether it
    /// is the one that came; `None` where there are too many.
    pub(crate) fn adopt(&self, session: Arc<Session>) -> Option<(Arc<Session>, bool)> {
        let mut open = self.open.write();
        if let Some(here) = open.get(&session.id) {
            return Some((here.clone(), false));
        }
        if open.len() >= self.most {
            return None;
        }
        open.insert(session.id.clone(), session.clone());
        Some((session, true))
    }

    /// All of them, as they are now.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.open.read().values().cloned().collect()
    }

    /// Whether no other session of the same principal at the same endpoint has a client whose name `is_alike`.
    pub(crate) fn is_alone(&self, session: &Session, is_alike: impl Fn(&str) -> bool) -> bool {
        let alike = |other: &Session| {
            other.owner == session.owner
                && other.endpoint == session.endpoint
                && other.client.get().is_some_and(|name| is_alike(name))
        };
        self.open.read().values().all(|other| other.id == session.id || !alike(other))
    }

    #[cfg(test)]
    pub(crate) fn has(&self, id: &str) -> bool {
        self.open.read().contains_key(id)
    }

    pub(crate) fn close(&self, id: &str) -> Option<Arc<Session>> {
        self.open.write().remove(id)
    }

    /// Takes out every session that was idle for longer than `limit`.
    pub(crate) fn expired(&self, now: Timestamp, limit: Duration) -> Vec<Arc<Session>> {
        let old: Vec<Box<str>> =
            self.open.read().values().filter(|s| s.idle(now) > limit).map(|s| s.id.clone()).collect();
        old.iter().filter_map(|id| self.close(id)).collect()
    }

    /// Takes out all sessions.
    pub(crate) fn drain(&self) -> Vec<Arc<Session>> {
        self.open.write().drain().map(|(_, s)| s).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.open.read().len()
    }
}

/// Ids and tokens of one server, told apart from those of the others behind the same endpoint: `server:json`.
pub(crate) fn wrap(server: &ServerName, value: Value<'_>) -> Id {
    Id::Str(format!("{server}:{}", value.raw()).into())
}

/// The server and the JSON text that [`wrap`] made an id of.
pub(crate) fn unwrap(id: &Id) -> Option<(ServerName, &str)> {
    let Id::Str(text) = id else { return None };
    let (server, json) = text.split_once(':')?;
    Some((server.parse().ok()?, json))
}
