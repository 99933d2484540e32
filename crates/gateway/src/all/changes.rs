//! The stream of what servers send by themselves in a session (2025 era). Behind an address of several servers each of
//! their streams is opened again when it breaks, and who listens hears of a server that is back.

use super::{
    health::pause,
    view::{Kind, View},
};
use crate::{
    Gateway,
    admit::Arrival,
    link::{Incomings, Link, Pipe},
    one::ambient,
    reply::{Flow, Out, Reply},
    server::Server,
    session::{Opened, Session},
};
use doorward_engine::Cleared;
use doorward_mcp::Notice;
use doorward_transport::sse;
use doorward_vocab::ServerName;
use futures_util::future::join_all;
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

/// How long the answer to a client waits for the streams of its servers, so that it misses nothing that follows.
const READY: Duration = Duration::from_secs(2);

/// Messages that may wait for a client, from all servers together.
pub(super) const QUEUE: usize = 64;

/// What begins the ids of events on the stream of a session, so that they are told apart from those of a request's.
const STANDING: char = '+';

impl Gateway {
    /// The stream of a session: of its one server or of all of them; or after `last_event_id` the one that broke off.
    pub(crate) async fn listen_session(
        &self,
        session: &Arc<Session>,
        last_event_id: Option<&str>,
    ) -> Result<Reply, u16> {
        if !session.endpoint.is_joined() {
            let (name, opened) = session.links().into_iter().next().ok_or(405_u16)?;
            let incomings =
                self.standing(&name, &opened, last_event_id).await.map_err(|s| if s == 409 { 405 } else { s })?;
            return Ok(Reply::Stream(Flow::new(ambient(session, &opened, false), incomings)));
        }
        let named = |id: &str| {
            let (name, event) = id.split_once(':')?;
            Some((name.parse::<ServerName>().ok()?, event.to_owned()))
        };
        match last_event_id {
            None => self.stand_by(session, None).await,
            Some(id) => match id.strip_prefix(STANDING) {
                Some(id) => self.stand_by(session, Some(named(id).ok_or(400_u16)?)).await,
                None => {
                    let (name, event) = named(id).ok_or(400_u16)?;
                    let opened = session.link(&name).ok_or(405_u16)?;
                    let incomings = self.standing(&name, &opened, Some(&event)).await?;
                    Ok(Reply::Stream(Flow::new(ambient(session, &opened, true), incomings)))
                }
            },
        }
    }

    /// What one server sends by itself; the HTTP status where it offers nothing.
    async fn standing(&self, name: &ServerName, opened: &Opened, after: Option<&str>) -> Result<Incomings, u16> {
        match &opened.link {
            // One stream of the session has it already, or has not given it back yet.
            Link::Events(_) | Link::Process(_) => opened.link.pipe().and_then(Pipe::ambient).ok_or(409),
            Link::Lifted(lifted) => self.listen_lifted(lifted, &opened.by).ok_or(405),
            // Clients without sessions listen in their own way.
            Link::Pooled(_) => Err(405),
            Link::Http(http) => {
                let held = self.exchange(&opened.by).await.map_err(|_| 502_u16)?;
                http.listen(after, held.as_deref()).await.unwrap_or_else(|error| {
                    tracing::warn!(server = %name, "{error}");
                    Err(502)
                })
            }
        }
    }

    /// The streams of all servers of a session as one; `after` is the last event of one of them.
    async fn stand_by(&self, session: &Arc<Session>, after: Option<(ServerName, String)>) -> Result<Reply, u16> {
        let gateway = self.me.upgrade().ok_or(503_u16)?;
        let view = View::of(&self.live.load_full(), &session.endpoint);
        let (to, from) = mpsc::channel(QUEUE);
        let (mut tasks, mut ready) = (JoinSet::new(), Vec::new());
        for server in &view.servers {
            let (told, hears) = oneshot::channel();
            let name = server.profile.name.clone();
            let after = after.as_ref().filter(|(of, _)| *of == name).map(|(_, event)| event.clone());
            let stand = Stand {
                gateway: gateway.clone(),
                session: session.clone(),
                notices: notices(&view, server),
                returns: self.returns.subscribe(),
                to: to.clone(),
                name,
                after,
            };
            tasks.spawn(stand.run(told));
            ready.push(hears);
        }
        let _ = timeout(READY, join_all(ready)).await;
        Ok(Reply::Stream(Flow::fan(from, tasks)))
    }
}

/// What is said where the lists of a server may have changed while nobody heard it.
pub(super) fn notices(view: &View, server: &Server) -> Vec<Notice> {
    const KINDS: [(Kind, Notice); 3] = [
        (Kind::Tool, Notice::ToolsChanged),
        (Kind::Prompt, Notice::PromptsChanged),
        (Kind::Resource, Notice::ResourcesChanged),
    ];
    KINDS.into_iter().filter(|(kind, _)| view.asks(*kind, server)).map(|(_, notice)| notice).collect()
}

/// A notification of the gateway's own, as it is written on a stream.
pub(super) fn out(notice: Notice, params: Option<&str>) -> Out {
    let message = Cleared::notice(notice, params).into_bytes();
    Out { event: sse::encode(Some("message"), None, &message), message: Some(message), last: false, status: 200 }
}

/// The stream of one server in a session, for as long as the client listens.
struct Stand {
    gateway: Arc<Gateway>,
    session: Arc<Session>,
    name: ServerName,
    notices: Vec<Notice>,
    returns: broadcast::Receiver<ServerName>,
    to: mpsc::Sender<Out>,
    /// The last event that came.
    after: Option<String>,
}

impl Stand {
    async fn run(mut self, told: oneshot::Sender<()>) {
        let mut told = Some(told);
        let mut failures = 0;
        loop {
            let opened = self.session.link(&self.name).filter(|opened| opened.link.is_alive());
            let incomings = match &opened {
                Some(opened) => self.gateway.standing(&self.name, opened, self.after.as_deref()).await,
                None => Err(502),
            };
            let offered = !matches!(incomings, Err(405));
            let mut heard = false;
            if let (Some(opened), Ok(incomings)) = (opened, incomings) {
                drop(told.take());
                let scope = ambient(&self.session, &opened, true);
                let flow = Flow::under(scope, incomings, format!("{STANDING}{}:", self.name));
                let Some(any) = Box::pin(self.pump(flow)).await else { return };
                heard = any;
            }
            drop(told.take());
            failures = if heard { 1 } else { failures + 1 };
            match self.wait(offered, failures).await {
                Woken::Gone => return,
                Woken::Returned => {
                    failures = 0;
                    if self.reopen().await.is_none() {
                        return;
                    }
                }
                Woken::Again => {
                    let dead = !self.session.link(&self.name).is_some_and(|opened| opened.link.is_alive());
                    if dead && self.reopen().await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// Passes a stream on until it ends, and says whether anything came; `None` where nobody listens any more.
    async fn pump(&mut self, mut flow: Flow) -> Option<bool> {
        let (mut heard, gateway) = (false, self.gateway.clone());
        loop {
            let next = {
                // Never dropped half way: it may be telling the server something.
                let mut next = pin!(flow.next(&gateway));
                loop {
                    tokio::select! {
                        biased;
                        () = self.to.closed() => break None,
                        // It was left out of lists, though its stream went on.
                        () = returned(&mut self.returns, &self.name) => {
                            if self.announce().await.is_none() {
                                break None;
                            }
                        }
                        next = &mut next => break Some(next),
                    }
                }
            };
            let sent = match next {
                Some(Some(out)) => self.to.send(out).await.is_ok(),
                Some(None) => {
                    self.after = flow.last_event().map(str::to_owned).or_else(|| self.after.take());
                    flow.finish(&self.gateway, false).await;
                    return Some(heard);
                }
                None => false,
            };
            if !sent {
                flow.finish(&self.gateway, true).await;
                return None;
            }
            heard = true;
        }
    }

    /// Waits until the stream should be tried again. One that the server does not offer is tried when the server is back.
    async fn wait(&mut self, offered: bool, failures: u32) -> Woken {
        let pause = pause(failures, &*self.gateway.entropy);
        tokio::select! {
            biased;
            () = self.to.closed() => Woken::Gone,
            () = returned(&mut self.returns, &self.name) => Woken::Returned,
            () = tokio::time::sleep(pause), if offered => Woken::Again,
        }
    }

    /// Opens the link to the server again where it ended, and says that its lists may have changed; `None` where nobody
    /// listens any more.
    async fn reopen(&mut self) -> Option<()> {
        let live = self.gateway.live.load_full();
        let Some(server) = live.servers.get(&self.name).cloned() else { return Some(()) };
        let revision = self.session.revision();
        if !server.health.is_good(revision.era()) {
            return Some(());
        }
        // Whoever opened the session listens here.
        if let Some((_, any)) = self.session.links().into_iter().next() {
            let caller = any.by.caller.clone();
            let arrival = Arrival { live, caller, revision, session: Some(self.session.clone()), asked: None };
            let link = self.gateway.link_for(&arrival, &server).await;
            self.gateway.asked(&arrival, &server, &link);
            if link.is_err() {
                return Some(());
            }
            self.after = None;
        }
        self.announce().await
    }

    /// Says that the lists of the server may have changed; `None` where nobody listens any more.
    async fn announce(&self) -> Option<()> {
        for notice in &self.notices {
            self.to.send(out(*notice, None)).await.ok()?;
        }
        Some(())
    }
}

/// Why a wait is over.
enum Woken {
    /// The client does not listen any more.
    Gone,
    /// The server is back.
    Returned,
    /// It is time.
    Again,
}

/// Waits until `name` answers again after it did not.
pub(super) async fn returned(returns: &mut broadcast::Receiver<ServerName>, name: &ServerName) {
    loop {
        match returns.recv().await {
            Ok(back) if back == *name => return,
            Ok(_) => {}
            // It may have been among those that were missed.
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
