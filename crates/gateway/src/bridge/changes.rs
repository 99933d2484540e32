//! The stream of what an older server says by itself, for every client that listens without a session: one stream of the
//! server, read once, for all of them (2026-07-28, basic/patterns/subscriptions).

use super::Pooled;
use crate::{
    Gateway,
    admit::Arrival,
    link::{Incoming, Incomings, Lines, Link},
    passage::About,
    refusal::Refusal,
    reply::{Flow, Reply},
    road::Scope,
    server::Server,
};
use bytes::Bytes;
use doorward_bridge::{Filter, modern_on_legacy};
use doorward_mcp::{Message, Method, Notice, Notification, Request, RpcError, Side, decode, json::quote};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// Messages that may wait for a listener; one that reads slower loses its stream, and knows it.
const QUEUE: usize = 256;
/// How long a broken stream waits before it is opened again, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often it is looked whether anybody still listens.
const TICK: Duration = Duration::from_secs(5);

/// Who listens to the changes of a session.
#[derive(Debug, Default)]
pub(super) struct Changes {
    listeners: Mutex<Vec<mpsc::Sender<Message>>>,
    running: AtomicBool,
    /// How many listeners want to hear of a resource.
    subscribed: Mutex<HashMap<Box<str>, usize>>,
}

impl Changes {
    pub(super) fn has_listeners(&self) -> bool {
        let mut listeners = self.listeners.lock();
        listeners.retain(|l| !l.is_closed());
        !listeners.is_empty()
    }
    fn tell(&self, message: &Message) {
        self.listeners.lock().retain(|listener| listener.try_send(message.clone()).is_ok());
    }
    /// Whether somebody is the first to want `uri`.
    fn subscribe(&self, uri: &str) -> bool {
        let mut subscribed = self.subscribed.lock();
        let count = subscribed.entry(uri.into()).or_insert(0);
        *count += 1;
        *count == 1
    }
    /// Whether nobody wants `uri` any more.
    fn unsubscribe(&self, uri: &str) -> bool {
        let mut subscribed = self.subscribed.lock();
        let Some(count) = subscribed.get_mut(uri) else { return false };
        *count -= 1;
        if *count == 0 {
            subscribed.remove(uri);
            return true;
        }
        false
    }
}

/// A notification of the session, as the listener's request `asked` gets it.
pub(super) fn heard(asked: &Request, told: &Notification) -> Option<Bytes> {
    if told.notice == Notice::Acknowledged {
        return Some(told.doc.bytes().clone());
    }
    modern_on_legacy::change(asked, &modern_on_legacy::subscribed(asked), told)
}

impl Gateway {
    /// Opens a stream of changes over the session `pooled`.
    pub(super) async fn listen_pooled(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        pooled: &Arc<Pooled>,
        request: Request,
        joined: bool,
    ) -> Result<Reply, Refusal> {
        let link = Link::Pooled(pooled.clone());
        let passage = Arc::new(self.passage(arrival, server, Message::Request(request.clone()), About::Server));
        self.permit(&passage).await?;
        let honoured = self.honour(arrival, server, pooled, &modern_on_legacy::subscribed(&request)).await;
        let (to, from) = mpsc::channel(QUEUE);
        let acknowledged = modern_on_legacy::acknowledged(&request, &honoured);
        if let Ok(message) = decode(acknowledged, &arrival.live.limits, Side::Server) {
            let _ = to.try_send(message);
        }
        pooled.changes.listeners.lock().push(to);
        if let Some(gateway) = self.me.upgrade().filter(|_| !pooled.changes.running.swap(true, Relaxed)) {
            tokio::spawn(read(gateway, pooled.clone()));
        }
        let scope = Scope { passage, session: None, joined, link };
        Ok(Reply::Stream(Flow::new(scope, Incomings::Lines(Lines::of(from)))))
    }

    /// What of `wanted` this server can tell of, and this principal may hear.
    async fn honour(&self, arrival: &Arrival, server: &Arc<Server>, pooled: &Arc<Pooled>, wanted: &Filter) -> Filter {
        let mut honoured = Filter {
            tools: wanted.tools && pooled.tells_of("tools", "listChanged"),
            prompts: wanted.prompts && pooled.tells_of("prompts", "listChanged"),
            resources: wanted.resources && pooled.tells_of("resources", "listChanged"),
            uris: Vec::new(),
        };
        if !pooled.tells_of("resources", "subscribe") {
            return honoured;
        }
        for uri in &wanted.uris {
            if !pooled.changes.subscribe(uri) || self.subscription(arrival, server, pooled, uri, true).await {
                honoured.uris.push(uri.clone());
            } else {
                pooled.changes.unsubscribe(uri);
            }
        }
        honoured
    }

    async fn subscription(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        pooled: &Arc<Pooled>,
        uri: &str,
        on: bool,
    ) -> bool {
        let method = if on { Method::ResourcesSubscribe } else { Method::ResourcesUnsubscribe };
        let link = Link::Pooled(pooled.clone());
        let params = format!("\"uri\":{}", quote(uri));
        let asked = self.ask_about(arrival, server, &link, method, &[params], About::Resource(uri.into())).await;
        asked.is_ok_and(|(_, answer)| {
            let answer = decode(answer.into_bytes(), &arrival.live.limits, Side::Server);
            matches!(answer, Ok(Message::Response(r)) if !r.is_error)
        })
    }

    /// A listener is gone: what only it wanted to hear of is not asked for any more.
    pub(crate) async fn unlisten(&self, scope: &Scope) {
        let (Link::Pooled(pooled), Message::Request(request)) = (&scope.link, scope.passage.message.inspect()) else {
            return;
        };
        let passage = &scope.passage;
        let arrival = Arrival {
            live: passage.live.clone(),
            caller: passage.caller.clone(),
            revision: passage.revision,
            session: None,
            asked: Some(request.clone()),
        };
        for uri in modern_on_legacy::subscribed(request).uris {
            if pooled.changes.unsubscribe(&uri) {
                self.subscription(&arrival, &passage.server, pooled, &uri, false).await;
            }
        }
    }
}

/// Reads the stream of a session for as long as somebody listens.
async fn read(gateway: Arc<Gateway>, pooled: Arc<Pooled>) {
    let scope = Scope { passage: pooled.by.clone(), session: None, joined: false, link: Link::Pooled(pooled.clone()) };
    let mut pause = PAUSE;
    let mut last: Option<String> = None;
    while pooled.link.is_alive() && pooled.changes.has_listeners() {
        if let Some(mut incomings) = open(&gateway, &pooled, last.as_deref()).await {
            loop {
                let next = tokio::time::timeout(TICK, incomings.next()).await;
                match next {
                    Err(_) if pooled.changes.has_listeners() => {}
                    Ok(Some(Ok(incoming))) => {
                        pause = PAUSE;
                        if let Some(id) = incoming.event.as_ref().and_then(|e| e.id()) {
                            last = String::from_utf8(id.to_vec()).ok();
                        }
                        pass(&gateway, &scope, &pooled, incoming).await;
                    }
                    Err(_) | Ok(Some(Err(_)) | None) => break,
                }
            }
            if let Some(pipe) = pooled.link.wire().pipe() {
                pipe.return_ambient(incomings);
            }
        }
        if pooled.changes.has_listeners() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
    // Whoever came just now starts it again; if the session is over, its streams end.
    pooled.changes.running.store(false, Relaxed);
    if !pooled.link.is_alive() {
        pooled.changes.listeners.lock().clear();
    }
}

async fn open(gateway: &Gateway, pooled: &Pooled, last: Option<&str>) -> Option<Incomings> {
    match pooled.link.wire() {
        Link::Http(http) => {
            let held = gateway.exchange(&pooled.by).await.ok()?;
            http.listen(last, held.as_deref()).await.ok()?.ok()
        }
        link => link.pipe()?.ambient(),
    }
}

async fn pass(gateway: &Gateway, scope: &Scope, pooled: &Pooled, incoming: Incoming) {
    match incoming.message {
        Some(message @ Message::Notification(_)) => pooled.changes.tell(&message),
        Some(Message::Request(request)) if request.method == Method::Ping => {
            gateway.respond_to(scope, &request.id, "{}").await;
        }
        // Nobody's request is on its way here, so nobody can be asked.
        Some(Message::Request(request)) => {
            gateway.decline(scope, &request.id, &RpcError::method_not_found(request.method.as_str())).await;
        }
        Some(Message::Response(_)) | None => {}
    }
}
