//! A name goes to its server: calls of tools, prompts, completion.

use super::view::{Kind, View};
use crate::{Gateway, admit::Arrival, passage::About, refusal::Refusal, reply::Reply, server::Server};
use bytes::Bytes;
use doorward_mcp::{
    Request, RpcError,
    json::{Edits, Value, quote},
};
use std::{borrow::Cow, sync::Arc};

impl Gateway {
    /// A call of a tool or prompt under its shown name goes to its server under its own.
    pub(super) async fn call_joined(&self, arrival: &Arrival, view: &View, request: Request) -> Result<Reply, Refusal> {
        let shown =
            request.target().map(Cow::into_owned).ok_or_else(|| RpcError::invalid_params("`name` is required"))?;
        let (server, name) = self.named(arrival, view, Kind::of(request.method), &shown).await?;
        let request = self.answered(arrival, &server, request)?;
        let link = self.way(arrival, &server).await?;
        let about = self.resolve(arrival, &server, &link, &request, Some(&name)).await;
        self.called(arrival, &server, &about);
        let bytes = rename(&request, &["name"], &name);
        let reply = self.relay(arrival, &server, &link, request, about?, bytes, true).await;
        self.called(arrival, &server, &reply);
        reply
    }

    /// Values for an argument of a prompt, under its shown name, or of a template.
    pub(super) async fn complete_joined(
        &self,
        arrival: &Arrival,
        view: &View,
        request: Request,
    ) -> Result<Reply, Refusal> {
        let reference = request.params().and_then(|p| p.get("ref"));
        let text = |key| reference.and_then(|r| r.get(key)).and_then(Value::as_str).map(Cow::into_owned);
        // A reference says what it is; both members at once would be read differently by different servers.
        let (server, about, bytes) = match (text("name"), text("uri")) {
            (Some(shown), None) => {
                let (server, name) = self.named(arrival, view, Kind::Prompt, &shown).await?;
                let bytes = rename(&request, &["ref", "name"], &name);
                (server, About::Prompt((&*name).into()), bytes)
            }
            (None, Some(uri)) => {
                let server = self.owner_of(arrival, view, &uri).await?;
                (server, About::Resource(uri.into()), request.doc.bytes().clone())
            }
            _ => return Err(RpcError::invalid_params("`ref` needs a name or a uri").into()),
        };
        let link = self.way(arrival, &server).await?;
        self.relay(arrival, &server, &link, request, about, bytes, true).await
    }

    /// The server and the own name of what a client calls `shown`.
    async fn named(
        &self,
        arrival: &Arrival,
        view: &View,
        kind: Kind,
        shown: &str,
    ) -> Result<(Arc<Server>, Arc<str>), Refusal> {
        let origin = self.meaning(arrival, view, kind, shown).await;
        let found = origin.and_then(|origin| Some((view.live.servers.get(&origin.server)?.clone(), origin.name)));
        found.ok_or_else(|| RpcError::invalid_params(format!("Unknown {}: {shown}", kind.word())).into())
    }
}

/// The request with another name at `path` of its params; everything else stays byte for byte.
fn rename(request: &Request, path: &[&str], name: &str) -> Bytes {
    let mut edits = Edits::new();
    if let Some(value) = path.iter().try_fold(request.params(), |v, key| Some(v?.get(key))).flatten() {
        edits.replace(value, quote(name));
    }
    edits.apply(&request.doc)
}
