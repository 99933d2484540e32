//! A name goes to its server: calls of tools, prompts, completion.

use crate::{Gateway, admit::Arrival, passage::About, refusal::Refusal, reply::Reply};
use bytes::Bytes;
use doorward_mcp::{
    Method, Request, RpcError,
    json::{Edits, Value, quote},
};
use doorward_vocab::ServerName;
use std::borrow::Cow;

impl Gateway {
    /// `server__name` goes to `name` at `server`.
    pub(super) async fn call_joined(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let joined =
            request.target().map(Cow::into_owned).ok_or_else(|| RpcError::invalid_params("`name` is required"))?;
        let unknown = || {
            RpcError::invalid_params(format!(
                "Unknown {}: {joined}",
                if request.method == Method::ToolsCall { "tool" } else { "prompt" }
            ))
        };
        let (server, name) = ServerName::split(&joined).ok_or_else(unknown)?;
        let server = arrival.live.servers.get(server).cloned().ok_or_else(unknown)?;
        let link = self.link_for(arrival, &server).await?;
        let about = self.resolve(arrival, &server, &link, &request, Some(name)).await?;
        let bytes = rename(&request, &["name"], name);
        self.relay(arrival, &server, &link, request, about, bytes, true).await
    }

    pub(super) async fn complete_joined(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let reference = request.params().and_then(|p| p.get("ref"));
        let text = |key| reference.and_then(|r| r.get(key)).and_then(Value::as_str).map(Cow::into_owned);
        if let Some(joined) = text("name") {
            let unknown = || RpcError::invalid_params(format!("Unknown prompt: {joined}"));
            let (server, name) = ServerName::split(&joined).ok_or_else(unknown)?;
            let server = arrival.live.servers.get(server).cloned().ok_or_else(unknown)?;
            let link = self.link_for(arrival, &server).await?;
            let bytes = rename(&request, &["ref", "name"], name);
            return self.relay(arrival, &server, &link, request, About::Prompt(name.into()), bytes, true).await;
        }
        let uri = text("uri").ok_or_else(|| RpcError::invalid_params("`ref` needs a name or a uri"))?;
        let server = self.owner_of(arrival, &uri).await?;
        let link = self.link_for(arrival, &server).await?;
        let bytes = request.doc.bytes().clone();
        self.relay(arrival, &server, &link, request, About::Resource(uri.into()), bytes, true).await
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
