//! What one client is told about all servers together: the answer to `initialize` or `server/discover`.

use super::PATIENCE;
use crate::{
    Gateway,
    admit::Arrival,
    link::Routing,
    one::requested_revision,
    refusal::Refusal,
    reply::Reply,
    server::Server,
    session::{Endpoint, Opened},
};
use bytes::Bytes;
use doorward_engine::Cleared;
use doorward_mcp::{
    Method, Request, Revision, Side, decode,
    json::{Document, Limits, Strictness, Value, quote},
};
use doorward_vocab::ServerName;
use futures_util::future::join_all;
use std::sync::Arc;

impl Gateway {
    /// Opens a session with every server. A server that does not answer is left out; it is tried again when it is asked
    /// for.
    pub(crate) async fn open_all(&self, arrival: &mut Arrival, request: Request) -> Result<Reply, Refusal> {
        let session = self.new_session(arrival, Endpoint::All)?;
        arrival.session = Some(session.clone());
        arrival.revision = requested_revision(&request);
        let _ = session.revision.set(arrival.revision);
        let servers: Vec<Arc<Server>> = arrival.live.servers.values().cloned().collect();
        let opening = servers.iter().map(|server| async {
            let opened =
                tokio::time::timeout(PATIENCE, self.initialize(arrival, server, request.clone(), Routing::ByRequest));
            match opened.await {
                Ok(Ok((Some((opened, _)), _, answer))) => {
                    self.initialized(arrival, server, &opened).await;
                    session.add_link(server.profile.name.clone(), opened);
                    Some((server.profile.name.clone(), answer))
                }
                Ok(Ok((None, _, _)) | Err(_)) | Err(_) => {
                    tracing::warn!(server = %server.profile.name, "left out of a session: it did not open one");
                    None
                }
            }
        });
        let answers: Vec<(ServerName, Bytes)> = join_all(opening).await.into_iter().flatten().collect();
        let result = initialize_result(arrival.revision, &answers);
        let body = Cleared::own(&request.id, &result).into_bytes();
        Ok(Reply::Message { status: 200, body, session: Some(session.id.clone()) })
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

    /// The results of a request of the gateway's own to each server.
    pub(super) async fn each(&self, arrival: &Arrival, method: Method) -> Vec<(ServerName, Bytes)> {
        let servers = self.servers_of(arrival);
        let answers = servers.iter().map(|server| async {
            let link = self.link_for(arrival, server).await.ok()?;
            let asked = tokio::time::timeout(PATIENCE, self.ask(arrival, server, &link, method, None)).await;
            let (_, answer) = asked.ok()?.ok()?;
            Some((server.profile.name.clone(), answer.into_bytes()))
        });
        join_all(answers).await.into_iter().flatten().collect()
    }
}

/// The members of an object that any of the answers has, and their instructions under the names of their servers.
fn union(answers: &[(ServerName, Bytes)], object: &str) -> (String, Option<String>) {
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut instructions = String::new();
    for (server, answer) in answers {
        let Ok(doc) = Document::parse(answer.clone(), &Limits::default(), Strictness::Result) else { continue };
        let Some(result) = doc.root().get("result") else { continue };
        for (key, value) in result.get(object).into_iter().flat_map(Value::members) {
            match seen.iter_mut().find(|(k, _)| *k == key) {
                None => seen.push((key.into_owned(), value.raw().to_owned())),
                // The richer declaration wins: `{"listChanged":true}` over `{}`.
                Some((_, old)) if value.raw().len() > old.len() => *old = value.raw().to_owned(),
                Some(_) => {}
            }
        }
        if let Some(text) = result.get("instructions").and_then(Value::as_str) {
            instructions.push_str(&format!("# {server}\n{text}\n\n"));
        }
    }
    let members: Vec<String> = seen.iter().map(|(k, v)| format!("{}:{v}", quote(k))).collect();
    let instructions = (!instructions.is_empty()).then(|| instructions.trim_end().to_owned());
    (format!("{{{}}}", members.join(",")), instructions)
}

fn server_info() -> String {
    format!("{{\"name\":\"doorward\",\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION"))
}

fn initialize_result(revision: Revision, answers: &[(ServerName, Bytes)]) -> String {
    let (capabilities, instructions) = union(answers, "capabilities");
    let instructions = instructions.map(|i| format!(",\"instructions\":{}", quote(&i))).unwrap_or_default();
    format!(
        "{{\"protocolVersion\":\"{revision}\",\"capabilities\":{capabilities},\"serverInfo\":{}{instructions}}}",
        server_info()
    )
}

pub(super) fn discover_result(answers: &[(ServerName, Bytes)]) -> String {
    let (capabilities, instructions) = union(answers, "capabilities");
    let instructions = instructions.map(|i| format!(",\"instructions\":{}", quote(&i))).unwrap_or_default();
    format!(
        "{{\"supportedVersions\":[\"{}\"],\"capabilities\":{capabilities}{instructions},\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\",\"_meta\":{{\"io.modelcontextprotocol/serverInfo\":{}}}}}",
        Revision::LATEST,
        server_info()
    )
}
