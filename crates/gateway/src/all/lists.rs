//! Everything that all servers list, as one list under their shown names. Whoever fails is left out.

use super::{
    PATIENCE,
    cursor::{After, List, key_of, named},
    health::slow,
    view::{Kind, View},
};
use crate::{
    Gateway,
    admit::{Arrival, MAX_PAGES},
    refusal::Refusal,
    server::Server,
};
use bytes::Bytes;
use doorward_mcp::{
    Era, Method, Request, RpcError,
    json::{Document, Edits, Limits, Strictness, Value, quote},
};
use futures_util::future::join_all;
use std::{borrow::Cow, collections::HashSet, ops::Range, sync::Arc};

/// One item of one server's list.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) server: Arc<Server>,
    /// Its name, URI or template, as its server writes it.
    pub(super) key: String,
    raw: String,
    /// Where its name stands in it.
    name: Option<Range<usize>>,
}

impl Gateway {
    /// One page of the joined list that `request` asks for.
    pub(super) async fn list(&self, arrival: &Arrival, view: &View, request: &Request) -> Result<String, Refusal> {
        let method = request.method;
        let list = List { endpoint: &view.endpoint, method, principal: arrival.caller.actor.key() };
        let foreign =
            || RpcError::invalid_params("`cursor` is not one of this list, or the list has changed: begin again");
        let after = match request.params().and_then(|p| p.get("cursor")) {
            None => None,
            Some(cursor) => {
                let open = |cursor: Cow<'_, str>| self.cursors.open(list, &cursor);
                Some(cursor.as_str().and_then(open).ok_or_else(foreign)?)
            }
        };
        let kind = Kind::of(method);
        let servers: Vec<_> = view.servers.iter().filter(|s| view.asks(kind, s)).cloned().collect();
        // What stands before the page is not asked for again.
        let begin = match &after {
            None => 0,
            Some(after) => servers.iter().position(|s| s.profile.name == after.server).ok_or_else(foreign)?,
        };
        let items = self.drain(arrival, servers.get(begin..).unwrap_or_default(), method).await;
        let names = named(method).map(|kind| self.names(view, kind));
        let shown = |item: &Item| {
            let name = match &names {
                Some(names) => Some(names.of(&item.server.profile.name, &item.key)?.to_string()),
                None => None,
            };
            let seen = view.has(kind, &item.server, &item.key);
            seen.then(|| (after_of(item), item.under(name.as_deref(), view.description(&item.server, &item.key))))
        };
        let mut items = items.iter().filter_map(shown);
        if let Some(after) = &after {
            items.find(|(at, _)| at == after).ok_or_else(foreign)?;
        }
        let page: Vec<_> = items.by_ref().take(view.live.settings.joined.page).collect();
        let next = page.last().filter(|_| items.next().is_some()).and_then(|(at, _)| self.cursors.seal(list, at));
        Ok(list_result(method, arrival.revision.era(), &page, next))
    }

    /// Everything that `servers` list, in their order.
    pub(super) async fn drain(&self, arrival: &Arrival, servers: &[Arc<Server>], method: Method) -> Vec<Item> {
        let era = arrival.revision.era();
        let lists = servers.iter().filter(|server| server.health.is_good(era)).map(|server| async {
            let listed = tokio::time::timeout(PATIENCE, self.list_of(arrival, server, method)).await;
            let listed = listed.unwrap_or_else(|_| Err(slow(server)));
            self.asked(arrival, server, &listed);
            listed.unwrap_or_default()
        });
        join_all(lists).await.into_iter().flatten().collect()
    }

    /// All pages of one server's list.
    async fn list_of(&self, arrival: &Arrival, server: &Arc<Server>, method: Method) -> Result<Vec<Item>, Refusal> {
        let mut link = self.link_for(arrival, server).await?;
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        let mut seen = HashSet::new();
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
                let key = item.get(key_of(method)).and_then(Value::as_str).unwrap_or_default().into_owned();
                let (start, name) = (item.span().start, item.get("name").map(Value::span));
                let name = name.map(|name| name.start - start..name.end - start);
                items.push(Item { server: server.clone(), key, raw: item.raw().to_owned(), name });
            }
            match result.get("nextCursor").and_then(Value::as_str).map(Cow::into_owned) {
                // One that goes in circles has no end.
                Some(next) if seen.insert(next.clone()) => cursor = Some(next),
                _ => break,
            }
        }
        match method {
            Method::ToolsList => server.catalog.complete(self.clock.now()),
            Method::PromptsList => server.catalog.declared(Kind::Prompt).whole(self.clock.now()),
            _ => {}
        }
        Ok(items)
    }
}

fn after_of(item: &Item) -> After {
    After { server: item.server.profile.name.clone(), item: item.key.clone() }
}

impl Item {
    /// Where the page of a tool is, if it has one (MCP Apps: `_meta.ui.resourceUri`).
    pub(super) fn page(&self) -> Option<String> {
        let bytes = Bytes::copy_from_slice(self.raw.as_bytes());
        let doc = Document::parse(bytes, &Limits::default(), Strictness::Result).ok()?;
        let meta = doc.root().get("_meta")?;
        let page = meta.get("ui").and_then(|ui| ui.get("resourceUri")).or_else(|| meta.get("ui/resourceUri"))?;
        page.as_str().map(Cow::into_owned)
    }

    /// Its text, under another name or with another description; everything else stays byte for byte.
    fn under(&self, name: Option<&str>, description: Option<&str>) -> String {
        if description.is_none() {
            let mut text = self.raw.clone();
            if let Some((name, place)) = name.zip(self.name.clone()) {
                text.replace_range(place, &quote(name));
            }
            return text;
        }
        let bytes = Bytes::copy_from_slice(self.raw.as_bytes());
        let Ok(doc) = Document::parse(bytes, &Limits::default(), Strictness::Result) else { return self.raw.clone() };
        let mut edits = Edits::new();
        for (key, text) in [("name", name), ("description", description)] {
            if let Some(text) = text {
                edits.set(doc.root(), key, &quote(text));
            }
        }
        String::from_utf8_lossy(&edits.apply(&doc)).into_owned()
    }
}

fn list_result(method: Method, era: Era, items: &[(After, String)], next: Option<String>) -> String {
    let items: Vec<&str> = items.iter().map(|(_, item)| item.as_str()).collect();
    let next = next.map(|next| format!(",\"nextCursor\":{}", quote(&next))).unwrap_or_default();
    let modern =
        if era == Era::Modern { ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"" } else { "" };
    format!("{{\"{}\":[{}]{next}{modern}}}", method.list_key().unwrap_or_default(), items.join(","))
}
