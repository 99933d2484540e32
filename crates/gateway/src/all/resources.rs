//! A URI goes to the one server that has it.

use crate::{Gateway, admit::Arrival, refusal::Refusal, server::Server};
use doorward_mcp::{
    Method, RpcError,
    json::{Document, Limits, Strictness, Value},
};
use std::sync::Arc;

impl Gateway {
    /// The one server that lists `uri`, or has a template for it. Two that do are told apart only at their own endpoints.
    pub(super) async fn owner_of(&self, arrival: &Arrival, uri: &str) -> Result<Arc<Server>, Refusal> {
        let mut owners = Vec::new();
        for method in [Method::ResourcesList, Method::TemplatesList] {
            for (server, item) in self.list(arrival, method).await {
                let doc = Document::parse(item.into(), &Limits::default(), Strictness::Result);
                let owns = doc.is_ok_and(|d| {
                    let text = |key| d.root().get(key).and_then(Value::as_str);
                    text("uri").is_some_and(|u| u == uri) || text("uriTemplate").is_some_and(|t| fits(&t, uri))
                });
                if owns && !owners.contains(&server) {
                    owners.push(server);
                }
            }
            if !owners.is_empty() {
                break;
            }
        }
        let not_found = |why: &str| RpcError::invalid_params(format!("Resource not found: {uri}{why}"));
        match owners.as_slice() {
            [one] => arrival.live.servers.get(one).cloned().ok_or_else(|| not_found("").into()),
            [] => Err(not_found("").into()),
            _ => Err(not_found(" (several servers have it; ask one at /mcp/{server})").into()),
        }
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
