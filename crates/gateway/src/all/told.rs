//! What a client tells goes to whichever server it is for: notifications, and answers to requests of servers.

use crate::{
    Gateway,
    admit::Arrival,
    refusal::Refusal,
    session::{Opened, Session, unwrap},
};
use bytes::Bytes;
use doorward_mcp::{Id, Message, Notice, RpcError, json::Edits};
use doorward_vocab::{Outcome, ServerName};
use std::sync::Arc;

impl Gateway {
    /// A notification or a response of a client to whichever server it is for.
    pub(crate) async fn pass_on(
        &self,
        arrival: &Arrival,
        session: &Arc<Session>,
        message: Message,
    ) -> Result<(), Refusal> {
        let joined = session.endpoint.is_joined();
        let one = |session: &Session| session.links().into_iter().next();
        match &message {
            Message::Response(response) => {
                let nobody = || RpcError::new(RpcError::INVALID_REQUEST, 400, "Nobody asked this.");
                let id = response.id.clone().ok_or_else(nobody)?;
                if let Some(waits) = session.answered_in_own_name(&id) {
                    // Whoever waited may be gone.
                    let _ = waits.send(response.clone());
                    return Ok(());
                }
                let asker = session.answered(&id).ok_or_else(nobody)?;
                let (server, bytes) = if joined {
                    let (server, json) = unwrap(&id).ok_or_else(nobody)?;
                    let mut edits = Edits::new();
                    if let Some(value) = message.doc().root().get("id") {
                        edits.replace(value, json);
                    }
                    (session.link(&server).map(|o| (server, o)), edits.apply(message.doc()))
                } else {
                    (one(session), message.doc().bytes().clone())
                };
                // Who asked may have ended: whoever stands in its place knows nothing of it.
                if server.as_ref().is_some_and(|(_, opened)| !opened.link.is(&asker)) {
                    return Err(nobody().into());
                }
                self.tell_link(arrival, server, message, bytes).await
            }
            Message::Notification(notification) => {
                let params = notification.params();
                let bytes = message.doc().bytes().clone();
                match notification.notice {
                    Notice::Cancelled => {
                        let id = params.and_then(|p| p.get("requestId")).and_then(Id::read);
                        let Some(id) = id else { return Ok(()) };
                        let Some(passage) = session.pending(&id) else { return Ok(()) };
                        let name = passage.server.profile.name.clone();
                        if let Some(stop) = &passage.stop {
                            stop.cancel();
                            if session.end(&id, &name).is_some() {
                                self.ended(&passage, Outcome::Cancelled, None, None);
                            }
                            return Ok(());
                        }
                        let link = session.link(&name).map(|o| (name.clone(), o));
                        let told = self.tell_link(arrival, link, message, bytes).await;
                        // A server that stops as it is asked to does not answer any more.
                        if told.is_ok() && session.end(&id, &name).is_some() {
                            self.ended(&passage, Outcome::Cancelled, None, None);
                        }
                        told
                    }
                    Notice::Progress if joined => {
                        let token = params.and_then(|p| p.get("progressToken"));
                        let Some((server, json)) =
                            token.and_then(Id::read).and_then(|t| unwrap(&t).map(|(s, j)| (s, j.to_owned())))
                        else {
                            return Ok(());
                        };
                        let mut edits = Edits::new();
                        if let Some(token) = token {
                            edits.replace(token, json);
                        }
                        let bytes = edits.apply(message.doc());
                        let link = session.link(&server).map(|o| (server, o));
                        self.tell_link(arrival, link, message, bytes).await
                    }
                    // Each server was told when its link was opened.
                    Notice::Initialized if joined => Ok(()),
                    _ => {
                        for link in session.links() {
                            let told = self.tell_link(arrival, Some(link), message.clone(), bytes.clone()).await;
                            if !joined {
                                return told;
                            }
                        }
                        Ok(())
                    }
                }
            }
            Message::Request(_) => Ok(()),
        }
    }

    async fn tell_link(
        &self,
        arrival: &Arrival,
        link: Option<(ServerName, Opened)>,
        message: Message,
        bytes: Bytes,
    ) -> Result<(), Refusal> {
        let Some((name, opened)) = link else { return Ok(()) };
        let Some(server) = arrival.live.servers.get(&name).cloned() else { return Ok(()) };
        self.tell(arrival, &server, &opened.link, message, bytes).await
    }
}
