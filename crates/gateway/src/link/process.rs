use super::Answer;
use crate::{
    admit::OWN_ID,
    catalog::Catalog,
    link::{Incomings, Lines},
};
use doorward_audit::Receipt;
use doorward_engine::{OutboundKind, Permitted};
use doorward_mcp::{
    Id, Message, Method, Notice, Request, Side, decode,
    json::{Edits, Limits, Value},
    meta,
};
use doorward_transport::{
    LinkError,
    stdio::{Command, StdioInbox, StdioLink, StdioSettings},
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// Where the messages of a process go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// Each to the request it belongs to, the rest to whoever listens: the client has a stream for each.
    ByRequest,
    /// All to one reader, in order: the client has one pipe.
    InOrder,
    /// Each to its request, from many clients whose ids may be equal: ids and progress tokens are exchanged for the
    /// process's own on the way there, and back.
    Shared,
}

/// A server that is our child, with what it was asked and has not answered.
#[derive(Debug)]
pub(crate) struct Process {
    link: StdioLink,
    routes: Arc<Routes>,
    ambient: Mutex<Option<mpsc::Receiver<Message>>>,
    /// How long a request waits without any sign of the process.
    patience: Duration,
    routing: Routing,
    issued: AtomicI64,
}

#[derive(Debug, Default)]
struct Routes {
    open: Mutex<HashMap<Id, Route>>,
    /// Nobody reads what the process says any more. Changed only while `open` is held.
    ended: AtomicBool,
}

#[derive(Debug)]
struct Route {
    to: mpsc::Sender<Message>,
    /// The id that the client gave.
    id: Id,
    /// The progress token that the client gave.
    token: Option<Id>,
    /// Whether it asked for log messages.
    logs: bool,
    order: u64,
}

/// Messages that may wait for a reader before the process waits.
const QUEUE: usize = 256;

impl Process {
    /// Starts the server of `command`.
    pub(crate) fn spawn(
        name: &str,
        command: &Command,
        settings: StdioSettings,
        limits: Limits,
        patience: Duration,
        routing: Routing,
        catalog: Arc<Catalog>,
    ) -> Result<Arc<Self>, LinkError> {
        let label = name.to_owned();
        let (link, inbox) = StdioLink::spawn(command, settings, move |line| {
            tracing::info!(server = %label, "stderr: {}{}", line.text, if line.cut { "…" } else { "" });
        })?;
        let (ambient, receiver) = mpsc::channel(QUEUE);
        let routes = Arc::new(Routes::default());
        tokio::spawn(read(inbox, routes.clone(), ambient, limits, routing, (name.to_owned(), catalog)));
        Ok(Arc::new(Self {
            link,
            routes,
            ambient: Mutex::new(Some(receiver)),
            patience,
            routing,
            issued: AtomicI64::new(0),
        }))
    }

    /// The id under which a request goes to a process that many clients share; `None` where it keeps its own.
    pub(crate) fn alias(&self) -> Option<Id> {
        (self.routing == Routing::Shared).then(|| Id::Int(self.issued.fetch_add(1, Relaxed) + 1))
    }

    pub(super) async fn request(
        &self,
        request: &Request,
        permitted: Permitted,
        receipt: Receipt,
    ) -> Result<Answer, LinkError> {
        if self.routing == Routing::InOrder && !is_own(&request.id) {
            self.link.send(permitted, receipt).await?;
            return Ok(Answer::Accepted);
        }
        let (to, from) = mpsc::channel(QUEUE);
        let meta = request.params().and_then(|p| p.get("_meta"));
        let token = meta.and_then(|m| m.get("progressToken")).and_then(Id::read);
        let wire = match &permitted.message().kind {
            OutboundKind::Request { id } => Id::parse(id),
            OutboundKind::Notification | OutboundKind::Response => None,
        };
        let wire = wire.unwrap_or_else(|| request.id.clone());
        let logs = meta.is_some_and(|m| m.get(meta::LOG_LEVEL).is_some());
        self.routes.open(wire.clone(), Route { to, id: request.id.clone(), token, logs, order: 0 });
        if let Err(error) = self.link.send(permitted, receipt).await {
            self.routes.close(&wire);
            return Err(error);
        }
        let patience = (request.method != Method::Listen).then_some(self.patience);
        Ok(Answer::Stream(Incomings::Lines(Lines { from, patience })))
    }

    pub(super) async fn tell(&self, permitted: Permitted, receipt: Receipt) -> Result<(), LinkError> {
        self.link.send(permitted, receipt).await
    }

    /// What belongs to no request; for one reader.
    pub(crate) fn ambient(&self) -> Option<Incomings> {
        let from = self.ambient.lock().take()?;
        Some(Incomings::Lines(Lines { from, patience: None }))
    }

    /// Gives the ambient messages back, for the next reader.
    pub(crate) fn return_ambient(&self, incomings: Incomings) {
        if let Incomings::Lines(lines) = incomings {
            *self.ambient.lock() = Some(lines.from);
        }
    }

    /// Whether the process still runs and is listened to.
    pub(crate) fn alive(&self) -> bool {
        self.link.exit().is_none() && !self.routes.ended.load(Relaxed)
    }

    pub(crate) async fn close(&self) {
        self.link.shutdown().await;
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
    /// The process said its last word: whoever still waits sees its stream end.
    fn end(&self) {
        let mut open = self.open.lock();
        self.ended.store(true, Relaxed);
        open.clear();
    }
    fn close(&self, wire: &Id) -> Option<mpsc::Sender<Message>> {
        self.open.lock().remove(wire).map(|r| r.to)
    }
    /// The message with the client's id and token where the process's own stand, decoded again: what is judged is what
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
                Message::Response(r) => swap(r.doc.root().get("id"), |r| Some(&r.id)),
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
    fn find(&self, message: &Message, shared: bool) -> Option<mpsc::Sender<Message>> {
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
                    // Nothing says whose it is. Where clients share the process, only one who waits alone for such may
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

async fn read(
    mut inbox: StdioInbox,
    routes: Arc<Routes>,
    ambient: mpsc::Sender<Message>,
    limits: Limits,
    routing: Routing,
    (name, catalog): (String, Arc<Catalog>),
) {
    while let Some(line) = inbox.recv().await {
        let message = match line.map(|line| decode(line, &limits, Side::Server)) {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => {
                tracing::warn!(server = %name, "dropped a line: {error}");
                continue;
            }
            Err(error) => {
                tracing::warn!(server = %name, "{error}");
                break;
            }
        };
        // Whether or not the client listens: what the server declared is not what it declares now.
        if matches!(&message, Message::Notification(n) if n.notice == Notice::ToolsChanged) {
            catalog.outdated();
        }
        let own = matches!(&message, Message::Response(r) if r.id.as_ref().is_some_and(is_own));
        if routing == Routing::InOrder && !own {
            if ambient.send(message).await.is_err() {
                break;
            }
            continue;
        }
        let reply = matches!(message, Message::Response(_));
        let restored = (routing == Routing::Shared).then(|| routes.restore(message.clone(), &limits));
        match routes.find(&message, routing == Routing::Shared) {
            // A full queue holds up the process, not the memory of the gateway.
            Some(to) => drop(to.send(restored.unwrap_or(message)).await),
            None if reply => tracing::debug!(server = %name, "dropped an answer that nobody waits for"),
            None => {
                if ambient.try_send(message).is_err() {
                    tracing::debug!(server = %name, "dropped a message that nobody listens to");
                }
            }
        }
    }
    routes.end();
}

/// Whether a request is the gateway's own.
fn is_own(id: &Id) -> bool {
    matches!(id, Id::Str(text) if text.starts_with(OWN_ID))
}
