//! Taking a request back at its server.

use crate::{Gateway, link::Link, road::Scope};
use doorward_mcp::{Id, Message, Side, decode};

impl Gateway {
    /// Tells a server that nobody waits for the request of `scope` any more, where the end of a stream does not say it: a
    /// process that many share, or a session.
    pub(crate) async fn cancel(&self, scope: &Scope) {
        if let (Link::Lifted(_), Link::Http(_)) = (&scope.link, scope.link.wire()) {
            return; // 2026-07-28, basic/transports/streamable-http: the end of the stream says it.
        }
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
