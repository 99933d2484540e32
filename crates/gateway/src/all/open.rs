//! What one client is told about all servers together: the answer to `initialize` or `server/discover`.

use super::{
    PATIENCE,
    health::{slow, unopened},
    view::{Kind, View},
};
use crate::{
    Gateway, admit::Arrival, link::Routing, one::requested_revision, refusal::Refusal, reply::Reply, server::Server,
    session::Endpoint,
};
use bytes::Bytes;
use doorward_engine::Cleared;
use doorward_mcp::{
    Method, Request, Revision,
    json::{Document, Limits, Strictness, Value, quote},
};
use doorward_vocab::ServerName;
use futures_util::future::join_all;
use std::{collections::BTreeMap, sync::Arc};

/// What each server answered, and whether one was left out.
struct Answers {
    each: Vec<(ServerName, Bytes)>,
    missing: bool,
}

impl Gateway {
    /// Opens a session with every server of an address. One that does not answer is left out; it is tried again.
    pub(crate) async fn open_all(
        &self,
        arrival: &mut Arrival,
        endpoint: &Endpoint,
        request: Request,
    ) -> Result<Reply, Refusal> {
        let view = View::of(&arrival.live, endpoint);
        let session = self.new_session(arrival, endpoint.clone())?;
        arrival.session = Some(session.clone());
        arrival.revision = requested_revision(&request);
        let _ = session.revision.set(arrival.revision);
        let arrival = &*arrival;
        let opening = self.of_each(arrival, &view, |server| {
            let (request, session) = (request.clone(), &session);
            async move {
                match self.initialize(arrival, &server, request, Routing::ByRequest).await? {
                    (Some((opened, _)), _, answer) => {
                        self.initialized(arrival, &server, &opened).await;
                        session.add_link(server.profile.name.clone(), opened);
                        Ok(answer)
                    }
                    (None, ..) => Err(unopened(&server)),
                }
            }
        });
        let result = initialize_result(arrival.revision, &view, &opening.await);
        let body = Cleared::own(&request.id, &result).into_bytes();
        Ok(Reply::Message { status: 200, body, session: Some(session.id.clone()) })
    }

    /// What the servers of an address offer together (2026-07-28, discovery).
    pub(super) async fn discover(&self, arrival: &Arrival, view: &View) -> String {
        let answers = self.of_each(arrival, view, |server| async move {
            let link = self.link_for(arrival, &server).await?;
            let (_, answer) = self.ask(arrival, &server, &link, Method::Discover, None).await?;
            Ok(answer.into_bytes())
        });
        discover_result(view, &answers.await)
    }

    /// The answers of all servers that are there, in time.
    async fn of_each<F>(&self, arrival: &Arrival, view: &View, ask: impl Fn(Arc<Server>) -> F) -> Answers
    where
        F: Future<Output = Result<Bytes, Refusal>>,
    {
        let era = arrival.revision.era();
        let asking = view.servers.iter().map(|server| {
            let asked = server.health.is_good(era).then(|| tokio::time::timeout(PATIENCE, ask(server.clone())));
            async move {
                let answer = asked?.await.unwrap_or_else(|_| Err(slow(server)));
                self.asked(arrival, server, &answer);
                Some((server.profile.name.clone(), answer.ok()?))
            }
        });
        let each: Vec<_> = join_all(asking).await.into_iter().flatten().collect();
        Answers { missing: each.len() < view.servers.len(), each }
    }
}

/// The members of the capabilities that any server declares, and their instructions under the names of the servers.
///
/// What is listed may change whenever a server comes or goes, and the gateway says so itself. Of a server that is not
/// there yet nobody knows what it will have.
fn union(view: &View, answers: &Answers) -> (String, Option<String>) {
    let mut seen: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut instructions = String::new();
    for (server, answer) in &answers.each {
        let Ok(doc) = Document::parse(answer.clone(), &Limits::default(), Strictness::Result) else { continue };
        let Some(result) = doc.root().get("result") else { continue };
        for (capability, value) in result.get("capabilities").into_iter().flat_map(Value::members) {
            let members = seen.entry(capability.into_owned()).or_default();
            for (key, value) in value.members() {
                // Of two that say different things about a part, the richer is offered by somebody.
                let old = members.entry(key.into_owned()).or_default();
                if value.raw() == "true" || (old != "true" && value.raw().len() > old.len()) {
                    value.raw().clone_into(old);
                }
            }
        }
        if let Some(text) = result.get("instructions").and_then(Value::as_str) {
            instructions.push_str(&format!("# {server}\n{text}\n\n"));
        }
    }
    for (listed, kind) in LISTED {
        if !view.servers.iter().any(|server| view.asks(kind, server)) {
            seen.remove(listed);
        } else if seen.contains_key(listed) || answers.missing {
            seen.entry(listed.to_owned()).or_default().insert("listChanged".to_owned(), "true".to_owned());
        }
    }
    let object = |members: Vec<String>| format!("{{{}}}", members.join(","));
    let of = |members: &BTreeMap<String, String>| {
        object(members.iter().map(|(key, value)| format!("{}:{value}", quote(key))).collect())
    };
    let capabilities = object(seen.iter().map(|(key, members)| format!("{}:{}", quote(key), of(members))).collect());
    let instructions = (!instructions.is_empty()).then(|| instructions.trim_end().to_owned());
    (capabilities, instructions)
}

const LISTED: [(&str, Kind); 3] = [("tools", Kind::Tool), ("prompts", Kind::Prompt), ("resources", Kind::Resource)];

fn server_info() -> String {
    format!("{{\"name\":\"doorward\",\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION"))
}

fn initialize_result(revision: Revision, view: &View, answers: &Answers) -> String {
    let (capabilities, instructions) = union(view, answers);
    let instructions = instructions.map(|i| format!(",\"instructions\":{}", quote(&i))).unwrap_or_default();
    format!(
        "{{\"protocolVersion\":\"{revision}\",\"capabilities\":{capabilities},\"serverInfo\":{}{instructions}}}",
        server_info()
    )
}

fn discover_result(view: &View, answers: &Answers) -> String {
    let (capabilities, instructions) = union(view, answers);
    let instructions = instructions.map(|i| format!(",\"instructions\":{}", quote(&i))).unwrap_or_default();
    format!(
        "{{\"supportedVersions\":[\"{}\"],\"capabilities\":{capabilities}{instructions},\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\",\"_meta\":{{\"io.modelcontextprotocol/serverInfo\":{}}}}}",
        Revision::LATEST,
        server_info()
    )
}
