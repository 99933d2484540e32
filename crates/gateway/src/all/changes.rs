//! Streams of what servers send by themselves, all of them as one.

use super::PATIENCE;
use crate::{
    Gateway,
    admit::Arrival,
    link::Link,
    one::ambient,
    passage::About,
    refusal::Refusal,
    reply::{Flow, Reply},
    session::{Endpoint, Session},
};
use doorward_mcp::{Request, RpcError};
use std::sync::Arc;

impl Gateway {
    /// One stream of changes from all servers. Each is asked with the client's own id, so what it sends fits as it is.
    pub(super) async fn listen_joined(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let mut flow = Flow::joined();
        for server in self.servers_of(arrival) {
            let Ok(link) = self.link_for(arrival, &server).await else { continue };
            let bytes = request.doc.bytes().clone();
            let relayed = self.relay(arrival, &server, &link, request.clone(), About::Server, bytes, true);
            if let Ok(Ok(Reply::Stream(one))) = tokio::time::timeout(PATIENCE, relayed).await {
                flow.absorb(one);
            }
        }
        if flow.is_empty() {
            return Err(RpcError::upstream("No server offers a stream of changes.").into());
        }
        Ok(Reply::Stream(flow))
    }

    /// The stream of what servers send by themselves (2025 era): all of them, or after `last_event_id` the one whose
    /// stream broke off.
    pub(crate) async fn listen_session(
        &self,
        session: &Arc<Session>,
        last_event_id: Option<&str>,
    ) -> Result<Reply, u16> {
        let joined = session.endpoint == Endpoint::All;
        let resumed = match (joined, last_event_id) {
            (true, Some(id)) => Some(id.split_once(':').ok_or(400_u16)?),
            (false, Some(id)) => Some(("", id)),
            (_, None) => None,
        };
        let mut flow = Flow::joined();
        let mut refused = 405;
        for (name, opened) in session.links() {
            let event = match resumed {
                Some((server, event)) if !joined || server == name.as_str() => Some(event),
                Some(_) => continue,
                None => None,
            };
            let scope = ambient(session, &opened, joined);
            match &opened.link {
                Link::Process(process) => {
                    if let Some(incomings) = process.ambient() {
                        flow.add(scope, incomings);
                    }
                }
                Link::Lifted(lifted) => {
                    if let Some(incomings) = self.listen_lifted(lifted, &opened.by) {
                        flow.add(scope, incomings);
                    }
                }
                Link::Pooled(_) => {}
                Link::Http(http) => match http.listen(event).await {
                    Ok(Ok(incomings)) => flow.add(scope, incomings),
                    Ok(Err(status)) => refused = status,
                    Err(error) => {
                        tracing::warn!(server = %name, "{error}");
                        refused = 502;
                    }
                },
            }
        }
        if flow.is_empty() { Err(refused) } else { Ok(Reply::Stream(flow)) }
    }
}
