//! The way for requests that stand alone (2026 era). Over HTTP it is the server's address. A command is started once and
//! asked with `server/discover` whether it speaks that era; the process is then shared by all clients.

use crate::{
    Gateway,
    admit::Arrival,
    link::{Link, Routing},
    refusal::Refusal,
    road::Scope,
    server::{Server, Shared},
};
use doorward_mcp::{Era, Id, Message, Method, Revision, RpcError, Side, decode};
use std::{sync::Arc, time::Duration};

/// How long a command may take to answer the question for its era. One that knows no era before `initialize` may not
/// answer at all (basic, transports, stdio).
const PROBE: Duration = Duration::from_secs(5);

impl Gateway {
    /// The way for a request that stands alone.
    pub(crate) async fn stateless(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Link, Refusal> {
        if let Some(link) = server.over_http() {
            return Ok(link);
        }
        let Some(shared) = server.shared() else { return Err(unsupported()) };
        let mut shared = shared.lock().await;
        match &*shared {
            Shared::Modern(link) if link.is_alive() => return Ok(link.clone()),
            Shared::Legacy => return Err(unsupported()),
            Shared::Modern(_) | Shared::Unknown => {}
        }
        let link = self.link_to(server, Routing::Shared)?;
        let probe = Arrival { revision: Revision::LATEST, session: None, ..arrival.clone() };
        let asked = tokio::time::timeout(PROBE, self.ask(&probe, server, &link, Method::Discover, None, 0)).await;
        let modern = match asked {
            Ok(Ok((_, answer))) => decode(answer.into_bytes(), &arrival.live.limits, Side::Server)
                .is_ok_and(|m| matches!(m, Message::Response(r) if !r.is_error)),
            Ok(Err(_)) | Err(_) => false,
        };
        if !modern {
            link.close().await;
            *shared = Shared::Legacy;
            return Err(unsupported());
        }
        *shared = Shared::Modern(link.clone());
        Ok(link)
    }

    /// Tells a server that nobody waits for the request of `scope` any more, where the end of a stream does not say it: a
    /// process that many share, or a session.
    pub(crate) async fn cancel(&self, scope: &Scope) {
        let own = match scope.passage.message.inspect() {
            Message::Request(request) if scope.session.is_some() => Some(&request.id),
            _ => None,
        };
        let Some(id) = scope.passage.alias.as_ref().or(own) else { return };
        let text = cancellation(id);
        if let Ok(message) = decode(text.clone().into(), &scope.passage.live.limits, Side::Client) {
            let passage = self.own_passage(&scope.passage, message);
            let outbound = crate::admit::outbound(&passage, text.into(), &scope.link);
            if let Err(refusal) = self.forward(&passage, &scope.link, outbound).await {
                tracing::debug!("could not cancel: {refusal:?}");
            }
        }
    }
}

fn cancellation(id: &Id) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{},\"reason\":\"nobody waits for it\"}}}}",
        id.json()
    )
}

/// What a client of the 2026 era is told by a server that has sessions only.
fn unsupported() -> Refusal {
    let legacy: Vec<Revision> = Revision::ALL.into_iter().filter(|r| r.era() == Era::Legacy).collect();
    RpcError::unsupported_version(Revision::LATEST.as_str(), &legacy).into()
}
