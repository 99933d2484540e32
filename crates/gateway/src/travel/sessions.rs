//! A session outlives its gateway: what it is made of is kept when it is opened and when that changes, and a request that
//! names a session which nobody here knows makes it anew, for the same principal at the same endpoint.

use super::{
    Name,
    record::{self, SessionRecord, Upstream, WayKind, WayRecord},
};
use crate::{
    Gateway,
    admit::Arrival,
    bridge::Lifted,
    link::Link,
    passage::{About, Caller},
    refusal::Refusal,
    server::Server,
    session::{Endpoint, ID_LEN, Opened, Session},
};
use bytes::Bytes;
use doorward_audit::{Event, Noticed, Party};
use doorward_bridge::{Client, Filter};
use doorward_mcp::{Message, Revision, Side, decode};
use doorward_store::{Kept, KeptKind};
use doorward_vocab::{Channel, Finding, FindingKind, Severity, Timestamp};
use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};

/// Whoever held a session last has so long after its end to say that it goes on.
const GRACE: Duration = Duration::from_secs(60);
/// Sessions of nobody that are ended at once.
const BATCH: usize = 64;

impl Gateway {
    /// From now on `session` outlives this gateway; or what it is made of has changed.
    pub(crate) fn keep_session(&self, session: &Session) {
        if !self.travel.is_possible() {
            return;
        }
        let (now, limit) = (self.clock.now(), self.live.load().settings.limits.session_idle);
        let record = self.record(session);
        if record.ways.is_empty() && !session.endpoint.is_joined() {
            return; // Its server ends with this gateway.
        }
        let until = session.until(now, limit);
        *session.kept.lock() = Some(until);
        let route = route(&session.endpoint);
        let packed = record::encode(&record)
            .and_then(|plain| self.travel.pack(&name(session.id.as_bytes(), session.owner, &route), until, &plain));
        if let Some(kept) = packed {
            self.travel.later(move |store| store.put(&kept));
        }
    }

    /// The same where it is to outlive the gateway already.
    pub(crate) fn rekeep_session(&self, session: &Session) {
        if session.travels() {
            self.keep_session(session);
        }
    }

    fn record(&self, session: &Session) -> SessionRecord {
        let ways = session.links().iter().filter_map(|(_, opened)| way(opened)).collect();
        let client = session.client.get().cloned();
        SessionRecord { revision: session.revision().as_str().to_owned(), client, ways }
    }

    /// The session that a client names: one of this gateway's, or one that another kept. Whose principal or endpoint is
    /// another gets what an unknown one gets.
    pub(crate) async fn session(
        &self,
        id: &str,
        caller: &Caller,
        endpoint: &Endpoint,
    ) -> Result<Option<Arc<Session>>, Refusal> {
        let now = self.clock.now();
        let found = self.sessions.find(id, caller.actor.key(), endpoint, now);
        if found.is_some() || !self.travel.is_possible() || id.len() != ID_LEN {
            return Ok(found);
        }
        Box::pin(self.take_up(id, caller, endpoint, now)).await
    }

    async fn take_up(
        &self,
        id: &str,
        caller: &Caller,
        endpoint: &Endpoint,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Refusal> {
        let (owner, route) = (caller.actor.key(), route(endpoint));
        let name = name(id.as_bytes(), owner, &route);
        let key = doorward_vocab::Digest::of(name.known_as);
        let Ok(Some(kept)) = self.travel.ask(move |store| store.find(KeptKind::Session, &key)).await else {
            return Ok(None);
        };
        let record = self.travel.unpack(&name, &kept, now).and_then(|plain| record::decode::<SessionRecord>(&plain));
        let Some(record) = record else { return Ok(None) };
        let Some(session) = Session::taken_up(id, owner, endpoint.clone(), now) else { return Ok(None) };
        let session = Arc::new(session);
        let revision = record.revision.parse().unwrap_or(Revision::LATEST_LEGACY);
        let _ = session.revision.set(revision);
        *session.kept.lock() = Some(kept.until);
        record.client.into_iter().for_each(|client| drop(session.client.set(client)));
        let live = self.live.load_full();
        let arrival = Arrival { live, caller: caller.clone(), revision, session: Some(session.clone()), asked: None };
        for way in record.ways {
            let Some(server) = arrival.live.servers.get(way.server.as_str()).cloned() else {
                continue;
            };
            match self.reopened(&arrival, &server, way).await {
                Ok(Some(opened)) => session.add_link(server.profile.name.clone(), opened),
                Ok(None) => {}
                // Among several it is tried again when it is asked for.
                Err(refusal) if endpoint.is_joined() => tracing::debug!("left out of a session: {refusal:?}"),
                Err(refusal) => return Err(refusal),
            }
        }
        if !endpoint.is_joined() && session.links().is_empty() {
            return Ok(None);
        }
        // Several requests may have come this far; one session is the session.
        let (session, first) = self.sessions.adopt(session).ok_or_else(crate::one::too_many_sessions)?;
        if first {
            self.note_taken_up(&session, caller);
        }
        Ok(Some(session))
    }

    /// The way to a server that a session had.
    async fn reopened(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        way: WayRecord,
    ) -> Result<Option<Opened>, Refusal> {
        if way.place != server.place() {
            return Ok(None);
        }
        let initialize = decode(Bytes::from(way.initialize), &arrival.live.limits, Side::Client);
        let Ok(Message::Request(request)) = initialize else { return Ok(None) };
        let client = Client::of_initialize(&request);
        let by = Arc::new(self.passage(arrival, server, Message::Request(request), About::Server));
        let link = match way.kind {
            WayKind::Http(Upstream { id, revision }) => server.resumed(id.as_deref(), revision.as_deref()),
            WayKind::Lifted { revision, level, tools, prompts, resources, uris } => {
                let modern = Arrival { revision: Revision::LATEST, session: None, ..arrival.clone() };
                let wanted =
                    Filter { tools, prompts, resources, uris: uris.into_iter().map(String::into_boxed_str).collect() };
                let revision = revision.parse().unwrap_or(arrival.revision);
                let level = level.map(String::into_boxed_str);
                self.modern_way(&modern, server).await?.map(|link| {
                    let first = self.clock.now().micros();
                    Link::Lifted(Arc::new(Lifted::resumed(link, client, revision, level, wanted, first)))
                })
            }
        };
        Ok(link.map(|link| Opened { link, by }))
    }

    fn note_taken_up(&self, session: &Session, caller: &Caller) {
        let finding = Finding {
            detector: "session".into(),
            kind: FindingKind::Protocol,
            severity: Severity::Info,
            confidence: 1.0,
            channel: Channel::Arguments,
            span: 0..0,
            note: format!("session {} was taken up again", session.digest.short()).into(),
        };
        let principal = caller.actor.principal();
        let server = match &session.endpoint {
            Endpoint::One(name) => Some(name.clone()),
            Endpoint::All | Endpoint::Virtual(_) => None,
        };
        self.note(Event::Finding(Noticed {
            server,
            agent: Some(Party::new(principal.agent.id.clone(), principal.agent.name.clone())),
            conversation: None,
            findings: vec![finding],
        }));
    }

    /// Ends what was idle for longer than `limit`, says of the others that they go on, and ends what nobody came back for.
    pub(crate) async fn sweep_sessions(&self, now: Timestamp, limit: Duration) {
        for session in self.sessions.expired(now, limit) {
            if session.travels() && self.goes_on_elsewhere(&session, now).await {
                self.leave_session(&session).await;
            } else {
                self.forget_session(&session);
                self.close_links(&session).await;
            }
        }
        for session in self.sessions.all() {
            if Self::is_outdated(&session, now, limit) {
                self.keep_session(&session);
            }
        }
        self.sweep_kept(now).await;
    }

    /// Whether the end that is kept of a session comes too soon by now.
    fn is_outdated(session: &Session, now: Timestamp, limit: Duration) -> bool {
        let (kept, until) = (*session.kept.lock(), session.until(now, limit));
        kept.is_some_and(|kept| until > kept && (until.since(kept) >= limit / 8 || kept.since(now) <= GRACE))
    }

    /// Whether another gateway has said of a session that it goes on, which this one thought was over.
    async fn goes_on_elsewhere(&self, session: &Session, now: Timestamp) -> bool {
        let key = session.digest;
        let kept = self.travel.ask(move |store| store.find(KeptKind::Session, &key)).await;
        kept.is_ok_and(|kept| kept.is_some_and(|kept| kept.until > now))
    }

    /// Kept sessions and calls that are over, of whoever held them: their servers are told.
    async fn sweep_kept(&self, now: Timestamp) {
        if !self.travel.is_possible() {
            return;
        }
        let before = Timestamp::from_micros(now.micros().saturating_sub(micros(GRACE)));
        let Ok(old) = self.travel.ask(move |store| store.expired(before, BATCH)).await else { return };
        let live = self.live.load_full();
        let ways = old.iter().filter_map(|kept| self.ways_of(kept)).flatten();
        let links: Vec<Link> = ways
            .filter_map(|way| {
                let server = live.servers.get(way.server.as_str()).filter(|s| s.place() == way.place)?;
                match way.kind {
                    WayKind::Http(Upstream { id, revision }) => server.resumed(id.as_deref(), revision.as_deref()),
                    WayKind::Lifted { .. } => None,
                }
            })
            .collect();
        join_all(links.iter().map(|link| tokio::time::timeout(crate::one::CLOSE, link.close()))).await;
    }

    fn ways_of(&self, kept: &Kept) -> Option<Vec<WayRecord>> {
        if kept.kind != KeptKind::Session {
            return None;
        }
        let plain = self.travel.sealer.open_bytes(&kept.sealed, &super::bound(kept))?;
        Some(record::decode::<SessionRecord>(&plain)?.ways)
    }

    /// A session is over for everybody.
    pub(crate) fn forget_session(&self, session: &Session) {
        if session.kept.lock().take().is_some() {
            self.travel.forget(KeptKind::Session, session.id.as_bytes());
        }
    }

    /// A session goes on, but not here: what it holds at servers stays.
    pub(crate) async fn leave_session(&self, session: &Session) {
        for (_, opened) in session.links() {
            opened.link.leave();
        }
        self.close_links(session).await;
    }
}

const fn name<'a>(id: &'a [u8], owner: doorward_identity::PrincipalKey, route: &'a str) -> Name<'a> {
    Name { kind: KeptKind::Session, known_as: id, owner, route }
}

/// The path of an endpoint.
fn route(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::All => "/mcp".to_owned(),
        Endpoint::One(name) => format!("/mcp/{name}"),
        Endpoint::Virtual(name) => format!("/mcp/{name} (virtual)"),
    }
}

/// What of a way to a server can be taken up again: a process ends with its gateway, and a session of 2024-11-05 with its
/// stream.
fn way(opened: &Opened) -> Option<WayRecord> {
    let Message::Request(request) = opened.by.message.inspect() else { return None };
    let kind = match &opened.link {
        Link::Http(http) if opened.link.is_alive() => {
            let (id, revision) = http.known_as();
            WayKind::Http(Upstream { id, revision })
        }
        Link::Lifted(lifted) => {
            let (level, wanted) = lifted.held();
            WayKind::Lifted {
                revision: lifted.revision().as_str().to_owned(),
                level: level.map(String::from),
                tools: wanted.tools,
                prompts: wanted.prompts,
                resources: wanted.resources,
                uris: wanted.uris.into_iter().map(String::from).collect(),
            }
        }
        Link::Http(_) | Link::Events(_) | Link::Process(_) | Link::Pooled(_) => return None,
    };
    Some(WayRecord {
        server: opened.by.server.profile.name.to_string(),
        place: opened.by.server.place(),
        initialize: String::from_utf8(request.doc.bytes().to_vec()).ok()?,
        kind,
    })
}

fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
