//! Everything that all servers list, as one list; whoever fails is left out.

use super::PATIENCE;
use crate::{
    Gateway,
    admit::{Arrival, MAX_PAGES},
    refusal::Refusal,
    server::Server,
};
use doorward_mcp::{
    Era, Method,
    json::{Document, Limits, Strictness, Value, quote},
};
use doorward_vocab::ServerName;
use futures_util::future::join_all;
use std::{borrow::Cow, sync::Arc};

impl Gateway {
    /// Everything that all servers list, each item with its server; whoever fails is left out.
    pub(super) async fn list(&self, arrival: &Arrival, method: Method) -> Vec<(ServerName, String)> {
        let servers = self.servers_of(arrival);
        let lists = servers.iter().map(|server| async {
            match tokio::time::timeout(PATIENCE, self.list_of(arrival, server, method)).await {
                Ok(Ok(items)) => items.into_iter().map(|i| (server.profile.name.clone(), i)).collect(),
                Ok(Err(refusal)) => {
                    tracing::debug!(server = %server.profile.name, "left out of {}: {refusal:?}", method.as_str());
                    Vec::new()
                }
                Err(_) => {
                    tracing::warn!(server = %server.profile.name, "left out of {}: too slow", method.as_str());
                    Vec::new()
                }
            }
        });
        join_all(lists).await.into_iter().flatten().collect()
    }

    /// All pages of one server's list, with names joined.
    async fn list_of(&self, arrival: &Arrival, server: &Arc<Server>, method: Method) -> Result<Vec<String>, Refusal> {
        let mut link = self.link_for(arrival, server).await?;
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut asked = self.ask(arrival, server, &link, method, cursor.as_deref()).await;
            if asked.is_err() && !link.is_alive() {
                link = self.link_for(arrival, server).await?;
                asked = self.ask(arrival, server, &link, method, cursor.as_deref()).await;
            }
            let (_, reply) = asked?;
            let Ok(doc) = Document::parse(reply.into_bytes(), &Limits::default(), Strictness::Result) else { break };
            let Some(result) = doc.root().get("result") else { break };
            for item in method.list_key().and_then(|key| result.get(key)).into_iter().flat_map(Value::items) {
                items.push(join_name(&server.profile.name, method, &doc, item));
            }
            match result.get("nextCursor").and_then(Value::as_str).map(Cow::into_owned) {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => break,
            }
        }
        if method == Method::ToolsList {
            server.catalog.complete(self.clock.now());
        }
        Ok(items)
    }
}

/// An item of a list under its joined name; resources keep their URIs.
fn join_name(server: &ServerName, method: Method, doc: &Document, item: Value<'_>) -> String {
    let raw = item.raw();
    if !matches!(method, Method::ToolsList | Method::PromptsList) {
        return raw.to_owned();
    }
    let Some(name) = item.get("name") else { return raw.to_owned() };
    let (start, end) = (name.span().start - item.span().start, name.span().end - item.span().start);
    let joined = quote(&server.join(&name.as_str().unwrap_or_default()));
    let _ = doc;
    format!("{}{joined}{}", raw.get(..start).unwrap_or_default(), raw.get(end..).unwrap_or_default())
}

pub(super) fn list_result(method: Method, era: Era, items: &[(ServerName, String)]) -> String {
    let items: Vec<&str> = items.iter().map(|(_, item)| item.as_str()).collect();
    let modern =
        if era == Era::Modern { ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"" } else { "" };
    format!("{{\"{}\":[{}]{modern}}}", method.list_key().unwrap_or_default(), items.join(","))
}
