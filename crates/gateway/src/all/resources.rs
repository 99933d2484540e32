//! A URI goes to the one server that has it.

use super::{
    lists::Item,
    view::{Kind, View},
};
use crate::{Gateway, admit::Arrival, passage::About, refusal::Refusal, reply::Reply, server::Server};
use doorward_mcp::{Method, Request, RpcError};
use std::{borrow::Cow, sync::Arc};

impl Gateway {
    /// A request about a resource.
    pub(super) async fn resource_joined(
        &self,
        arrival: &Arrival,
        view: &View,
        request: Request,
    ) -> Result<Reply, Refusal> {
        let uri = request.target().map(Cow::into_owned).unwrap_or_default();
        let server = self.owner_of(arrival, view, &uri).await?;
        let link = self.way(arrival, &server).await?;
        let bytes = request.doc.bytes().clone();
        let reply = self.relay(arrival, &server, &link, request, About::Resource(uri.into()), bytes, true).await;
        self.called(arrival, &server, &reply);
        reply
    }

    /// The one server that lists `uri`, or has a template for it. Two that do are told apart only at their own endpoints.
    pub(super) async fn owner_of(&self, arrival: &Arrival, view: &View, uri: &str) -> Result<Arc<Server>, Refusal> {
        let not_found = |why: &str| RpcError::invalid_params(format!("Resource not found: {uri}{why}"));
        let servers: Vec<_> = view.servers.iter().filter(|s| view.has(Kind::Resource, s, uri)).cloned().collect();
        let mut owners: Vec<Arc<Server>> = Vec::new();
        // What is listed comes before what could come from a template; a template names itself in completions.
        for method in [Method::ResourcesList, Method::TemplatesList] {
            if owners.is_empty() {
                let items = self.drain(arrival, &servers, method).await;
                let fitting = |i: &Item| i.key == uri || (method == Method::TemplatesList && fits(&i.key, uri));
                items.into_iter().filter(fitting).for_each(|item| add(&mut owners, item.server));
            }
        }
        if owners.is_empty() && uri.starts_with(PAGE) {
            owners = self.pages(arrival, view, uri).await;
        }
        match owners.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(not_found("").into()),
            _ => Err(not_found(" (several servers have it; ask one at /mcp/{server})").into()),
        }
    }
}

/// What the addresses of pages begin with (MCP Apps).
const PAGE: &str = "ui://";

impl Gateway {
    /// The servers of which a shown tool has its page at `uri`. A page need not be listed: its tool names it.
    async fn pages(&self, arrival: &Arrival, view: &View, uri: &str) -> Vec<Arc<Server>> {
        let servers: Vec<_> = view.servers.iter().filter(|s| view.asks(Kind::Tool, s)).cloned().collect();
        let mut owners = Vec::new();
        for tool in self.drain(arrival, &servers, Method::ToolsList).await {
            if view.has(Kind::Tool, &tool.server, &tool.key) && tool.page().as_deref() == Some(uri) {
                add(&mut owners, tool.server);
            }
        }
        owners
    }
}

fn add(owners: &mut Vec<Arc<Server>>, server: Arc<Server>) {
    if !owners.iter().any(|owner| owner.profile.name == server.profile.name) {
        owners.push(server);
    }
}

/// Whether `uri` can come from a template (RFC 6570): its literal parts occur in order.
fn fits(template: &str, uri: &str) -> bool {
    let mut rest = uri;
    let mut first = true;
    let mut tail = template;
    while let Some((literal, more)) = tail.split_once('{') {
        let Some(at) = rest.find(literal).filter(|at| !first || *at == 0) else { return false };
        rest = rest.get(at + literal.len()..).unwrap_or_default();
        tail = more.split_once('}').map_or("", |(_, t)| t);
        first = false;
    }
    if first { rest == tail } else { rest.ends_with(tail) }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn templates() {
        assert!(fits("test://template/{id}/data", "test://template/7/data"));
        assert!(!fits("test://template/{id}/data", "test://template/7/other"));
        assert!(!fits("test://template/{id}", "file://test://template/7"));
        assert!(fits("static://x", "static://x") && !fits("static://x", "static://xy"));
    }
}
