//! The way to each server for a client of all of them.

use super::PATIENCE;
use crate::{
    Gateway,
    admit::Arrival,
    link::{Link, Routing},
    refusal::Refusal,
    server::Server,
    session::Session,
};
use doorward_mcp::{Message, RpcError, Side, decode, json::Limits};
use std::sync::Arc;

impl Gateway {
    /// The way to `server` for this client: its link in the session, or the stateless one.
    pub(crate) async fn link_for(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Link, Refusal> {
        let name = &server.profile.name;
        match &arrival.session {
            None => self.stateless(arrival, server).await,
            Some(session) => match session.link(name) {
                Some(opened) if opened.link.is_alive() => Ok(opened.link),
                _ => self.reopen(arrival, session, server).await,
            },
        }
    }

    /// A server that was not there when the session began, or ended since.
    async fn reopen(&self, arrival: &Arrival, session: &Session, server: &Arc<Server>) -> Result<Link, Refusal> {
        let params = format!(
            "{{\"protocolVersion\":\"{}\",\"capabilities\":{{}},\"clientInfo\":{{\"name\":\"doorward\",\"version\":\"{}\"}}}}",
            arrival.revision,
            env!("CARGO_PKG_VERSION")
        );
        let text = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"{}0\",\"method\":\"initialize\",\"params\":{params}}}",
            crate::admit::OWN_ID
        );
        let Ok(Message::Request(request)) = decode(text.into(), &Limits::default(), Side::Client) else {
            return Err(Refusal::Trail);
        };
        let fresh = Arrival { session: None, ..arrival.clone() };
        let opened = tokio::time::timeout(PATIENCE, self.initialize(&fresh, server, request, Routing::ByRequest)).await;
        match opened {
            Ok(Ok((Some((opened, _)), _, _))) => {
                self.initialized(arrival, server, &opened).await;
                let link = opened.link.clone();
                session.add_link(server.profile.name.clone(), opened);
                Ok(link)
            }
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) | Err(_) => {
                Err(RpcError::upstream(format!("The server `{}` does not open a session.", server.profile.name)).into())
            }
        }
    }
}
