//! The way to each server for a client of all of them.

use super::{
    PATIENCE,
    health::{slow, unopened},
};
use crate::{
    Gateway,
    admit::Arrival,
    link::{Link, Routing},
    refusal::Refusal,
    server::Server,
    session::{Opened, Session},
};
use bytes::Bytes;
use doorward_mcp::{Message, Request, Revision, Side, decode, json::Limits};
use std::sync::Arc;

impl Gateway {
    /// The way to `server` for this client: its link in the session, or the stateless one.
    pub(crate) async fn link_for(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Link, Refusal> {
        let name = &server.profile.name;
        match &arrival.session {
            None => self.stateless(arrival, server).await,
            Some(session) => match session.link(name) {
                Some(opened) if opened.link.is_alive() => Ok(opened.link),
                _ => {
                    // Two at once would open two, and the answers to what one of them asks would go to the other.
                    let turn = session.turn(name);
                    let _turn = turn.lock().await;
                    match session.link(name) {
                        Some(opened) if opened.link.is_alive() => Ok(opened.link),
                        _ => self.reopen(arrival, session, server).await,
                    }
                }
            },
        }
    }

    /// A server that was not there when the session began, or ended since.
    async fn reopen(&self, arrival: &Arrival, session: &Session, server: &Arc<Server>) -> Result<Link, Refusal> {
        let request = greeting(arrival.revision)?;
        let fresh = Arrival { session: None, ..arrival.clone() };
        let opened = tokio::time::timeout(PATIENCE, self.initialize(&fresh, server, request, Routing::ByRequest)).await;
        match opened {
            Ok(Ok((Some((opened, _)), _, _))) => {
                self.initialized(arrival, server, &opened).await;
                let link = opened.link.clone();
                session.add_link(server.profile.name.clone(), opened);
                self.rekeep_session(session);
                Ok(link)
            }
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) => Err(unopened(server)),
            Err(_) => Err(slow(server)),
        }
    }

    /// The way for a call that names `server`: one that failed again and again is not tried at each.
    pub(super) async fn way(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Link, Refusal> {
        self.admits(arrival, server)?;
        let link = self.link_for(arrival, server).await;
        if link.is_err() {
            self.called(arrival, server, &link);
        }
        link
    }

    /// Tells a server that the session is ready; at this endpoint the gateway is its client.
    pub(crate) async fn initialized(&self, arrival: &Arrival, server: &Arc<Server>, opened: &Opened) {
        let bytes = Bytes::from_static(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        if let Ok(message) = decode(bytes.clone(), &Limits::default(), Side::Client)
            && let Err(refusal) = self.tell(arrival, server, &opened.link, message, bytes).await
        {
            tracing::warn!(server = %server.profile.name, "{refusal:?}");
        }
    }
}

/// The `initialize` of the gateway itself.
pub(super) fn greeting(revision: Revision) -> Result<Request, Refusal> {
    let params = format!(
        "{{\"protocolVersion\":\"{revision}\",\"capabilities\":{{}},\"clientInfo\":{{\"name\":\"doorward\",\"version\":\"{}\"}}}}",
        env!("CARGO_PKG_VERSION")
    );
    let text = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":\"{}0\",\"method\":\"initialize\",\"params\":{params}}}",
        crate::admit::OWN_ID
    );
    match decode(text.into(), &Limits::default(), Side::Client) {
        Ok(Message::Request(request)) => Ok(request),
        Ok(_) | Err(_) => Err(Refusal::Trail),
    }
}
