//! One way from a server for all that it says: a child's standard output, or the event stream of 2024-11-05. What comes is
//! sorted out to whoever waits for it.

use super::{
    Incomings, Lines, Source,
    queue::{Receiver, Sender, queue},
};
use crate::{admit::OWN_ID, catalog::Catalog, maps::Map};
use doorward_engine::{OutboundKind, Permitted};
use doorward_mcp::{
    Id, Message, Method, Notice, Request, Side, decode,
    json::{Edits, Limits, Value},
    meta,
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Where the messages of a pipe go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// Each to the request it belongs to, the rest to whoever listens: the client has a stream for each.
    ByRequest,
    /// All to one reader, in order: the client has one pipe too.
    InOrder,
    /// Each to its request, from many clients whose ids may be equal: ids and progress tokens are exchanged for the
    /// server's own on the way there, and back.
    Shared,
}

/// What a server was asked and has not answered.
#[derive(Debug)]
pub(crate) struct Pipe {
    routes: Arc<Routes>,
    ambient: Mutex<Option<Receiver>>,
    /// How long a request waits without any sign of the server.
    patience: Duration,
    routing: Routing,
    issued: AtomicI64,
}

/// The end of a pipe that is fed with what the server says. When it goes, whoever still waits sees the end.
#[derive(Debug)]
pub(super) struct Feed {
    routes: Arc<Routes>,
    ambient: Sender,
    limits: Limits,
    routing: Routing,
    name: Box<str>,
    catalog: Arc<Catalog>,
}

/// Whether the pipe still takes what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// It does.
    Open,
    /// Nobody reads any more.
    Closed,
}

#[derive(Debug, Default)]
struct Routes {
    open: Mutex<Map<Id, Route>>,
    /// Nobody reads what the server says any more. Changed only while `open` is held.
    ended: AtomicBool,
}

#[derive(Debug)]
struct Route {
    to: Sender,
    /// The id that the client gave.
    id: Id,
    /// The progress token that the client gave.
    token: Option<Id>,
    /// Whether it asked for log messages.
    logs: bool,
    order: u64,
}

impl Pipe {
    /// A pipe of the server `name`, and the end that its words go in.
    pub(super) fn new(
        name: &str,
        routing: Routing,
        patience: Duration,
        limits: Limits,
        catalog: Arc<Catalog>,
    ) -> (Self, Feed) {
        let (ambient, receiver) = queue();
        let routes = Arc::new(Routes::default());
        let feed = Feed { routes: routes.clone(), ambient, limits, routing, name: name.into(), catalog };
        let ambient = Mutex::new(Some(receiver));
        (Self { routes, ambient, patience, routing, issued: AtomicI64::new(0) }, feed)
    }

    /// The id under which a request goes to a server that many clients share; `None` where it keeps its own.
    pub(crate) fn alias(&self) -> Option<Id> {
        (self.routing == Routing::Shared).then(|| Id::Int(self.issued.fetch_add(1, Relaxed) + 1))
    }

    /// Makes way for the answer to a request that is about to go out, and gives its stream; `None` where the answer comes
    /// with everything else.
    pub(super) fn expect(&self, request: &Request, permitted: &Permitted) -> Option<Expected<'_>> {
        if self.routing == Routing::InOrder && !is_own(&request.id) {
            return None;
        }
        let (to, from) = queue();
        let meta = request.params().and_then(|p| p.get("_meta"));
        let token = meta.and_then(|m| m.get("progressToken")).and_then(Id::read);
        let wire = match &permitted.message().kind {
            OutboundKind::Request { id } => Id::parse(id),
            OutboundKind::Notification | OutboundKind::Response => None,
        };
        let wire = wire.unwrap_or_else(|| request.id.clone());
        let logs = meta.is_some_and(|m| m.get(meta::LOG_LEVEL).is_some());
        self.routes.open(wire.clone(), Route { to, id: request.id.clone(), token, logs, order: 0 });
        let patience = (request.method != Method::Listen).then_some(self.patience);
        Some(Expected {
            routes: &self.routes,
            wire: Some(wire),
            incomings: Incomings::Lines(Lines { from: Source::Pipe(from), patience }),
        })
    }

    /// What belongs to no request; for one reader.
    pub(crate) fn ambient(&self) -> Option<Incomings> {
        let from = self.ambient.lock().take()?;
        Some(Incomings::Lines(Lines { from: Source::Pipe(from), patience: None }))
    }

    /// Gives the ambient messages back, for the next reader.
    pub(crate) fn return_ambient(&self, incomings: Incomings) {
        if let Incomings::Lines(Lines { from: Source::Pipe(from), .. }) = incomings {
            *self.ambient.lock() = Some(from);
        }
    }

    /// How many requests somebody still waits for.
    #[cfg(test)]
    pub(super) fn waited_for(&self) -> usize {
        self.routes.open.lock().values().filter(|route| !route.to.is_closed()).count()
    }

    /// Whether the server can still be heard.
    pub(super) fn alive(&self) -> bool {
        !self.routes.ended.load(Relaxed)
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        self.routes.end();
    }
}

/// The way that was made for an answer. It is closed again where the request does not get out.
pub(super) struct Expected<'a> {
    routes: &'a Routes,
    wire: Option<Id>,
    incomings: Incomings,
}

impl Expected<'_> {
    /// The request is out.
    pub(super) fn sent(mut self) -> Incomings {
        self.wire = None;
        let nothing = Incomings::Once(None);
        std::mem::replace(&mut self.incomings, nothing)
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        if let Some(wire) = &self.wire {
            self.routes.close(wire);
        }
    }
}

impl Routes {
    fn open(&self, wire: Id, route: Route) {
        let mut open = self.open.lock();
        if self.ended.load(Relaxed) {
            // Its sender goes with it, so that whoever waits sees the end.
            return;
        }
        open.retain(|_, route| !route.to.is_closed());
        let order = open.values().map(|r| r.order).max().map_or(0, |o| o + 1);
        open.insert(wire, Route { order, ..route });
    }
    /// The server said its last word: whoever still waits sees its stream end.
    fn end(&self) {
        let mut open = self.open.lock();
        self.ended.store(true, Relaxed);
        open.clear();
    }
    fn close(&self, wire: &Id) -> Option<Sender> {
        self.open.lock().remove(wire).map(|r| r.to)
    }
    /// The message with the client's id and token where the server's own stand, decoded again: what is judged is what
    /// the client gets.
    fn restore(&self, message: Message, limits: &Limits) -> Message {
        let mut edits = Edits::new();
        {
            let open = self.open.lock();
            let mut swap = |value: Option<Value<'_>>, pick: fn(&Route) -> Option<&Id>| {
                let route = value.and_then(Id::read).and_then(|id| open.get(&id));
                if let (Some(value), Some(theirs)) = (value, route.and_then(pick)) {
                    edits.replace(value, theirs.json());
                }
            };
            match &message {
                Message::Response(r) => {
                    swap(r.doc.root().get("id"), |r| Some(&r.id));
                    let meta = r.result().and_then(|r| r.get("_meta"));
                    swap(meta.and_then(|m| m.get(meta::SUBSCRIPTION_ID)), |r| Some(&r.id));
                }
                Message::Notification(n) => {
                    let params = n.params();
                    swap(params.and_then(|p| p.get("progressToken")), |r| r.token.as_ref());
                    let meta = params.and_then(|p| p.get("_meta"));
                    swap(meta.and_then(|m| m.get(meta::SUBSCRIPTION_ID)), |r| Some(&r.id));
                }
                Message::Request(_) => {}
            }
        }
        if edits.is_empty() {
            return message;
        }
        decode(edits.apply(message.doc()), limits, Side::Server).unwrap_or(message)
    }
    /// The stream of the request that a message belongs to: by its id, its progress token or its subscription; a
    /// server's own words without such a mark go with the newest open request.
    fn find(&self, message: &Message, shared: bool) -> Option<Sender> {
        match message {
            Message::Response(response) => self.close(response.id.as_ref()?),
            Message::Notification(n) => {
                let params = n.params();
                let token = params.and_then(|p| p.get("progressToken")).and_then(Id::read);
                let subscription =
                    params.and_then(|p| p.get("_meta")).and_then(|m| m.get(meta::SUBSCRIPTION_ID)).and_then(Id::read);
                let open = self.open.lock();
                match (n.notice, token, subscription) {
                    (_, _, Some(id)) => open.get(&id),
                    (Notice::Progress, Some(token), None) => {
                        open.get(&token).or_else(|| open.values().find(|r| r.token.as_ref() == Some(&token)))
                    }
                    // Nothing says whose it is. Where clients share the server, only one who waits alone for such may
                    // have it.
                    (Notice::Message, _, None) if shared => {
                        let mut asked = open.values().filter(|r| r.logs);
                        asked.next().filter(|_| asked.next().is_none())
                    }
                    (Notice::Message, _, None) => open.values().max_by_key(|r| r.order),
                    _ => None,
                }
                .map(|r| r.to.clone())
            }
            Message::Request(_) => self.open.lock().values().max_by_key(|r| r.order).map(|r| r.to.clone()),
        }
    }
}

impl Feed {
    /// Passes on one message to whoever it is for. A full queue holds up the server, not the memory of the gateway.
    pub(super) async fn take(&self, message: bytes::Bytes) -> Fed {
        let message = match decode(message, &self.limits, Side::Server) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(server = %self.name, "dropped a message: {error}");
                return Fed::Open;
            }
        };
        // Whether or not the client listens: what the server declared is not what it declares now.
        if matches!(&message, Message::Notification(n) if n.notice == Notice::ToolsChanged) {
            self.catalog.outdated();
        }
        let own = matches!(&message, Message::Response(r) if r.id.as_ref().is_some_and(is_own));
        if self.routing == Routing::InOrder && !own {
            return if self.ambient.send(message).await.is_err() { Fed::Closed } else { Fed::Open };
        }
        let shared = self.routing == Routing::Shared;
        // What belongs to a request that is over is nobody's.
        let belongs = match &message {
            Message::Response(_) => true,
            Message::Notification(n) => n.notice == Notice::Progress,
            Message::Request(_) => false,
        };
        let restored = shared.then(|| self.routes.restore(message.clone(), &self.limits));
        match self.routes.find(&message, shared) {
            Some(to) => drop(to.send(restored.unwrap_or(message)).await),
            None if belongs => tracing::debug!(server = %self.name, "dropped what nobody waits for"),
            None => {
                if self.ambient.try_send(message).is_err() {
                    tracing::debug!(server = %self.name, "dropped a message that nobody listens to");
                }
            }
        }
        Fed::Open
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.routes.end();
    }
}

/// Whether a request is the gateway's own.
fn is_own(id: &Id) -> bool {
    matches!(id, Id::Str(text) if text.starts_with(OWN_ID))
}
