//! One server's part of a stream of changes: opened again when it breaks, until it ends as it should.

use super::{
    PATIENCE,
    changes::returned,
    health::{pause, slow},
    listen::{Filter, Heard},
};
use crate::{Gateway, admit::Arrival, passage::About, refusal::Refusal, reply::Reply, server::Server};
use bytes::Bytes;
use doorward_mcp::{
    Notice, Request,
    json::{Document, Kind as JsonKind, Limits, Strictness},
};
use doorward_vocab::ServerName;
use std::{collections::BTreeSet, pin::pin, sync::Arc};
use tokio::sync::{broadcast, mpsc};

/// One server's part of the stream, for as long as the client listens.
pub(super) struct Ear {
    pub(super) gateway: Arc<Gateway>,
    pub(super) arrival: Arrival,
    pub(super) name: ServerName,
    pub(super) request: Request,
    pub(super) notices: Vec<Notice>,
    pub(super) returns: broadcast::Receiver<ServerName>,
    pub(super) to: mpsc::Sender<Heard>,
    pub(super) decided: bool,
}

/// How one attempt to hear a server ended.
enum Ending {
    /// It said so: nothing follows.
    Told,
    /// It broke off, or could not be reached.
    Broke {
        /// Whether it had agreed.
        agreed: bool,
    },
    /// The client does not listen any more.
    Gone,
}

impl Ear {
    pub(super) async fn run(mut self) {
        let mut failures = 0;
        loop {
            let agreed = match Box::pin(self.hear()).await {
                Ending::Gone => return,
                Ending::Told => {
                    let _ = self.to.send(Heard::Ended).await;
                    self.decide().await;
                    return;
                }
                Ending::Broke { agreed } => agreed,
            };
            self.decide().await;
            failures = if agreed { 1 } else { failures + 1 };
            let pause = pause(failures, &*self.gateway.entropy);
            tokio::select! {
                biased;
                () = self.to.closed() => return,
                () = returned(&mut self.returns, &self.name) => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Listens until the stream ends.
    async fn hear(&mut self) -> Ending {
        // A reload may have changed how the server is reached.
        let live = self.gateway.live.load_full();
        let Some(server) = live.servers.get(&self.name).cloned() else { return Ending::Told };
        let arrival = Arrival { live, ..self.arrival.clone() };
        let opened = tokio::select! {
            biased;
            () = self.to.closed() => return Ending::Gone,
            opened = tokio::time::timeout(PATIENCE, self.open(&arrival, &server)) => opened,
        };
        let opened = opened.unwrap_or_else(|_| Err(slow(&server)));
        self.gateway.called(&arrival, &server, &opened);
        let mut flow = match opened {
            Ok(Reply::Stream(flow)) => flow,
            // An answer at once is a refusal, or an end.
            Ok(_) => return Ending::Told,
            Err(Refusal::Link(..)) => return Ending::Broke { agreed: false },
            Err(Refusal::Rpc(error)) if error.status == 502 => return Ending::Broke { agreed: false },
            Err(_) => return Ending::Told,
        };
        let (mut agreed, gateway) = (None, self.gateway.clone());
        loop {
            let next = {
                let mut next = pin!(flow.next(&gateway));
                loop {
                    tokio::select! {
                        biased;
                        () = self.to.closed() => break None,
                        // It was left out of lists, though its stream went on.
                        () = returned(&mut self.returns, &self.name), if agreed.is_some() => {
                            let filter = agreed.clone().unwrap_or_default();
                            let _ = self.to.send(Heard::Acknowledged(filter, self.notices.clone())).await;
                        }
                        next = &mut next => break Some(next),
                    }
                }
            };
            let heard = match next {
                None => {
                    flow.finish(&self.gateway, true).await;
                    return Ending::Gone;
                }
                Some(None) => {
                    flow.finish(&self.gateway, false).await;
                    return Ending::Broke { agreed: agreed.is_some() };
                }
                Some(Some(out)) if out.last => {
                    flow.finish(&self.gateway, false).await;
                    return Ending::Told;
                }
                Some(Some(out)) => match out.message.as_ref().and_then(acknowledged) {
                    Some(filter) => {
                        agreed = Some(filter.clone());
                        Heard::Acknowledged(filter, self.notices.clone())
                    }
                    None if out.message.is_some() => Heard::Said(out),
                    // Priming events and comments are each connection's own.
                    None => continue,
                },
            };
            if self.to.send(heard).await.is_err() {
                flow.finish(&self.gateway, true).await;
                return Ending::Gone;
            }
            if agreed.is_some() {
                self.decide().await;
            }
        }
    }

    /// Says once that nobody need wait for this server's agreement any more.
    async fn decide(&mut self) {
        if !std::mem::replace(&mut self.decided, true) {
            let _ = self.to.send(Heard::Decided).await;
        }
    }

    async fn open(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Reply, Refusal> {
        let link = self.gateway.link_for(arrival, server).await?;
        // The client's own id, so that what the server sends fits as it is.
        let (request, bytes) = (self.request.clone(), self.request.doc.bytes().clone());
        self.gateway.relay(arrival, server, &link, request, About::Server, bytes, true).await
    }
}

/// What a server agreed to, where the message says it.
fn acknowledged(message: &Bytes) -> Option<Filter> {
    let doc = Document::parse(message.clone(), &Limits::default(), Strictness::Result).ok()?;
    doc.root().get("method").filter(|m| m.as_str().as_deref() == Some(Notice::Acknowledged.as_str()))?;
    let mut filter = Filter::new();
    for (key, value) in doc.root().get("params")?.get("notifications")?.members() {
        let values: BTreeSet<String> = match value.kind() {
            JsonKind::False | JsonKind::Null => continue,
            JsonKind::Array => value.items().map(|item| item.raw().to_owned()).collect(),
            _ => BTreeSet::from([value.raw().to_owned()]),
        };
        filter.entry(key.into_owned()).or_default().extend(values);
    }
    Some(filter)
}
