//! `/mcp/{server}`: one server under its own names. Bytes go through as they came; sessions map one to one.

use crate::{
    Gateway,
    admit::{Arrival, outbound},
    bridge,
    link::{Answer, Link, Routing},
    passage::{About, Passage},
    refusal::Refusal,
    reply::{Flow, Reply},
    road::Scope,
    server::Server,
    session::{Begun, Endpoint, Opened, Session},
};
use bytes::Bytes;
use doorward_engine::Approval;
use doorward_mcp::{
    Era, Id, Message, Request, Response, Revision, RpcError, Side, decode,
    json::{Document, Limits, Strictness},
};
use doorward_transport::LinkError;
use doorward_vocab::Outcome;
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

impl Gateway {
    /// Opens a session with one server: its answer to `initialize` is the client's.
    pub(crate) async fn open_one(
        &self,
        arrival: &mut Arrival,
        server: &Arc<Server>,
        request: Request,
        routing: Routing,
    ) -> Result<Reply, Refusal> {
        let endpoint = Endpoint::One(server.profile.name.clone());
        let session = self.new_session(arrival, endpoint)?;
        arrival.session = Some(session.clone());
        arrival.revision = requested_revision(&request);
        let opened = self.initialize(arrival, server, request, routing).await;
        let (opened, status, answer) = match opened {
            Ok(opened) => opened,
            Err(refusal) => {
                self.sessions.close(&session.id);
                return Err(refusal);
            }
        };
        let id = match opened {
            Some((opened, revision)) => {
                let _ = session.revision.set(revision);
                session.add_link(server.profile.name.clone(), opened);
                Some(session.id.clone())
            }
            None => {
                self.sessions.close(&session.id);
                None
            }
        };
        Ok(Reply::Message { status, body: answer, session: id })
    }

    pub(crate) fn new_session(&self, arrival: &Arrival, endpoint: Endpoint) -> Result<Arc<Session>, Refusal> {
        self.sessions
            .open(arrival.caller.actor.key(), endpoint, &*self.entropy, self.clock.now())
            .ok_or_else(too_many_sessions)
    }

    /// Opens a session with a server, whichever era it speaks. Gives the link where the server agreed, and its answer.
    pub(crate) async fn initialize(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        request: Request,
        routing: Routing,
    ) -> Result<(Option<(Opened, Revision)>, u16, Bytes), Refusal> {
        let opened = self.open_session(arrival, server, request.clone(), routing).await;
        // It refuses sessions: it may be of the era that has none.
        let refused = matches!(
            &opened,
            Ok((None, ..)) | Err(Refusal::Link(_, LinkError::Protocol(_) | LinkError::Closed { .. }))
        );
        if matches!(&opened, Ok((None, ..))) {
            // Somebody answers, who has no sessions: if it was believed to have them, it is another one since.
            server.ties.doubt_sessions();
        }
        if refused && let Ok(Some((lifted, revision, answer))) = Box::pin(self.lift(arrival, server, request)).await {
            return Ok((Some((lifted, revision)), 200, answer));
        }
        opened
    }

    /// Sends `initialize` to a server over a fresh link.
    pub(crate) async fn open_session(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        request: Request,
        routing: Routing,
    ) -> Result<(Option<(Opened, Revision)>, u16, Bytes), Refusal> {
        // The session keeps it.
        let request = Request { doc: request.doc.detached(), ..request };
        let bytes = request.doc.bytes().clone();
        let asks = || self.passage(arrival, server, Message::Request(request.clone()), About::Server);
        let mut link = Box::pin(self.link_to(server, routing, asks)).await?;
        let mut asked = Arc::new(asks());
        let mut sent = self.forward(&asked, &link, outbound(&asked, bytes.clone(), &link)).await;
        if let Some(older) = sent.as_ref().ok().and_then(Answer::refused).and_then(|s| server.older(s, routing)) {
            self.ended(&asked, Outcome::Failed, None, None);
            (link, asked) = (older, Arc::new(asks()));
            sent = self.forward(&asked, &link, outbound(&asked, bytes, &link)).await;
        }
        server.found(&link, matches!(&sent, Ok(Answer::Accepted | Answer::Stream(_))));
        let passage = asked;
        let scope = Scope { passage: passage.clone(), session: None, joined: false, link: link.clone() };
        let completed = match sent {
            Ok(Answer::Accepted) if routing == Routing::InOrder => self.await_in_order(&scope, &link).await,
            Ok(answer) => self.complete(&scope, answer).await,
            Err(refusal) => Err(refusal),
        };
        let (status, answer) = match completed {
            Ok(answer) => answer,
            Err(refusal) => {
                link.close().await;
                return Err(refusal);
            }
        };
        let revision = Document::parse(answer.bytes().clone(), &Limits::default(), Strictness::Result)
            .ok()
            .and_then(|d| d.root().get("result")?.get("protocolVersion")?.as_str()?.parse::<Revision>().ok());
        let Some(revision) = revision else {
            link.close().await;
            return Ok((None, status, answer.into_bytes()));
        };
        link.settle(revision.as_str());
        Ok((Some((Opened { link, by: passage }, revision)), status, answer.into_bytes()))
    }

    /// A server that answers in order has nobody else to talk to yet: its next messages are read here.
    async fn await_in_order(&self, scope: &Scope, link: &Link) -> Result<(u16, doorward_engine::Cleared), Refusal> {
        let Some(pipe) = link.pipe() else { return Err(Refusal::Trail) };
        let Some(mut ambient) = pipe.ambient() else {
            return Err(RpcError::upstream("The server is in use.").into());
        };
        let completed = self.complete_from(scope, &mut ambient).await;
        pipe.return_ambient(ambient);
        completed
    }

    /// A fresh link to a server, which is looked at before it is started. `asks` is what is refused where it is not what was
    /// approved.
    pub(crate) async fn link_to(
        &self,
        server: &Arc<Server>,
        routing: Routing,
        asks: impl FnOnce() -> Passage,
    ) -> Result<Link, Refusal> {
        let failed = |e: LinkError| {
            tracing::warn!(server = %server.profile.name, "{e}");
            Refusal::Link(server.profile.name.as_str().into(), e)
        };
        let measured = Box::pin(self.attest(server)).await?;
        let passage = asks();
        Box::pin(self.refuse_withheld(server, || passage.clone())).await?;
        let held = match server.command() {
            Some(_) => self.exchange(&passage).await?,
            None => None,
        };
        let executable = measured.as_ref().map(|m| &m.executable);
        let link = server.session(routing, executable, held).map_err(failed)?;
        if let Some(measured) = measured
            && !tokio::task::spawn_blocking(move || measured.is_unchanged()).await.unwrap_or(false)
        {
            link.close().await;
            return Err(failed(LinkError::Protocol("its files change while it starts".into())));
        }
        Ok(link)
    }

    /// A request of a session, or one that stands alone, to one server.
    pub(crate) async fn request_one(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        link: &Link,
        request: Request,
    ) -> Result<Reply, Refusal> {
        let request = self.answered(arrival, server, request)?;
        let about = self.resolve(arrival, server, link, &request, None).await?;
        let bytes = request.doc.bytes().clone();
        self.relay(arrival, server, link, request, about, bytes, false).await
    }

    /// Forwards a request and turns its answer into a reply. A server that forgot a session which the client does not know
    /// of, or that is another one since, gets it again.
    #[expect(clippy::too_many_arguments, reason = "a request, what it is about, and where it goes")]
    pub(crate) async fn relay(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        link: &Link,
        request: Request,
        about: About,
        bytes: Bytes,
        joined: bool,
    ) -> Result<Reply, Refusal> {
        if let Some(reply) = bridge::answer(self, arrival, server, link, &request, &about, joined).await? {
            return Ok(reply);
        }
        let renewable = joined || arrival.session.is_none();
        let again = renewable.then(|| (request.clone(), about.clone(), bytes.clone()));
        let approval = OnceLock::new();
        let reply = self.relay_once(arrival, server, link, request, about, bytes, joined, &approval).await;
        match (&reply, again) {
            (Ok(Reply::Status(400 | 404 | 405)), Some((request, about, bytes)))
                if self.is_over(arrival, server, link) =>
            {
                let link = Box::pin(self.link_for(arrival, server)).await?;
                Box::pin(self.relay_once(arrival, server, &link, request, about, bytes, joined, &approval)).await
            }
            _ => reply,
        }
    }

    /// Whether a server that refuses a request on the level of HTTP has not looked at it, because what is known of it is
    /// over: its session, or its era.
    fn is_over(&self, arrival: &Arrival, server: &Server, link: &Link) -> bool {
        if arrival.session.is_none() {
            self.doubt_era(server);
            link.forget();
            return true;
        }
        !link.is_alive()
    }

    #[expect(clippy::too_many_arguments, reason = "a request, what it is about, and where it goes")]
    async fn relay_once(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        link: &Link,
        request: Request,
        about: About,
        bytes: Bytes,
        joined: bool,
        approval: &OnceLock<Arc<Approval>>,
    ) -> Result<Reply, Refusal> {
        let id = request.id.clone();
        let alias = link.alias();
        let stop = matches!(link, Link::Lifted(_)).then(CancellationToken::new);
        let passage = Arc::new(Passage {
            alias,
            stop: stop.clone(),
            // What the server did not look at was not done: it is still the call that was approved.
            approval: approval.clone(),
            ..self.passage(arrival, server, Message::Request(request), about)
        });
        if let Some(session) = &arrival.session {
            let busy = |status, why| RpcError::new(RpcError::INVALID_REQUEST, status, why);
            match session.begin(&id, &passage, arrival.live.settings.limits.in_flight) {
                Begun::Yes => {}
                Begun::InUse => return Err(busy(400, format!("The id {id} is in use.")).into()),
                Begun::TooMany => {
                    let why =
                        "Too many calls of this session wait for an answer. Wait for some, or open a new session.";
                    return Err(busy(503, why.to_owned()).into());
                }
            }
        }
        let out = outbound(&passage, bytes.clone(), link);
        let forwarded = match &stop {
            None => self.forward(&passage, link, out).await,
            Some(stop) => match Box::pin(stop.run_until_cancelled(self.forward(&passage, link, out))).await {
                Some(answer) => answer,
                None => return Ok(Reply::Accepted),
            },
        };
        if let Some(taken) = passage.approval.get() {
            let _ = approval.set(taken.clone());
        }
        let answer = match forwarded {
            Ok(answer) => answer,
            Err(refusal) => {
                let out = outbound(&passage, bytes, link);
                let scope = Scope { passage, session: arrival.session.clone(), joined, link: link.clone() };
                let asked = self.challenged(arrival, scope, out, refusal);
                if let (Err(_), Some(session)) = (&asked, &arrival.session) {
                    session.end(&id, &server.profile.name);
                }
                return asked;
            }
        };
        let scope = Scope { passage, session: arrival.session.clone(), joined, link: link.clone() };
        self.reply(scope, &id, answer).await
    }

    /// What a client gets for the beginning of an answer.
    async fn reply(&self, scope: Scope, id: &Id, answer: Answer) -> Result<Reply, Refusal> {
        match answer {
            Answer::Message(_, message) if bridge::goes_on(&scope.link, &message) => {
                Ok(Reply::Stream(Flow::new(scope, crate::link::Incomings::Once(Some(message)))))
            }
            Answer::Message(status, message) => {
                let delivery = self.deliver(&scope, crate::link::Incoming { message: Some(*message), event: None });
                match delivery.message {
                    Some(message) => Ok(Reply::Message { status, body: message.into_bytes(), session: None }),
                    None => Err(self.lost(&scope, id, "an answer to another request")),
                }
            }
            Answer::Stream(incomings) => Ok(Reply::Stream(Flow::new(scope, incomings))),
            // In order: the answer comes with everything else.
            Answer::Accepted if scope.link.pipe().is_some() => Ok(Reply::Accepted),
            Answer::Accepted => Err(self.lost(&scope, id, "nothing")),
            Answer::Status(status) => {
                if let Some(session) = scope.session.as_ref().filter(|_| status == 404 && !scope.joined) {
                    // The server forgot the session, and so does the gateway: the client begins a new one.
                    Box::pin(self.end_session(&session.id)).await;
                }
                self.forget(&scope, id);
                Ok(Reply::Status(status))
            }
        }
    }

    fn forget(&self, scope: &Scope, id: &Id) {
        if let Some(session) = &scope.session {
            session.end(id, &scope.passage.server.profile.name);
        }
        self.ended(&scope.passage, Outcome::Failed, None, None);
    }

    fn lost(&self, scope: &Scope, id: &Id, what: &str) -> Refusal {
        self.forget(scope, id);
        let error = doorward_transport::LinkError::Protocol(format!("it answered with {what}").into());
        Refusal::Link(scope.passage.server.profile.name.as_str().into(), error)
    }

    /// Forwards a notification or a response.
    pub(crate) async fn tell(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        link: &Link,
        message: Message,
        bytes: Bytes,
    ) -> Result<(), Refusal> {
        if let Link::Lifted(lifted) = link {
            return self.tell_lifted(arrival, server, lifted, message, &bytes).await;
        }
        let passage = self.passage(arrival, server, message, About::Server);
        let out = outbound(&passage, bytes.clone(), link);
        let told = self.forward(&passage, link, out).await;
        if let Err(Refusal::Ruled(_, judgement)) = &told {
            self.decline_instead(passage, link, bytes, &judgement.told()).await;
        }
        match told? {
            Answer::Status(404) => Err(RpcError::new(RpcError::INVALID_REQUEST, 404, "The session is gone.").into()),
            _ => Ok(()),
        }
    }

    /// A server whose question was answered with what must not reach it is told that there is no answer.
    async fn decline_instead(&self, passage: Passage, link: &Link, answer: Bytes, told: &str) {
        let answer = decode(answer, &passage.live.limits, Side::Client);
        let Ok(Message::Response(Response { id: Some(id), .. })) = answer else { return };
        let scope = Scope { passage: Arc::new(passage), session: None, joined: false, link: link.clone() };
        self.decline(&scope, &id, &RpcError::new(RpcError::REFUSED, 403, told)).await;
    }

    /// Takes a session out and ends its links; what it had in flight is over.
    pub(crate) async fn end_session(&self, id: &str) {
        if let Some(session) = self.sessions.close(id) {
            self.forget_session(&session);
            self.close_links(&session).await;
        }
    }

    pub(crate) async fn close_links(&self, session: &Session) {
        session.replays.close();
        for (server, opened) in session.links() {
            for (_, passage) in session.abandon(&server) {
                if let Some(stop) = &passage.stop {
                    stop.cancel();
                }
                self.ended(&passage, Outcome::Cancelled, None, None);
            }
            if tokio::time::timeout(CLOSE, opened.link.close()).await.is_err() {
                tracing::debug!(%server, "a session did not end in time");
            }
        }
    }
}

pub(crate) fn too_many_sessions() -> Refusal {
    RpcError::new(RpcError::INTERNAL, 503, "Too many sessions are open. Try again later.").into()
}

/// How long the end of a session waits for its server.
pub(crate) const CLOSE: Duration = Duration::from_secs(5);

/// The revision that an `initialize` asks for; the newest with sessions where it asks for one that has none.
pub(crate) fn requested_revision(request: &Request) -> Revision {
    let asked =
        request.params().and_then(|p| p.get("protocolVersion")).and_then(|v| v.as_str()?.parse::<Revision>().ok());
    asked.filter(|r| r.era() == Era::Legacy).unwrap_or(Revision::LATEST_LEGACY)
}

/// A passage in a session, for what a server sends by itself.
pub(crate) fn ambient(session: &Arc<Session>, opened: &Opened, joined: bool) -> Scope {
    let passage: Arc<Passage> = opened.by.clone();
    Scope { passage, session: Some(session.clone()), joined, link: opened.link.clone() }
}
