//! Sessions that the gateway holds with older servers, for clients that have none: one for each principal and each set of
//! capabilities that its requests declare, since a session declares them once (2025-11-25, lifecycle).

use super::changes::Changes;
use crate::{
    Gateway,
    admit::{Arrival, OWN_ID},
    link::{Link, Routing},
    maps::Map,
    passage::{About, Passage},
    refusal::Refusal,
    reply::Reply,
    server::Server,
};
use doorward_bridge::{Client, Input, modern_on_legacy};
use doorward_engine::Cleared;
use doorward_identity::PrincipalKey;
use doorward_mcp::{Id, Message, Method, Request, Response, Revision, RpcError, Side, decode, json::Value, meta};
use doorward_vocab::{Digest, Outcome, Timestamp};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// How long a server may take to open a session.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many sessions one principal may have with one server: so many sets of capabilities has nobody.
const MOST_OF_ONE: usize = 16;

/// A session with one server, shared by the requests of one principal.
#[derive(Debug)]
pub(crate) struct Pooled {
    pub(crate) link: Link,
    /// The `initialize` that opened it: what the server sends by itself belongs to that.
    pub(crate) by: Arc<Passage>,
    /// The server's answer to it, cleared.
    greeting: Response,
    info: Option<Box<str>>,
    client: Client,
    issued: AtomicI64,
    /// From which severity on the server was told to send log messages.
    level: Mutex<Option<usize>>,
    touched: AtomicU64,
    pub(super) changes: Changes,
    /// Questions of the server that it may say again on a stream that was taken up.
    repeated: Mutex<Vec<Id>>,
}

/// Questions that are remembered so.
const MOST_REPEATED: usize = 64;

impl Pooled {
    fn new(link: Link, by: Arc<Passage>, greeting: Response, client: Client, issued: i64, now: Timestamp) -> Self {
        let info = greeting.result().and_then(|r| r.get("serverInfo")).map(|i| i.raw().into());
        Self {
            link,
            by,
            info,
            greeting,
            client,
            issued: AtomicI64::new(issued),
            level: Mutex::default(),
            touched: AtomicU64::new(now.micros()),
            changes: Changes::default(),
            repeated: Mutex::default(),
        }
    }
    pub(crate) fn issue(&self) -> Id {
        Id::Int(self.issued.fetch_add(1, Relaxed) + 1)
    }
    /// The server's name and version, as JSON.
    pub(super) fn server_info(&self) -> Option<&str> {
        self.info.as_deref()
    }
    /// Whether the client said that it can be asked this.
    pub(super) fn declared(&self, input: &Input) -> bool {
        self.client.answers(input)
    }
    /// The server's answer to `initialize`.
    pub(crate) const fn greeting(&self) -> &Response {
        &self.greeting
    }
    /// The server may say this question again: some repeat the event after which a stream is taken up.
    pub(crate) fn may_repeat(&self, question: Id) {
        let mut repeated = self.repeated.lock();
        if repeated.len() >= MOST_REPEATED {
            repeated.remove(0);
        }
        repeated.push(question);
    }
    /// Whether a question was asked before. Ids are used once in a session (2025-11-25, basic).
    pub(super) fn is_repeated(&self, question: &Id) -> bool {
        let mut repeated = self.repeated.lock();
        let at = repeated.iter().position(|id| id == question);
        at.is_some_and(|at| repeated.remove(at) == *question)
    }
    /// The client that the session was opened for.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }
    /// What the server says about one of its capabilities.
    fn capability(&self, name: &str) -> Option<Value<'_>> {
        self.greeting.result()?.get("capabilities")?.get(name)
    }
    /// Whether the server tells of `what` of `kind`: of changes of a list, of updates of a resource.
    pub(super) fn tells_of(&self, kind: &str, what: &str) -> bool {
        self.capability(kind).and_then(|c| c.get(what)).and_then(Value::as_bool) == Some(true)
    }
    /// What the server said of itself, for a client that asks in the other era.
    pub(crate) fn discovered(&self, asked: &Request) -> Cleared {
        Cleared::own_message(modern_on_legacy::discovered(asked, &self.greeting))
    }
}

/// Which session a request takes.
type Key = (PrincipalKey, Digest);

/// The sessions with one server.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    slots: Mutex<Map<Key, Slot>>,
}

/// One place in the pool; locked while its session is opened, so that a second request waits instead of opening another.
type Slot = Arc<tokio::sync::Mutex<Option<Arc<Pooled>>>>;

impl Pool {
    fn slot(&self, key: Key, most: usize) -> Option<Slot> {
        let mut slots = self.slots.lock();
        let mine = || slots.keys().filter(|(owner, _)| *owner == key.0).count();
        if !slots.contains_key(&key) && (slots.len() >= most || mine() >= MOST_OF_ONE) {
            return None;
        }
        Some(slots.entry(key).or_default().clone())
    }

    /// Takes out every session that is over, or was idle for longer than `limit`.
    fn expired(&self, now: Timestamp, limit: Duration) -> Vec<Arc<Pooled>> {
        let mut out = Vec::new();
        self.slots.lock().retain(|_, slot| {
            let Ok(mut session) = slot.try_lock() else { return true };
            let old = session.as_ref().is_none_or(|s| {
                let idle = now.since(Timestamp::from_micros(s.touched.load(Relaxed))) > limit;
                !s.link.is_alive() || (idle && !s.changes.has_listeners())
            });
            if old {
                out.extend(session.take());
            }
            !old
        });
        out
    }

    /// Takes out all of them.
    pub(super) fn drain(&self) -> Vec<Arc<Pooled>> {
        let slots = std::mem::take(&mut *self.slots.lock());
        slots.into_values().filter_map(|slot| slot.try_lock().ok()?.take()).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.slots.lock().len()
    }
}

impl Gateway {
    /// The session that serves requests of this arrival's principal at an older server.
    pub(super) async fn pooled(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Arc<Pooled>, Refusal> {
        let client = arrival.asked.as_ref().map_or_else(Client::default, Client::of_modern);
        let key = (arrival.caller.actor.key(), Digest::of(client.capabilities.as_bytes()));
        let full = || RpcError::new(RpcError::INTERNAL, 503, "Too many sessions are open. Try again later.");
        let slot = server.ties.pool.slot(key, arrival.live.settings.limits.sessions).ok_or_else(full)?;
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        if let Some(session) = slot.as_ref().filter(|s| s.link.is_alive()) {
            session.touched.store(now.micros(), Relaxed);
            return Ok(session.clone());
        }
        let opened = self.open_pooled(arrival, server, client).await;
        if opened.is_err() {
            self.doubt_era(server);
        }
        let session = opened?;
        *slot = Some(session.clone());
        Ok(session)
    }

    async fn open_pooled(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        client: Client,
    ) -> Result<Arc<Pooled>, Refusal> {
        let fresh = Arrival { session: None, asked: None, revision: Revision::LATEST_LEGACY, ..arrival.clone() };
        let id = Id::Str(format!("{OWN_ID}0").into());
        let bytes = modern_on_legacy::initialize(&id, &client, Revision::LATEST_LEGACY);
        let Ok(Message::Request(request)) = decode(bytes, &arrival.live.limits, Side::Client) else {
            return Err(RpcError::invalid_params("the client's capabilities cannot be read").into());
        };
        let refused = || RpcError::upstream(format!("The server `{}` does not open a session.", server.profile.name));
        let opening = self.open_session(&fresh, server, request, Routing::ByRequest);
        let (opened, _, answer) = tokio::time::timeout(PATIENCE, opening).await.map_err(|_| refused())??;
        let (opened, _) = opened.ok_or_else(refused)?;
        let Ok(Message::Response(greeting)) = decode(answer, &arrival.live.limits, Side::Server) else {
            return Err(refused().into());
        };
        self.initialized(&fresh, server, &opened).await;
        let greeting = Response { doc: greeting.doc.detached(), ..greeting };
        Ok(Arc::new(Pooled::new(opened.link, opened.by, greeting, client, 0, self.clock.now())))
    }

    /// A session that another gateway opened, over `link`: the one that serves this principal's requests from now on, or,
    /// where there is one already, one that serves what it left behind.
    pub(crate) async fn pooled_again(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        client: Client,
        greeting: Response,
        link: Link,
    ) -> Option<Arc<Pooled>> {
        let key = (arrival.caller.actor.key(), Digest::of(client.capabilities.as_bytes()));
        let slot = server.ties.pool.slot(key, arrival.live.settings.limits.sessions)?;
        let mut slot = slot.lock().await;
        if let Some(here) = slot.as_ref().filter(|here| here.link.is_alive() && here.link.is_same_session(&link)) {
            return Some(here.clone());
        }
        let bytes =
            modern_on_legacy::initialize(&Id::Str(format!("{OWN_ID}0").into()), &client, Revision::LATEST_LEGACY);
        let Ok(Message::Request(request)) = decode(bytes, &arrival.live.limits, Side::Client) else { return None };
        let fresh = Arrival { session: None, asked: None, revision: Revision::LATEST_LEGACY, ..arrival.clone() };
        let by = Arc::new(self.passage(&fresh, server, Message::Request(request), About::Server));
        let now = self.clock.now();
        // Ids of before must not come again in the same session (2025-11-25, basic).
        let issued = i64::try_from(now.micros()).unwrap_or(0);
        let again = Arc::new(Pooled::new(link, by, greeting, client, issued, now));
        if slot.as_ref().is_none_or(|here| !here.link.is_alive()) {
            *slot = Some(again.clone());
        }
        Some(again)
    }

    /// What a request comes to that a server with sessions does not answer as it stands.
    pub(super) async fn answer_pooled(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        pooled: &Arc<Pooled>,
        request: &Request,
        about: &About,
        joined: bool,
    ) -> Result<Option<Reply>, Refusal> {
        match request.method {
            Method::Discover => {
                let passage = self.passage(arrival, server, Message::Request(request.clone()), About::Server);
                self.permit(&passage).await?;
                self.ended(&passage, Outcome::Completed, None, None);
                let body = pooled.discovered(request).into_bytes();
                Ok(Some(Reply::Message { status: 200, body, session: None }))
            }
            Method::Listen => self.listen_pooled(arrival, server, pooled, request.clone(), joined).await.map(Some),
            // The tasks of this era are not those of the server's.
            Method::TasksGet | Method::TasksUpdate | Method::TasksCancel => {
                Err(RpcError::method_not_found(request.method.as_str()).into())
            }
            _ => {
                self.level_for(arrival, server, pooled, request).await;
                self.resume(arrival, server, request, about, joined).await
            }
        }
    }

    /// Makes the server send the log messages that a request asks for. In a session that is said once, for all requests;
    /// each gets those of its own level.
    pub(super) async fn level_for(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        pooled: &Arc<Pooled>,
        asked: &Request,
    ) {
        let Some(level) = asked.meta(meta::LOG_LEVEL) else { return };
        let Some(wanted) = modern_on_legacy::severity(Some(level)) else { return };
        if pooled.level.lock().is_some_and(|said| said <= wanted) || pooled.capability("logging").is_none() {
            return;
        }
        let params = format!("\"level\":{}", level.raw());
        let link = Link::Pooled(pooled.clone());
        let about = crate::passage::About::Server;
        if let Err(refusal) = self.ask_about(arrival, server, &link, Method::SetLevel, &[params], about).await {
            tracing::debug!(server = %server.profile.name, "could not set the level of its log: {refusal:?}");
        }
        *pooled.level.lock() = Some(wanted);
    }

    /// Ends the sessions with `server` that nobody used for long.
    pub(crate) async fn sweep_pool(&self, server: &Server, limit: Duration) {
        for session in server.ties.pool.expired(self.clock.now(), limit) {
            session.link.close().await;
        }
    }
}
