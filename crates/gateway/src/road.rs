//! The road: what happens to every message, in both directions.
//!
//! ```text
//! read → decode → authenticate → resolve → correlate → RULE → record intent → exchange → forward → CLEAR → record outcome → reply
//! ```
//!
//! The first stages are the doors' (`front`) and `admit`'s; here are the ones that no message can go around: a link takes
//! nothing but a permit with its receipt, and a client gets nothing but what was cleared.

use crate::{
    Gateway, bridge,
    credentials::Chosen,
    link::{Answer, Incoming, Incomings, Link, Parcel},
    passage::Passage,
    refusal::{Refusal, withheld},
    session::{Session, wrap},
};
use bytes::Bytes;
use doorward_audit::{Event, Noticed, OutcomeRecord, Party, Payload, Receipt, Record};
use doorward_config::Durability;
use doorward_engine::{self as engine, Clearance, Cleared, Judgement, Outbound, OutboundKind, Permitted, Ruling};
use doorward_identity::delegation::Outside;
use doorward_mcp::{Era, Id, Message, Method, Notice, RpcError, Side, json::Edits};
use doorward_transport::{LinkError, sse};
use doorward_vocab::{Decision, Mode, Outcome, Timestamp};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// What an incoming message belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The request whose stream it came on, or the one that opened the session.
    pub(crate) passage: Arc<Passage>,
    /// The session, in the 2025 era.
    pub(crate) session: Option<Arc<Session>>,
    /// Whether several servers share the client's ids.
    pub(crate) joined: bool,
    pub(crate) link: Link,
}

/// What the client gets of an incoming message.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The message; `None` for an event without one, or where nothing is delivered.
    pub(crate) message: Option<Cleared>,
    /// The event it came in, where it came in one, to be passed on as it is unless `changed`.
    pub(crate) event: Option<sse::Event>,
    pub(crate) changed: bool,
    /// Whether it answers the request of the scope.
    pub(crate) last: bool,
    /// What the server must be told instead, where its request was refused.
    pub(crate) decline: Option<(Id, RpcError)>,
}

impl Gateway {
    /// Rules a message, records the decision, and forwards it.
    pub(crate) async fn forward(&self, passage: &Passage, link: &Link, outbound: Outbound) -> Result<Answer, Refusal> {
        let again = (!passage.server.rules.is_empty()).then(|| outbound.clone());
        let now = self.clock.now();
        let (permitted, judgement) = self.judge(passage, outbound, now)?;
        self.spend(passage, &judgement, now).await?;
        let sent = self.send(passage, link, permitted, &judgement, now).await;
        match (sent, again) {
            // What the server refused to look at was not done. It is ruled anew, with another credential.
            (Err(Refusal::Outworn), Some(outbound)) => {
                let now = self.clock.now();
                let (permitted, judgement) = self.judge(passage, outbound, now)?;
                Box::pin(self.send(passage, link, permitted, &judgement, now)).await
            }
            (sent, _) => sent,
        }
    }

    /// Counts a call that can change something against the delegations that allow only so many.
    async fn spend(&self, passage: &Passage, judgement: &Judgement, now: Timestamp) -> Result<(), Refusal> {
        let principal = passage.caller.actor.principal();
        let limited = principal.delegations.iter().any(|hop| hop.limits.sinks.is_some());
        if !limited || !judgement.sink || passage.method() != Some(Method::ToolsCall) {
            return Ok(());
        }
        let (delegations, chain) = (self.delegations().clone(), principal.delegations.clone());
        let spending = tokio::task::spawn_blocking(move || delegations.spend(&chain));
        let used_up = match spending.await {
            Ok(Ok(None)) => return Ok(()),
            Ok(Ok(Some(used_up))) => used_up,
            Ok(Err(error)) => {
                tracing::error!("cannot count a call: {error}");
                return Err(Refusal::Trail);
            }
            Err(_) => return Err(Refusal::Trail),
        };
        let what = passage.subject().target.name().unwrap_or_default().to_owned();
        let reason = engine::outside_reason(principal, &used_up, &what, Outside::Spent);
        let (decision, enforced) = (Decision::Deny, true);
        let judgement = Judgement { decision, enforced, reasons: [reason].into(), ..judgement.clone() };
        Err(self.stopped(passage, judgement, now))
    }

    /// Rules a message that the gateway answers itself, and records the decision: nothing is sent.
    pub(crate) async fn permit(&self, passage: &Passage) -> Result<(), Refusal> {
        let now = self.clock.now();
        let nothing =
            Outbound { bytes: Bytes::new(), kind: OutboundKind::Notification, method: "", headers: Arc::default() };
        let (_unspent, judgement) = self.judge(passage, nothing, now)?;
        self.metrics.ruled(judgement.decision);
        self.recorded(passage, &judgement, now).await.map(drop)
    }

    fn judge(&self, passage: &Passage, outbound: Outbound, now: Timestamp) -> Result<(Permitted, Judgement), Refusal> {
        let history = passage.conversation.lock().clone();
        let again = self.approvals.has_given().then(|| outbound.clone());
        let mut ruling = engine::rule(&passage.live.snapshot, &history, &passage.subject(), outbound, now);
        if let (Ruling::Stop(Judgement { awaits: Some(call), .. }), Some(outbound)) = (&ruling, again)
            && self.take_approval(passage, call, now)
        {
            ruling = engine::rule(&passage.live.snapshot, &history, &passage.subject(), outbound, now);
        }
        match ruling {
            // What a client answers to its server is no call.
            Ruling::Go(permitted, judgement) if !matches!(permitted.message().kind, OutboundKind::Request { .. }) => {
                Ok((permitted, judgement))
            }
            Ruling::Go(permitted, judgement) => Ok((permitted, self.pace(passage, judgement, now)?)),
            Ruling::Stop(judgement) => Err(self.stopped(passage, judgement, now)),
        }
    }

    /// Records that a message stops here.
    pub(crate) fn stopped(&self, passage: &Passage, judgement: Judgement, now: Timestamp) -> Refusal {
        self.metrics.ruled(judgement.decision);
        passage.conversation.lock().refused(now);
        let record = Record::ruling(now, judgement.record(&passage.subject()));
        match self.trail.append(&record) {
            Ok(_) => Refusal::Ruled(passage.call, Box::new(judgement)),
            Err(_) => Refusal::Trail,
        }
    }

    /// Records a decision. A sink call waits for its decision to be on disk. Others leave once it is queued, unless the
    /// operator wants all of them to wait: the writer may be milliseconds behind, and what they did can be asked again.
    async fn recorded(&self, passage: &Passage, judgement: &Judgement, now: Timestamp) -> Result<Receipt, Refusal> {
        let ruling = judgement.record(&passage.subject());
        let waits = judgement.sink || passage.live.settings.store.durability == Durability::Strict;
        let receipt = if waits { self.trail.commit(now, &ruling).await } else { self.trail.record(now, &ruling) };
        receipt.map_err(|_| Refusal::Trail)
    }

    async fn send(
        &self,
        passage: &Passage,
        link: &Link,
        permitted: Permitted,
        judgement: &Judgement,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        self.metrics.ruled(judgement.decision);
        let receipt = self.recorded(passage, judgement, now).await?;
        if matches!(passage.method(), Some(Method::ToolsCall | Method::ResourcesRead | Method::PromptsGet)) {
            let mut history = passage.conversation.lock();
            history.forwarded(passage.call, judgement.sink, now);
            history.left(&passage.live.snapshot, &passage.subject(), judgement, now);
        }
        let mut unanswered = Unanswered { gateway: self, passage: Some(passage) };
        let held = match passage.server.command() {
            Some(_) => {
                if let Some(held) = link.worn() {
                    let _ = passage.worn.set(held.clone());
                }
                None
            }
            None => match self.exchange(passage).await {
                Ok(held) => held,
                Err(refusal) => {
                    unanswered.passage = None;
                    self.ended(passage, Outcome::Failed, None, None);
                    return Err(refusal);
                }
            },
        };
        let permitted = match self.fill(passage, permitted).await {
            Ok(permitted) => permitted,
            Err(refusal) => {
                unanswered.passage = None;
                self.ended(passage, Outcome::Failed, None, None);
                return Err(refusal);
            }
        };
        let parcel = Parcel { permitted, receipt, held: held.clone() };
        passage.away.leaves(self.clock.now());
        let answer = match (passage.message.inspect(), &parcel.permitted.message().kind) {
            (Message::Request(request), OutboundKind::Request { .. }) => link.request(request, parcel).await,
            _ => link.tell(parcel).await,
        };
        unanswered.passage = None;
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        {
            let outcome = match &error {
                LinkError::Timeout { .. } => Outcome::TimedOut,
                _ => Outcome::Unreachable,
            };
            tracing::warn!(server = %passage.server.profile.name, "{error}");
            if matches!(error, LinkError::Peer { .. }) {
                self.look_again(&passage.server);
            }
            self.ended(passage, outcome, None, None);
        }
        Err(match error {
            LinkError::Unauthorized { status, challenge } => match held {
                Some(held) if status == 401 && self.is_outworn(&held, now) => Refusal::Outworn,
                held => {
                    let challenge = challenge.as_deref();
                    Box::pin(self.unaccepted(passage, held.as_deref(), status, challenge)).await
                }
            },
            error => Refusal::Link(passage.server.profile.name.as_str().into(), error),
        })
    }

    /// Clears what came from a server: looks up what it belongs to, changes what the protocol asks to change, takes out
    /// what must not pass, and records how a request ended.
    pub(crate) fn deliver(&self, scope: &Scope, incoming: Incoming) -> Delivery {
        let Incoming { message, event } = incoming;
        let nothing = |event, last| Delivery { message: None, event, changed: false, last, decline: None };
        let crossed = scope.link.other_era().is_some();
        // A stream is resumed in the way of its own era, if at all.
        let Some(message) = message else { return nothing(event.filter(|_| !crossed), false) };
        let restored = if crossed { self.observe_own(&scope.passage, &message) } else { None };
        let message = restored.unwrap_or(message);
        let message = match crossed {
            true => bridge::inward(&scope.link, &scope.passage, message),
            false => Some(message),
        };
        // What its era does not carry, or what answers another request, is not the client's.
        let Some(message) = message else { return nothing(None, false) };
        // An event holds the words of the server's era.
        let event = event.filter(|_| !crossed);
        let mut edits = Edits::new();
        let passage = match &message {
            Message::Response(response) => {
                let answered = response.id.as_ref().and_then(|id| match &scope.session {
                    Some(session) => session.end(id, &scope.passage.server.profile.name),
                    None => self.is_answer_to(&scope.passage, id).then(|| scope.passage.clone()),
                });
                // An answer that nobody waits for reaches nobody.
                let Some(passage) = answered else { return nothing(None, false) };
                self.observe_result(&passage, response, crossed, &mut edits);
                passage
            }
            Message::Request(request) => {
                let asks_in = match &scope.link {
                    Link::Pooled(_) => Era::Legacy,
                    _ => scope.passage.revision.era(),
                };
                if !request.method.allowed(Side::Server, asks_in) {
                    let error = RpcError::method_not_found(request.method.as_str());
                    return Delivery { decline: Some((request.id.clone(), error)), ..nothing(None, false) };
                }
                if scope.joined {
                    let server = &scope.passage.server.profile.name;
                    if let Some(id) = message.doc().root().get("id") {
                        edits.replace(id, wrap(server, id).json());
                    }
                    if let Some(token) =
                        request.params().and_then(|p| p.get("_meta")).and_then(|m| m.get("progressToken"))
                    {
                        edits.replace(token, wrap(server, token).json());
                    }
                }
                self.renewed(&scope.passage)
            }
            Message::Notification(notification) => {
                match notification.notice {
                    Notice::ToolsChanged => scope.passage.server.catalog.outdated(),
                    // It takes back what it asked under the id that the client does not know it by.
                    Notice::Cancelled if scope.joined => {
                        if let Some(id) = notification.params().and_then(|p| p.get("requestId")) {
                            edits.replace(id, wrap(&scope.passage.server.profile.name, id).json());
                        }
                    }
                    _ => {}
                }
                self.renewed(&scope.passage)
            }
        };
        let now = self.clock.now();
        if matches!(message, Message::Response(_)) {
            passage.away.returns(now);
        }
        let paced = matches!(message, Message::Response(_)).then(|| passage.paced.take()).flatten();
        if let (Some(paced), Message::Response(response)) = (&paced, &message) {
            paced.notice(&passage, response, &mut edits);
        }
        let history = passage.conversation.lock().clone();
        let mut clearance = engine::clear(&passage.live.snapshot, &history, &passage.subject(), &message, edits, now);
        drop(history);
        self.heard(&passage, &message, &clearance, now);
        if let Some(poison) = clearance.poison.take() {
            self.remember(&passage, poison, now);
        }
        if clearance.canary && passage.seen.mode == Mode::Enforce {
            passage.server.standing.quarantine("a canary came from it: it shows what nobody may see");
        }
        let mut delivery = Delivery { event, changed: clearance.changed, last: false, message: None, decline: None };
        match &message {
            Message::Response(response) => {
                let failed = response.is_error
                    || response.result().and_then(|r| r.get("isError")).and_then(doorward_mcp::json::Value::as_bool)
                        == Some(true);
                let outcome = if failed { Outcome::Failed } else { Outcome::Completed };
                if let Some(mut paced) = paced {
                    let came = if clearance.cleared.is_none() { Outcome::Withheld } else { outcome };
                    paced.answered(response, came, now, passage.away.until(now));
                }
                self.ended(&passage, outcome, Some(message.doc().bytes()), Some(&clearance));
                delivery.last = true;
            }
            Message::Request(request) => {
                self.noticed(&passage, &clearance, now);
                match (&clearance.cleared, &scope.session) {
                    // Its client is asked in an answer.
                    (Some(_), None) if matches!(scope.link, Link::Pooled(_)) => {}
                    (Some(_), Some(session)) => {
                        let own = || message.doc().root().get("id").unwrap_or_else(|| message.doc().root());
                        let joined = scope.joined.then(|| wrap(&passage.server.profile.name, own()));
                        session.ask(joined.unwrap_or_else(|| request.id.clone()), &scope.link);
                    }
                    _ => {
                        let told = clearance.reasons.first().map_or("Not permitted.", doorward_vocab::Reason::told);
                        delivery.decline = Some((request.id.clone(), RpcError::new(RpcError::REFUSED, 403, told)));
                    }
                }
            }
            Message::Notification(_) => self.noticed(&passage, &clearance, now),
        }
        // What is declined at the server is not asked of the client. A client that waits for an answer gets one.
        delivery.message = clearance.cleared.filter(|_| delivery.decline.is_none());
        if let (Message::Response(response), None) = (&message, &delivery.message) {
            let (id, era) = (response.id.as_ref(), passage.revision.era());
            delivery.message =
                Some(withheld(id, passage.method(), era, passage.call, (clearance.decision, &clearance.reasons)));
        }
        delivery
    }

    /// Remembers what reaches the agent, before it does: the next call is judged with it.
    fn heard(&self, passage: &Passage, message: &Message, clearance: &Clearance, now: Timestamp) {
        let mut history = passage.conversation.lock();
        history.heard(&clearance.heard, now);
        if clearance.cleared.is_some() {
            let (view, subject, label) = (&passage.live.snapshot, passage.subject(), clearance.heard.label);
            let wrote = history.brought(view, &subject, message, label, || self.entropy.draw());
            drop(history);
            if wrote {
                self.keep_left(&passage.live, now);
            }
        }
    }

    fn is_answer_to(&self, passage: &Passage, id: &Id) -> bool {
        matches!(passage.message.inspect(), Message::Request(r) if r.id == *id)
    }

    /// Reads `incomings` until the request of `scope` is answered; what else comes on the way reaches nobody.
    pub(crate) async fn complete(&self, scope: &Scope, answer: Answer) -> Result<(u16, Cleared), Refusal> {
        let name = || -> Box<str> { scope.passage.server.profile.name.as_str().into() };
        let gone = |status: u16| {
            self.ended(&scope.passage, Outcome::Failed, None, None);
            Refusal::Link(name(), LinkError::Protocol(format!("HTTP status {status} without a message").into()))
        };
        match answer {
            Answer::Message(status, message) => {
                let delivery = self.deliver(scope, Incoming { message: Some(*message), event: None });
                delivery.message.map(|m| (status, m)).ok_or_else(|| gone(status))
            }
            Answer::Accepted => Err(gone(202)),
            Answer::Status(status) => Err(gone(status)),
            Answer::Stream(mut incomings) => self.complete_from(scope, &mut incomings).await,
        }
    }

    /// The same from a stream.
    pub(crate) async fn complete_from(
        &self,
        scope: &Scope,
        incomings: &mut Incomings,
    ) -> Result<(u16, Cleared), Refusal> {
        let broke = |error| {
            self.ended(&scope.passage, Outcome::Unreachable, None, None);
            Err(Refusal::Link(scope.passage.server.profile.name.as_str().into(), error))
        };
        loop {
            match incomings.next().await {
                Some(Ok(incoming)) => {
                    let delivery = self.deliver(scope, incoming);
                    if let (true, Some(message)) = (delivery.last, delivery.message) {
                        return Ok((200, message));
                    }
                }
                Some(Err(error)) => return broke(error),
                None => return broke(LinkError::Protocol("it ended without an answer".into())),
            }
        }
    }

    /// Records how a request ended.
    pub(crate) fn ended(
        &self,
        passage: &Passage,
        outcome: Outcome,
        result: Option<&[u8]>,
        clearance: Option<&Clearance>,
    ) {
        let now = self.clock.now();
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let duration = micros(now.since(passage.began));
        passage.paced.ended(outcome, now, passage.away.until(now));
        self.metrics.ended(outcome, duration);
        let record = OutcomeRecord {
            call: passage.call,
            outcome: match clearance {
                Some(c) if c.cleared.is_none() => Outcome::Withheld,
                _ => outcome,
            },
            result: result.map(Payload::of),
            label: clearance.and_then(|c| c.heard.label),
            decision: clearance.map_or(Decision::Allow, |c| c.decision),
            reasons: clearance.map(|c| c.reasons.clone()).unwrap_or_default(),
            findings: clearance.map(|c| c.findings.clone()).unwrap_or_default(),
            credential: passage.worn.get().map(|held| held.record()),
            redactions: clearance.map_or(0, |c| c.redactions),
            duration_us: duration,
            upstream_us: micros(passage.away.until(now)),
        };
        if self.trail.append(&Record::outcome(now, record)).is_err() {
            tracing::error!("the trail takes no records; calls are refused until it does");
        }
    }

    /// Records what was found in a message that ends nothing. Clean ones are not recorded: they would drown the rest.
    fn noticed(&self, passage: &Passage, clearance: &Clearance, now: Timestamp) {
        if clearance.findings.is_empty() && clearance.cleared.is_some() {
            return;
        }
        let principal = passage.caller.actor.principal();
        let noticed = Noticed {
            server: Some(passage.server.profile.name.clone()),
            agent: Some(Party::new(principal.agent.id.clone(), principal.agent.name.clone())),
            conversation: Some(passage.correlation.conversation.clone()),
            findings: clearance.findings.clone(),
        };
        let _ = self.trail.append(&Record::new(now, Event::Finding(noticed)));
    }

    /// The same passage under the configuration in force now: for what a server sends long after it was asked.
    pub(crate) fn renewed(&self, passage: &Arc<Passage>) -> Arc<Passage> {
        let live = self.live.load();
        if Arc::ptr_eq(&live, &passage.live) {
            return passage.clone();
        }
        let server = live.servers.get(&passage.server.profile.name).cloned();
        let server = server.unwrap_or_else(|| passage.server.clone());
        let chosen = Chosen::of(&live, &server, &passage.caller, &passage.about);
        let (worn, seen) = (OnceLock::new(), server.seen());
        Arc::new(Passage { live: live.clone(), seen, server, chosen, worn, ..passage.as_ref().clone() })
    }

    /// Tells a server that its request was refused.
    pub(crate) async fn decline(&self, scope: &Scope, id: &Id, error: &RpcError) {
        let bytes = error.to_message(Some(id));
        if let Ok(message) = doorward_mcp::decode(bytes.clone(), &scope.passage.live.limits, Side::Client) {
            let passage = self.own_passage(&scope.passage, message);
            let outbound = crate::admit::outbound(&passage, bytes, &scope.link);
            if let Err(refusal) = self.forward(&passage, &scope.link, outbound).await {
                tracing::debug!("could not decline a request of a server: {refusal:?}");
            }
        }
    }
}

/// A message that was forwarded and is on its way. Whoever waited may go before there is a beginning of an answer: then
/// that is how it ended.
struct Unanswered<'a> {
    gateway: &'a Gateway,
    passage: Option<&'a Passage>,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(passage) = self.passage.filter(|p| p.method().is_some()) {
            self.gateway.ended(passage, Outcome::Cancelled, None, None);
        }
    }
}
